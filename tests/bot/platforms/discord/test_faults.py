from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import Delivery, Refusal, Refused, Reply, Room
from bot.game import rules
from bot.platforms.discord import tokens
from bot.platforms.discord.client import LONGEST_WAIT
from bot.platforms.discord.sender import LONGEST_TEXT, markdown
from bot.speech import speaker_for
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG, Evening
from tests.fakes.discord.world import ATTACH, HISTORY, IN_THREADS, SEND, VIEW, User
from tests.fakes.vision import OLAF

EN = speaker_for("en")
SENDING = r"^/channels/\d+/messages$"


async def test_a_rate_limit_is_waited_out(evening: Evening) -> None:
    discord = evening.discord
    discord.fail("POST", SENDING, 429, 2, retry_after=0.05)
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF)
    assert discord.rest.count("POST", SENDING, 429) == 2


async def test_the_limit_over_all_is_waited_out_by_everyone(evening: Evening) -> None:
    discord = evening.discord
    discord.fail("POST", SENDING, 429, retry_after=0.2, is_global=True)
    channels = [discord.channel(evening.family, f"room-{n}") for n in range(4)]
    messages = [
        await discord.send(evening.ana, channel, "", OLAF_PNG, mention=True) for channel in channels
    ]
    for message in messages:
        assert is_answer((await discord.answer(message)).content, OLAF)
    assert discord.rest.count("POST", SENDING, 429) == 1


async def test_a_long_limit_is_waited_out_and_holds_up_no_other_channel(
    evening: Evening, waited: list[float]
) -> None:
    discord, kitchen = evening.discord, evening.family.channels[1]
    discord.fail("POST", f"/{evening.home.id}/messages$", 429, retry_after=90.0)
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.rest.count("POST", SENDING, 429))
    elsewhere = await discord.send(evening.ben, kitchen, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(elsewhere)).content, OLAF)
    assert is_answer((await discord.answer(message)).content, OLAF)
    assert max(waited) == 90


async def test_a_limit_that_outlasts_everyones_patience_loses_no_other_photo(
    evening: Evening, waited: list[float]
) -> None:
    discord = evening.discord
    discord.fail("POST", SENDING, 429, retry_after=3600.0)
    lost = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.rest.count("POST", SENDING, 429))
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF)
    assert not discord.answers(lost)
    assert not waited


@pytest.mark.parametrize("status", [200, 403, 404, 429, 520])
async def test_the_page_of_a_proxy_on_the_way_costs_no_answer(
    evening: Evening, status: int
) -> None:
    discord = evening.discord
    discord.fail("POST", SENDING, status, times=6, is_page=True)
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    times = 1 if status == 520 else 6  # discord.py takes a second for each of these
    discord.fail("PATCH", "@original$", status, times=times, is_page=True)
    asked = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    assert is_answer((await discord.answer(message)).content, OLAF)
    assert is_answer((await discord.answered(asked)).content, OLAF)
    assert len(discord.answers(message)) == 1


@pytest.mark.parametrize(
    ("status", "code", "field"),
    [
        (404, 10008, "Unknown Message"),
        (400, 50035, "Cannot reply to a system message"),
        (400, 50035, "Unknown message"),
    ],
)
async def test_where_nothing_can_be_replied_to_the_answer_is_no_reply(
    evening: Evening, status: int, code: int, field: str
) -> None:
    discord = evening.discord
    errors = {"message_reference": {"_errors": [{"code": "X", "message": field}]}}
    wrong = {"errors": errors} if status == 400 else {"message": field}
    discord.fail("POST", SENDING, status, code=code, **wrong)
    await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.said)
    assert is_answer(discord.said[0].content, OLAF)
    assert discord.said[0].reply_to is None


@pytest.mark.parametrize("denied", [VIEW, HISTORY])
async def test_a_photo_that_is_out_of_sight_is_not_said_to_be_gone(
    evening: Evening, denied: int
) -> None:
    discord = evening.discord
    photo = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(photo)
    fetch = evening.adapter.fetcher(home(evening), f"{evening.home.id}/{photo.id}/0")
    evening.home.denied = denied
    pressed = await discord.press(evening.ana, answer, "Where")
    said = await discord.followed_up(pressed)
    assert said.content == EN.photos.refusal(Refusal.OUT_OF_SIGHT)
    assert "Read Message History" in said.content
    with pytest.raises(Refused, match=r"^out_of_sight$"):
        await fetch(1 << 20)
    evening.home.denied = 0
    discord.fail("GET", r"/messages/\d+$", 403, times=9, is_page=True)
    with pytest.raises(Refused, match=r"^fault$"):
        await fetch(1 << 20)
    discord.rest.faults.clear()
    await discord.delete(photo)
    with pytest.raises(Refused, match=r"^gone$"):
        await fetch(1 << 20)


