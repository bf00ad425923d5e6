from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.domain import Delivery, Reply, Room, Unusable
from bot.platforms.discord import adapter
from bot.services import greetings
from bot.speech import speaker_for
from bot.supervisor import Supervisor
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening, an_evening
from tests.fakes.discord.world import HISTORY, SEND, made_at
from tests.fakes.vision import OLAF, YETI

EN = speaker_for("en")


async def ask(evening: Evening) -> None:
    """Ask something, and see that it is answered."""
    message = await evening.discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await evening.discord.answer(message)).content, OLAF)


async def test_no_privileged_intent_is_asked_for(evening: Evening) -> None:
    (session,) = evening.discord.gateway.live
    assert session.intents == 1 << 0 | 1 << 9 | 1 << 12


async def test_a_request_to_reconnect_is_followed_and_nothing_missed(evening: Evening) -> None:
    discord = evening.discord
    await ask(evening)
    await discord.gateway.reconnect()
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF)
    await discord.until(lambda: discord.gateway.resumed == 1)
    await ask(evening)
    assert discord.gateway.identified == 1


async def test_what_is_delivered_again_after_a_resume_is_answered_once(evening: Evening) -> None:
    discord = evening.discord
    messages = [
        await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True) for _ in range(3)
    ]
    hint = await discord.send(evening.ana, evening.home, "hi", mention=True)
    await discord.answer(hint)
    discord.gateway.rewind = 20
    await discord.gateway.reconnect()
    await discord.until(lambda: discord.gateway.resumed == 1)
    await ask(evening)
    await evening.settled()
    assert [len(discord.answers(message)) for message in (*messages, hint)] == [1, 1, 1, 1]


async def test_what_is_delivered_again_while_it_is_in_hand_is_answered_once(
    evening: Evening,
) -> None:
    discord = evening.discord
    evening.vision.may_answer.clear()
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.until(lambda: discord.cdn_requests)
    discord.gateway.rewind = 20
    await discord.gateway.reconnect()
    await discord.until(lambda: discord.gateway.resumed == 1)
    evening.vision.may_answer.set()
    await ask(evening)
    await evening.settled()
    assert len(discord.answers(message)) == 1


async def test_a_connection_that_is_cut_comes_back(evening: Evening) -> None:
    discord = evening.discord
    discord.gateway.drop()
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF)


@pytest.mark.parametrize("code", [4000, 4007, 4008, 4009, 1001, 1000])
async def test_a_close_that_can_be_resumed_is(evening: Evening, code: int) -> None:
    discord = evening.discord
    await discord.gateway.close(code)
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF)


