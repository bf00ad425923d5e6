"""A party night: whatever happens in whatever order, it goes on, it ends, and the points add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter

from bot.domain import Label, Verdict
from bot.game import party_flow as flow
from bot.game import party_scoring as scoring
from bot.game.party import (
    AWAY_GRACE,
    COLOURS,
    MOST_PLAYERS,
    MOST_SIDES,
    PAUSE_TIME,
    REVEALING,
    TAKE_OVER_AFTER,
    Party,
    Phase,
    Player,
    opened,
)
from bot.game.party_acts import (
    Again,
    End,
    Guess,
    Join,
    Judge,
    Leave,
    Next,
    NotAllowed,
    Pause,
    Resume,
    Star,
    Start,
    TakeOver,
    Tell,
    Why,
)
from bot.game.party_flow import GRACE, VERDICT_WITHIN, rounds_within
from bot.game.party_prompts import PROMPTS, Goal, Place, Prompt, Teller
from bot.game.party_rounds import Photo

NOW = datetime(2026, 12, 24, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TV = "tv"
STORED = TypeAdapter(Party)
OLAF, YETI, NEITHER = Label.OLAF, Label.ABOMINABLE, Label.NEITHER
SAY_OLAF = Prompt("say", Place.KITCHEN, Goal.SAY_OLAF)
HIDE_OLAF = Prompt("hide", Place.DRAWING, Goal.HIDE_OLAF)
SHOW_YETI = Prompt("show", Place.DRAWING, Goal.SHOW_YETI)
FOOL = Prompt("fool", Place.HOME, Goal.FOOL)


def saw(label: Label, confidence: float = 0.83) -> Verdict:
    """Return a verdict as the network gives it, also of what looks like neither."""
    likelier = OLAF if label is NEITHER else label
    return Verdict(likelier, confidence, {likelier: confidence}, unfamiliar=label is NEITHER)


class Evening:
    """A party whose clock a test turns, with a phone for each player."""

    def __init__(self, *names: str, prompts: Sequence[Prompt] = (SAY_OLAF, HIDE_OLAF)) -> None:
        self.now = NOW
        self.party = flow.connected(opened("p", NOW), TV, NOW, is_screen=True)
        self.prompts = prompts
        for name in names:
            self.come(name)

    def come(self, name: str) -> None:
        self.party = flow.connected(self.party, name, self.now)
        self.act(name, Join(name, 0))

    def act(self, device: str, act: Any) -> None:
        self.party = flow.act(self.party, device, act, self.now)

    def start(self) -> None:
        self.act(TV, Start(tuple(self.prompts), 60))
        self.go_on()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.party = flow.tick(self.party, self.now)

    def go_on(self) -> None:
        """Wait until the phase is over."""
        self.now = max(self.now, self.party.until)
        self.party = flow.tick(self.party, self.now)

    def number(self, name: str) -> int:
        return next(player.number for player in self.party.players if player.name == name)

    def send(self, name: str, label: Label = OLAF, confidence: float = 0.83) -> None:
        """Send a photo in which the bot sees somebody."""
        photo = f"{name}{len(self.party.rounds)}"
        self.party = flow.add_photo(self.party, name, self.number(name), photo, photo, self.now)
        self.party = flow.note_verdict(self.party, photo, saw(label, confidence), self.now)

    def answer(self, name: str, act: type[Guess | Tell | Judge | Star], what: Any) -> None:
        self.act(name, act(self.number(name), what))

    @property
    def points(self) -> dict[str, int]:
        """Everybody's points so far."""
        points = scoring.totals(self.party.rounds)
        return {player.name: points[player.number] for player in self.party.players}


def phase(evening: Evening) -> Phase:
    return evening.party.phase