async def test_a_photo_in_a_place_that_the_bot_is_not_in_is_out_of_sight(evening: Evening) -> None:
    discord = evening.discord
    plain = await discord.send(evening.ana, evening.home, "just ours", OLAF_PNG)  # kept from it
    for place in (f"{evening.home.id}/{plain.id}/0", "12345/67890/0"):
        with pytest.raises(Refused, match=r"^out_of_sight$"):
            await evening.adapter.fetcher(home(evening), place)(1 << 20)


async def test_a_mention_in_reply_to_what_the_bot_may_not_read_says_what_is_missing(
    evening: Evening,
) -> None:
    discord = evening.discord
    photo = await discord.send(evening.ben, evening.home, "", OLAF_PNG)
    evening.home.denied = HISTORY
    asked = await discord.send(
        evening.ana, evening.home, "who?", mention=True, reply_to=photo, tells_target=False
    )
    await discord.until(lambda: discord.said)
    assert discord.said[0].content == EN.photos.refusal(Refusal.OUT_OF_SIGHT)
    assert not discord.answers(asked)  # that takes the same permission
    # Talk about an answer of the bot's is no question.
    answer = discord.said[0]
    await discord.send(evening.ben, evening.home, "ha!", reply_to=answer, tells_target=False)
    await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: len(discord.said) > 1)
    await evening.settled()
    assert [is_answer(said.content, OLAF) for said in discord.said[1:]] == [True]


async def test_never_more_than_50_requests_a_second(evening: Evening) -> None:
    discord = evening.discord
    channels = [discord.channel(evening.family, f"room-{n}") for n in range(12)]
    messages = [
        await discord.send(evening.ana, channel, str(n), mention=True)
        for n in range(5)
        for channel in channels
    ]
    for message in messages:
        await discord.answer(message)
    assert discord.rest.count("POST", SENDING, 429) == 0


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_in_trouble_is_asked_again(evening: Evening, status: int) -> None:
    discord = evening.discord
    discord.fail("POST", SENDING, status)
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF)
    assert len(discord.answers(message)) == 1


@pytest.mark.parametrize("drops", ["before", "after"])
async def test_a_connection_that_breaks_leads_to_one_answer(evening: Evening, drops: str) -> None:
    discord = evening.discord
    discord.fail("POST", SENDING, times=2, drops=drops)
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.answer(message)
    await evening.settled()
    assert len(discord.answers(message)) == 1
    assert discord.rest.count("POST", SENDING) == 3


async def test_a_slash_answer_survives_a_broken_connection(evening: Evening) -> None:
    discord = evening.discord
    discord.fail("PATCH", "@original$", drops="after")
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    answer = await discord.answered(interaction)
    await evening.settled()
    assert is_answer(answer.content, OLAF)
    assert len(answer.attachments) == 1


async def test_a_photo_that_is_deleted_meanwhile_is_answered_without_a_reply(
    evening: Evening,
) -> None:
    discord = evening.discord
    evening.vision.may_answer.clear()
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.cdn_requests)
    await discord.delete(message)
    evening.vision.may_answer.set()
    await discord.until(lambda: discord.said)
    assert is_answer(discord.said[0].content, OLAF)
    assert discord.said[0].reply_to is None


async def test_without_the_right_to_read_history_the_answer_is_no_reply(evening: Evening) -> None:
    discord = evening.discord
    discord.world.channels[evening.home.id].denied = HISTORY
    await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.said)
    assert is_answer(discord.said[0].content, OLAF)


async def test_a_channel_that_is_gone_is_no_fault(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    discord = evening.discord
    evening.vision.may_answer.clear()
    await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.cdn_requests)
    del discord.world.channels[evening.home.id]
    evening.vision.may_answer.set()
    await discord.until(lambda: discord.rest.count("POST", SENDING, 404))
    await evening.settled()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_who_asks_where_the_bot_may_not_write_is_told_once_in_private(
    evening: Evening,
) -> None:
    discord, guild = evening.discord, evening.discord.guild("Club", "hall", "quiet")
    quiet = guild.channels[1]
    quiet.denied = SEND
    await discord.invite(guild)
    for _ in range(2):
        await discord.send(evening.ana, quiet, "", OLAF_PNG, mention=True)
    await discord.until(lambda: told(evening, evening.ana))
    await evening.settled()
    assert told(evening, evening.ana) == [EN.rooms.cannot_write_there()]
    assert discord.rest.count("POST", rf"/channels/{quiet.id}/") == 0
    assert not evening.vision.classified


