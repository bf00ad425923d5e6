"""Whatever is tapped, also several at once: the store and the pure rules agree on the points."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest
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

from bot.domain import AdminAction, Fingerprint, Label, Player, Room, Verdict
from bot.game import rules, scoring
from bot.game.rules import GUESS_POINTS, GUESSES_A_DAY, Ballot, Denied, PlayerId, Round, Truth
from bot.game.scoring import RightGuess
from bot.game.seasons import month_of
from bot.storage.database import open_database
from bot.storage.store import Store
from tests.support.postgres import execute
from tests.support.records import MINUTE, NOW, OLAF, YETI, opened, photo, score

PEOPLE = {
    "mia": Player("mia", "Mia"),
    "ben": Player("ben", "Ben"),
    "oma": Player("oma", "Oma"),
    "dad": Player("dad", "Dad"),
    "channel": Player("channel", "Channel", shared=True),
}
FAMILIES = (("mia", "ben"), ("mia", "ben", "oma"), ("mia", "ben", "oma", "dad"))
UNSURE = replace(OLAF, confidence=0.6, sure=False)
MONTHS = (date(2026, 12, 1), date(2027, 1, 1))
players = st.sampled_from(sorted(PEOPLE))
SENDER = "whoever sent it"
# Chance alone seldom comes to a vote.
steered = st.sampled_from([True, True, True, False])
labels = st.sampled_from(Label)
# Pictures that look the same as each other or not at all.
PRINTS = (0, 2**128 - 1, 2**64 - 1)


class Family(RuleBasedStateMachine):
    """A family plays, and the pure rules are asked what they make of it.

    Attributes:
        expected: Each round as the rules have it.
        guesses: The round, the player, the time and the label of each guess.
        player_ids: Who each person is to the store; who was forgotten is somebody new.
    """

    url: ClassVar[str]
    rounds: Bundle[int] = Bundle("rounds")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opening = Store.open(self.url)
        self.store = self.runner.run(self.opening.__aenter__())
        self.now = NOW
        self.rooms = [Room("telegram", "0")]
        self.expected: dict[int, Round] = {}
        self.prints: dict[int, int] = {}
        self.guesses: list[tuple[int, PlayerId, datetime, Label]] = []
        self.guessed: set[int] = set()
        self.player_ids: dict[str, PlayerId] = {}
        self.runner.run(self.begin())

    async def begin(self) -> None:
        async with open_database(self.url) as database:
            await execute(database, "DELETE FROM rooms", "DELETE FROM players")
        for name in PEOPLE:
            await self.introduce(name)

    async def introduce(self, name: str) -> None:
        """Let the store know somebody who has not played yet."""
        await self.store.rooms.log_action(
            self.rooms[0], PEOPLE[name], AdminAction.KEEP_ON, self.now
        )
        found = await self.store.game.player_id("telegram", name)
        assert found is not None
        self.player_ids[name] = found

    def teardown(self) -> None:
        self.runner.run(self.opening.__aexit__(None, None, None))
        self.runner.close()

    @initialize(target=rounds, family=st.sampled_from(FAMILIES))
    def photos(self, family: Sequence[str]) -> Any:
        ids = [self.send(name, OLAF, None) for name in family]
        for id_, name in list(zip(ids, family, strict=True))[1:]:
            self.tell_own(id_, name, Label.ABOMINABLE)
        return multiple(*ids)

    def pick(self, id_: int, wanted: Callable[[Round], bool], is_steered: bool) -> int:
        """Return a round about which there is something to tap, if there is one, or any."""
        found = [round_.id for round_ in self.expected.values() if wanted(round_)]
        return found[id_ % len(found)] if is_steered and found else id_

    @rule(
        target=rounds,
        name=players,
        verdict=st.sampled_from([OLAF, UNSURE, YETI]),
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
        self.compare()
        return id_

    @rule(minutes=st.sampled_from([1, 9, 60, 20 * 60, 25 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.compare()

    @rule(
        tells=st.lists(
            st.tuples(rounds, st.just(SENDER) | players, labels, st.booleans()),
            min_size=1,
            max_size=4,
        ),
        moves=st.booleans(),
        data=st.data(),
    )
    def tell_at_once(
        self, tells: list[tuple[int, str, Label, bool]], moves: bool, data: st.DataObject
    ) -> None:
        """Tell and change truths at the same moment, while the room may move."""
        taps: list[Coroutine[Any, Any, Any]] = []
        names = {who: name for name, who in self.player_ids.items()}
        for id_, who, label, by_admin in tells:
            sent = self.expected.get(id_)
            name = names.get(sent.player if sent else 0, "mia") if who == SENDER else who
            taps.append(
                self.store.game.tell_truth(id_, PEOPLE[name], label, self.now, by_admin=by_admin)
            )
            if (round_ := self.expected.get(id_)) is not None:
                truth = Truth(label, self.player_ids[name], self.now)
                self.keep(rules.tell_truth(round_, truth, by_admin=by_admin))
        if moves:
            new = Room("telegram", str(len(self.rooms)))
            taps.append(self.store.rooms.move(self.rooms[-1], new))
            self.rooms.append(new)
        self.tap(taps, data)
        self.compare()

    @rule(
        id_=rounds,
        is_steered=steered,
        undoes=st.lists(st.tuples(players, st.booleans()), min_size=1, max_size=3),
        wait=st.sampled_from([0, 1]),
        data=st.data(),
    )
    def undo_at_once(
        self,
        id_: int,
        is_steered: bool,
        undoes: list[tuple[str, bool]],
        wait: int,
        data: st.DataObject,
    ) -> None:
        """Take a truth back at the same moment: it is gone if any of them may do that."""
        id_ = self.pick(id_, lambda r: r.truth is not None, is_steered)
        self.now += wait * MINUTE
        results = self.tap(
            [
                self.store.game.undo_truth(id_, PEOPLE[name], self.now, by_admin=by_admin)
                for name, by_admin in undoes
            ],
            data,
        )
        if (round_ := self.expected.get(id_)) is not None:
            possible = [
                undone
                for name, by_admin in undoes
                if isinstance(
                    undone := rules.undo_truth(
                        round_, self.player_ids[name], self.now, by_admin=by_admin
                    ),
                    Round,
                )
            ]
            done = [result for result in results if isinstance(result, Round)]
            assert len(done) == bool(possible)  # once, whoever comes first
            if possible:
                self.keep(possible[0])
        self.compare()

    @rule(id_=rounds, names=st.lists(players, min_size=1, max_size=3), data=st.data())
    def confirm_at_once(self, id_: int, names: list[str], data: st.DataObject) -> None:
        self.tap([self.store.game.confirm(id_, PEOPLE[name], self.now) for name in names], data)
        for name in names:
            if (round_ := self.expected.get(id_)) is not None:
                by, shared = self.player_ids[name], PEOPLE[name].shared
                self.keep(rules.confirm(round_, by, shared_identity=shared))
        self.compare()

    @rule(
        id_=rounds,
        is_steered=steered,
        names=st.lists(players, min_size=1, max_size=4),
        wait=st.sampled_from([1, 1, 0]),
        data=st.data(),
    )
    def object_at_once(
        self, id_: int, is_steered: bool, names: list[str], wait: int, data: st.DataObject
    ) -> None:
        """Object at the same moment: whoever comes first, what comes of it is the same."""
        id_ = self.pick(id_, lambda r: bool(r.truth) and r.vote is None, is_steered)
        self.now += wait * MINUTE
        self.object_to(id_, names, data)

    @rule(
        target=rounds,
        name=st.sampled_from(FAMILIES[0]),
        verdict=st.sampled_from([OLAF, YETI]),
        seen=st.lists(labels, min_size=len(PEOPLE), max_size=len(PEOPLE)),
        voters=st.integers(0, len(PEOPLE)),
        closes=st.booleans(),
        data=st.data(),
    )
    def dispute(
        self,
        name: str,
        verdict: Verdict,
        seen: list[Label],
        voters: int,
        closes: bool,
        data: st.DataObject,
    ) -> int:
        """Tell the truth of a new photo; all the others object at once, and some vote."""
        id_ = self.send(name, verdict, None)
        self.tell_own(id_, name, Label.OLAF if verdict is YETI else Label.ABOMINABLE)
        self.now += MINUTE
        self.object_to(id_, list(PEOPLE), data)
        if ballots := list(zip(PEOPLE, seen, strict=True))[:voters]:
            self.vote(id_, ballots, data)
        if closes:
            self.close(id_, data)
        return id_

    def tell_own(self, id_: int, name: str, label: Label) -> None:
        told = self.store.game.tell_truth(id_, PEOPLE[name], label, self.now, by_admin=False)
        truth = Truth(label, self.player_ids[name], self.now)
        self.keep(
            rules.tell_truth(self.expected[id_], truth, by_admin=False), self.runner.run(told)
        )

    def object_to(self, id_: int, names: list[str], data: st.DataObject) -> None:
        until = self.now + 60 * MINUTE
        results = self.tap(
            [
                self.store.game.object_to(id_, PEOPLE[name], self.now, zone=UTC, until=until)
                for name in names
            ],
            data,
        )
        if (round_ := self.expected.get(id_)) is not None:
            possible = [
                objected
                for name in names
                if isinstance(objected := self.objected(round_, name, until), Round)
            ]
            done = [result for result in results if isinstance(result, Round)]
            assert bool(done) == bool(possible)
            if possible:
                assert all(one in possible for one in done)
                # Of two at the same moment the one of the smaller number counts.
                self.keep(min(possible, key=lambda one: one.vote.by if one.vote else 0))
        self.compare()

    def objected(self, round_: Round, name: str, until: datetime) -> Round | Denied:
        by = self.player_ids[name]
        today = sum(
            other.vote is not None
            and other.vote.by == by
            and other.vote.opened.date() == self.now.date()
            and not other.is_overruled
            for other in self.expected.values()
        )
        return rules.object_to(
            round_,
            by,
            self.now,
            until=until,
            today=today,
            playing=self.playing(timedelta(days=30)),
            shared_identity=PEOPLE[name].shared,
        )

    @rule(
        id_=rounds,
        is_steered=steered,
        ballots=st.lists(st.tuples(players, labels), min_size=1, max_size=5),
        closes=st.booleans(),
        data=st.data(),
    )
    def vote_at_once(
        self,
        id_: int,
        is_steered: bool,
        ballots: list[tuple[str, Label]],
        closes: bool,
        data: st.DataObject,
    ) -> None:
        """Vote at the same moment; afterwards the vote may end, for all who say so."""
        id_ = self.pick(id_, lambda r: r.is_disputed, is_steered)
        self.vote(id_, ballots, data)
        if closes:
            self.close(id_, data)

    def vote(self, id_: int, ballots: list[tuple[str, Label]], data: st.DataObject) -> None:
        self.tap(
            [
                self.store.game.cast_ballot(id_, PEOPLE[name], label, self.now)
                for name, label in ballots
            ],
            data,
        )
        playing = self.playing(timedelta(days=30))
        for name, label in ballots:
            if (round_ := self.expected.get(id_)) is not None:
                ballot = Ballot(self.player_ids[name], label, self.now)
                shared = PEOPLE[name].shared
                self.keep(
                    rules.cast_ballot(round_, ballot, playing=playing, shared_identity=shared)
                )
        self.compare()
        week = self.playing(timedelta(days=7))
        if (round_ := self.expected.get(id_)) is not None:
            everyone = self.runner.run(self.store.game.everyone_voted(id_, self.now))
            assert everyone == rules.everyone_voted(round_, week)

    @rule(data=st.data())
    def close_what_is_due(self, data: st.DataObject) -> None:
        self.now += 61 * MINUTE
        for vote in self.runner.run(self.store.game.untold_votes()):
            self.close(vote.round_id, data)

    def close(self, id_: int, data: st.DataObject) -> None:
        results = self.tap([self.store.game.close_vote(id_, self.now) for _ in range(2)], data)
        round_ = self.expected.get(id_)
        is_open = round_ is not None and round_.is_disputed
        assert [result is not None for result in results] == 2 * [is_open]
        self.runner.run(self.store.game.mark_vote_told(id_, self.now))
        if round_ is not None:
            self.keep(rules.close_vote(round_, self.now))
        self.compare()

    @rule(id_=rounds, name=players)
    def made(self, id_: int, name: str) -> None:
        made = self.runner.run(self.store.game.mark_made(id_, PEOPLE[name]))
        if (round_ := self.expected.get(id_)) is not None:
            own = round_.player == self.player_ids[name]
            assert isinstance(made, Round) == (own and not round_.made)
            self.keep(replace(round_, made=round_.made or own))
        self.compare()

    @rule(
        id_=rounds,
        is_steered=steered,
        guesses=st.lists(st.tuples(players, labels), min_size=1, max_size=4),
        data=st.data(),
    )
    def guess_at_once(
        self,
        id_: int,
        is_steered: bool,
        guesses: list[tuple[str, Label]],
        data: st.DataObject,
    ) -> None:
        id_ = self.pick(id_, lambda r: r.truth is None, is_steered)
        may = self.runner.run(self.store.guesses.open(id_, self.now))
        self.tap(
            [self.store.guesses.add(id_, PEOPLE[name], label, self.now) for name, label in guesses],
            data,
        )
        self.runner.run(self.store.guesses.close(id_, self.now))
        self.runner.run(self.store.guesses.mark_told(id_))
        round_ = self.expected.get(id_)
        if round_ is None or round_.played_before or round_.truth or id_ in self.guessed:
            assert not may
        else:
            assert may
            self.guessed.add(id_)
            first: dict[str, Label] = {}
            for name, label in sorted(guesses):
                if round_.player != self.player_ids[name] and not PEOPLE[name].shared:
                    first.setdefault(name, label)
            self.guesses += [
                (id_, self.player_ids[name], self.now, label) for name, label in first.items()
            ]
        self.compare()

    @rule(name=players)
    def forget(self, name: str) -> None:
        self.runner.run(self.store.people.forget("telegram", name))
        who = self.player_ids[name]
        kept_for_others = {id_ for id_, *_ in self.guesses}
        for round_ in list(self.expected.values()):
            if round_.player == who:
                self.prints.pop(round_.id, None)
                if round_.truth is None and round_.id not in kept_for_others:
                    del self.expected[round_.id]
        self.runner.run(self.introduce(name))
        self.compare()

    def tap(self, taps: list[Coroutine[Any, Any, Any]], data: st.DataObject) -> list[Any]:
        """Tap at the same moment, in an order of chance; return the results."""
        order = data.draw(st.permutations(taps))

        async def tap() -> list[Any]:
            return await asyncio.gather(*order)

        return self.runner.run(tap())

    def keep(self, result: Round | Denied, stored: Round | Denied | None = None) -> None:
        if stored is not None:
            assert isinstance(result, Round) == isinstance(stored, Round)
        if isinstance(result, Round):
            self.expected[result.id] = result

    def playing(self, during: timedelta) -> set[PlayerId]:
        """Return who has sent a photo, guessed or voted; neither the channel nor the forgotten."""
        since = self.now - during
        senders = {r.player for r in self.expected.values() if r.arrived >= since}
        guessers = {by for _, by, at, _ in self.guesses if at >= since}
        voters = {
            ballot.by
            for round_ in self.expected.values()
            if round_.vote is not None
            for ballot in round_.vote.ballots
            if ballot.at >= since
        }
        own = {who for name, who in self.player_ids.items() if not PEOPLE[name].shared}
        return (senders | guessers | voters) & own

    def compare(self) -> None:
        """Look at every round and every season: the store and the rules agree on them."""
        self.runner.run(self.compare_rounds())
        for month in MONTHS:
            self.runner.run(self.compare_season(month))

    async def compare_rounds(self) -> None:
        for id_, round_ in self.expected.items():
            stored = await self.store.game.round(id_, self.rooms[0])
            assert stored is not None
            assert in_order(stored) == in_order(round_)

    async def compare_season(self, month: date) -> None:
        room = self.rooms[len(self.expected) % len(self.rooms)]
        season = await self.store.seasons.season(room, month, UTC, self.now)
        points = season.totals()
        rounds = [r for r in self.expected.values() if month_of(r.arrived, UTC) == month]
        right = [
            RightGuess(self.expected[id_], by, at)
            for id_, by, at, label in self.guesses
            if month_of(at, UTC) == month and label is self.expected[id_].verdict.call
        ]
        assert points == scoring.totals(rounds, right, self.now, UTC)
        assert all(total >= 0 for total in points.values())
        # A void round leaves no trace, nor do its guesses.
        valid = [round_ for round_ in rounds if not round_.is_void]
        of_valid = [guess for guess in right if not guess.round.is_void]
        assert points == scoring.totals(valid, of_valid, self.now, UTC)
        # And all of it is what the rounds say that they brought, with the guesses.
        summed: Counter[PlayerId] = Counter()
        for round_ in rounds:
            brought = await score(self.store, round_.id, self.now)
            assert not (round_.is_void and brought.points)
            summed[round_.player] += brought.points
        days = Counter(
            (guess.by, guess.at.date()) for guess in of_valid if not guess.round.played_before
        )
        for (who, _), count in days.items():
            summed[who] += GUESS_POINTS * min(count, GUESSES_A_DAY)
        assert points == {who: total for who, total in summed.items() if total}


def in_order(round_: Round) -> Round:
    """Return a round with its ballots in an order that does not tell which came in first."""
    if round_.vote is None:
        return round_
    ballots = sorted(round_.vote.ballots, key=lambda ballot: ballot.by)
    return replace(round_, vote=replace(round_.vote, ballots=tuple(ballots)))


@pytest.mark.slow
def test_whatever_is_tapped_the_points_are_right(database_url: str) -> None:
    machine = type("FamilyOfThis", (Family,), {"url": database_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=5,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
