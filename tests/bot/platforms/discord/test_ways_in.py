from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from discord.utils import snowflake_time

from bot.domain import Label, Refusal, Reply, Room
from bot.speech import speaker_for
from bot.supervisor import Supervisor
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening
from tests.fakes.discord.world import NO_EMBEDS, SEND, SILENT, VOICE, Channel, Message
from tests.fakes.vision import OLAF, STRANGER, YETI

EN, DE = speaker_for("en"), speaker_for("de")


async def all_is_quiet(evening: Evening, *ignored: Message) -> None:
    """Ask something that is answered, and see that nothing was said to what came before."""
    channel = ignored[-1].channel
    after = await evening.discord.send(evening.ana, channel, "hello?", OLAF_PNG, mention=True)
    await evening.discord.answer(after)
    assert not any(evening.discord.answers(message) for message in ignored)


async def test_a_mention_with_a_picture_is_answered_by_a_reply(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "who?", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    assert is_answer(answer.content, OLAF)
    assert answer.labels[-1] == "Where did you look?"


async def test_several_pictures_get_one_answer_with_a_line_each(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(
        evening.ana, evening.home, "", OLAF_PNG, YETI_PNG, OLAF_PNG, mention=True
    )
    answer = await discord.answer(message)
    assert answer.content.splitlines() == [
        f"1. {EN.photos.heatmap_answer(OLAF)}",
        f"2. {EN.photos.heatmap_answer(YETI)}",
        f"3. {EN.photos.heatmap_answer(OLAF)}",
        "I'll play number 1.",
    ]
    truths = [EN.rounds.truth_button(label) for label in Label]
    assert answer.labels == [*truths, *(EN.photos.where_button(number) for number in (1, 2, 3))]
    assert len(discord.answers(message)) == 1


async def test_a_mention_in_reply_to_a_photo_that_is_kept_from_the_bot_says_how(
    evening: Evening,
) -> None:
    discord = evening.discord
    photo = await discord.send(evening.ben, evening.home, "our garden", OLAF_PNG)
    message = await discord.send(evening.ana, evening.home, "who?", mention=True, reply_to=photo)
    answer = await discord.answer(message)
    assert answer.content == EN.rooms.cannot_see_that_photo()
    assert "Olaf or Abominable?" in answer.content


async def test_a_mention_in_reply_to_a_photo_that_the_bot_may_see_is_answered(
    evening: Evening,
) -> None:
    discord = evening.discord
    photo = await discord.send(evening.ben, evening.home, "", YETI_PNG, mention=True)
    first = await discord.answer(photo)
    message = await discord.send(evening.ana, evening.home, "sure?", mention=True, reply_to=photo)
    again = await discord.answer(message)
    assert is_answer(first.content, YETI)
    assert is_answer(again.content, YETI)


async def test_a_mention_in_reply_to_a_deleted_message_asks_for_a_photo(evening: Evening) -> None:
    discord = evening.discord
    photo = await discord.send(evening.ben, evening.home, "", OLAF_PNG)
    await discord.delete(photo)
    message = await discord.send(evening.ana, evening.home, "who?", mention=True, reply_to=photo)
    assert (await discord.answer(message)).content == EN.photos.mention_how()


async def test_a_reply_to_the_bots_own_message_with_a_picture_is_answered(
    evening: Evening,
) -> None:
    discord = evening.discord
    first = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(first)
    reply = await discord.send(evening.ben, evening.home, "this?", YETI_PNG, reply_to=answer)
    assert is_answer((await discord.answer(reply)).content, YETI)


async def test_a_picture_in_reply_to_a_challenge_was_made_for_it(evening: Evening) -> None:
    discord, made = evening.discord, EN.rounds.made_noted()
    asked = await discord.slash(evening.ana, evening.home, "challenge")
    challenge = await discord.answered(asked)
    assert "mention me" in challenge.content
    work = await discord.send(
        evening.ana, evening.home, "", OLAF_PNG, mention=True, reply_to=challenge
    )
    assert made in (await discord.answer(work)).content
    home = Room("discord", str(evening.home.id))
    receipt = await evening.adapter.send(home, Reply(challenge.content))
    posted = discord.said[-1]
    assert receipt.message == f"{evening.home.id}/{posted.id}"
    daily = await discord.send(evening.ben, evening.home, "ta-da", YETI_PNG, reply_to=posted)
    answer = await discord.answer(daily)
    assert made in answer.content
    other = await discord.send(evening.ana, evening.home, "?", b"other", reply_to=answer)
    assert made not in (await discord.answer(other)).content


async def test_a_reply_to_the_bot_without_a_picture_is_just_talk(evening: Evening) -> None:
    discord = evening.discord
    first = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(first)
    talk = await discord.send(evening.ben, evening.home, "no way!", reply_to=answer)
    silent = await discord.send(
        evening.ben, evening.home, "hm", YETI_PNG, reply_to=answer, pings=False
    )
    await all_is_quiet(evening, talk, silent)


async def test_a_reply_to_a_commands_answer_gets_a_hint_once(evening: Evening) -> None:
    discord = evening.discord
    asked = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    answer = await discord.answered(asked)  # Discord shows us no replies to these
    first = await discord.send(evening.ben, evening.home, "this?", YETI_PNG, reply_to=answer)
    assert (await discord.answer(first)).content == EN.rooms.cannot_see_that_photo()
    talk = await discord.send(evening.ben, evening.home, "no way!", reply_to=answer)
    await all_is_quiet(evening, talk)


async def test_the_bot_does_not_look_at_its_own_pictures(evening: Evening) -> None:
    discord, private = evening.discord, evening.discord.dm(evening.ana)
    answer = await discord.answered(await discord.slash(evening.ana, private, "who", OLAF_PNG))
    talk = await discord.send(evening.ana, private, "no way!", reply_to=answer)
    assert (await discord.answer(talk)).content == EN.rooms.help_briefly()


async def test_a_mention_without_a_picture_gets_a_hint(evening: Evening) -> None:
    message = await evening.discord.send(evening.ana, evening.home, "hi!", mention=True)
    assert (await evening.discord.answer(message)).content == EN.photos.mention_how()


async def test_the_bots_role_instead_of_its_name_gets_a_hint(evening: Evening) -> None:
    discord, role = evening.discord, evening.family.bot_role
    message = await discord.send(
        evening.ana, evening.home, f"<@&{role}> who?", OLAF_PNG, mention_roles=[role]
    )
    assert (await discord.answer(message)).content == EN.rooms.cannot_see_that_photo()


async def test_a_direct_message_needs_no_mention(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, discord.dm(evening.ana), "", YETI_PNG)
    assert is_answer((await discord.answer(message)).content, YETI)


async def test_words_in_a_direct_message_get_a_hint(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, discord.dm(evening.ana), "hello")
    assert (await discord.answer(message)).content == EN.rooms.help_briefly()


async def test_a_reply_to_an_older_photo_in_private_is_answered(evening: Evening) -> None:
    discord, private = evening.discord, evening.discord.dm(evening.ana)
    photo = await discord.send(evening.ana, private, "", YETI_PNG, age=3600)
    message = await discord.send(evening.ana, private, "and this?", reply_to=photo)
    assert is_answer((await discord.answer(message)).content, YETI)


async def test_who_with_an_attachment_shows_the_photo_with_the_answer(evening: Evening) -> None:
    discord = evening.discord
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    answer = await discord.answered(interaction)
    assert is_answer(answer.content, OLAF)
    assert discord.read(answer) == b"jpeg of " + OLAF_PNG
    assert not interaction.is_ephemeral
    assert not interaction.was_late


async def test_who_without_an_attachment_tells_only_who_asked(evening: Evening) -> None:
    discord = evening.discord
    interaction = await discord.slash(evening.ben, evening.home, "who")
    answer = await discord.answered(interaction)
    assert answer.content == DE.photos.who_how("discord")
    assert answer.only_for is evening.ben


async def test_who_works_in_private(evening: Evening) -> None:
    discord = evening.discord
    interaction = await discord.slash(evening.ana, discord.dm(evening.ana), "who", YETI_PNG)
    assert is_answer((await discord.answered(interaction)).content, YETI)


async def test_where_with_an_attachment_shows_where_the_bot_looked(evening: Evening) -> None:
    discord = evening.discord
    interaction = await discord.slash(evening.ana, evening.home, "where", YETI_PNG)
    answer = await discord.answered(interaction)
    assert answer.content == EN.photos.heatmap_caption(YETI)
    assert discord.read(answer).startswith(b"\x89PNG")
    assert answer.attachments[0]["description"] == "The photo again; it glows where I looked."


async def test_a_hidden_photo_stays_hidden_under_the_answer(evening: Evening) -> None:
    discord = evening.discord
    photo = discord.world.attach(evening.home, OLAF_PNG, "SPOILER_snow.png")
    interaction = await discord.slash(evening.ana, evening.home, "who", photo)
    answer = await discord.answered(interaction)
    assert answer.attachments[0]["filename"].startswith("SPOILER_")


@pytest.mark.parametrize("how", ["name", "flag", "link"])
async def test_what_is_made_of_a_hidden_photo_is_hidden_too(evening: Evening, how: str) -> None:
    discord, world = evening.discord, evening.discord.world
    if how == "link":
        embed = {"type": "image", "url": "https://e.org", "thumbnail": world.proxied(OLAF_PNG)}
        hidden = await discord.send(
            evening.ana, evening.home, "||https://e.org/a.png||", mention=True, embeds=[embed]
        )
    else:
        name, flags = ("SPOILER_snow.png", 0) if how == "name" else ("snow.png", 1 << 3)
        photo = world.attach(evening.home, OLAF_PNG, name, flags=flags)
        hidden = await discord.send(evening.ana, evening.home, "", photo, mention=True)
        asked = await discord.slash(evening.ana, evening.home, "where", photo)
        assert is_hidden(await discord.answered(asked))
    answer = await discord.answer(hidden)
    await evening.settled()
    heat = await discord.followed_up(await discord.press(evening.ana, answer, "Where"))
    assert is_hidden(heat)
    copied = await discord.answered(await discord.menu(evening.ben, hidden))
    assert is_hidden(copied)
    await evening.settled()
    again = await discord.press(evening.ben, copied, DE.photos.where_button())
    assert is_hidden(await discord.followed_up(again))


def is_hidden(message: Message) -> bool:
    (attachment,) = message.attachments
    return str(attachment["filename"]).startswith("SPOILER_")


async def test_pictures_that_a_message_is_laid_out_with_are_looked_at(evening: Evening) -> None:
    discord, world = evening.discord, evening.discord.world
    robot = discord.user("Robot", bot=True)
    inside = {"id": 2, "type": 12, "items": [{"media": world.proxied(OLAF_PNG), "spoiler": True}]}
    section = {
        "type": 9,
        "components": [{"type": 10, "content": "Look"}],
        "accessory": {"type": 11, "media": world.proxied(YETI_PNG), "spoiler": False},
    }
    clip = {"type": 12, "items": [{"media": {**world.proxied(b""), "content_type": "video/mp4"}}]}
    laid_out = await discord.send(
        robot,
        evening.home,
        components=[{"type": 17, "components": [inside, section, clip]}],
        flags=1 << 15,
    )
    answer = await discord.answered(await discord.menu(evening.ana, laid_out))
    first, second, *_ = answer.content.splitlines()
    assert first == f"1. {EN.photos.heatmap_answer(OLAF)}"
    assert second == f"2. {EN.photos.heatmap_answer(YETI)}"
    names = [attachment["filename"] for attachment in answer.attachments]
    assert [name.startswith("SPOILER_") for name in names] == [True, False]


async def test_the_message_menu_looks_at_a_photo_that_is_kept_from_the_bot(
    evening: Evening,
) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "look!", YETI_PNG)
    interaction = await discord.menu(evening.ben, message)
    answer = await discord.answered(interaction)
    assert is_answer(answer.content, YETI, DE)
    assert discord.read(answer) == b"jpeg of " + YETI_PNG


async def test_the_message_menu_looks_at_all_photos_of_a_message(evening: Evening) -> None:
    discord = evening.discord
    evening.vision.sees[b"jpeg of " + YETI_PNG] = STRANGER  # the small copy under the answer
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, b"empty", YETI_PNG)
    answer = await discord.answered(await discord.menu(evening.ana, message))
    assert answer.content.splitlines()[2] == f"3. {EN.photos.heatmap_answer(YETI)}"
    shown = [discord.read(answer, index) for index in range(len(answer.attachments))]
    assert shown == [b"jpeg of " + OLAF_PNG, b"jpeg of " + YETI_PNG]
    await evening.settled()
    pressed = await discord.press(evening.ana, answer, EN.photos.where_button(3))
    heat = await discord.followed_up(pressed)
    assert discord.read(heat).startswith(b"\x89PNG")
    assert heat.content == EN.photos.heatmap_caption(STRANGER)


