"""The game as a room plays it: service, rules and store, with eyes that are told what to see."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.domain import (
    AdminAction,
    Button,
    ButtonOutcome,
    Delivery,
    Label,
    Player,
    Preview,
    Receipt,
    Refusal,
    Reply,
    Room,
    Verdict,
)
from bot.game.rules import Round
from bot.metrics import Metrics
from bot.services import failures, guessing
from bot.speech import speaker_for
from bot.storage import StoreError
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import OLAF, STRANGER, YETI
from tests.support.metrics import counted
from tests.support.pictures import draw_yeti, encoded
from tests.support.services import make_service
from tests.support.table import (
    ALONE,
    BEN,
    CHANNEL,
    HOME,
    MIA,
    OMA,
    Table,
    changed,
    labels,
    reveal,
    said,
)

EN = speaker_for("en")
IS_OLAF, IS_YETI, IS_NEITHER = (EN.rounds.truth_button(label) for label in Label)
UNDO, TRUE, OBJECT = (
    EN.rounds.change_button(),
    EN.rounds.confirm_button(),
    EN.rounds.objection_button(),
)
MADE, WHERE = EN.rounds.made_button(), EN.photos.where_button()
# Answers as real photos get them: mostly sure, some not, some of neither.
DOUBTFUL = Verdict(
    Label.OLAF,
    0.58,
    {Label.OLAF: 0.4, Label.ABOMINABLE: 0.29, Label.NEITHER: 0.31},
    unfamiliar=False,
    sure=False,
)
FAMILY = [MIA, BEN, OMA, Player("tom", "Tom")]


async def everyone_plays(table: Table) -> None:
    """Have everybody of the family send a photo, so that each of them counts."""
    for player in FAMILY:
        await table.photo(player)


def points(number: int) -> str:
    return EN.text.points(number)


async def test_every_answer_opens_a_round_with_its_buttons(table: Table) -> None:
    reply = await table.photo(MIA)
    assert reply.text.startswith("Olaf! 97%")
    assert labels(reply) == [IS_OLAF, IS_YETI, IS_NEITHER, WHERE]


@pytest.mark.parametrize("verdict", [OLAF, YETI, DOUBTFUL, STRANGER])
async def test_no_answer_shows_a_number_under_fifty(table: Table, verdict: Verdict) -> None:
    reply = await table.photo(MIA, verdict)
    assert f"{verdict.percent}%" in reply.text
    assert verdict.percent >= 50


async def test_who_fools_the_bot_gets_the_percentage_that_it_showed(table: Table) -> None:
    sure = await table.photo(MIA, OLAF)
    text = said(await table.tap(MIA, sure, IS_YETI))
    assert points(97) in text
    assert "Mia" in text
    doubtful = await table.photo(BEN, DOUBTFUL)
    assert points(58) in said(await table.tap(BEN, doubtful, IS_YETI))
    assert await table.points() == {"Mia": 97, "Ben": 58}


async def test_a_mop_that_the_bot_calls_olaf_fools_it_and_one_that_it_calls_neither_does_not(
    table: Table,
) -> None:
    mop = await table.photo(MIA, OLAF)
    assert points(97) in said(await table.tap(MIA, mop, IS_NEITHER))
    stranger = await table.photo(BEN, STRANGER)
    await table.tap(BEN, stranger, IS_NEITHER)
    assert await table.points() == {"Mia": 97}


async def test_a_right_bot_gets_nothing_and_is_in_no_ranking(table: Table) -> None:
    reply = await table.photo(MIA)
    await table.tap(MIA, reply, IS_OLAF)
    board = await table.ask(MIA, "leaderboard")
    assert await table.points() == {}
    assert EN.standings.tally(0, 1) in board.text


async def test_of_a_day_the_best_fooling_counts_in_full_and_the_rest_less(table: Table) -> None:
    for _ in range(5):
        await table.tap(MIA, await table.photo(MIA, OLAF), IS_YETI)
    assert await table.points() == {"Mia": 97 + 49 + 24}
    table.later(days=1)
    await table.tap(MIA, await table.photo(MIA, OLAF), IS_YETI)
    assert await table.points() == {"Mia": 97 + 49 + 24 + 97}


async def test_a_work_that_the_bot_recognises_is_praised_each_time_and_pays_once_a_day(
    table: Table,
) -> None:
    for _ in range(2):
        told = (await table.tap(MIA, await table.photo(MIA, OLAF), IS_OLAF)).edit
        assert MADE in labels(told)
        praised = (await table.tap(MIA, told, MADE)).edit
        assert praised is not None
        assert praised.cheer
    assert await table.points() == {"Mia": 25}


async def test_a_caption_says_that_somebody_made_it(table: Table) -> None:
    reply = await table.photo(MIA, OLAF, caption="I made this")
    told = (await table.tap(MIA, reply, IS_OLAF)).edit
    assert MADE not in labels(told)
    assert await table.points() == {"Mia": 25}


async def test_a_wrong_tap_is_taken_back_within_ten_minutes(table: Table) -> None:
    told = (await table.tap(MIA, await table.photo(MIA), IS_OLAF)).edit
    undone = (await table.tap(MIA, told, UNDO)).edit
    assert labels(undone)[:3] == [IS_OLAF, IS_YETI, IS_NEITHER]
    again = (await table.tap(MIA, undone, IS_YETI)).edit
    assert again is not None
    assert points(97) in again.text
    table.later(minutes=11)
    assert (await table.tap(MIA, again, UNDO)).edit is None
    assert await table.points() == {"Mia": 97}


async def test_undo_takes_back_ones_last_truth(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    table.later(seconds=1)
    assert EN.rounds.undo_done() in (await table.ask(MIA, "undo")).text
    assert await table.points() == {}
    assert (await table.ask(BEN, "undo")).text == EN.rounds.undo_nothing()


async def test_only_the_sender_and_admins_tell_the_truth(table: Table) -> None:
    reply = await table.photo(MIA)
    assert (await table.tap(BEN, reply, IS_YETI)).notice == EN.rounds.not_your_photo()
    text = said(await table.tap(OMA, reply, IS_YETI))
    assert points(97) in text
    assert (await table.tap(MIA, reply, IS_OLAF)).notice == EN.rounds.told_before()
    log = (await table.ask(OMA, "log")).text
    assert log.count("truth") == 1


async def test_an_objection_opens_a_vote_and_the_most_votes_decide(table: Table) -> None:
    await everyone_plays(table)
    tom = FAMILY[3]
    reply = await table.photo(MIA, OLAF)
    told = (await table.tap(MIA, reply, IS_YETI)).edit
    asked = (await table.tap(BEN, told, OBJECT)).edit
    olaf, yeti, neither = (EN.text.label(label) for label in Label)
    assert labels(asked)[:3] == [olaf, yeti, neither]
    assert (await table.tap(MIA, asked, olaf)).notice == EN.rounds.vote_own()
    assert (await table.tap(BEN, asked, olaf)).edit is not None
    assert (await table.tap(BEN, asked, yeti)).notice == EN.rounds.vote_before()
    await table.tap(OMA, asked, olaf)
    await table.tap(tom, asked, yeti)  # now everyone has voted
    async with asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0)
    assert await table.points() == {}
    ended = table.messenger.sent[-1][1].text
    assert EN.rounds.vote_ended([(Label.OLAF, 2), (Label.ABOMINABLE, 1)], Label.OLAF) == ended
    # What the photo's message says then, nobody has told.
    _, _, shown = table.messenger.edited[-1]
    assert told is not None
    assert EN.rounds.told("Mia", Label.ABOMINABLE) in told.text
    assert not any(EN.rounds.told("Mia", label) in shown.text for label in Label)


async def test_nobody_changes_a_truth_during_a_vote_and_afterwards_an_admin_may(
    table: Table,
) -> None:
    await everyone_plays(table)
    told = (await table.tap(OMA, await table.photo(OMA), IS_YETI)).edit  # an admin's own photo
    asked = (await table.tap(BEN, told, OBJECT)).edit
    assert UNDO not in labels(asked)
    assert (await table.tap(OMA, told, UNDO)).notice == EN.rounds.vote_decides()
    assert (await table.ask(OMA, "undo")).text == EN.rounds.vote_decides()
    for player in (BEN, MIA, FAMILY[3]):
        await table.tap(player, asked, EN.text.label(Label.OLAF))
    async with asyncio.timeout(5):
        while not table.messenger.edited:
            await asyncio.sleep(0)
    _, _, decided = table.messenger.edited[-1]
    assert (await table.tap(BEN, decided, UNDO)).edit is None
    undone = (await table.tap(OMA, decided, UNDO)).edit
    again = await table.tap(OMA, undone, IS_YETI)
    assert points(97) in said(again)
    assert OBJECT in labels(again.edit)
    log = (await table.ask(OMA, "log")).text
    assert log.count("Oma") == 1  # what any player may do is not there
    assert EN.privacy.log([(table.now.date(), "Oma", AdminAction.UNDO)]) == log


async def test_a_vote_ends_in_the_evening_also_after_a_restart(table: Table) -> None:
    await everyone_plays(table)
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    await table.tap(BEN, told, OBJECT)
    table.later(days=2)
    restarted = table.restart({"telegram": table.messenger})
    async with restarted.running(), asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0.01)
    # With fewer than two votes the truth stands.
    assert EN.rounds.vote_stands(0) == table.messenger.sent[-1][1].text
    assert (await table.points())["Mia"] == 97


async def test_a_vote_ends_although_the_database_fails_at_that_moment(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    await everyone_plays(table)
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    await table.tap(BEN, told, OBJECT)
    close, faults = table.store.game.close_vote, [StoreError("it is gone")]

    async def close_vote(round_id: int, now: datetime) -> Round | None:
        if faults:
            raise faults.pop()
        return await close(round_id, now)

    monkeypatch.setattr(table.store.game, "close_vote", close_vote)
    monkeypatch.setattr(failures, "FIRST_WAIT", failures.FIRST_WAIT * 0)
    table.later(days=2)
    async with (
        table.restart({"telegram": table.messenger}).running(),
        asyncio.timeout(5),
    ):
        while not table.messenger.sent:
            await asyncio.sleep(0.01)
    assert EN.rounds.vote_stands(0) == table.messenger.sent[-1][1].text


async def test_a_vote_that_was_closed_before_a_crash_is_told_once_by_who_starts_again(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    await everyone_plays(table)
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    await table.tap(BEN, told, OBJECT)
    table.later(days=2)
    (vote,) = await table.store.game.untold_votes()
    await table.store.game.close_vote(vote.round_id, table.now)  # and there the process died
    marks, mark = [StoreError("it is gone"), None], table.store.game.mark_vote_told
    marked = asyncio.Event()

    async def mark_vote_told(round_id: int, now: datetime) -> None:
        if (fault := marks.pop(0)) is not None:
            raise fault
        await mark(round_id, now)
        marked.set()

    monkeypatch.setattr(table.store.game, "mark_vote_told", mark_vote_told)
    monkeypatch.setattr(failures, "FIRST_WAIT", failures.FIRST_WAIT * 0)
    async with table.restart({"telegram": table.messenger}).running(), asyncio.timeout(5):
        await marked.wait()
    assert [reply.text for _, reply, _ in table.messenger.sent] == [EN.rounds.vote_stands(0)]
    assert OBJECT not in labels(table.messenger.edited[-1][2])
    assert await table.store.game.untold_votes() == []


async def test_a_single_vote_changes_nothing_and_the_room_is_told_why(table: Table) -> None:
    await everyone_plays(table)
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    asked = (await table.tap(BEN, told, OBJECT)).edit
    async with table.service.running(), asyncio.timeout(5):
        await table.tap(BEN, asked, EN.text.label(Label.OLAF))
        table.later(days=2)
        table.restart({"telegram": table.messenger})
        async with table.service.running():
            while not table.messenger.sent:
                await asyncio.sleep(0.01)
    assert table.messenger.sent[-1][1].text == EN.rounds.vote_stands(1)
    assert EN.rounds.told("Mia", Label.ABOMINABLE) in table.messenger.edited[-1][2].text


async def test_where_only_two_play_an_objection_voids_a_round(table: Table) -> None:
    await table.photo(BEN)
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    voided = await table.tap(BEN, told, OBJECT)
    assert EN.rounds.void() in said(voided)
    assert await table.points() == {}


async def test_objections_are_for_others_who_play_here_and_for_a_day(table: Table) -> None:
    await everyone_plays(table)
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    assert (await table.tap(MIA, told, OBJECT)).notice == EN.rounds.objection_own()
    stranger = Player("zoe", "Zoe")
    assert (await table.tap(stranger, told, OBJECT)).notice == EN.rounds.objection_not_here()
    table.later(hours=25)
    assert (await table.tap(BEN, told, OBJECT)).notice == EN.rounds.objection_late()


async def test_three_objections_a_day_are_enough(table: Table) -> None:
    await everyone_plays(table)
    notices = []
    for _ in range(4):
        told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
        notices.append((await table.tap(BEN, told, OBJECT)).notice)
    assert notices == ["", "", "", EN.rounds.objections_enough()]


async def test_a_truth_against_neither_waits_until_another_says_that_it_is_true(
    table: Table,
) -> None:
    await everyone_plays(table)
    told = (await table.tap(MIA, await table.photo(MIA, STRANGER), IS_OLAF)).edit
    assert EN.rounds.pending(40) in (told.text if told else "")
    assert TRUE in labels(told)
    assert await table.points() == {}
    assert (await table.tap(MIA, told, TRUE)).notice == EN.rounds.confirm_own()
    confirmed = await table.tap(BEN, told, TRUE)
    assert points(40) in said(confirmed)
    assert await table.points() == {"Mia": 40}


async def test_a_truth_against_neither_counts_after_a_day_without_objection(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA, STRANGER), IS_OLAF)
    assert await table.points() == {}
    table.later(hours=25)
    assert await table.points() == {"Mia": 40}


async def test_a_caption_that_says_it_ends_the_round_at_once(table: Table) -> None:
    reply = await table.photo(MIA, OLAF, caption="ein Schneemensch!")
    assert points(97) in reply.text
    assert OBJECT in labels(reply)


@pytest.mark.parametrize("caption", ["My friend Olaf turned 40", "I bet it says Olaf"])
async def test_a_caption_that_mentions_a_name_ends_nothing(table: Table, caption: str) -> None:
    assert IS_OLAF in labels(await table.photo(MIA, OLAF, caption=caption))


async def test_a_round_without_a_truth_is_over_after_a_day(table: Table) -> None:
    reply = await table.photo(MIA)
    table.later(hours=25)
    assert (await table.tap(MIA, reply, IS_OLAF)).notice == EN.rounds.round_over()


async def test_a_photo_that_was_here_before_scores_nothing_and_says_so(table: Table) -> None:
    await table.photo(MIA, data=b"the same")
    again = await table.photo(BEN, data=b"the same")
    assert EN.rounds.played_before() in again.text
    assert labels(again) == [WHERE]


async def test_the_same_photo_plays_anew_in_another_room(table: Table) -> None:
    await table.photo(MIA, data=b"the same")
    elsewhere = await table.photo(MIA, data=b"the same", room=Room("telegram", "-200"))
    assert IS_OLAF in labels(elsewhere)


async def test_an_identity_of_several_people_gets_an_answer_and_no_game(table: Table) -> None:
    assert labels(await table.photo(CHANNEL)) == [WHERE]
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    outcome = await table.tap(CHANNEL, told, OBJECT)
    assert outcome.notice == EN.rounds.shared_identity_cannot_tap()


async def test_alone_with_the_bot_nobody_can_object_and_there_is_no_ranking(table: Table) -> None:
    reply = await table.photo(MIA, room=ALONE)
    told = (await table.tap(MIA, reply, IS_YETI, ALONE)).edit
    assert OBJECT not in labels(told)
    own = await table.ask(MIA, "leaderboard", room=ALONE)
    assert own.picture is None
    assert "97" in own.text


async def test_two_taps_at_once_tell_a_truth_once(table: Table) -> None:
    reply = await table.photo(MIA)
    await asyncio.gather(
        *(table.tap(MIA, reply, IS_YETI) for _ in range(5)), table.tap(BEN, reply, IS_OLAF)
    )
    assert await table.points() == {"Mia": 97}


async def test_a_room_that_moves_takes_its_game_along(table: Table) -> None:
    palace = Room("telegram", "-1001")
    reply = await table.photo(MIA)
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    await table.service.move_room(HOME, palace)
    assert "Mia" in said(await table.tap(MIA, reply, IS_YETI, palace))
    assert points(97 + 49) in (await table.ask(MIA, "me", room=palace)).text


async def test_buttons_of_another_room_do_nothing(table: Table) -> None:
    reply = await table.photo(MIA)
    outcome = await table.tap(MIA, reply, IS_YETI, Room("telegram", "-300"))
    assert outcome.notice == EN.rooms.old_button()
    assert await table.points() == {}


async def test_no_answer_of_a_kind_is_heard_twice_within_five(table: Table) -> None:
    heard = [(await table.photo(MIA, OLAF)).text.splitlines()[0] for _ in range(12)]
    for begin in range(len(heard) - 5):
        assert len(set(heard[begin : begin + 5])) == 5


async def test_the_surest_photo_of_an_album_is_played_and_the_answer_says_which(
    table: Table,
) -> None:
    reply = await table.album(MIA, [DOUBTFUL, STRANGER, OLAF])
    assert EN.photos.album([DOUBTFUL, STRANGER, OLAF], 3) == reply.text
    told = await table.tap(MIA, reply, IS_YETI)
    assert said(told).startswith(reply.text)  # all of the album is still there
    wheres = [EN.photos.where_button(number) for number in (1, 2, 3)]
    assert labels(told.edit)[-3:] == wheres == labels(reply)[-3:]
    assert points(97) in said(told)
    assert await table.points() == {"Mia": 97}


async def test_a_photo_that_was_here_before_is_not_the_one_of_an_album_that_is_played(
    table: Table,
) -> None:
    await table.photo(MIA, OLAF, data=b"photo 2")
    reply = await table.album(MIA, [OLAF, YETI])  # the second and third photo
    assert EN.photos.album([OLAF, YETI], 2) == reply.text


async def test_a_guess_round_offers_all_three_and_pays_who_saw_it_coming(table: Table) -> None:
    await table.photo(BEN)  # Ben and Oma are around today
    await table.photo(OMA)
    asked = await table.photo(MIA, OLAF, caption="guess!")
    olaf, yeti, neither = (EN.text.label(label) for label in Label)
    assert labels(asked) == [olaf, yeti, neither]
    noted = await table.tap(BEN, asked, olaf)
    assert noted.notice == EN.rounds.guess_noted(Label.OLAF)
    shown = await changed(table, "Ben")  # who has tapped is shown, and not what
    assert "Olaf" not in shown.text
    assert labels(shown) == [olaf, yeti, neither]
    assert (await table.tap(BEN, asked, yeti)).notice == EN.rounds.guessed_before()
    assert (await table.tap(MIA, asked, olaf)).notice == EN.rounds.guess_own()
    assert not table.messenger.sent
    await table.tap(OMA, asked, neither)
    answer = await reveal(table)
    assert EN.rounds.guessed(["Ben"], 10) in answer.text
    assert IS_OLAF in labels(answer)
    outcome = await table.press(OMA, Button("", "guess:9999:olaf"))
    assert outcome.notice == EN.rooms.old_button()
    assert (await table.tap(OMA, asked, olaf)).notice == EN.rounds.guess_late()
    assert await table.points() == {"Ben": 10}
    assert EN.rounds.guessed(["Ben"], 10) in said(await table.tap(MIA, answer, IS_YETI))


async def test_guess_on_makes_every_photo_a_guess_round(table: Table) -> None:
    assert (await table.ask(MIA, "guess", "on")).text == EN.rooms.only_admins()
    await table.ask(OMA, "guess", "on")
    assert labels(await table.photo(MIA)) == [EN.text.label(label) for label in Label]
    await table.ask(OMA, "guess", "off")
    assert IS_OLAF in labels(await table.photo(MIA))


async def test_guesses_that_a_restart_interrupted_are_answered_by_the_next_process(
    table: Table,
) -> None:
    await table.photo(OMA)
    asked = await table.photo(MIA, OLAF, caption="rate mal")
    await table.tap(BEN, asked, EN.text.label(Label.OLAF))
    table.later(minutes=1)
    async with table.service.running():
        answer = await reveal(table)
    assert EN.rounds.guessed(["Ben"], 10) in answer.text
    await table.due()
    assert not table.messenger.sent


async def test_an_answer_that_could_not_be_sent_is_sent_by_the_next_process(table: Table) -> None:
    await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    table.messenger.delivery = Delivery.FAILED
    await table.due()
    table.messenger.delivery = Delivery.SENT
    async with table.service.running():
        assert (await reveal(table)).text.startswith("Olaf! 97%")


async def test_an_answer_that_could_not_be_sent_is_sent_again_by_the_same_process(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "AGAIN_IN", timedelta())
    async with table.service.running():
        table.messenger.delivery = Delivery.FAILED
        await table.photo(OMA)
        asked = await table.photo(MIA, OLAF, caption="guess")
        await table.tap(OMA, asked, EN.text.label(Label.OLAF))  # everyone has guessed
        async with asyncio.timeout(5):
            while table.messenger.attempts < 3:
                await asyncio.sleep(0)
        table.messenger.delivery = Delivery.SENT
        assert EN.rounds.guessed(["Oma"], 10) in (await reveal(table)).text
        attempts = table.messenger.attempts
        await table.settled()
        assert table.messenger.attempts == attempts


async def test_a_room_that_does_not_want_the_answer_is_not_asked_again(table: Table) -> None:
    table.messenger.delivery = Delivery.REFUSED
    await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    for _ in range(2):
        await table.due()
    assert table.messenger.attempts == 1


async def test_alone_with_the_bot_there_is_nobody_to_guess(table: Table) -> None:
    reply = await table.photo(MIA, caption="guess", room=ALONE)
    assert IS_OLAF in labels(reply)


async def test_the_leaderboard_is_a_picture_and_the_same_in_words(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    await table.tap(BEN, await table.photo(BEN, DOUBTFUL), IS_YETI)
    board = await table.ask(MIA, "leaderboard")
    assert EN.standings.place(1, ["Mia"], 97) in board.text
    assert EN.standings.place(2, ["Ben"], 58) in board.text
    assert EN.standings.tally(2, 0) in board.text
    assert board.picture is not None
    assert board.picture.png.startswith(b"\x89PNG")
    assert "Mia" in board.picture.description


async def test_the_leaderboard_of_a_week_and_of_all_time(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    table.later(days=8)
    await table.tap(BEN, await table.photo(BEN), IS_YETI)
    week = (await table.ask(MIA, "leaderboard", "week")).text
    assert "Ben" in week
    assert EN.standings.place(1, ["Mia"], 97) not in week
    everything = (await table.ask(MIA, "leaderboard", "all")).text
    assert "Mia" in everything
    assert "Ben" in everything


async def test_an_empty_leaderboard_invites_to_play(table: Table) -> None:
    board = await table.ask(MIA, "leaderboard")
    assert board.text
    assert board.picture is None


async def test_the_podium_is_shown_once_on_the_third(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    table.now = datetime(2027, 1, 2, 22, 0, tzinfo=UTC)
    await table.due()
    assert not table.messenger.sent
    table.now = datetime(2027, 1, 3, 9, 0, tzinfo=UTC)
    for _ in range(2):
        await table.due()
    ((room, reply, _),) = table.messenger.sent
    assert room == HOME
    assert "December 2026" in reply.text
    assert EN.standings.place(1, ["Mia"], 97) in reply.text
    assert reply.picture is not None


async def test_a_podium_goes_by_the_hosts_time_zone_where_the_room_chose_none(
    table: Table,
) -> None:
    table.restart({"telegram": table.messenger}, ZoneInfo("Pacific/Auckland"))
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    table.now = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)  # there it is January
    await table.tap(BEN, await table.photo(BEN), IS_YETI)
    table.now = datetime(2027, 1, 2, 19, 30, tzinfo=UTC)  # there it is half past eight on the third
    async with table.service.running(), asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0)
    podium = table.messenger.sent[0][1].text
    assert "December 2026" in podium
    assert "Mia" in podium
    assert "Ben" not in podium


async def test_a_photo_counts_for_the_month_in_which_it_arrived(table: Table) -> None:
    table.now = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    reply = await table.photo(MIA)
    table.now = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
    await table.tap(MIA, reply, IS_YETI)
    assert await table.points() == {}
    table.now = datetime(2027, 1, 3, 9, 0, tzinfo=UTC)
    await table.due()
    assert EN.standings.place(1, ["Mia"], 97) in table.messenger.sent[0][1].text


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_podium_speaks_the_language_that_was_spoken_first(
    table: Table, *, restarts: bool
) -> None:
    ada = Player("ada", "Ada", language="de-AT")
    await table.tap(
        ada, await table.photo(ada), speaker_for("de").rounds.truth_button(Label.ABOMINABLE)
    )
    await table.photo(Player("zoe", "Zoe", language="fr"))
    table.now = datetime(2027, 1, 3, 9, 0, tzinfo=UTC)
    if restarts:
        table.restart({"telegram": table.messenger})
    await table.due()
    assert "Dezember 2026" in table.messenger.sent[0][1].text


@pytest.mark.parametrize("trouble", [Delivery.FAILED, Delivery.REFUSED])
async def test_a_podium_that_did_not_arrive_is_shown_later(table: Table, trouble: Delivery) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    table.now = datetime(2027, 1, 3, 9, 0, tzinfo=UTC)
    table.messenger.delivery = trouble
    await table.due()
    table.messenger.delivery = Delivery.SENT
    table.later(hours=7)
    await table.due()
    assert "December 2026" in table.messenger.sent[0][1].text


async def test_a_room_where_nobody_scored_sees_no_podium(table: Table) -> None:
    await table.photo(MIA)
    table.now = datetime(2027, 1, 3, 9, 0, tzinfo=UTC)
    await table.due()
    assert not table.messenger.sent


async def test_a_truth_is_counted_however_it_is_told(table: Table) -> None:
    metrics = Metrics()
    table.service = make_service(
        table.vision,
        table.store,
        {"telegram": table.messenger},
        kept=table.kept,
        now=lambda: table.now,
        metrics=metrics,
    )
    await table.ask(OMA, "settings", "quiet")
    await table.tap(MIA, await table.photo(MIA, OLAF), IS_YETI)
    await table.photo(MIA, OLAF, caption="olaf")
    await table.photo(MIA, OLAF)
    assert await table.service.hear_truth(HOME, MIA, "3", "a yeti!") is not None
    assert counted(metrics, "truths_total", platform="telegram", fooled="yes") == 2
    assert counted(metrics, "truths_total", platform="telegram", fooled="no") == 1


async def test_the_hall_shows_the_best_foolings_again_by_reference(table: Table) -> None:
    assert (await table.ask(MIA, "hall")).text == EN.standings.hall_empty()
    await table.tap(BEN, await table.photo(BEN, YETI), IS_OLAF)
    await table.tap(MIA, await table.photo(MIA, OLAF), IS_YETI)
    hall = await table.ask(MIA, "hall")
    assert [(photo.message, photo.reference) for photo in hall.past_photos] == [
        ("2", "file-2"),
        ("1", "file-1"),
    ]
    assert "Mia" in hall.past_photos[0].caption
    hide = EN.privacy.hide_button()  # one's own only; and a card of each, in one row
    assert [[b.text for b in row] for row in hall.buttons] == [["1", "2"], [f"1. {hide}"]]
    for _ in range(4):
        await table.tap(MIA, await table.photo(MIA, OLAF), IS_YETI)
    rows = (await table.ask(MIA, "hall")).buttons
    assert [len(row) for row in rows] == [5, 2, 2, 1]  # as many rows as a platform shows
    best = (await table.ask(MIA, "hall")).past_photos[0]
    await table.tap(MIA, await table.ask(MIA, "hall"), f"1. {hide}")
    shown = (await table.ask(MIA, "hall")).past_photos  # the sixth is shown instead
    assert len(shown) == 5
    assert best.message not in {photo.message for photo in shown}
    palace = Room("telegram", "-1001")
    await table.service.move_room(HOME, palace)
    first, *_ = (await table.ask(MIA, "hall", room=palace)).past_photos
    assert first.room == HOME


async def test_who_sent_a_photo_can_take_it_down_and_keeps_the_points(table: Table) -> None:
    answer = await table.photo(MIA, OLAF)
    await table.tap(MIA, answer, IS_YETI)
    assert labels(await table.ask(BEN, "hall")) == ["1"]
    hall = await table.ask(MIA, "hall")
    hide = f"1. {EN.privacy.hide_button()}"
    assert (await table.tap(BEN, hall, hide)).notice == EN.privacy.not_yours_to_hide()
    assert (await table.tap(MIA, hall, hide)).notice == EN.privacy.hidden()
    assert (await table.ask(BEN, "hall")).text == EN.standings.hall_empty()
    where = await table.tap(BEN, answer, WHERE)
    assert where == ButtonOutcome(EN.photos.refusal(Refusal.GONE))  # nor under its heat
    assert await table.points() == {"Mia": 97}


async def test_a_good_fooling_gets_a_card_also_when_its_photo_is_gone(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def preview(photo: bytes, side: int) -> Preview:
        return Preview(encoded(draw_yeti((64, 48)), "JPEG"), 64, 48)

    monkeypatch.setattr(table.vision, "preview", preview)
    told = (await table.tap(MIA, await table.photo(MIA, OLAF), IS_YETI)).edit
    table.messenger.spoilers = set(table.messenger.photos)
    card = (await table.tap(MIA, told, EN.photos.card_button())).send
    assert card is not None
    assert card.picture is not None
    assert card.picture.png.startswith(b"\x89PNG")
    assert card.picture.is_spoiler
    table.messenger.photos.clear()
    without = (await table.tap(MIA, told, EN.photos.card_button())).send
    assert without is not None
    assert EN.photos.card_gone() in without.text


async def test_me_and_stats_tell_figures(table: Table) -> None:
    for truth in (IS_YETI, IS_YETI, IS_OLAF):
        await table.tap(MIA, await table.photo(MIA), truth)
    await table.photo(MIA)  # never told
    mine = (await table.ask(MIA, "me")).text
    assert f"{points(97 + 49)}: 146 for fooling me" in mine
    stats = await table.ask(BEN, "stats")
    assert stats.text.splitlines()[0] == EN.standings.stats(1, 3, 1)
    assert stats.text.startswith("3 told: I got 1 right, 33%. 1 untold")
    assert stats.picture is not None
    of_mia = (await table.ask(BEN, "me", "mia")).text
    assert points(97 + 49) in of_mia


async def test_who_only_guessed_has_played_this_month(table: Table) -> None:
    await table.photo(OMA)
    asked = await table.photo(MIA, OLAF, caption="guess")
    await table.tap(BEN, asked, EN.text.label(Label.OLAF))
    await table.tap(OMA, asked, EN.text.label(Label.ABOMINABLE))
    await reveal(table)
    assert points(10) in (await table.ask(BEN, "me")).text


async def test_the_challenge_is_one_for_the_whole_room_and_another_tomorrow(table: Table) -> None:
    first, same = await table.ask(MIA, "challenge"), await table.ask(BEN, "challenge")
    assert first.text == same.text
    ideas = {first.text}
    for _ in range(20):
        table.later(days=1)
        ideas.add((await table.ask(MIA, "challenge")).text)
    assert len(ideas) == 21


async def test_the_days_challenge_is_posted_at_the_rooms_time_once(table: Table) -> None:
    assert (await table.ask(MIA, "daily", "9:00")).text == EN.rooms.only_admins()
    assert (await table.ask(MIA, "daily", "soon")).text == EN.rooms.daily_how()
    await table.ask(OMA, "daily", "9:00 America/New_York")
    table.now = datetime(2026, 12, 6, 13, 59, tzinfo=UTC)
    await table.due()
    assert not table.messenger.sent
    table.later(minutes=2)
    for _ in range(2):
        await table.due()
    ((room, reply, _),) = table.messenger.sent
    assert room == HOME
    assert (await table.ask(MIA, "challenge")).text in reply.text
    await table.ask(OMA, "daily", "off")
    table.later(days=1)
    await table.due()
    assert len(table.messenger.sent) == 1


async def test_the_evening_has_a_card_of_the_best_photo_that_is_shown(table: Table) -> None:
    await table.ask(OMA, "daily", "9:00")
    await table.tap(BEN, await table.photo(BEN), IS_YETI)
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    await table.tap(BEN, await table.ask(BEN, "hall"), f"1. {EN.privacy.hide_button()}")
    table.messenger.photos.clear()
    table.now = datetime(2026, 12, 5, 20, 1, tzinfo=UTC)
    await table.due()
    assert table.messenger.sent[1][1].text == EN.rooms.evening_card("Mia", 97)


class Stumbling(FakeMessenger):
    """A platform on which writing in one room is a fault of ours."""

    stumbled = 0

    async def send(
        self, room: Room, reply: Reply, to: str | None = None, topic: str | None = None
    ) -> Receipt:
        if room == HOME:
            self.stumbled += 1
            raise LookupError(room.id)
        return await super().send(room, reply, to, topic)


async def test_the_fault_of_one_room_keeps_no_other_waiting(table: Table) -> None:
    igloo, palace = Room("telegram", "-200"), Room("telegram", "-300")
    for room in (HOME, igloo):
        await table.tap(MIA, await table.photo(MIA, room=room), IS_YETI, room)
        await table.ask(OMA, "daily", "9:00", room)
    table.restart({"telegram": (messenger := Stumbling())})
    table.now = datetime(2027, 1, 3, 9, 30, tzinfo=UTC)
    await table.due()
    texts = "".join(reply.text for _, reply, _ in messenger.sent)
    assert EN.standings.place(1, ["Mia"], 97) in texts
    assert (await table.ask(MIA, "challenge", room=igloo)).text in texts
    assert messenger.stumbled == 2
    table.later(seconds=20)  # and it is not tried again each time that others get theirs
    await table.ask(OMA, "daily", "9:00", palace)
    async with table.service.running(), asyncio.timeout(5):
        while messenger.sent[-1][0] != palace:
            await asyncio.sleep(0)
    assert messenger.stumbled == 2


async def test_the_log_has_the_days_of_the_room(table: Table) -> None:
    table.now = datetime(2026, 12, 6, 2, 0, tzinfo=UTC)
    await table.ask(OMA, "daily", "9:00 America/New_York")
    day = datetime(2026, 12, 5, tzinfo=UTC).date()
    log = EN.privacy.log([(day, "Oma", AdminAction.DAILY)])
    assert (await table.ask(OMA, "log")).text == log


async def test_who_wants_to_be_forgotten_is_and_others_keep_their_points(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    await table.tap(BEN, await table.photo(BEN), IS_YETI)
    ask = await table.ask(MIA, "forget")
    forget, keep = EN.privacy.forget_button(), EN.privacy.forget_not_button()
    assert (await table.tap(BEN, ask, forget)).notice == EN.rooms.not_yours_to_decide()
    assert said(await table.tap(MIA, ask, keep)) == EN.privacy.forgot_not()
    assert said(await table.tap(MIA, ask, forget)) == EN.privacy.forgot()
    board = (await table.ask(BEN, "leaderboard")).text
    assert "Mia" not in board
    assert EN.text.name(None) in board
    assert "Ben" in board


async def test_privacy_leads_to_export_and_forget(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    told = await table.ask(MIA, "privacy", room=ALONE)
    exported = (await table.tap(MIA, told, EN.privacy.export_button(), ALONE)).send
    assert exported is not None
    assert exported.document is not None
    assert b'"Mia"' in exported.document.data
    asked = (await table.tap(MIA, told, EN.privacy.forget_me_button(), ALONE)).send
    assert EN.privacy.forget_button() in labels(asked)
    about = (await table.tap(MIA, told, EN.privacy.about_button(), ALONE)).send
    assert about is not None
    assert about.text == EN.rooms.about()


async def test_undo_takes_back_an_admins_reset_although_an_old_truth_is_settled(
    table: Table,
) -> None:
    await table.tap(MIA, await table.photo(MIA, OLAF), IS_YETI)
    await table.tap(OMA, await table.ask(OMA, "reset"), EN.privacy.reset_button())
    await table.tap(OMA, await table.photo(OMA, OLAF), IS_YETI)
    table.later(minutes=11)
    assert await table.points() == {"Oma": 97}
    assert (await table.ask(OMA, "undo")).text == EN.privacy.reset_undone("Oma")
    assert await table.points() == {"Mia": 97, "Oma": 97}
    assert (await table.ask(OMA, "undo")).text == EN.rounds.undo_late()


async def test_only_admins_reset_a_season_and_can_undo_it_for_a_day(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    assert (await table.ask(MIA, "reset")).text == EN.rooms.only_admins()
    ask = await table.ask(OMA, "reset")
    yes, no = EN.privacy.reset_button(), EN.privacy.reset_not_button()
    assert (await table.tap(MIA, ask, yes)).notice == EN.rooms.only_admins()
    assert said(await table.tap(OMA, ask, no)) == EN.privacy.reset_not()
    assert await table.points() == {"Mia": 97}
    done = (await table.tap(OMA, ask, yes)).edit
    assert await table.points() == {}
    undone = await table.tap(OMA, done, EN.privacy.reset_undo_button())
    assert said(undone) == EN.privacy.reset_undone("Oma")
    assert await table.points() == {"Mia": 97}


async def test_photos_that_fooled_the_bot_are_kept_only_where_admins_said_so(
    table: Table, tmp_path: Path
) -> None:
    def kept() -> list[str]:
        return sorted(path.parent.name for path in (tmp_path / "kept").glob("*/*"))

    async def fooled(player: Player) -> Reply | None:
        outcome = await table.tap(player, await table.photo(player), IS_YETI)
        await table.service.settle()
        return outcome.edit

    await fooled(MIA)
    assert kept() == []
    assert (await table.ask(MIA, "keep", "on")).text == EN.rooms.only_admins()
    await table.ask(OMA, "keep", "on")
    told = await fooled(MIA)
    await table.tap(MIA, await table.photo(MIA), IS_OLAF)
    await fooled(BEN)
    assert kept() == ["abominable", "abominable"]
    await table.tap(MIA, told, UNDO)
    await table.service.settle()
    assert kept() == ["abominable"]
    await table.tap(BEN, await table.ask(BEN, "forget"), EN.privacy.forget_button())
    assert kept() == []
    await table.ask(OMA, "keep", "off")
    await fooled(MIA)
    assert kept() == []


async def test_the_photo_of_a_voided_round_goes_although_learning_is_off_by_then(
    table: Table, tmp_path: Path
) -> None:
    await table.photo(BEN)
    await table.ask(OMA, "keep", "on")
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    await table.service.settle()
    assert list((tmp_path / "kept").glob("*/*"))
    await table.ask(OMA, "keep", "off")
    await table.tap(BEN, told, OBJECT)
    assert not list((tmp_path / "kept").glob("*/*"))


async def test_of_two_taps_on_one_message_the_later_edit_has_the_higher_revision(
    table: Table,
) -> None:
    await table.photo(BEN)
    told = (await table.tap(MIA, await table.photo(MIA), IS_YETI)).edit
    objected = (await table.tap(BEN, told, OBJECT)).edit
    assert told is not None
    assert objected is not None
    assert 0 < told.revision < objected.revision
