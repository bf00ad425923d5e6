"""Guess rounds: a countdown, an answer that comes after the guesses, and what is left of both."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import Delivery, Label, Photo, Player, Receipt, Reply, Room
from bot.game.rules import GUESS_WITHIN
from bot.metrics import Metrics
from bot.platforms.discord import DiscordAdapter
from bot.platforms.web import WebServer
from bot.services import failures, guessing
from bot.speech import speaker_for
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import OLAF, YETI
from tests.support.metrics import counted
from tests.support.table import BEN, HOME, MIA, OMA, Table, changed, labels, reveal, said

DE, EN = speaker_for("de"), speaker_for("en")
A_OLAF, A_YETI = EN.text.label(Label.OLAF), EN.text.label(Label.ABOMINABLE)
IS_YETI = EN.rounds.truth_button(Label.ABOMINABLE)


class Reading(FakeMessenger):
    """A place where the bot may change its messages, and send none."""

    async def send(
        self, room: Room, reply: Reply, to: str | None = None, topic: str | None = None
    ) -> Receipt:
        return Receipt(Delivery.REFUSED)


async def test_the_question_closes_before_the_answer_comes_and_stays_a_line_without_buttons(
    table: Table,
) -> None:
    await table.photo(BEN)
    await table.photo(OMA)
    asked = await table.photo(MIA, OLAF, caption="guess")
    await table.tap(BEN, asked, A_OLAF)
    await table.tap(OMA, asked, A_YETI)
    answer = await reveal(table)
    _, question, closed = table.messenger.edited[-1]
    assert question == "answer-3"
    assert closed.text == EN.rounds.guess_over(["Ben", "Oma"])
    assert labels(closed) == []
    assert not table.messenger.sent
    assert labels(answer)[:3] == [EN.rounds.truth_button(label) for label in Label]


async def test_nobody_is_thanked_for_guesses_that_nobody_made(table: Table) -> None:
    await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    async with table.service.running():
        answer = await reveal(table)
    assert table.messenger.edited[-1][2].text == EN.rounds.guess_over([])
    assert EN.rounds.nobody_guessed() not in answer.text


async def test_seconds_are_counted_down_by_edits(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "EDIT_EVERY", timedelta(milliseconds=20))
    asked = await table.photo(MIA, OLAF, caption="guess")
    assert asked.text == EN.rounds.guess_open(30, [])
    table.later(seconds=20)
    assert (await changed(table, EN.rounds.guess_open(10, []))).buttons == asked.buttons


async def test_a_guess_is_shown_at_once_and_the_next_ten_seconds_later(table: Table) -> None:
    assert timedelta(seconds=10) == guessing.EDIT_EVERY
    for player in (OMA, BEN):
        await table.photo(player)
    asked = await table.photo(MIA, OLAF, caption="guess")
    await table.tap(BEN, asked, A_OLAF)
    await changed(table, EN.rounds.guess_open(29, ["Ben"]))
    await table.tap(Player("zoe", "Zoe"), asked, A_YETI)
    await table.settled()
    assert len(table.messenger.edited) == 1


@pytest.mark.parametrize("platform", [DiscordAdapter, WebServer])
async def test_where_the_platform_counts_down_itself_only_a_guess_changes_the_question(
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    platform: type[DiscordAdapter] | type[WebServer],
) -> None:
    monkeypatch.setattr(guessing, "EDIT_EVERY", timedelta(0))
    table.messenger.traits = platform.traits
    table.restart({platform.name: table.messenger})
    there = Room(platform.name, "home")
    asked = await table.photo(MIA, OLAF, caption="guess", room=there)
    until = table.now + GUESS_WITHIN
    assert asked.until == until
    if platform is DiscordAdapter:
        assert f"<t:{until.timestamp():.0f}:R>" in asked.text
    assert "30" not in asked.text.replace(str(int(until.timestamp())), "")
    noted = await table.tap(BEN, asked, A_OLAF, there)
    assert "Ben" in said(noted)
    assert noted.edit is not None
    assert noted.edit.until == until
    assert not table.messenger.edited


async def test_a_right_guess_beyond_the_days_three_is_named_without_points(table: Table) -> None:
    await table.photo(OMA)
    await table.photo(BEN)
    told = []
    for number in range(4):
        asked = await table.photo(MIA, OLAF, caption="guess")
        await table.tap(BEN, asked, A_OLAF)
        await table.tap(OMA, asked, A_YETI if number else A_OLAF)
        told.append((await reveal(table)).text)
    assert EN.rounds.guessed(["Ben", "Oma"], 10) in told[0]
    assert EN.rounds.guessed(["Ben"], 10) in told[2]
    assert EN.rounds.guessed(["Ben"], 0) in told[3]
    assert EN.text.points(10) not in told[3]
    assert (await table.points())["Ben"] == 30


async def test_an_answer_that_may_not_be_sent_takes_the_questions_place(table: Table) -> None:
    reading = Reading()
    table.restart({"telegram": reading})
    await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    async with table.service.running(), asyncio.timeout(5):
        while not reading.edited or not reading.edited[-1][2].buttons:
            await asyncio.sleep(0)
    _, question, answer = reading.edited[-1]
    assert question == "answer-1"
    assert answer.text.startswith("Olaf! 97%")


async def test_a_rounds_messages_keep_the_language_of_who_sent_the_photo(table: Table) -> None:
    ada = Player("ada", "Ada", language="de-AT")
    ben = Player("ben", "Ben", language="en")
    oma = Player("oma", "Oma", language="fr")
    for player in (ada, ben, oma):
        await table.photo(player)
    asked = await table.photo(ada, OLAF, caption="rate mal")
    await table.tap(ben, asked, DE.text.label(Label.OLAF))
    await changed(table, DE.rounds.guess_open(29, ["Ben"]))
    await table.tap(oma, asked, DE.text.label(Label.OLAF))
    answer = await reveal(table)
    assert table.messenger.edited[-1][2].text == DE.rounds.guess_over(["Ben", "Oma"])
    assert DE.rounds.guessed(["Ben", "Oma"], 10) in answer.text

    told = (await table.tap(ada, answer, DE.rounds.truth_button(Label.ABOMINABLE))).edit
    objected = await table.tap(ben, told, DE.rounds.objection_button())
    ballot = DE.text.label(Label.OLAF)
    assert labels(objected.edit)[0] == ballot
    assert "Ben" in said(objected)
    assert DE.rounds.vote_count(0) in said(objected)
    voted = await table.tap(ben, objected.edit, ballot)
    assert voted.notice == EN.rounds.vote_noted(Label.OLAF)  # for Ben alone
    await table.tap(oma, objected.edit, ballot)
    async with asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0)
    assert table.messenger.sent[-1][1].text == DE.rounds.vote_ended([(Label.OLAF, 2)], Label.OLAF)
    assert table.messenger.edited[-1][1] == "sent-1"  # the answer, not the question


async def test_a_message_to_who_told_no_language_stays_as_it_is_when_somebody_tells_one(
    table: Table,
) -> None:
    reply = await table.photo(MIA)
    told = (await table.tap(Player("oma", "Oma", language="de"), reply, IS_YETI)).edit
    assert EN.rounds.objection_button() in labels(told)
    assert (await table.photo(MIA)).text.endswith(DE.rounds.truth_ask())  # the room's first now


async def test_a_rooms_own_language_goes_before_that_of_who_sends_photos(table: Table) -> None:
    ada = Player("ada", "Ada", language="de")
    reply = await table.photo(ada)
    settings = await table.store.rooms.settings(Room("telegram", "-100"))
    chosen = type(settings)(language="uk")
    await table.store.rooms.change_settings(Room("telegram", "-100"), chosen)
    told = await table.tap(ada, reply, DE.rounds.truth_button(Label.OLAF))
    assert speaker_for("uk").rounds.change_button() in labels(told.edit)


async def test_an_album_stays_as_it_is_around_a_photo_that_was_refused(table: Table) -> None:
    reply = await table.album(MIA, [None, OLAF, None])
    before = reply.text.splitlines()
    assert [line.partition(".")[0] for line in before[:2]] == ["1, 3", "2"]
    wheres = [label for label in labels(reply) if label == EN.photos.where_button(2)]
    assert len(wheres) == 1
    told = (await table.tap(MIA, reply, IS_YETI)).edit
    assert told is not None
    assert told.text.splitlines()[: len(before)] == before
    undone = (await table.tap(MIA, told, EN.rounds.change_button())).edit
    assert undone is not None
    assert (undone.text, undone.buttons) == (reply.text, reply.buttons)


async def test_where_every_photo_is_guessed_about_so_is_the_surest_of_an_album(
    table: Table,
) -> None:
    await table.ask(OMA, "guess", "on")
    asked = await table.album(MIA, [YETI, OLAF, None])
    assert EN.rounds.guess_about(2) in asked.text
    assert "97" not in asked.text
    await table.tap(BEN, asked, A_OLAF)
    told = await reveal(table)
    assert [line.partition(".")[0] for line in told.text.splitlines()[:3]] == ["1", "2", "3"]
    assert "Ben" in told.text
    assert "97" in said(await table.tap(MIA, told, IS_YETI))


async def test_an_album_keeps_its_numbers_when_one_of_its_photos_is_forgotten(table: Table) -> None:
    reply = await table.album(MIA, [None, OLAF, OLAF])
    told = (await table.tap(MIA, reply, IS_YETI)).edit
    await table.tap(MIA, await table.ask(MIA, "forget"), EN.privacy.forget_button())
    assert told is not None
    round_id = int(told.buttons[0][0].data.split(":")[1])
    view = await table.service.rounds.view(round_id)
    assert view is None or "1." not in table.service.rounds.word(view).text[:2]


async def test_a_photo_that_replies_to_a_challenge_is_a_work_whatever_the_language(
    table: Table,
) -> None:
    emil = Player("emil", "Emil", language="de")
    challenge = await table.ask(emil, "challenge")
    reply = await table.photo(MIA, OLAF, replies_to=challenge.text)
    assert EN.rounds.made_noted() in reply.text
    praised = await table.tap(MIA, reply, A_OLAF)
    assert praised.edit is not None
    assert praised.edit.cheer
    assert EN.text.points(25) in praised.edit.text
    assert EN.rounds.made_noted() not in praised.edit.text


async def test_the_days_post_is_a_challenge_and_what_else_the_bot_says_is_none(
    table: Table,
) -> None:
    await table.ask(OMA, "daily", "9:00")
    for player in (MIA, BEN):  # two days in a row
        await table.photo(player)
        table.later(days=1)
    table.now = datetime(2026, 12, 7, 9, 1, tzinfo=UTC)
    async with table.service.running(), asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0.01)
    posted = table.messenger.sent[0][1].text
    assert posted.count(":") == 1  # the idea is told once
    assert EN.rounds.made_noted() in (await table.photo(MIA, replies_to=posted)).text
    answer = await table.photo(BEN)
    for other in (answer.text, "", "Today's idea"):
        assert EN.rounds.made_noted() not in (await table.photo(BEN, replies_to=other)).text


async def test_players_have_the_colours_of_their_order_of_joining_on_every_board(
    table: Table,
) -> None:
    zoe = Player("zoe", "Zoe")
    await table.photo(zoe, room=Room("telegram", "-200"))  # known already, but not here
    await table.tap(MIA, await table.photo(MIA), IS_YETI)
    await table.tap(BEN, await table.photo(BEN), IS_YETI)
    table.later(days=40)
    await table.tap(zoe, await table.photo(zoe), IS_YETI)
    await table.tap(BEN, await table.photo(BEN), IS_YETI)
    rows = await table.service.board(Room("telegram", "-100"), MIA)
    assert {row.name: row.colour for row in rows} == {"Ben": 1, "Zoe": 2}


async def test_an_answer_that_was_sent_and_could_not_be_noted_is_not_sent_again(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "FIRST_WAIT", timedelta())
    store = table.store.guesses
    mark, noted = store.mark_told, asyncio.Event()

    async def fail_once(round_id: int, answer: str | None = None) -> None:
        monkeypatch.setattr(store, "mark_told", note)
        raise OSError("the database is restarted")

    async def note(round_id: int, answer: str | None = None) -> None:
        await mark(round_id, answer)
        noted.set()

    monkeypatch.setattr(store, "mark_told", fail_once)
    await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    async with table.service.running(), asyncio.timeout(5):
        await reveal(table)
        await noted.wait()
    assert not table.messenger.sent
    assert not await store.unanswered()


async def test_a_guess_while_the_answer_is_being_told_does_not_have_it_told_twice(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who has not played there yet may guess after the last who was waited for."""
    monkeypatch.setattr(guessing, "DRUM_ROLL_SECONDS", 0.05)
    await table.photo(BEN)
    asked = await table.photo(MIA, OLAF, caption="guess")
    await asyncio.gather(
        table.tap(BEN, asked, A_OLAF), table.tap(Player("zoe", "Zoe"), asked, A_YETI)
    )
    await reveal(table)
    await table.service.guessing.close()
    assert not table.messenger.sent