def test_an_evening_of_two_goes_from_the_lobby_to_the_podium() -> None:
    evening = Evening("Mia", "Ben")
    evening.start()
    assert phase(evening) is Phase.COLLECTING
    evening.send("Mia", OLAF, 0.88)
    assert evening.party.awaited() == {evening.number("Ben")}
    evening.send("Ben", YETI)
    evening.wait(GRACE.total_seconds())  # all are in: nobody waits for the clock
    assert phase(evening) is Phase.GUESSING
    evening.answer("Ben", Guess, YETI)
    evening.answer("Ben", Guess, OLAF)  # mended in time
    evening.go_on()
    assert phase(evening) is Phase.LOOKING
    evening.go_on()
    evening.answer("Mia", Tell, NEITHER)
    evening.answer("Ben", Judge, True)
    evening.go_on()
    assert phase(evening) is Phase.TOLD
    assert evening.points == {"Mia": 88, "Ben": scoring.GUESS_POINTS}
    for _ in range(4):  # Ben's photo of a yeti, about which nobody taps anything
        evening.go_on()
    assert phase(evening) is Phase.TOLD
    evening.go_on()
    assert phase(evening) is Phase.STARRING
    evening.answer("Mia", Star, "Ben1")
    evening.answer("Ben", Star, "Mia1")
    with pytest.raises(NotAllowed):
        evening.answer("Ben", Star, "Ben1")
    evening.go_on()
    assert phase(evening) is Phase.SCORING
    assert evening.points == {"Mia": 108, "Ben": 81}
    assert [
        (each.rank, each.points) for each in scoring.standings(evening.party, evening.party.rounds)
    ] == [
        (1, 108),
        (2, 81),
    ]
    evening.go_on()
    evening.go_on()
    evening.go_on()  # nobody sends anything in the second round: it is skipped
    assert phase(evening) is Phase.SCORING
    evening.go_on()
    assert phase(evening) is Phase.OVER
    bot = scoring.bot_score(evening.party.rounds)
    assert (bot.fooled, bot.judged) == (2, 2)
    evening.act(TV, Again("q"))
    assert (phase(evening), len(evening.party.present)) == (Phase.LOBBY, 2)


@pytest.mark.parametrize(
    ("prompt", "call", "told", "votes", "points"),
    [
        (SAY_OLAF, OLAF, NEITHER, [], 83),
        (SAY_OLAF, OLAF, None, [], 83),  # a silent sender did what was asked
        (SAY_OLAF, OLAF, OLAF, [], 0),  # an honest Olaf fools nobody
        (SAY_OLAF, YETI, NEITHER, [], 41),  # a trick, though another one than was asked
        (SAY_OLAF, NEITHER, NEITHER, [], 0),
        (HIDE_OLAF, NEITHER, None, [], 60),
        (HIDE_OLAF, YETI, None, [], 83),
        (HIDE_OLAF, OLAF, None, [], 0),
        (SHOW_YETI, YETI, None, [], 83),
        (SHOW_YETI, NEITHER, None, [], 0),
        (FOOL, YETI, None, [NEITHER, NEITHER, YETI], 83),
        (FOOL, YETI, None, [YETI, YETI, NEITHER], 0),
        (FOOL, YETI, None, [OLAF, NEITHER], 0),  # undecided
        (FOOL, YETI, None, [], 0),
    ],
)
def test_a_photo_is_worth_what_the_prompt_asked_for(
    prompt: Prompt, call: Label, told: Label | None, votes: list[Label], points: int
) -> None:
    evening = Evening("Mia", "Ben", "Ada", "Oma", prompts=[prompt])
    evening.start()
    evening.send("Mia", call)
    for _ in range(3):
        evening.go_on()
    assert phase(evening) is Phase.JUDGING
    if told is not None:
        evening.answer("Mia", Tell, told)
    for name, vote in zip(("Ben", "Ada", "Oma"), votes, strict=False):
        evening.answer(name, Tell, vote)
    evening.go_on()
    assert evening.points["Mia"] == points