async def test_an_event_that_cannot_be_read_costs_neither_the_session_nor_the_next_photo(
    before: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    discord, guild = before.discord, before.discord.guild("Secret club", "hall")
    # A channel of a kind that is new, without what all had so far: the server stays unknown.
    with discord.garbled("GUILD_CREATE", lambda data: data["name"] == guild.name, "channels"):
        await before.start()
        await discord.until(lambda: before.adapter.state().get("unreadable") == 1)
    with discord.garbled("MESSAGE_CREATE", lambda _: True, "attachments"):
        await discord.send(before.ana, before.home, "caption-secret", OLAF_PNG, mention=True)
    with discord.garbled("INTERACTION_CREATE", lambda _: True, "member"):
        await discord.slash(before.ana, before.home, "who", OLAF_PNG)
    await discord.gateway.emit("A_NEW_KIND_OF_EVENT", {"of": "tomorrow"})
    await ask(before)
    chat = await discord.send(before.ana, guild.channels[0], "just talk")
    asked = await discord.send(before.ana, guild.channels[0], "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(asked)).content, OLAF)
    await before.settled()
    assert not discord.answers(chat)
    assert discord.gateway.identified == 1
    assert before.adapter.state()["unreadable"] == 3
    told = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    assert "MESSAGE_CREATE" in told
    for secret in ("secret", "Secret", "Ana"):
        assert secret not in told


async def test_a_fault_of_ours_in_an_event_is_logged_without_what_was_said(
    evening: Evening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("caption-secret")

    with monkeypatch.context() as patch:
        patch.setattr("bot.platforms.discord.messages.parse_message", fails)
        await evening.discord.send(evening.ana, evening.home, "caption-secret", mention=True)
        await evening.discord.until(lambda: "on_message failed" in caplog.text)
    await ask(evening)
    assert "caption-secret" not in caplog.text


@pytest.mark.parametrize("is_resumable", [True, False])
async def test_a_session_that_is_over_is_begun_anew(evening: Evening, is_resumable: bool) -> None:
    discord = evening.discord
    await discord.gateway.invalidate(is_resumable=is_resumable)
    await discord.ready(1 if is_resumable else 2)
    await ask(evening)


@pytest.mark.parametrize("code", [4004, 4013, 4014])
async def test_a_close_that_cannot_heal_ends_with_a_sentence(
    before: Evening, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(adapter, "REFUSALS", 1)
    before.discord.gateway.closes_with = code
    with pytest.raises(Unusable) as reason:
        await before.adapter.run(before.service, before.stopping)
    assert str(reason.value).count(".") == 1
    assert ("DISCORD_TOKEN" in str(reason.value)) == (code == 4004)
    assert before.discord.token not in str(reason.value)


async def test_a_close_that_cannot_heal_in_the_middle_ends_with_a_sentence(
    evening: Evening,
) -> None:
    await evening.discord.gateway.close(4014)
    assert evening.running is not None
    with pytest.raises(Unusable):
        await evening.running
    evening.running = None


async def test_a_token_that_discord_did_not_know_for_minutes_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "REFUSALS", 1)
    async with an_evening(token="not.a.token", starts=False) as evening:
        with pytest.raises(Unusable, match="DISCORD_TOKEN"):
            await evening.adapter.run(evening.service, evening.stopping)
        assert evening.discord.rest.count("GET", "/users/@me") == 1


async def test_a_token_that_discord_does_not_know_for_a_moment_is_tried_again(
    before: Evening,
) -> None:
    discord = before.discord
    discord.fail("GET", "/users/@me", 401)
    discord.gateway.closes_with = 4004
    supervisor = Supervisor(before.adapter, before.stopping, first_wait=0.01)
    running = asyncio.create_task(supervisor.run(before.service))
    await discord.until(lambda: discord.gateway.identified)
    discord.gateway.closes_with = None
    await discord.until(lambda: discord.gateway.live)
    await ask(before)
    before.stopping.set()
    await running


async def test_a_close_that_is_a_fault_is_the_supervisors_to_deal_with(before: Evening) -> None:
    before.discord.gateway.closes_with = 4012
    supervisor = Supervisor(before.adapter, before.stopping, first_wait=0.01)
    running = asyncio.create_task(supervisor.run(before.service))
    await before.discord.until(lambda: before.discord.gateway.identified == 2)
    before.discord.gateway.closes_with = None
    await before.discord.until(lambda: before.discord.gateway.live)
    await ask(before)
    before.stopping.set()
    await running


async def test_a_login_that_fails_is_tried_again_by_the_supervisor(before: Evening) -> None:
    before.discord.fail("GET", "/users/@me", 503, times=2)
    before.discord.fail("GET", "/gateway/bot", 403)
    supervisor = Supervisor(before.adapter, before.stopping, first_wait=0.01)
    running = asyncio.create_task(supervisor.run(before.service))
    await before.discord.until(lambda: before.discord.gateway.live)
    await ask(before)
    before.stopping.set()
    await running
    assert before.discord.gateway.identified == 1


async def test_stopping_while_connecting_ends_at_once(before: Evening) -> None:
    before.discord.fail("GET", "/users/@me", 500, times=5)
    running = asyncio.create_task(before.adapter.run(before.service, before.stopping))
    await before.discord.until(lambda: before.discord.rest.count("GET", "/users/@me"))
    before.stopping.set()
    await running


async def test_stopping_before_the_start_ends_at_once(before: Evening) -> None:
    before.stopping.set()
    await before.adapter.run(before.service, before.stopping)
    assert not before.discord.gateway.identified


async def test_a_gateway_that_says_no_goodbye_holds_up_nothing(evening: Evening) -> None:
    evening.discord.gateway.freeze()
    async with asyncio.timeout(5):
        await evening.stop()


async def test_several_shards_share_the_servers() -> None:
    async with an_evening(starts=False) as evening:
        discord = evening.discord
        discord.rest.shards = 2
        other = discord.guild("Other", "hall")
        while other.id >> 22 & 1 == evening.family.id >> 22 & 1:
            await asyncio.sleep(0.001)
            other = discord.guild("Other", "hall")
        await evening.start()
        assert len(discord.gateway.live) == 2
        await ask(evening)
        message = await discord.send(evening.ana, other.channels[0], "", OLAF_PNG, mention=True)
        assert is_answer((await discord.answer(message)).content, OLAF)
        private = await discord.send(evening.ana, discord.dm(evening.ana), "", OLAF_PNG)
        assert is_answer((await discord.answer(private)).content, OLAF)
        assert evening.adapter.state()["shards"] == 2


async def test_the_state_tells_of_a_lost_connection(before: Evening) -> None:
    discord = before.discord
    assert before.adapter.state() == {"state": "starting"}
    await before.start()
    await discord.until(lambda: before.adapter.state()["guilds"] == 1)
    async with asyncio.timeout(5):
        while before.adapter.state()["state"] != "running":
            await asyncio.sleep(0.01)
    await before.stop()
    assert before.adapter.state() == {"state": "stopped"}


async def test_an_old_message_is_not_looked_at(evening: Evening) -> None:
    discord = evening.discord
    old = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True, age=301)
    young = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True, age=290)
    await discord.answer(young)
    assert not discord.answers(old)


async def test_answers_of_a_channel_keep_their_order(evening: Evening) -> None:
    discord = evening.discord
    slow = discord.world.attach(evening.home, OLAF_PNG, "slow.png")
    discord.spoil(slow, "500")  # is tried twice
    first = await discord.send(evening.ana, evening.home, "", slow, mention=True)
    evening.vision.may_answer.clear()
    second = await discord.send(evening.ben, evening.home, "", YETI_PNG, mention=True)
    third = await discord.send(evening.ana, evening.home, "hi", mention=True)
    await discord.until(lambda: len(discord.cdn_requests) == 3)
    assert not discord.said[1:]
    evening.vision.may_answer.set()
    await discord.answer(third)
    assert [said.reply_to for said in discord.said] == [first, second, third]


async def test_a_slow_photo_holds_up_no_other_channel(evening: Evening) -> None:
    discord = evening.discord
    slow = discord.world.attach(evening.home, OLAF_PNG, "slow.png")
    discord.spoil(slow, "slow")
    waiting = await discord.send(evening.ana, evening.home, "", slow, mention=True)
    kitchen = evening.family.channels[1]
    for _ in range(3):
        message = await discord.send(evening.ben, kitchen, "", YETI_PNG, mention=True)
        await discord.answer(message)
    assert not discord.answers(waiting)
    await evening.kill()


async def test_what_is_in_hand_at_the_end_is_answered(evening: Evening) -> None:
    discord = evening.discord
    evening.vision.may_answer.clear()
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    interaction = await discord.slash(evening.ana, evening.home, "who", YETI_PNG)
    await discord.until(lambda: len(discord.cdn_requests) == 2)
    stopping = asyncio.create_task(evening.stop())
    for _ in range(10):
        await asyncio.sleep(0)
    late = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    evening.vision.may_answer.set()
    await stopping
    assert len(discord.answers(message)) == 1
    assert interaction.is_answered
    assert not discord.answers(late)


async def test_what_was_in_hand_when_the_process_died_is_answered_after_the_restart(
    evening: Evening,
) -> None:
    discord = evening.discord
    evening.vision.may_answer.clear()
    message = await discord.send(evening.ana, evening.home, "", YETI_PNG, mention=True)
    album = await discord.send(evening.ana, evening.home, "", OLAF_PNG, YETI_PNG, mention=True)
    private = await discord.send(evening.ana, discord.dm(evening.ana), "", YETI_PNG)
    await discord.until(lambda: len(discord.cdn_requests) == 4)
    await evening.kill()
    assert not discord.said
    evening.vision.may_answer.set()
    await evening.start()
    assert is_answer((await discord.answer(message)).content, YETI)
    assert (await discord.answer(album)).content == EN.photos.album([OLAF, YETI], 1)
    assert is_answer((await discord.answer(private)).content, YETI)
    await evening.settled()
    await evening.stop()
    await evening.start()
    await evening.settled()
    assert len(discord.said) == 3


async def test_what_arrives_while_the_bot_is_down_is_answered_once_afterwards(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, private = evening.discord, evening.discord.dm(evening.ana)
    thread = discord.channel(evening.family, "thread", parent=evening.home)
    people = [discord.user(f"Person {n}") for n in range(12)]
    await discord.answer(await discord.send(evening.ana, private, "", OLAF_PNG))
    before = [await discord.send(each, evening.home, "", OLAF_PNG, mention=True) for each in people]
    before += [await discord.send(evening.ben, evening.home, "hi", mention=True)]
    await discord.until(lambda: len(discord.said) > 4)
    await evening.kill()
    down = [
        await discord.send(evening.ben, evening.home, "", YETI_PNG, mention=True),
        await discord.send(evening.ben, thread, "", YETI_PNG, mention=True),
        await discord.send(evening.ana, private, "", YETI_PNG, age=200),
        await discord.send(evening.ben, evening.family.channels[1], "hi", mention=True),
    ]
    quiet = [
        await discord.send(evening.ben, evening.home, "our garden", YETI_PNG),
        await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True, age=301),
    ]
    await evening.start()
    for message in (*before, *down):
        await discord.answer(message)
    await evening.settled()
    # An orderly end, and once more what was said meanwhile.
    await evening.stop()
    last = await discord.send(evening.ben, thread, "", OLAF_PNG, mention=True)
    await evening.start()
    await discord.answer(last)
    await evening.settled()
    told = [len(discord.answers(message)) for message in (*before, *down, last, *quiet)]
    assert told == [1] * (len(before) + len(down) + 1) + [0, 0]
    # What is told late counts for when it was sent.
    exported = await evening.store.people.export("discord", str(evening.ana.id))
    assert made_at(down[2].id) in str(exported["rounds"])


async def test_what_was_missed_is_answered_before_what_is_said_now(evening: Evening) -> None:
    discord, private = evening.discord, evening.discord.dm(evening.ana)
    kitchen, link = evening.family.channels[1], "https://example.org"
    first = await discord.send(evening.ana, private, "", OLAF_PNG)
    await discord.answer(first)
    await evening.stop()
    places = (evening.home, private)
    missed = [await discord.send(evening.ana, each, "", OLAF_PNG, mention=True) for each in places]
    may_look = asyncio.Event()
    for each in places:
        discord.fail("GET", f"/{each.id}/messages$", held_until=may_look)
    await evening.start()
    now = [await discord.send(evening.ana, each, link, mention=True) for each in places]
    picture = {"type": "article", "image": discord.world.proxied(YETI_PNG)}
    for message in now:  # which Discord shows a moment later
        await discord.edit(message, embeds=[picture])
    elsewhere = await discord.send(evening.ana, kitchen, "", OLAF_PNG, mention=True)
    await discord.answer(elsewhere)  # where nothing was missed nobody waits
    may_look.set()
    for message in now:
        assert is_answer((await discord.answer(message)).content, YETI)
    await evening.settled()
    for place, *questions in zip(places, missed, now, strict=True):
        said = [each.reply_to for each in discord.said if each.channel is place]
        assert said == [*[first][: place is private], *questions]


async def test_what_a_lost_session_missed_is_answered_once(evening: Evening) -> None:
    discord = evening.discord
    first = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.answer(first)
    discord.gateway.drop()
    discord.gateway.sessions.clear()  # Discord has forgotten it
    missed = await discord.send(evening.ben, evening.home, "", YETI_PNG, mention=True)
    hidden = await discord.send(evening.ben, evening.family.channels[1], "", OLAF_PNG, mention=True)
    evening.family.channels[1].denied = HISTORY  # nothing can be seen there
    discord.fail("GET", f"/{evening.home.id}/messages$", 503)
    await discord.answer(missed)
    await evening.settled()
    told = [len(discord.answers(message)) for message in (first, missed, hidden)]
    assert told == [1, 1, 0]


async def test_an_answer_that_went_out_just_before_the_process_died_is_not_sent_again(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord = evening.discord
    with monkeypatch.context() as patch:

        async def dies(*_: object, **__: object) -> None:
            await asyncio.Event().wait()

        patch.setattr(evening.service, "mark_sent", dies)
        message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
        await discord.answer(message)
        await evening.kill()
    await evening.start()
    await evening.settled()
    assert len(discord.answers(message)) == 1


async def test_what_a_message_is_told_again_after_a_crash_is_there_once(evening: Evening) -> None:
    """What guesses and votes come to, say, which is noted when it was said."""
    discord, room = evening.discord, Room("discord", str(evening.home.id))
    asked = await discord.send(evening.ana, evening.home, "our garden")
    for text in ("What you guessed", "What you guessed", "How you voted"):
        receipt = await evening.adapter.send(room, Reply(text), to=str(asked.id))
        assert receipt.delivery is Delivery.SENT
    assert [said.content for said in discord.said] == ["What you guessed", "How you voted"]


async def test_the_bot_says_hello_once_where_it_is_invited(evening: Evening) -> None:
    discord = evening.discord
    club = discord.guild("Club", "hall", "quiet")
    await discord.invite(club)
    await discord.until(lambda: discord.said)
    (hello,) = discord.said
    assert hello.channel is club.channels[0]
    assert discord.bot.mention in hello.content
    assert hello.content == EN.rooms.hello("discord", discord.bot.mention, hears_all=False)
    await evening.stop()
    await evening.start()
    await evening.settled()
    assert len(discord.said) == 1


async def test_a_server_that_invited_the_bot_while_it_was_away_is_greeted(
    before: Evening,
) -> None:
    discord = before.discord
    club = discord.guild("Club", "hall")
    await discord.invite(club)
    await before.start()
    await discord.until(lambda: discord.said)
    await before.settled()
    assert [said.channel for said in discord.said] == club.channels


async def test_a_bot_that_comes_back_says_hello_again(evening: Evening) -> None:
    discord = evening.discord
    club = discord.guild("Club", "hall")
    await discord.invite(club)
    await discord.until(lambda: discord.said)
    await evening.settled()
    await discord.kick(club)
    await discord.until(lambda: evening.adapter.state()["guilds"] == 1)
    await evening.settled()
    discord.world.guilds[club.id] = club
    await discord.invite(club)
    await discord.until(lambda: len(discord.said) == 2)


async def test_hello_that_did_not_get_through_is_said_later(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greetings, "AGAIN_IN", timedelta(0))
    discord = evening.discord
    club = discord.guild("Club", "hall")
    fault = discord.fail("POST", "/messages$", 503, times=4)
    await discord.invite(club)
    await discord.until(lambda: discord.said)
    assert not fault.times


async def test_hello_is_said_where_writing_is_allowed(evening: Evening) -> None:
    discord = evening.discord
    club = discord.guild("Club", "rules", "hall")
    club.channels[0].denied = SEND
    await discord.invite(club)
    await discord.until(lambda: discord.said)
    assert discord.said[0].channel is club.channels[1]
    mute = discord.guild("Mute", "rules")
    mute.channels[0].denied = SEND
    await discord.invite(mute)
    await ask(evening)
    await evening.settled()
    assert len(discord.said) == 2