@pytest.mark.parametrize("denied", [SEND, VIEW])
async def test_a_right_that_was_just_taken_away_is_told_in_private(
    evening: Evening, denied: int
) -> None:
    discord = evening.discord
    evening.home.denied = denied  # and the gateway has not said so yet
    await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.said)
    assert discord.said[0].channel.person is evening.ana
    assert discord.said[0].content == EN.rooms.cannot_write_there()


async def test_a_locked_thread_and_one_where_nobody_may_write_are_told_in_private(
    evening: Evening,
) -> None:
    discord, guild = evening.discord, evening.discord.guild("Club", "hall")
    thread = discord.channel(guild, "thread", parent=guild.channels[0])
    guild.channels[0].denied = IN_THREADS
    await discord.invite(guild)
    await discord.send(evening.ana, thread, "", OLAF_PNG, mention=True)
    locked = discord.channel(evening.family, "locked", parent=evening.home)
    locked.locked = True
    await discord.send(evening.ben, locked, "", OLAF_PNG, mention=True)
    await discord.until(lambda: told(evening, evening.ana) and told(evening, evening.ben))


def told(evening: Evening, person: User) -> list[str]:
    """What the bot told a person in private."""
    return [said.content for said in evening.discord.said if said.channel.person is person]


async def test_who_takes_no_messages_is_left_in_peace(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    discord = evening.discord
    evening.home.denied, evening.ana.takes_dms = SEND, False
    await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.rest.count("POST", SENDING, 403) == 2)
    await evening.settled()
    assert not discord.said
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_command_works_where_the_bot_may_not_write(evening: Evening) -> None:
    discord = evening.discord
    evening.home.denied = SEND
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    assert is_answer((await discord.answered(interaction)).content, OLAF)


async def test_where_no_files_are_allowed_the_answer_comes_without(evening: Evening) -> None:
    discord = evening.discord
    evening.home.denied = ATTACH
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    answer = await discord.answered(interaction)
    assert is_answer(answer.content, OLAF)
    assert not answer.attachments
    excuse = await discord.followed_up(interaction)
    assert excuse.content == EN.rooms.cannot_attach_there()
    assert excuse.only_for is evening.ana