def test_what_most_call_unfair_brings_nothing_but_right_guesses_count() -> None:
    evening = Evening("Mia", "Ben", "Ada", "Oma", prompts=[HIDE_OLAF])
    evening.start()
    evening.send("Mia", NEITHER)
    evening.go_on()
    evening.answer("Ben", Guess, NEITHER)
    evening.go_on()
    evening.go_on()
    with pytest.raises(NotAllowed):
        evening.answer("Mia", Judge, True)
    for name, fair in (("Ben", False), ("Ada", False), ("Oma", True)):
        evening.answer(name, Judge, fair)
    evening.go_on()
    assert evening.points == {"Mia": 0, "Ben": scoring.GUESS_POINTS, "Ada": 0, "Oma": 0}
    assert scoring.bot_score(evening.party.rounds).judged == 0
    (round_,) = evening.party.rounds
    assert round_.photos[0].is_settled
    assert round_.to_star(2) == ()


def test_the_bot_plays_as_one_more_player_and_for_the_family_where_it_is_to_recognise() -> None:
    evening = Evening("Mia", "Ben", "Ada", prompts=[SHOW_YETI, HIDE_OLAF])
    evening.start()
    assert scoring.winners(evening.party) == []

    def play(*seen: Label) -> None:
        for name, label in zip(("Mia", "Ben", "Ada"), seen, strict=True):
            evening.send(name, label, 0.9)
        while phase(evening) is not Phase.SCORING:
            evening.go_on()

    play(YETI, YETI, NEITHER)
    bot = scoring.bot_score(evening.party.rounds)
    assert (bot.points, bot.judged, bot.recognised, bot.shown) == (0, 0, 2, 3)
    evening.go_on()
    evening.go_on()
    play(OLAF, OLAF, YETI)
    bot = scoring.bot_score(evening.party.rounds)
    assert (bot.points, bot.fooled, bot.judged) == (60, 1, 3)
    assert scoring.winners(evening.party) == [1, 2, 3]


def test_a_file_counts_once_and_a_player_sends_one() -> None:
    evening = Evening("Mia", "Ben")
    evening.start()
    party = flow.add_photo(evening.party, "Mia", 1, "one", "digest", NOW)
    for device, player, digest, why in (
        ("Mia", 1, "other", Why.ALREADY),
        ("Ben", 2, "digest", Why.SAME_FILE),
        ("Ben", 1, "other", Why.NOT_YOURS),
    ):
        with pytest.raises(NotAllowed) as refused:
            flow.add_photo(party, device, player, "two", digest, NOW)
        assert refused.value.why is why
    # The bot cannot look at it: while there is time, she may send another one.
    party = flow.note_loss(party, "one", NOW)
    assert party.awaited() == {1, 2}
    flow.add_photo(party, "Mia", 1, "two", "another digest", NOW)


def test_over_six_play_in_teams_and_share_what_their_photo_brings() -> None:
    names = ["Mia", "Ben", "Ada", "Oma", "Opa", "Eva", "Tom"]
    evening = Evening(*names[:6], prompts=[SHOW_YETI, SHOW_YETI])
    evening.start()
    assert len(evening.party.rounds[0].sides) == 6
    evening.come("Tom")  # late: in the next round, which is too many to play alone
    assert evening.number("Tom") not in evening.party.rounds[0].players
    while len(evening.party.rounds) < 2 or phase(evening) is not Phase.COLLECTING:
        evening.go_on()
    sides = evening.party.rounds[1].sides
    assert sorted(map(len, sides)) == [1, 2, 2, 2]
    first = next(side for side in sides if len(side) == 2)
    sender, mate = (names[number - 1] for number in first)
    evening.send(sender, YETI, 0.7)
    with pytest.raises(NotAllowed):
        evening.send(mate, YETI)
    evening.go_on()
    assert not set(first) & evening.party.asked()  # nobody guesses about their own
    for _ in range(3):
        evening.go_on()
    assert {name: points for name, points in evening.points.items() if points} == {
        sender: 70,
        mate: 70,
    }


def test_children_who_share_a_phone_are_players_of_their_own() -> None:
    evening = Evening("Mia")
    evening.act("Mia", Join("Ben", 0))
    evening.act("Mia", Join("Ben", 4))  # tapped twice
    evening.come("mia")  # another phone, a name that is taken
    names = [(player.name, player.colour) for player in evening.party.players]
    assert names == [("Mia", 0), ("Ben", 1), ("mia 2", 2)]
    evening.start()
    for name in ("Mia", "Ben"):
        number = evening.number(name)
        evening.party = flow.add_photo(evening.party, "Mia", number, name, name, evening.now)
    assert evening.party.awaited() == {3}