async def test_an_answer_that_was_on_its_way_when_its_process_died_is_told_again_and_counted(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = Metrics()

    async def dies(round_id: int, answer: str | None = None) -> None:
        raise OSError

    for _ in range(2):
        await table.photo(MIA, OLAF, caption="guess")
    table.later(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(table.store.guesses, "mark_told", dies)
        async with table.service.running(), asyncio.timeout(5):
            while len(table.messenger.sent) < 2:
                await asyncio.sleep(0.01)
        table.messenger.sent.clear()
    (one, other) = await table.store.guesses.unanswered()
    await table.store.rounds.mark_sending([other.round_id], None)  # known not to have arrived
    table.restart({"telegram": table.messenger}, metrics=metrics)
    async with table.service.running(), asyncio.timeout(5):
        while await table.store.guesses.unanswered():
            await asyncio.sleep(0.01)
    assert {to for _, _, to in table.messenger.sent} == {one.message, other.message}
    assert counted(metrics, "ambiguous_answers_total", platform="telegram") == 1


async def test_a_question_that_its_process_did_not_come_to_ask_is_asked_after_all(
    table: Table,
) -> None:
    async def fetch(limit: int) -> bytes:
        return b"a photo"

    await table.photo(BEN)
    photo = Photo(HOME, MIA, fetch, message="7", reference="file-7", caption="guess")
    assert await table.service.handle_photo(photo)
    table.later(seconds=20)
    table.restart({"telegram": table.messenger})
    (left,) = await table.service.pending_photos("telegram")
    asked = await table.service.handle_photo(left.to_answer(fetch))
    assert asked is not None
    assert asked.text == EN.rounds.guess_open(30, [])
    await table.service.mark_sent(asked.outcomes, 1.0, answer="answer-7")
    assert not await table.service.pending_photos("telegram")
    table.later(seconds=20)
    assert (await table.tap(BEN, asked, A_OLAF)).notice == EN.rounds.guess_noted(Label.OLAF)
    await reveal(table)


async def test_what_was_guessed_about_without_a_question_is_answered_in_the_end(
    table: Table,
) -> None:
    """It could not be sent for as long as a question is of any interest, say."""

    async def fetch(limit: int) -> bytes:
        return b"a photo"

    photo = Photo(HOME, MIA, fetch, message="7", reference="file-7", caption="guess")
    assert await table.service.handle_photo(photo)
    table.later(minutes=3)
    async with table.service.running():
        await reveal(table)
    assert not await table.service.pending_photos("telegram")
    found = await table.store.rounds.find(1)
    assert found is not None
    assert found.answered is not None
