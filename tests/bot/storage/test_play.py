"""Whatever is tapped, also several at once: the memory and the pure rules agree on the points."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from datetime import date
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from bot.domain import Label, Player, Room
from bot.game import rules, scoring
from bot.game.rules import Denied, Objection, Round, Truth, Who
from bot.game.scoring import BOT, Hit
from bot.storage.database import open_database
from bot.storage.store import Store
from tests.support.records import MINUTE, NOW, OLAF, YETI, opened, photo

PEOPLE = {
    "mia": Player("mia", "Mia"),
    "ben": Player("ben", "Ben"),
    "oma": Player("oma", "Oma"),
    "dad": Player("dad", "Dad"),
    "channel": Player("channel", "Channel", shared=True),
}
players = st.sampled_from(sorted(PEOPLE))
labels = st.sampled_from(Label)
# Pictures that look the same as each other or not at all.
PRINTS = (0, 2**128 - 1, 2**64 - 1)


class Family(RuleBasedStateMachine):
    """A family plays; `turns` and `hits` are what the pure rules make of it.

    faces: who each person is to the rules just now; who was forgotten comes back as somebody new.
    """

    url: ClassVar[str]
    rounds: Bundle[int] = Bundle("rounds")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opening = Store.open(self.url)
        self.store = self.runner.run(self.opening.__aenter__())
        self.runner.run(self.empty())
        self.now = NOW
        self.rooms = [Room("telegram", "0")]
        self.rounds: dict[int, Round] = {}
        self.prints: dict[int, int] = {}
        self.hits: list[tuple[int, Who, Any]] = []
        self.guessed: set[int] = set()
        self.faces = {name: number for number, name in enumerate(PEOPLE, 1)}
        self.masked = {self.faces["channel"]}

    async def empty(self) -> None:
        async with open_database(self.url) as database, database.writing() as connection:
            for table in ("rooms", "players"):
                await connection.execute(text(f"DELETE FROM {table}"))

    def teardown(self) -> None:
        self.runner.run(self.opening.__aexit__(None, None, None))
        self.runner.close()

    @initialize(target=rounds)
    def photos(self) -> Any:
        return multiple(*(self.send(name, OLAF, None) for name in ("mia", "ben", "oma")))

    @rule(
        target=rounds,
        name=players,
        verdict=st.sampled_from([OLAF, YETI]),
        print_=st.none() | st.sampled_from(PRINTS),
    )
    def photo(self, name: str, verdict: Any, print_: int | None) -> int:
        return self.send(name, verdict, print_)

    def send(self, name: str, verdict: Any, print_: int | None) -> int:
        async def send() -> int:
            room = self.rooms[len(self.rounds) % len(self.rooms)]
            id_ = await opened(self.store, photo(None, room=room, player=PEOPLE[name]), self.now)
            await self.store.judge(id_, verdict)
            if print_ is not None:
                before = print_ in self.prints.values()
                assert await self.store.was_played(id_, [print_], [print_]) == before
            return id_

        id_ = self.runner.run(send())
        self.rounds[id_] = Round(
            id_,
            self.faces[name],
            self.now,
            verdict,
            disguised=PEOPLE[name].shared,
            played_before=print_ in self.prints.values(),
        )
        if print_ is not None:
            self.prints[id_] = print_
        return id_

    @rule(minutes=st.sampled_from([1, 9, 60, 20 * 60, 25 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(
        tells=st.lists(st.tuples(rounds, players, labels, st.booleans()), max_size=4),
        objections=st.lists(st.tuples(rounds, players), max_size=4),
        moves=st.booleans(),
        data=st.data(),
    )
    def tap_at_once(
        self,
        tells: list[tuple[int, str, Label, bool]],
        objections: list[tuple[int, str]],
        moves: bool,
        data: st.DataObject,
    ) -> None:
        """Tap at the same moment, in the order of one's choice, while the room may move."""
        quorum = rules.quorum(len(self.present()))
        taps: list[Coroutine[Any, Any, Any]] = []
        for id_, name, label, by_admin in tells:
            taps.append(self.store.tell(id_, PEOPLE[name], label, self.now, by_admin=by_admin))
            if id_ in self.rounds:
                truth = Truth(label, self.faces[name], self.now)
                told = rules.tell(self.rounds[id_], truth, by_admin=by_admin, quorum=quorum)
                self.keep(told)
        for id_, name in objections:
            taps.append(self.store.object_(id_, PEOPLE[name], self.now))
            if id_ in self.rounds:
                objection = Objection(self.faces[name], self.now)
                masked = PEOPLE[name].shared
                self.keep(rules.object_(self.rounds[id_], objection, disguised=masked))
        if moves:
            new = Room("telegram", str(len(self.rooms)))
            taps.append(self.store.move_room(self.rooms[-1], new))
            self.rooms.append(new)
        order = data.draw(st.permutations(taps))

        async def tap() -> None:
            await asyncio.gather(*order)

        self.runner.run(tap())
        self.compare()

    def present(self) -> set[Who]:
        who = {round_.player for round_ in self.rounds.values()} | {by for _, by, _ in self.hits}
        return who - self.masked

    def keep(self, result: Round | Denied) -> None:
        if isinstance(result, Round):
            self.rounds[result.id] = result

    @rule(id_=rounds, name=players)
    def guess(self, id_: int, name: str) -> None:
        async def guess() -> tuple[bool, Any]:
            may = await self.store.open_guesses(id_, self.now)
            guessed = await self.store.guess(id_, PEOPLE[name], Label.OLAF, self.now)
            await self.store.close_guesses(id_, self.now)
            await self.store.guesses_told(id_)
            return may, guessed

        may, guessed = self.runner.run(guess())
        round_ = self.rounds.get(id_)
        if round_ is None or round_.played_before or round_.truth or id_ in self.guessed:
            assert not may
        else:
            self.guessed.add(id_)
            other = round_.player != self.faces[name] and not PEOPLE[name].shared
            assert (may, isinstance(guessed, tuple)) == (True, other)
            if other:
                self.hits.append((id_, self.faces[name], self.now))
        self.compare()

    @rule(name=players)
    def forget(self, name: str) -> None:
        self.runner.run(self.store.forget("telegram", name))
        who = self.faces[name]
        kept_for_others = {id_ for id_, _, _ in self.hits}
        for round_ in list(self.rounds.values()):
            if round_.player == who:
                self.prints.pop(round_.id, None)
                if round_.truth is None and round_.id not in kept_for_others:
                    del self.rounds[round_.id]
        self.faces[name] = max(self.faces.values()) + 1
        if PEOPLE[name].shared:
            self.masked.add(self.faces[name])
        self.compare()

    def compare(self) -> None:
        """Let the memory and the rules add up every season, and tell whether they agree."""
        names = {who: name for name, who in self.faces.items()}

        def named(totals: dict[Who, int], names: dict[Who, str]) -> dict[str, list[int]]:
            found = defaultdict(list)
            for who, points in totals.items():
                found["bot" if who == BOT else names.get(who, "forgotten")].append(points)
            return {name: sorted(points) for name, points in found.items()}

        for season in (date(2026, 12, 1), date(2027, 1, 1)):
            rounds = [
                round_
                for round_ in self.rounds.values()
                if round_.truth and scoring.season(round_.truth.at) == season
            ]
            hits = [
                Hit(self.rounds[id_], by, at)
                for id_, by, at in self.hits
                if scoring.season(at) == season and self.rounds[id_].verdict is OLAF
            ]
            ledger = self.runner.run(self.store.ledger(self.rooms[0], season))
            keys = {who: player.key for who, player in ledger.players.items()}
            remembered = named(scoring.totals(ledger.rounds, ledger.hits), keys)
            assert remembered == named(scoring.totals(rounds, hits), names)


def test_whatever_is_tapped_the_points_are_right(database_url: str) -> None:
    machine = type("FamilyOfThis", (Family,), {"url": database_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=15,
            suppress_health_check=list(HealthCheck),
        ),
    )