def test_a_phone_that_drops_out_is_waited_for_a_moment_and_comes_back_where_it_was() -> None:
    evening = Evening("Mia", "Ben", "Ada")
    evening.start()
    evening.send("Mia")
    evening.send("Ben")
    evening.party = flow.disconnected(evening.party, "Ada", evening.now)
    assert evening.party.due(evening.now) == evening.now + AWAY_GRACE
    until = evening.party.until
    evening.wait(AWAY_GRACE.total_seconds())
    assert evening.party.until < until
    evening.party = flow.connected(evening.party, "Ada", evening.now)
    evening.send("Ada")
    assert len(evening.party.rounds[-1].photos) == 3


def test_anybody_takes_over_from_a_host_whose_phone_died() -> None:
    evening = Evening("Mia", "Ben")
    with pytest.raises(NotAllowed):
        evening.act("Ben", Start((SAY_OLAF,), 60))
    evening.party = flow.disconnected(evening.party, "Mia", evening.now)
    evening.wait(TAKE_OVER_AFTER.total_seconds() - 1)
    with pytest.raises(NotAllowed):
        evening.act("Ben", TakeOver())
    evening.wait(1)
    evening.act("Ben", TakeOver())
    evening.act("Ben", Start((SAY_OLAF,), 60))
    assert phase(evening) is Phase.PROMPT


def test_a_pause_and_a_restart_cost_nobody_time() -> None:
    evening = Evening("Mia", "Ben")
    evening.start()
    evening.wait(20)
    left = evening.party.until - evening.now
    evening.act(TV, Pause())
    evening.wait(600)
    with pytest.raises(NotAllowed):
        evening.send("Mia")
    evening.act(TV, Resume())
    assert evening.party.until - evening.now == left
    stored = STORED.validate_json(STORED.dump_json(evening.party))
    assert stored == evening.party
    evening.now += timedelta(minutes=5)  # the process was away
    evening.party = flow.tick(flow.restarted(stored, evening.now), evening.now)
    assert phase(evening) is Phase.COLLECTING
    assert evening.party.until > evening.now
    evening.act(TV, Pause())
    evening.wait(PAUSE_TIME.total_seconds())
    assert evening.party.paused is None  # nobody came back to it


def test_a_verdict_is_waited_for_and_a_photo_without_one_is_left_out() -> None:
    evening = Evening("Mia", "Ben")
    evening.start()
    evening.party = flow.add_photo(evening.party, "Mia", 1, "one", "one", evening.now)
    evening.send("Ben")
    evening.go_on()
    assert evening.party.photo is not None
    began = evening.now
    while evening.party.photo.id == "one":
        assert phase(evening) is Phase.GUESSING
        evening.go_on()
        assert evening.now - began <= VERDICT_WITHIN + timedelta(seconds=2)
    assert phase(evening) is Phase.GUESSING
    assert evening.party.photo.id == "Ben1"


def test_who_is_forgotten_has_no_name_any_more() -> None:
    evening = Evening("Mia", "Ben")
    evening.start()
    evening.party = flow.forgotten(evening.party, "Mia", "⛄")
    assert [player.name for player in evening.party.players] == ["⛄", "Ben"]
    assert evening.party.awaited() == {2}


def test_in_a_chat_a_phase_lasts_as_long_as_its_message_may_not_be_edited() -> None:
    evening = Evening("Mia", "Ben")
    evening.party = replace(evening.party, least=10 * SECOND)
    evening.start()
    evening.send("Mia")
    evening.send("Ben")
    evening.wait(9)
    assert phase(evening) is Phase.COLLECTING
    evening.wait(1)
    assert phase(evening) is Phase.GUESSING


def test_an_evening_can_be_called_off_before_it_begins() -> None:
    evening = Evening("Mia", "Ben")
    evening.act(TV, End())
    assert phase(evening) is Phase.OVER
    with pytest.raises(NotAllowed):
        evening.act(TV, End())


