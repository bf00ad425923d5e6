"""The game as a room plays it: service, rules and store, with eyes that are told what to see."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import Button, Delivery, Player, Reply, Room
from bot.services import guessing
from tests.fakes.vision import OLAF, STRANGER, YETI
from tests.support.table import ALONE, BEN, CHANNEL, HOME, MIA, OMA, Table, labels, reveal, said


async def test_every_answer_opens_a_round_with_its_buttons(table: Table) -> None:
    reply = await table.photo(MIA)
    assert reply.text == "Olaf! 97%"
    assert labels(reply) == ["It's Olaf", "It's Abominable", "It's neither", "Where did you look?"]


async def test_who_fools_the_bot_gets_points_the_surer_it_was_the_more(table: Table) -> None:
    sure = await table.photo(MIA, OLAF)
    text = said(await table.tap(MIA, sure, "It's Abominable"))
    assert text.startswith("Olaf! 97%\nMia says: it's the Abominable Snowman.\n")
    assert "94 points for Mia!" in text
    less_sure = await table.photo(BEN, YETI)
    assert "68 points for Ben!" in said(await table.tap(BEN, less_sure, "It's Olaf"))
    assert await table.points() == {"Mia": 94, "Ben": 68}


async def test_a_right_bot_has_a_point(table: Table) -> None:
    reply = await table.photo(MIA)
    assert "A point for me!" in said(await table.tap(MIA, reply, "It's Olaf"))
    assert await table.points() == {"Me, the bot": 1}


async def test_neither_counts_half_and_not_when_the_bot_said_so(table: Table) -> None:
    fell = await table.photo(MIA, OLAF)
    assert "47 points for Mia!" in said(await table.tap(MIA, fell, "It's neither"))
    doubted = await table.photo(BEN, STRANGER)
    assert "A point for me!" in said(await table.tap(BEN, doubted, "It's neither"))


async def test_only_the_sender_and_admins_tell_the_truth_and_only_once(table: Table) -> None:
    reply = await table.photo(MIA)
    assert "Only whoever sent" in (await table.tap(BEN, reply, "It's Abominable")).notice
    text = said(await table.tap(OMA, reply, "It's Abominable"))
    assert "Oma says" in text
    assert "points for Mia!" in text
    assert "out already" in (await table.tap(MIA, reply, "It's Olaf")).notice
    assert "truth about someone else's photo" in (await table.ask(MIA, "log")).text


async def test_a_caption_that_says_it_settles_the_round_at_once(table: Table) -> None:
    reply = await table.photo(MIA, OLAF, caption="ein Schneemensch!")
    assert "94 points for Mia!" in reply.text
    assert labels(reply) == ["Objection!", "Where did you look?"]


async def test_a_round_without_a_truth_is_over_after_a_day(table: Table) -> None:
    reply = await table.photo(MIA)
    table.later(hours=25)
    assert "round is over" in (await table.tap(MIA, reply, "It's Olaf")).notice


async def test_one_objection_voids_a_round_of_a_small_room_and_its_points(table: Table) -> None:
    reply = await table.photo(MIA)
    told = (await table.tap(MIA, reply, "It's Abominable")).edit
    outcome = await table.tap(BEN, told, "Objection!")
    assert "doesn't count" in said(outcome)
    assert labels(outcome.edit) == ["Where did you look?"]
    assert await table.points() == {}


async def test_it_takes_two_objections_in_a_larger_room(table: Table) -> None:
    people = [Player(f"p{number}", f"P{number}") for number in range(5)]
    for person in people:
        await table.tap(person, await table.photo(person), "It's Olaf")
    reply = await table.photo(MIA)
    told = (await table.tap(MIA, reply, "It's Abominable")).edit
    first = await table.tap(people[0], told, "Objection!")
    assert "1 more, and this round doesn't count" in said(first)
    assert "94 points for Mia!" in said(first)
    assert "already" in (await table.tap(people[0], told, "Objection!")).notice
    assert "for anyone" in said(await table.tap(people[1], told, "Objection!"))


async def test_objections_are_for_others_and_for_ten_minutes(table: Table) -> None:
    told = (await table.tap(MIA, await table.photo(MIA), "It's Abominable")).edit
    assert "for the others" in (await table.tap(MIA, told, "Objection!")).notice
    table.later(minutes=11)
    assert "Too late" in (await table.tap(BEN, told, "Objection!")).notice


async def test_a_photo_that_was_here_before_scores_nothing_and_says_so(table: Table) -> None:
    await table.photo(MIA, data=b"the same")
    again = await table.photo(BEN, data=b"the same")
    assert "I've met that one here before" in again.text
    assert labels(again) == ["Where did you look?"]


async def test_the_same_photo_plays_anew_in_another_room(table: Table) -> None:
    await table.photo(MIA, data=b"the same")
    elsewhere = await table.photo(MIA, data=b"the same", room=Room("telegram", "-200"))
    assert "It's Olaf" in labels(elsewhere)


async def test_whoever_is_in_disguise_gets_an_answer_and_no_game(table: Table) -> None:
    assert labels(await table.photo(CHANNEL)) == ["Where did you look?"]
    told = (await table.tap(MIA, await table.photo(MIA), "It's Abominable")).edit
    assert "in disguise" in (await table.tap(CHANNEL, told, "Objection!")).notice


async def test_twenty_rounds_a_day_score(table: Table) -> None:
    for _ in range(20):
        await table.tap(MIA, await table.photo(MIA), "It's Olaf")
    late = said(await table.tap(MIA, await table.photo(MIA), "It's Abominable"))
    assert "20 rounds for points today" in late
    assert await table.points() == {"Me, the bot": 20}
    table.later(days=1)
    assert "94 points" in said(await table.tap(MIA, await table.photo(MIA), "It's Abominable"))


async def test_alone_with_the_bot_nobody_can_object(table: Table) -> None:
    reply = await table.photo(MIA, room=ALONE)
    told = (await table.tap(MIA, reply, "It's Abominable", ALONE)).edit
    assert labels(told) == ["Where did you look?"]


async def test_two_taps_at_once_settle_a_round_once(table: Table) -> None:
    reply = await table.photo(MIA)
    outcomes = await asyncio.gather(
        *(table.tap(MIA, reply, "It's Abominable") for _ in range(5)),
        table.tap(OMA, reply, "It's Olaf"),
    )
    assert sum(outcome.edit is not None for outcome in outcomes) == 1
    assert await table.points() in ({"Mia": 94}, {"Me, the bot": 1})


async def test_a_room_that_moves_takes_its_game_along(table: Table) -> None:
    palace = Room("telegram", "-1001")
    reply = await table.photo(MIA)
    await table.tap(MIA, await table.photo(MIA), "It's Abominable")
    await table.service.move_room(HOME, palace)
    assert "94 points for Mia!" in said(await table.tap(MIA, reply, "It's Abominable", palace))
    assert "188 points" in (await table.ask(MIA, "me", room=palace)).text


async def test_buttons_of_another_room_do_nothing(table: Table) -> None:
    reply = await table.photo(MIA)
    outcome = await table.tap(MIA, reply, "It's Abominable", Room("telegram", "-300"))
    assert "melted" in outcome.notice
    assert await table.points() == {}


async def test_call_it_first_asks_the_room_and_pays_who_saw_it_coming(table: Table) -> None:
    await table.photo(BEN)  # Ben and Oma are around today
    await table.photo(OMA)
    asked = await table.photo(MIA, OLAF, caption="guess!")
    assert asked.text == "What will I say? Tap! You have 30 seconds."
    assert labels(asked) == ["Olaf", "Abominable"]
    assert "Noted: Olaf" in (await table.tap(BEN, asked, "Olaf")).notice
    assert "already" in (await table.tap(BEN, asked, "Abominable")).notice
    assert "let the others guess" in (await table.tap(MIA, asked, "Olaf")).notice
    assert not table.messenger.sent
    assert "Noted: Abominable" in (await table.tap(OMA, asked, "Abominable")).notice
    answer = await reveal(table)
    assert answer.text == "Olaf! 97%\nBen saw that coming: 10 points!"
    assert labels(answer)[0] == "It's Olaf"
    assert "melted" in (await table.press(OMA, Button("", "guess:9999:olaf"))).notice
    assert "Too late" in (await table.tap(OMA, asked, "Olaf")).notice
    assert await table.points() == {"Ben": 10}


async def test_guesses_that_a_restart_interrupted_are_answered_by_the_next_process(
    table: Table, tmp_path: Path
) -> None:
    await table.photo(OMA)
    asked = await table.photo(MIA, OLAF, caption="rate mal")
    await table.tap(BEN, asked, "Olaf")
    table.later(minutes=1)
    async with table.service.running():
        answer = await reveal(table)
    assert "Ben saw that coming" in answer.text
    async with table.service.running():
        await asyncio.sleep(0.05)
    assert not table.messenger.sent


async def test_an_answer_that_could_not_be_said_is_said_later(table: Table) -> None:
    await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    table.messenger.delivery = Delivery.FAILED
    async with table.service.running():
        await asyncio.sleep(0.05)
    table.messenger.delivery = Delivery.SENT
    async with table.service.running():
        assert (await reveal(table)).text == "Olaf! 97%"


async def test_alone_with_the_bot_there_is_nobody_to_guess(table: Table) -> None:
    reply = await table.photo(MIA, caption="guess", room=ALONE)
    assert reply.text == "Olaf! 97%"


async def test_the_leaderboard_is_a_picture_and_the_same_in_words(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), "It's Abominable")
    await table.tap(BEN, await table.photo(BEN), "It's Abominable")
    await table.tap(BEN, await table.photo(BEN), "It's Olaf")
    board = await table.ask(MIA, "leaderboard")
    assert (
        board.text
        == ("Leaderboard, December 2026\n1. Ben and Mia: 94 points\n3. Me, the bot: 1 point")
        or "Mia and Ben" in board.text
    )
    assert board.picture is not None
    assert board.picture.png.startswith(b"\x89PNG")
    assert "Mia" in board.picture.description


async def test_an_empty_leaderboard_invites_to_play(table: Table) -> None:
    board = await table.ask(MIA, "leaderboard")
    assert "Nobody has points" in board.text
    assert board.picture is None


async def test_the_podium_is_shown_once_on_the_first_of_the_month(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), "It's Abominable")
    table.now = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
    for _ in range(2):
        async with table.service.running():
            await asyncio.sleep(0.5)
    ((room, reply, _),) = table.messenger.sent
    assert room == HOME
    assert "December 2026 is over" in reply.text
    assert "1. Mia: 94 points" in reply.text
    assert reply.picture is not None
    assert "Champions so far:\nDecember 2026: Mia" in (await table.ask(MIA, "leaderboard")).text


async def test_a_podium_speaks_the_language_that_was_spoken_last(table: Table) -> None:
    ada = Player("ada", "Ada", language="de-AT")
    await table.tap(ada, await table.photo(ada), "Das ist der Yeti")
    table.now = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
    async with table.service.running():
        async with asyncio.timeout(5):
            while not table.messenger.sent:
                await asyncio.sleep(0.01)
    assert "Dezember 2026 ist vorbei" in table.messenger.sent[0][1].text


async def test_a_room_where_nobody_scored_sees_no_podium(table: Table) -> None:
    await table.photo(MIA)
    table.now = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
    async with table.service.running():
        await asyncio.sleep(0.2)
    assert not table.messenger.sent


async def test_the_hall_shows_the_best_foolings_again_by_reference(table: Table) -> None:
    assert "Nobody has fooled me" in (await table.ask(MIA, "hall")).text
    await table.tap(BEN, await table.photo(BEN, YETI), "It's Olaf")
    await table.tap(MIA, await table.photo(MIA, OLAF), "It's Abominable")
    hall = await table.ask(MIA, "hall")
    assert [(shown.message, shown.reference) for shown in hall.past_photos] == [
        ("2", "file-2"),
        ("1", "file-1"),
    ]
    assert hall.past_photos[0].caption == "1. Mia, 94 points. I said: Olaf! 97%"


async def test_me_and_stats_tell_figures(table: Table) -> None:
    for truth in ("It's Abominable", "It's Abominable", "It's Olaf"):
        await table.tap(MIA, await table.photo(MIA), truth)
    mine = (await table.ask(MIA, "me")).text
    assert "3 rounds played" in mine
    assert "Best streak: 2 foolings" in mine
    stats = await table.ask(BEN, "stats")
    assert "Out of 3 rounds here I was right in 1: 33%." in stats.text
    assert stats.picture is not None
    assert "haven't played" in (await table.ask(BEN, "me")).text


async def test_the_challenge_is_one_for_the_whole_room_and_another_tomorrow(table: Table) -> None:
    first, same = await table.ask(MIA, "challenge"), await table.ask(BEN, "challenge")
    assert first.text == same.text
    ideas = {first.text}
    for _ in range(20):
        table.later(days=1)
        ideas.add((await table.ask(MIA, "challenge")).text)
    assert len(ideas) == 21


async def test_who_wants_to_be_forgotten_is_and_others_keep_their_points(table: Table) -> None:
    told = (await table.tap(MIA, await table.photo(MIA), "It's Abominable")).edit
    await table.tap(BEN, await table.photo(BEN), "It's Abominable")
    ask = await table.ask(MIA, "forget")
    assert "not yours" in (await table.tap(BEN, ask, "Yes, forget me")).notice
    assert "Phew" in said(await table.tap(MIA, ask, "No, remember me"))
    assert "Have we met" in said(await table.tap(MIA, ask, "Yes, forget me"))
    board = (await table.ask(BEN, "leaderboard")).text
    assert "Mia" not in board
    assert "a forgotten snow person" in board
    assert "Ben" in board
    assert "94 points" in board
    assert "haven't played" in (await table.ask(MIA, "me")).text
    assert told is not None


async def test_export_is_for_ones_own_eyes(table: Table) -> None:
    assert "/export" in (await table.ask(MIA, "export")).text
    assert "know nothing of you" in (await table.ask(MIA, "export", room=ALONE)).text
    await table.tap(MIA, await table.photo(MIA), "It's Abominable")
    exported = await table.ask(MIA, "export", room=ALONE)
    assert exported.document is not None
    assert exported.document.name.endswith(".json")
    assert b'"Mia"' in exported.document.data
    assert b"Ben" not in exported.document.data


async def test_only_admins_reset_a_season_and_the_room_can_read_who_did(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), "It's Abominable")
    assert "for the admins" in (await table.ask(MIA, "reset")).text
    ask = await table.ask(OMA, "reset")
    assert "for the admins" in (await table.tap(MIA, ask, "Yes, back to zero")).notice
    assert "stays as it was" in said(await table.tap(OMA, ask, "No, leave them"))
    assert await table.points() == {"Mia": 94}
    assert "By decision of Oma" in said(await table.tap(OMA, ask, "Yes, back to zero"))
    assert await table.points() == {}
    assert "Oma: points back to zero" in (await table.ask(BEN, "log")).text


async def test_photos_that_fooled_the_bot_are_kept_only_where_admins_said_so(
    table: Table, tmp_path: Path
) -> None:
    def kept() -> list[str]:
        return sorted(path.parent.name for path in (tmp_path / "kept").glob("*/*"))

    async def fooled(player: Player) -> Reply | None:
        outcome = await table.tap(player, await table.photo(player), "It's Abominable")
        await table.service.settle()
        return outcome.edit

    await fooled(MIA)
    assert kept() == []
    assert "for the admins" in (await table.ask(MIA, "keep", "on")).text
    assert "Learning is off" in (await table.ask(MIA, "keep")).text
    assert "by decision of Oma" in (await table.ask(OMA, "keep", "on")).text
    assert "learning is on" in (await table.ask(MIA, "privacy")).text
    told = await fooled(MIA)
    await table.tap(MIA, await table.photo(MIA), "It's Olaf")
    await fooled(BEN)
    await table.service.settle()
    assert kept() == ["abominable", "abominable"]
    await table.tap(OMA, told, "Objection!")
    await table.service.settle()
    assert kept() == ["abominable"]
    await table.tap(BEN, await table.ask(BEN, "forget"), "Yes, forget me")
    assert kept() == []
    await table.ask(OMA, "keep", "off")
    await fooled(MIA)
    assert kept() == []


async def test_an_answer_that_could_not_be_sent_is_sent_again_by_the_same_process(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "AGAIN_IN", guessing.AGAIN_IN * 0)
    async with table.service.running():
        table.messenger.delivery = Delivery.FAILED
        await table.photo(OMA)
        asked = await table.photo(MIA, OLAF, caption="guess")
        await table.tap(OMA, asked, "Olaf")  # everyone has guessed
        async with asyncio.timeout(5):
            while table.messenger.attempts < 3:
                await asyncio.sleep(0)
        table.messenger.delivery = Delivery.SENT
        assert "Oma saw that coming" in (await reveal(table)).text
        attempts = table.messenger.attempts
        await asyncio.sleep(0.05)
        assert table.messenger.attempts == attempts


async def test_a_room_that_does_not_want_the_answer_is_not_asked_again(table: Table) -> None:
    table.messenger.delivery = Delivery.REFUSED
    await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    for _ in range(2):
        async with table.service.running():
            await asyncio.sleep(0.05)
    assert table.messenger.attempts == 1


async def test_a_truth_that_an_admin_told_is_logged_once(table: Table) -> None:
    await table.tap(OMA, await table.photo(MIA), "It's Abominable")
    log = (await table.ask(MIA, "log")).text
    assert log.count("the truth about someone else's photo") == 1


async def test_who_only_guessed_has_played_this_month(table: Table) -> None:
    await table.photo(OMA)
    asked = await table.photo(MIA, OLAF, caption="guess")
    await table.tap(BEN, asked, "Olaf")
    await table.tap(OMA, asked, "Abominable")
    await reveal(table)
    mine = (await table.ask(BEN, "me")).text
    assert "10 points" in mine
    assert "haven't played" not in mine


async def test_of_two_taps_on_one_message_the_later_edit_has_the_higher_revision(
    table: Table,
) -> None:
    told = (await table.tap(MIA, await table.photo(MIA), "It's Abominable")).edit
    objected = (await table.tap(BEN, told, "Objection!")).edit
    assert told is not None
    assert objected is not None
    assert 0 < told.revision < objected.revision


async def test_a_podium_speaks_the_language_spoken_last_also_after_a_restart(table: Table) -> None:
    ada = Player("ada", "Ada", language="de-AT")
    await table.tap(ada, await table.photo(ada), "Das ist der Yeti")
    table.now = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
    restarted = table.restart({"telegram": table.messenger})
    async with restarted.running(), asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0.01)
    assert "Dezember 2026 ist vorbei" in table.messenger.sent[0][1].text


@pytest.mark.parametrize("trouble", [Delivery.FAILED, Delivery.REFUSED])
async def test_a_podium_that_did_not_arrive_is_shown_later(table: Table, trouble: Delivery) -> None:
    await table.tap(MIA, await table.photo(MIA), "It's Abominable")
    table.now = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
    table.messenger.delivery = trouble
    async with table.service.running(), asyncio.timeout(5):
        while not table.messenger.attempts:
            await asyncio.sleep(0.01)
    table.messenger.delivery = Delivery.SENT
    table.later(hours=7)
    async with table.service.running(), asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0.01)
    assert "December 2026 is over" in table.messenger.sent[0][1].text


async def test_the_photo_of_a_voided_round_goes_although_learning_is_off_by_then(
    table: Table, tmp_path: Path
) -> None:
    await table.ask(OMA, "keep", "on")
    told = (await table.tap(MIA, await table.photo(MIA), "It's Abominable")).edit
    await table.service.settle()
    assert list((tmp_path / "kept").glob("*/*"))
    await table.ask(OMA, "keep", "off")
    await table.tap(BEN, told, "Objection!")
    assert not list((tmp_path / "kept").glob("*/*"))


async def test_a_hall_photo_says_where_its_message_is_after_a_move(table: Table) -> None:
    await table.tap(MIA, await table.photo(MIA), "It's Abominable")
    palace = Room("telegram", "-1001")
    await table.service.move_room(HOME, palace)
    (shown,) = (await table.ask(MIA, "hall", room=palace)).past_photos
    assert (shown.room, shown.message, shown.reference) == (HOME, "1", "file-1")