async def test_where_no_files_are_allowed_the_heat_map_is_excused(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    await evening.settled()
    evening.home.denied = ATTACH
    pressed = await discord.press(evening.ana, answer, "Where")
    await discord.until(lambda: len(pressed.followups) == 2)
    assert pressed.followups[0].content == EN.photos.heatmap_caption(OLAF)
    assert pressed.followups[1].content == EN.rooms.cannot_attach_there()


async def test_a_message_counts_as_sent_when_it_is_there(evening: Evening) -> None:
    discord = evening.discord
    assert (
        await evening.adapter.send(home(evening), Reply("Good evening"))
    ).delivery is Delivery.SENT
    assert discord.said[0].content == "Good evening"
    assert (
        await evening.adapter.send(home(evening), Reply("Hm"), to="12345")
    ).delivery is Delivery.SENT
    assert discord.said[1].reply_to is None


@pytest.mark.parametrize("denied", [SEND, VIEW])
async def test_a_message_counts_as_refused_where_the_bot_may_not_write(
    evening: Evening, denied: int
) -> None:
    evening.home.denied = denied
    assert (
        await evening.adapter.send(home(evening), Reply("Good night"))
    ).delivery is Delivery.REFUSED
    assert not evening.discord.said


async def test_a_message_counts_as_refused_where_the_channel_is_gone_or_closed(
    evening: Evening,
) -> None:
    discord = evening.discord
    gone = Room("discord", "12345")
    assert (await evening.adapter.send(gone, Reply("Hello?"))).delivery is Delivery.REFUSED
    locked = discord.channel(evening.family, "locked", parent=evening.home)
    locked.locked = True
    thread = Room("discord", str(locked.id))
    assert (await evening.adapter.send(thread, Reply("Hello?"))).delivery is Delivery.REFUSED
    private = Room("discord", str(discord.dm(evening.ana).id), private=True)
    evening.ana.takes_dms = False
    assert (await evening.adapter.send(private, Reply("Hello?"))).delivery is Delivery.REFUSED
    assert not discord.said


async def test_a_message_that_discord_does_not_take_counts_as_refused(evening: Evening) -> None:
    evening.discord.fail("POST", SENDING, 400)
    assert (await evening.adapter.send(home(evening), Reply("Hello?"))).delivery is Delivery.REFUSED


@pytest.mark.parametrize("fault", [{"status": 503}, {"drops": "before"}])
async def test_a_message_counts_as_failed_when_discord_cannot_be_reached(
    evening: Evening, fault: dict[str, Any]
) -> None:
    discord = evening.discord
    discord.fail("POST", SENDING, times=4, **fault)
    assert (await evening.adapter.send(home(evening), Reply("Hello?"))).delivery is Delivery.FAILED
    assert not discord.said
    assert (await evening.adapter.send(home(evening), Reply("Hello!"))).delivery is Delivery.SENT


async def test_a_message_counts_as_failed_when_a_limit_lasts_too_long(evening: Evening) -> None:
    evening.discord.fail("POST", SENDING, 429, retry_after=LONGEST_WAIT + 1)
    assert (await evening.adapter.send(home(evening), Reply("Hello?"))).delivery is Delivery.FAILED


async def test_a_message_counts_as_failed_while_there_is_no_connection(before: Evening) -> None:
    assert (await before.adapter.send(home(before), Reply("Hello?"))).delivery is Delivery.FAILED


def home(evening: Evening) -> Room:
    return Room("discord", str(evening.home.id))


@pytest.mark.parametrize("denied", [SEND, VIEW])
async def test_a_guess_round_ends_where_the_bot_may_not_write(
    evening: Evening, monkeypatch: pytest.MonkeyPatch, denied: int
) -> None:
    assert timedelta(minutes=15) - tokens.MARGIN > rules.GUESS_WITHIN
    monkeypatch.setattr("bot.services.guessing.GUESS_WITHIN", timedelta(seconds=0.3))
    discord, evening.home.denied = evening.discord, denied
    asked = await discord.slash(evening.ana, evening.home, "guess", OLAF_PNG)
    question = await discord.answered(asked)
    await discord.until(lambda: asked.followups)
    assert is_answer(asked.followups[0].content, OLAF)
    assert asked.followups[0].only_for is None
    await discord.until(lambda: not question.components)
    # What follows from a tap on that answer is an edit by the same token.
    room = home(evening)
    place = f"{evening.home.id}/{asked.followups[0].id}"
    assert await evening.adapter.edit(room, place, Reply("Told")) is Delivery.SENT
    assert asked.followups[0].content == "Told"


async def test_a_token_that_is_over_is_not_tried(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, evening.home.denied = evening.discord, SEND
    await discord.answered(await discord.slash(evening.ana, evening.home, "who", OLAF_PNG))
    monkeypatch.setattr(tokens, "MARGIN", timedelta(minutes=15))
    receipt = await evening.adapter.send(home(evening), Reply("Good night"))
    assert receipt.delivery is Delivery.REFUSED


async def test_nothing_in_the_log_tells_whose_photo_or_where_it_is(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    discord = evening.discord
    gone = discord.world.attach(evening.home, OLAF_PNG, "our-secret.png")
    discord.spoil(gone, "broken")
    message = await discord.send(
        evening.ana, evening.home, "caption-secret", gone, OLAF_PNG, mention=True
    )
    await discord.answer(message)
    discord.fail("POST", SENDING, 400)
    await discord.send(evening.ana, evening.home, "caption-secret", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.rest.count("POST", SENDING, 400))
    await evening.settled()
    ours = [r for r in caplog.records if r.name.startswith("bot")]
    told = "\n".join(logging.Formatter().format(record) for record in ours)
    assert f"photo platform=discord room={evening.home.id} bytes={len(OLAF_PNG)}" in told
    for secret in ("secret", "Ana", "attachments", discord.world.origin, discord.token):
        assert secret not in told


def test_markup_in_a_text_is_shown_as_it_is() -> None:
    assert (
        markdown("*Ana* _B_ `c` ~~d~~ ||e||")
        == "\\*Ana\\* \\_B\\_ \\`c\\` \\~\\~d\\~\\~ \\|\\|e\\|\\|"
    )
    assert markdown("# big\n> quoted\n[a](b)").startswith("\\# big\n\\> quoted\n\\[")


@pytest.mark.parametrize("word", ["snow ", "snow", "* ", "*", "snow\n", "\N{SNOWMAN}"])
def test_a_text_that_is_too_long_is_cut_between_words(word: str) -> None:
    cut = markdown(word * 2500)
    assert LONGEST_TEXT // 2 < len(cut) <= LONGEST_TEXT
    assert cut.endswith("…")
    assert not cut.endswith("\\…")