def test_an_evening_is_as_long_as_was_chosen() -> None:
    assert rounds_within(10, 5, 60) == 3
    assert rounds_within(20, 5, 60) == 6
    assert rounds_within(20, 12, 60) < rounds_within(20, 3, 60)
    assert rounds_within(1, 12, 300) == 2


def test_prompts_are_many_and_each_goal_can_be_played_in_a_warm_room() -> None:
    assert len(PROMPTS) >= 40
    assert len({prompt.key for prompt in PROMPTS}) == len(PROMPTS)
    assert {prompt.place for prompt in PROMPTS} == set(Place)
    assert {prompt.goal for prompt in PROMPTS} == set(Goal)
    assert {prompt.goal.teller for prompt in PROMPTS} == set(Teller)


labels = st.sampled_from(list(Label))
devices = st.sampled_from([TV, *(f"phone{number}" for number in range(9))])


class AnyEvening(RuleBasedStateMachine):
    """Taps, photos, drop-outs and the clock, in any order."""

    @initialize(
        prompts=st.lists(st.sampled_from(PROMPTS), min_size=1, max_size=3, unique=True),
        players=st.integers(2, 9),
    )
    def open(self, prompts: list[Prompt], players: int) -> None:
        self.now = NOW
        self.party = flow.connected(opened("p", NOW), TV, NOW, is_screen=True)
        self.prompts = tuple(prompts)
        self.sent = 0
        self.given: set[tuple[object, ...]] = set()
        for number in range(players):  # some share a phone
            self.join(f"phone{number * 2 // 3}", "ABCDEFGHI"[number], 0)
        self.start(TV)
        self.wait_for_what_is_due()

    def _do(self, device: str, act: Any) -> None:
        try:
            self.party = flow.act(self.party, device, act, self.now)
        except NotAllowed:
            self.party = flow.tick(self.party, self.now)

    def _somebody(self, data: st.DataObject) -> Player | None:
        present = self.party.present
        return data.draw(st.sampled_from(present)) if present else None

    @rule(device=devices, name=st.sampled_from("ABCDEFGHIJKLMN"), colour=st.integers(0, 99))
    def join(self, device: str, name: str, colour: int) -> None:
        self.party = flow.connected(self.party, device, self.now)
        self._do(device, Join(name, colour))

    @rule(device=devices)
    def start(self, device: str) -> None:
        self._do(device, Start(self.prompts, 30))

    @rule(data=st.data(), label=labels, is_fair=st.booleans())
    def tap(self, data: st.DataObject, label: Label, is_fair: bool) -> None:
        player = self._somebody(data)
        if player is None:
            return
        number = player.number
        photos = [photo.id for photo in self.party.round.photos] if self.party.round else []
        starred = data.draw(st.sampled_from([*photos, "none"]))
        acts: list[Any] = [Guess(number, label), Tell(number, label), Judge(number, is_fair)]
        for act in (*acts, Star(number, starred)):
            was_awaited = number in self.party.awaited()
            self._do(player.device, act)
            photo = self.party.photo
            if was_awaited and self.party.round and number not in self.party.awaited():
                key = (len(self.party.rounds), self.party.phase, photo and photo.id, number)
                assert key not in self.given  # nobody is asked twice
                self.given.add(key)

    @rule(data=st.data(), label=st.sampled_from([*Label, None]), is_new=st.integers(0, 3))
    def send(self, data: st.DataObject, label: Label | None, is_new: int) -> None:
        player = self._somebody(data)
        if player is None:
            return
        self.sent += bool(is_new)
        photo = f"photo{self.sent}"
        try:
            self.party = flow.add_photo(
                self.party, player.device, player.number, photo, photo, self.now
            )
        except NotAllowed:
            return
        if label is not None:
            self.party = flow.note_verdict(self.party, photo, saw(label, 0.74), self.now)

    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        photos = [photo.id for photo in self.party.round.photos] if self.party.round else []
        self.party = flow.note_loss(
            self.party, data.draw(st.sampled_from([*photos, "?"])), self.now
        )

    @rule(device=devices, number=st.integers(0, 14))
    def leave(self, device: str, number: int) -> None:
        self._do(device, Leave(number))

    @rule(device=devices, act=st.sampled_from([Next(), Pause(), Resume(), TakeOver()]))
    def direct(self, device: str, act: Any) -> None:
        self._do(device, act)

    @precondition(lambda self: len(self.party.rounds) > 1)
    @rule(device=devices)
    def end(self, device: str) -> None:
        self._do(device, End())
        if self.party.phase is Phase.OVER:
            self._do(device, Again("again"))
            self.given.clear()

    @rule(device=devices, is_back=st.booleans(), is_screen=st.booleans())
    def drop_out(self, device: str, is_back: bool, is_screen: bool) -> None:
        if is_back:
            self.party = flow.connected(self.party, device, self.now, is_screen=is_screen)
        else:
            self.party = flow.disconnected(self.party, device, self.now)

    @rule(seconds=st.sampled_from([0.2, 1, 5, 10]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.party = flow.tick(self.party, self.now)

    @precondition(lambda self: self.party.phase is not Phase.OVER)
    @rule()
    def wait_for_what_is_due(self) -> None:
        due = self.party.due(self.now)
        assert due is not None
        self.now = max(self.now, due)
        self.party = flow.tick(self.party, self.now)

    @rule()
    def restart(self) -> None:
        stored = STORED.validate_json(STORED.dump_json(self.party))
        assert stored == self.party
        self.party = flow.restarted(stored, self.now)

    @invariant()
    def holds_together(self) -> None:
        party = self.party
        present = party.present
        assert len(present) <= MOST_PLAYERS
        assert len({player.name.casefold() for player in party.players}) == len(party.players)
        assert len({player.colour for player in present}) == len(present)
        assert all(0 <= player.colour < COLOURS for player in present)
        assert (party.photo is not None) == (party.phase in REVEALING)
        if party.phase is Phase.LOOKING:
            assert party.photo is not None
            assert party.photo.verdict is not None
        for round_ in party.rounds:
            assert len(round_.sides) <= max(MOST_SIDES, 1)
            assert len(set(round_.players)) == len(round_.players)
            senders = [member for photo in round_.photos for member in photo.members]
            assert len(set(senders)) == len(senders)  # one photo a side
        assert len({round_.prompt.key for round_ in party.rounds}) == len(party.rounds)

    @invariant()
    def the_points_add_up(self) -> None:
        points = scoring.totals(self.party.rounds)
        assert all(each >= 0 for each in points.values())
        summed: Counter[int] = Counter()
        for round_ in self.party.rounds:
            for award in scoring.awards(round_):
                photo = next(each for each in round_.photos if each.id == award.photo)
                is_own = award.player in photo.members
                assert is_own == (award.deed is not scoring.Deed.GUESS)
                summed[award.player] += award.points
        assert summed == points
        places = scoring.standings(self.party, self.party.rounds)
        assert sum(place.points for place in places) == points.total()
        assert [place.rank for place in places] == sorted(place.rank for place in places)

    def teardown(self) -> None:
        """It ends by itself, with nobody left who does anything."""
        if not hasattr(self, "party"):
            return
        for _ in range(400):
            due = self.party.due(self.now)
            if due is None:
                break
            self.now = max(self.now, due)
            self.party = flow.tick(self.party, self.now)
        assert self.party.phase is Phase.OVER
        assert self.now - NOW < timedelta(days=2)


TestAnyEvening = AnyEvening.TestCase
TestAnyEvening.settings = settings(max_examples=40, stateful_step_count=40)


def test_a_photo_keeps_what_was_said_of_it_when_it_is_stored() -> None:
    photo = Photo("a", 1, (1, 2), saw(YETI), guesses={3: OLAF}, votes={3: YETI}, fair={3: False})
    assert TypeAdapter(Photo).validate_json(TypeAdapter(Photo).dump_json(photo)) == photo
    assert replace(photo, fair={}).is_unfair is False
