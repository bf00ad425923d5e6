from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from bot.domain import Button, Label, Reply
from bot.platforms.discord import sender
from bot.platforms.discord.sender import PersistentButton, button_view
from bot.services import commands
from bot.speech import speaker_for
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening
from tests.fakes.vision import OLAF, STRANGER, YETI

EDITING = "@original$"
EN, DE = speaker_for("en"), speaker_for("de")


async def test_the_button_under_an_answer_shows_where_the_bot_looked(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", YETI_PNG, mention=True)
    answer = await discord.answer(message)
    await evening.settled()
    pressed = await discord.press(evening.ben, answer, "Where")
    shown = await discord.followed_up(pressed)
    assert discord.read(shown).startswith(b"\x89PNG")
    assert shown.content == DE.photos.heatmap_caption(YETI)
    assert shown.reply_to is answer
    assert shown.only_for is None
    assert pressed.acknowledged == 6


async def test_the_button_under_a_slash_answer_finds_the_photo_in_the_answer(
    evening: Evening,
) -> None:
    discord = evening.discord
    evening.vision.sees[b"jpeg of " + OLAF_PNG] = STRANGER  # the small copy under the answer
    answer = await discord.answered(await discord.slash(evening.ana, evening.home, "who", OLAF_PNG))
    await evening.settled()
    discord.cdn_requests.clear()
    shown = await discord.followed_up(await discord.press(evening.ana, answer, "Where"))
    assert discord.read(shown).startswith(b"\x89PNG")
    assert shown.content == EN.photos.heatmap_caption(STRANGER)
    assert len(discord.cdn_requests) == 1


async def test_buttons_work_after_a_restart(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    await evening.stop()
    await evening.start()
    shown = await discord.followed_up(await discord.press(evening.ana, answer, "Where"))
    assert shown.attachments


async def test_a_second_press_gets_a_word_for_that_person_alone(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    await evening.settled()
    await discord.followed_up(await discord.press(evening.ana, answer, "Where"))
    notice = await discord.followed_up(await discord.press(evening.ben, answer, "Where"))
    assert notice.content == DE.photos.where_done()
    assert notice.only_for is evening.ben


async def test_a_button_whose_photo_was_deleted_says_so(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    await evening.settled()
    await discord.delete(message)
    notice = await discord.followed_up(await discord.press(evening.ana, answer, "Where"))
    assert notice.content == "That photo is gone; I cannot look at it again."


async def test_a_button_from_another_time_says_so(evening: Evening) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    answer.components[-1]["components"][0]["custom_id"] = "sp:dance:7"
    notice = await discord.followed_up(await discord.press(evening.ana, answer, "Where"))
    assert notice.content == EN.rooms.old_button()


async def test_admins_change_the_settings_and_only_they_see_them(evening: Evening) -> None:
    discord, evening.ana.is_admin = evening.discord, True
    interaction = await discord.slash(evening.ana, evening.home, "settings")
    settings = await discord.answered(interaction)
    assert settings.only_for is evening.ana
    await discord.press(evening.ana, settings, "Language")
    await discord.until(lambda: "Deutsch" in settings.labels)
    await discord.press(evening.ana, settings, "Deutsch")
    await discord.until(lambda: "Deutsch" in settings.content)
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    assert (await discord.answer(message)).content == DE.photos.answer(OLAF)


async def test_others_cannot_change_the_settings(evening: Evening) -> None:
    discord = evening.discord
    settings = await discord.answered(await discord.slash(evening.ana, evening.home, "settings"))
    await discord.press(evening.ana, settings, "Language")
    await discord.until(lambda: "Deutsch" in settings.labels)
    notice = await discord.followed_up(await discord.press(evening.ana, settings, "Deutsch"))
    assert notice.content == EN.rooms.only_admins()
    assert notice.only_for is evening.ana


async def test_of_two_edits_of_a_message_the_later_one_stays(evening: Evening) -> None:
    discord, evening.ana.is_admin = evening.discord, True
    settings = await discord.answered(await discord.slash(evening.ana, evening.home, "settings"))
    await evening.settled()
    may_go_on = asyncio.Event()
    held = discord.fail("PATCH", EDITING, held_until=may_go_on)
    await discord.press(evening.ana, settings, "Language")
    await discord.until(lambda: not held.times)
    later = await discord.press(evening.ana, settings, "Only when called")
    await discord.until(lambda: later.acknowledged)
    edits = discord.rest.count("PATCH", EDITING)
    with suppress(TimeoutError):  # a moment in which the later one may get ahead, if it does
        await discord.until(lambda: discord.rest.count("PATCH", EDITING) > edits, seconds=0.5)
    may_go_on.set()
    await evening.settled()
    assert "only when I'm called" in settings.content


async def test_an_answer_that_is_sent_again_does_not_undo_what_a_button_did_meanwhile(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, evening.ana.is_admin = evening.discord, True
    monkeypatch.setattr(sender, "WAITS", (0.5,))
    discord.fail("PATCH", EDITING, drops="after")
    settings = await discord.answered(await discord.slash(evening.ana, evening.home, "settings"))
    await discord.press(evening.ana, settings, "Only when called")  # before it is sent again
    await discord.until(lambda: discord.rest.count("PATCH", EDITING) == 3)
    await evening.settled()
    assert "only when I'm called" in settings.content


async def test_in_private_everyone_is_their_own_admin(evening: Evening) -> None:
    discord, private = evening.discord, evening.discord.dm(evening.ana)
    settings = await discord.answered(await discord.slash(evening.ana, private, "settings"))
    await discord.press(evening.ana, settings, "Language")
    await discord.until(lambda: "Deutsch" in settings.labels)
    await discord.press(evening.ana, settings, "Deutsch")
    await discord.until(lambda: "Deutsch" in settings.content)


async def test_an_interaction_that_is_delivered_twice_is_answered_once(evening: Evening) -> None:
    discord = evening.discord
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    await discord.again(interaction)
    await discord.answered(interaction)
    await evening.settled()
    assert discord.rest.count("POST", "/callback$") == 1
    assert len(discord.said) == 1


async def test_an_acknowledgement_that_is_lost_on_its_way_back_is_no_second_one(
    evening: Evening,
) -> None:
    discord = evening.discord
    discord.fail("POST", "/callback$", drops="after")
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    assert (await discord.answered(interaction)).content == EN.photos.answer(OLAF)


async def test_an_acknowledgement_that_never_arrived_is_sent_again(evening: Evening) -> None:
    discord = evening.discord
    discord.fail("POST", "/callback$", drops="before")
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    await discord.answered(interaction)
    assert not interaction.was_late


async def test_commands_that_all_need_not_read_are_for_who_asked_alone(evening: Evening) -> None:
    discord = evening.discord
    for name in ("help", "privacy", "about"):
        interaction = await discord.slash(evening.ana, evening.home, name)
        answer = await discord.answered(interaction)
        assert answer.only_for is evening.ana
        assert len(answer.content) > 50


async def test_help_names_the_bot_so_that_it_can_be_tapped(evening: Evening) -> None:
    discord = evening.discord
    answer = await discord.answered(await discord.slash(evening.ana, evening.home, "help"))
    assert discord.bot.mention in answer.content


async def test_the_hall_links_to_the_photos_that_still_exist(evening: Evening) -> None:
    discord = evening.discord
    fooled, gone = [
        await discord.send(evening.ana, evening.home, "", photo, mention=True)
        for photo in (OLAF_PNG, YETI_PNG)
    ]
    answers = [await discord.answer(message) for message in (fooled, gone)]
    for answer in answers:
        await discord.press(evening.ana, answer, EN.rounds.truth_button(Label.NEITHER))
    await discord.until(lambda: all("Neither" in answer.content for answer in answers))
    await evening.settled()
    await discord.delete(gone)
    hall = await discord.answered(await discord.slash(evening.ben, evening.home, "hall"))
    place = f"https://discord.com/channels/{evening.family.id}/{evening.home.id}"
    assert f"{place}/{fooled.id}" in hall.content
    assert f"{place}/{gone.id}" not in hall.content


async def test_menus_are_told_in_every_language_and_only_when_they_changed(
    evening: Evening,
) -> None:
    discord = evening.discord
    assert discord.rest.synced == 1
    who = next(c for c in discord.world.commands if c["name"] == "who")
    command = commands.find("who")
    assert command is not None
    assert who["description"] == command.summary_in(EN)
    assert who["description_localizations"]["de"] == command.summary_in(DE)
    assert who["description_localizations"]["pt-BR"] == command.summary_in(speaker_for("pt"))
    assert who["options"][0]["type"] == 11
    assert not who["options"][0].get("required")
    await evening.stop()
    await evening.start()
    assert discord.rest.synced == 1
    await evening.store.notes.remember("discord commands", "those of an older version")
    await evening.stop()
    await evening.start()
    assert discord.rest.synced == 2


async def test_menus_that_discord_does_not_take_keep_nobody_from_photos(evening: Evening) -> None:
    discord = evening.discord
    await evening.store.notes.remember("discord commands", "those of an older version")
    await evening.stop()
    discord.fail("PUT", "/commands$", 403)
    await evening.start()
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.answer(message)
    assert await evening.store.notes.recall("discord commands") == "those of an older version"


def test_buttons_are_as_many_and_as_long_as_discord_allows() -> None:
    row = tuple(Button("b" * 100, f"set:{'x' * 60}{n}") for n in range(7))
    view = button_view(Reply("", buttons=(row,) * 7))
    assert view is not None
    assert len(view.children) == 25
    item = view.children[0]
    assert isinstance(item, PersistentButton)
    assert len(item.custom_id) <= 100
    assert item.item.label == "b" * 80


async def test_answers_with_buttons_leave_nothing_in_memory(evening: Evening) -> None:
    discord = evening.discord
    for _ in range(3):
        message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
        await discord.answer(message)
    assert evening.adapter._connection is not None
    client = evening.adapter._connection.client
    assert not client.persistent_views
    assert not client.cached_messages
