"""Whatever is tapped, also several at once: the store and the pure rules agree on the points."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from datetime import date, datetime
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

from bot.domain import Fingerprint, Label, Player, Room, Verdict
from bot.game import rules, scoring
from bot.game.rules import Denied, Guess, Objection, PlayerId, Round, Truth
from bot.game.scoring import BOT, RightGuess
from bot.game.seasons import month_of
from bot.storage.database import open_database
from bot.storage.store import Store
from tests.support.postgres import execute
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
    """A family plays, and the pure rules are asked what they make of it.

    Attributes:
        expected: Each round as the rules have it.
        right_guesses: The round, the player and the time of each guess that should score.
        player_ids: Who each person is to the rules; who was forgotten comes back as somebody new.
        shared: Those of the ids that are of a shared identity.
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
        self.expected: dict[int, Round] = {}
        self.prints: dict[int, int] = {}
        self.right_guesses: list[tuple[int, PlayerId, datetime]] = []
        self.guessed: set[int] = set()
        self.player_ids = {name: number for number, name in enumerate(PEOPLE, 1)}
        self.shared = {self.player_ids["channel"]}

    async def empty(self) -> None:
        async with open_database(self.url) as database:
            await execute(database, "DELETE FROM rooms", "DELETE FROM players")

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
    def photo(self, name: str, verdict: Verdict, print_: int | None) -> int:
        return self.send(name, verdict, print_)

    def send(self, name: str, verdict: Verdict, print_: int | None) -> int:
        async def send() -> int:
            room = self.rooms[len(self.expected) % len(self.rooms)]
            id_ = await opened(self.store, photo(None, room=room, player=PEOPLE[name]), self.now)
            fingerprint = None if print_ is None else Fingerprint((print_,), (print_,))
            await self.store.rounds.note_verdict(id_, verdict, fingerprint)
            round_ = await self.store.game.round(id_, room)
            assert round_ is not None
            assert round_.played_before == (print_ in self.prints.values())
            return id_

        id_ = self.runner.run(send())
        self.expected[id_] = Round(
            id_,
            self.player_ids[name],
            self.now,
            verdict,
            shared_identity=PEOPLE[name].shared,
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
        quorum = rules.quorum(len(self.active()))
        taps: list[Coroutine[Any, Any, Any]] = []
        for id_, name, label, by_admin in tells:
            taps.append(
                self.store.game.tell_truth(id_, PEOPLE[name], label, self.now, by_admin=by_admin)
            )
            if id_ in self.expected:
                truth = Truth(label, self.player_ids[name], self.now)
                told = rules.tell_truth(self.expected[id_], truth, by_admin=by_admin, quorum=quorum)
                self.keep(told)
        for id_, name in objections:
            taps.append(self.store.game.object_to(id_, PEOPLE[name], self.now))
            if id_ in self.expected:
                objection = Objection(self.player_ids[name], self.now)
                shared = PEOPLE[name].shared
                objected = rules.object_to(self.expected[id_], objection, shared_identity=shared)
                self.keep(objected)
        if moves:
            new = Room("telegram", str(len(self.rooms)))
            taps.append(self.store.rooms.move(self.rooms[-1], new))
            self.rooms.append(new)
        order = data.draw(st.permutations(taps))

        async def tap() -> None:
            await asyncio.gather(*order)

        self.runner.run(tap())
        self.compare()

    def active(self) -> set[PlayerId]:
        senders = {round_.player for round_ in self.expected.values()}
        return (senders | {by for _, by, _ in self.right_guesses}) - self.shared

    def keep(self, result: Round | Denied) -> None:
        if isinstance(result, Round):
            self.expected[result.id] = result

    @rule(id_=rounds, name=players)
    def guess(self, id_: int, name: str) -> None:
        async def guess() -> tuple[bool, tuple[Guess, ...] | Denied | None]:
            may = await self.store.game.open_guesses(id_, self.now)
            guessed = await self.store.game.guess(id_, PEOPLE[name], Label.OLAF, self.now)
            await self.store.game.close_guesses(id_, self.now)
            await self.store.game.mark_guesses_told(id_)
            return may, guessed

        may, guessed = self.runner.run(guess())
        round_ = self.expected.get(id_)
        if round_ is None or round_.played_before or round_.truth or id_ in self.guessed:
            assert not may
        else:
            self.guessed.add(id_)
            other = round_.player != self.player_ids[name] and not PEOPLE[name].shared
            assert (may, isinstance(guessed, tuple)) == (True, other)
            if other:
                self.right_guesses.append((id_, self.player_ids[name], self.now))
        self.compare()

    @rule(name=players)
    def forget(self, name: str) -> None:
        self.runner.run(self.store.people.forget("telegram", name))
        who = self.player_ids[name]
        kept_for_others = {id_ for id_, _, _ in self.right_guesses}
        for round_ in list(self.expected.values()):
            if round_.player == who:
                self.prints.pop(round_.id, None)
                if round_.truth is None and round_.id not in kept_for_others:
                    del self.expected[round_.id]
        self.player_ids[name] = max(self.player_ids.values()) + 1
        if PEOPLE[name].shared:
            self.shared.add(self.player_ids[name])
        self.compare()

    def compare(self) -> None:
        """Let the store and the rules add up every season, and see whether they agree."""
        names = {who: name for name, who in self.player_ids.items()}

        def named(totals: dict[PlayerId, int], names: dict[PlayerId, str]) -> dict[str, list[int]]:
            found = defaultdict(list)
            for who, points in totals.items():
                found["bot" if who == BOT else names.get(who, "forgotten")].append(points)
            return {name: sorted(points) for name, points in found.items()}

        for month in (date(2026, 12, 1), date(2027, 1, 1)):
            rounds = [
                round_
                for round_ in self.expected.values()
                if round_.truth and month_of(round_.truth.at) == month
            ]
            right_guesses = [
                RightGuess(self.expected[id_], by, at)
                for id_, by, at in self.right_guesses
                if month_of(at) == month and self.expected[id_].verdict is OLAF
            ]
            season = self.runner.run(self.store.seasons.season(self.rooms[0], month))
            keys = {who: player.key for who, player in season.players.items()}
            stored = named(scoring.totals(season.rounds, season.right_guesses), keys)
            assert stored == named(scoring.totals(rounds, right_guesses), names)


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