async def test_the_message_menu_on_words_says_that_there_is_no_picture(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "just words")
    answer = await discord.answered(await discord.menu(evening.ana, message))
    assert answer.content == EN.photos.refusal(Refusal.NOT_A_PICTURE)


async def test_a_refusal_is_said_once_and_counted_and_before_no_verdict(evening: Evening) -> None:
    discord = evening.discord
    asked = [
        await discord.send(evening.ana, evening.home, "", b"empty", mention=True) for _ in range(4)
    ]
    album = await discord.send(evening.ana, evening.home, "", b"empty", b"empty", mention=True)
    others = await discord.send(evening.ben, evening.home, "", b"empty", mention=True)
    await discord.answer(others)
    await evening.settled()
    assert sum(len(discord.answers(message)) for message in (*asked, album)) == 1
    private = [await discord.send(evening.ana, discord.dm(evening.ana), "", b"empty") for _ in "12"]
    for message in private:  # there everyone is told about each file
        await discord.answer(message)
    good = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.answer(good)
    await evening.settled()
    assert discord.said[-1].content == EN.photos.left_out(4)
    await evening.stop()
    before = len(discord.said)
    await evening.start()  # what was left unsaid is done with
    await evening.settled()
    assert len(discord.said) == before


async def test_a_forwarded_photo_is_answered_in_private_and_by_the_menu(evening: Evening) -> None:
    discord = evening.discord
    photo = await discord.send(evening.ben, evening.home, "", YETI_PNG)
    private = await discord.send(evening.ana, discord.dm(evening.ana), forward=photo)
    assert is_answer((await discord.answer(private)).content, YETI)
    public = await discord.send(evening.ana, evening.home, forward=photo)
    answer = await discord.answered(await discord.menu(evening.ana, public))
    assert is_answer(answer.content, YETI)


@pytest.mark.parametrize("format_type", [1, 2, 4])
async def test_a_drawn_sticker_is_looked_at(evening: Evening, format_type: int) -> None:
    discord = evening.discord
    sticker = discord.world.sticker(YETI_PNG, format_type)
    message = await discord.send(evening.ana, evening.home, mention=True, stickers=[sticker])
    assert is_answer((await discord.answer(message)).content, YETI)


async def test_a_lottie_sticker_is_no_picture(evening: Evening) -> None:
    discord = evening.discord
    sticker = discord.world.sticker(b"{}", 3)
    message = await discord.send(evening.ana, evening.home, mention=True, stickers=[sticker])
    assert (await discord.answer(message)).content == EN.photos.sticker_is_no_picture()
    assert not discord.cdn_requests


async def test_the_picture_of_a_link_is_looked_at(evening: Evening) -> None:
    discord = evening.discord
    shown = discord.world.proxied(YETI_PNG)
    embed = {"type": "image", "url": "https://example.org", "thumbnail": shown}
    message = await discord.send(
        evening.ana, evening.home, "https://example.org", mention=True, embeds=[embed]
    )
    assert is_answer((await discord.answer(message)).content, YETI)


async def test_the_picture_of_a_link_may_come_later_and_holds_up_nobody(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "https://example.org", mention=True)
    after = await discord.send(evening.ben, evening.home, "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(after)).content, OLAF)
    embed = {"type": "article", "image": discord.world.proxied(YETI_PNG)}
    await discord.edit(message, embeds=[embed])
    assert is_answer((await discord.answer(message)).content, YETI)


async def test_a_link_without_a_picture_gets_a_hint(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.discord.messages.UNFURL_SECONDS", 0.05)
    message = await evening.discord.send(
        evening.ana, evening.home, "https://example.org", mention=True
    )
    assert (await evening.discord.answer(message)).content == EN.photos.mention_how()


@pytest.mark.parametrize("kind", ["thread", "post", "voice"])
async def test_threads_posts_and_voice_chats_are_rooms_of_their_own(
    evening: Evening, kind: str
) -> None:
    discord = evening.discord
    channel: Channel
    if kind == "voice":
        channel = discord.channel(evening.family, kind, VOICE)
    else:  # a thread that the bot has heard nothing of
        channel = discord.channel(evening.family, kind, parent=evening.home)
    message = await discord.send(evening.ana, channel, "", OLAF_PNG, mention=True)
    assert (await discord.answer(message)).channel is channel
    interaction = await discord.slash(evening.ana, channel, "who", YETI_PNG)
    answer = await discord.answered(interaction)
    await evening.settled()
    pressed = await discord.press(evening.ana, answer, "Where")
    assert (await discord.followed_up(pressed)).attachments


async def test_a_photo_may_come_without_a_type(evening: Evening) -> None:
    discord = evening.discord
    photo = discord.world.attach(evening.home, YETI_PNG, "IMG_1.HEIC", content_type=None)
    message = await discord.send(evening.ana, evening.home, "", photo, mention=True)
    assert is_answer((await discord.answer(message)).content, YETI)


async def test_what_is_not_meant_for_the_bot_is_left_alone(evening: Evening) -> None:
    discord, home = evening.discord, evening.home
    robot = discord.user("Robot", bot=True)
    plain = await discord.send(evening.ana, home, "our garden", OLAF_PNG)
    bots = await discord.send(robot, home, "", OLAF_PNG, mention=True)
    hook = await discord.send(evening.ana, home, "", OLAF_PNG, mention=True, webhook=7)
    pinned = await discord.send(evening.ana, home, "", mention=True, type=6)
    other = await discord.send(evening.ana, home, f"{evening.ben.mention} who?", OLAF_PNG)
    await all_is_quiet(evening, plain, bots, hook, pinned, other)


async def test_a_channel_that_wants_it_has_every_photo_answered(before: Evening) -> None:
    discord, before.ana.is_admin = before.discord, True
    discord.allow_message_content()
    kitchen = before.family.channels[1]
    await before.start()
    plain = await discord.send(before.ben, before.home, "our garden", OLAF_PNG)
    await all_is_quiet(before, plain)  # nobody has asked for it
    settings = await discord.answered(await discord.slash(before.ana, before.home, "settings"))
    await discord.press(before.ana, settings, EN.rooms.photos_button(every=True))
    await discord.until(lambda: "every photo that I can see" in settings.content)
    wanted = await discord.send(before.ben, before.home, "our garden", OLAF_PNG)
    assert is_answer((await discord.answer(wanted)).content, OLAF)
    elsewhere = await discord.send(before.ben, kitchen, "", OLAF_PNG)
    robot = discord.user("Robot", bot=True)
    ignored = [
        await discord.send(before.ben, before.home, "just talk"),
        await discord.send(before.ben, before.home, "", b"empty"),
        await discord.send(robot, before.home, "", OLAF_PNG),
        await discord.send(before.ben, before.home, "", b"", webhook=7),
        await discord.send(before.ben, before.home, stickers=[discord.world.sticker(YETI_PNG)]),
    ]
    await all_is_quiet(before, elsewhere)
    await all_is_quiet(before, *ignored)
    # What nobody asked for is not told in private either, where the bot may not write.
    before.home.denied = SEND
    await discord.send(before.ben, before.home, "", YETI_PNG)
    await all_is_quiet(before, elsewhere)
    await before.settled()
    assert not [said for said in discord.said if said.channel.person is before.ben]


async def test_without_the_intent_the_settings_say_how_to_turn_it_on(evening: Evening) -> None:
    discord, evening.ana.is_admin = evening.discord, True
    settings = await discord.answered(await discord.slash(evening.ana, evening.home, "settings"))
    assert "Message Content Intent" in settings.content
    assert EN.rooms.photos_button(every=True) not in settings.labels


async def test_an_owner_who_turns_the_intent_off_again_is_followed(before: Evening) -> None:
    discord = before.discord
    discord.allow_message_content()
    discord.gateway.approved = 0
    supervisor = Supervisor(before.adapter, before.stopping, first_wait=0.01)
    running = asyncio.create_task(supervisor.run(before.service))
    await discord.until(lambda: discord.gateway.identified)
    discord.world.application_flags = 0
    await discord.until(lambda: discord.gateway.live)
    before.stopping.set()
    await running


async def test_a_mention_may_be_edited_in_at_once_and_not_later(evening: Evening) -> None:
    discord, mention = evening.discord, evening.discord.bot.mention
    message, old = [
        await discord.send(evening.ana, evening.home, "our garden", OLAF_PNG) for _ in range(2)
    ]
    for each, seconds in ((message, 5), (old, 90), (message, 5)):
        edited = snowflake_time(each.id) + timedelta(seconds=seconds)
        await discord.edit(
            each,
            content=f"{mention} our garden",
            mentions=[discord.bot],
            edited=edited.isoformat(),
        )
    assert is_answer((await discord.answer(message)).content, OLAF)
    await all_is_quiet(evening, old)
    assert len(discord.answers(message)) == 1


async def test_a_community_chooses_the_language_of_its_messages(evening: Evening) -> None:
    discord = evening.discord
    club = discord.guild("Klub", "halle", features=["COMMUNITY"], locale="de")
    await discord.invite(club)
    message = await discord.send(evening.ana, club.channels[0], "", OLAF_PNG, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF, DE)


async def test_nobody_is_pinged(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert not (await discord.answer(message)).mentions
    room = Room("discord", str(evening.home.id))
    await evening.adapter.send(room, Reply(f"{evening.ben.mention} @everyone"))
    assert not discord.said[-1].mentions


async def test_a_name_neither_mentions_nor_links_nor_formats(evening: Evening) -> None:
    discord, ben = evening.discord, evening.ben
    ana = discord.user(f"{ben.mention} https://e.org discord.gg/x **b** </who:1> @everyone")
    message = await discord.send(ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    await discord.press(ana, answer, EN.rounds.truth_button(Label.OLAF))
    await discord.until(lambda: "says" in answer.content)
    for markup in ("<", "://", "discord.gg/", " **"):
        assert markup not in answer.content
    assert not answer.mentions
    assert answer.flags & NO_EMBEDS
    board = await discord.answered(await discord.slash(ben, evening.home, "leaderboard"))
    assert "<" not in board.content


async def test_answers_in_a_server_make_no_sound_and_those_in_private_do(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    private = await discord.send(evening.ana, discord.dm(evening.ana), "", OLAF_PNG)
    answer = await discord.answer(message)
    await evening.settled()
    heat = await discord.followed_up(await discord.press(evening.ana, answer, "Where"))
    assert answer.flags & heat.flags & SILENT
    assert not (await discord.answer(private)).flags & SILENT
    room = Room("discord", str(evening.home.id))
    await evening.adapter.send(room, Reply("The day's challenge"))
    await evening.adapter.send(room, Reply("What you guessed"), to=str(message.id))
    assert [said.flags & SILENT for said in discord.said[-2:]] == [0, SILENT]


async def test_no_picture_is_fetched_with_the_bots_token(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.answer(message)
    assert [has_token for _, has_token in discord.cdn_requests] == [False]
