from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from bot.domain import (
    Button,
    ButtonOutcome,
    ButtonPress,
    CommandRequest,
    Delivery,
    Label,
    PastPhoto,
    Reply,
    Room,
)
from bot.platforms.discord import faults
from bot.platforms.discord.sender import PersistentButton, button_view
from bot.services import commands
from bot.services.commands import Command, Section
from bot.speech import speaker_for
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening
from tests.fakes.discord.world import ATTACH
from tests.fakes.vision import OLAF, STRANGER, YETI
from tests.support.metrics import counted

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
    assert is_answer((await discord.answer(message)).content, OLAF, DE)


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
    later = await discord.press(evening.ana, settings, EN.rooms.timezone_button())
    await discord.until(lambda: later.acknowledged)
    edits = discord.rest.count("PATCH", EDITING)
    with suppress(TimeoutError):  # a moment in which the later one may get ahead, if it does
        await discord.until(lambda: discord.rest.count("PATCH", EDITING) > edits, seconds=0.5)
    may_go_on.set()
    await evening.settled()
    assert settings.content == EN.rooms.which_timezone()
    assert "Berlin" in settings.labels


async def test_an_answer_that_is_sent_again_does_not_undo_what_a_button_did_meanwhile(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, evening.ana.is_admin = evening.discord, True
    monkeypatch.setattr(faults, "PATIENT_WAITS", (0.5,))
    discord.fail("PATCH", EDITING, drops="after")
    settings = await discord.answered(await discord.slash(evening.ana, evening.home, "settings"))
    await discord.press(evening.ana, settings, "Language")  # before it is sent again
    await discord.until(lambda: discord.rest.count("PATCH", EDITING) == 3)
    await evening.settled()
    assert settings.content == EN.rooms.which_language()
    assert "Deutsch" in settings.labels


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
    assert is_answer((await discord.answered(interaction)).content, OLAF)


async def test_an_acknowledgement_that_never_arrived_is_sent_again(evening: Evening) -> None:
    discord = evening.discord
    discord.fail("POST", "/callback$", drops="before")
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    await discord.answered(interaction)
    assert not interaction.was_late
    assert counted(evening.metrics, "retries_total", platform="discord", call="acknowledge") == 1


async def test_commands_that_all_need_not_read_are_for_who_asked_alone(evening: Evening) -> None:
    discord = evening.discord
    for name in ("help", "privacy", "rules"):
        interaction = await discord.slash(evening.ana, evening.home, name)
        answer = await discord.answered(interaction)
        assert answer.only_for is evening.ana
        assert len(answer.content) > 50


async def test_what_is_asked_for_under_an_answer_for_one_person_is_for_them_alone(
    evening: Evening,
) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.press(
        evening.ana, await discord.answer(message), EN.rounds.truth_button(Label.OLAF)
    )
    await evening.settled()
    privacy = await discord.answered(await discord.slash(evening.ana, evening.home, "privacy"))
    shown = {}
    for label in (
        EN.privacy.about_button(),
        EN.privacy.export_button(),
        EN.privacy.forget_me_button(),
    ):
        pressed = await discord.press(evening.ana, privacy, label)
        shown[label] = await discord.followed_up(pressed)
        assert shown[label].only_for is evening.ana
    assert shown[EN.privacy.about_button()].content == EN.rooms.about()
    export = shown[EN.privacy.export_button()]
    assert export.content == EN.privacy.export()
    assert b"Ana" in discord.read(export)
    asked = shown[EN.privacy.forget_me_button()]
    await discord.press(evening.ana, asked, EN.privacy.forget_button())
    await discord.until(lambda: asked.content == EN.privacy.forgot())


async def test_a_file_that_the_bot_may_not_attach_is_excused_for(evening: Evening) -> None:
    discord, evening.home.denied = evening.discord, ATTACH
    message = await discord.send(evening.ana, evening.home, "", OLAF_PNG, mention=True)
    await discord.answer(message)
    await evening.settled()
    privacy = await discord.answered(await discord.slash(evening.ana, evening.home, "privacy"))
    pressed = await discord.press(evening.ana, privacy, EN.privacy.export_button())
    await discord.until(lambda: len(pressed.followups) == 2)
    export, excuse = pressed.followups
    assert not export.attachments
    assert excuse.content == EN.rooms.cannot_attach_there()
    assert excuse.only_for is evening.ana


async def test_help_names_the_bot_so_that_it_can_be_tapped(evening: Evening) -> None:
    discord = evening.discord
    answer = await discord.answered(await discord.slash(evening.ana, evening.home, "help"))
    assert discord.bot.mention in answer.content
    pressed = await discord.press(evening.ana, answer, EN.rooms.commands_button())
    told = await discord.followed_up(pressed)
    assert told.content == commands.listed("discord", EN)
    assert told.only_for is evening.ana


async def test_the_hall_links_to_the_photos_that_still_exist(evening: Evening) -> None:
    discord = evening.discord
    fooled, gone = [
        await discord.send(evening.ana, evening.home, "", photo, mention=True)
        for photo in (OLAF_PNG, YETI_PNG)
    ]
    answers = [await discord.answer(message) for message in (fooled, gone)]
    for answer, truth in zip(answers, (Label.ABOMINABLE, Label.OLAF), strict=True):
        await discord.press(evening.ana, answer, EN.rounds.truth_button(truth))
    await discord.until(lambda: all("Ana says: it's" in answer.content for answer in answers))
    await evening.settled()
    await discord.delete(gone)
    hall = await discord.answered(await discord.slash(evening.ben, evening.home, "hall"))
    place = f"https://discord.com/channels/{evening.family.id}/{evening.home.id}"
    assert f"{place}/{fooled.id}" in hall.content
    assert f"{place}/{gone.id}" not in hall.content


async def hall_of(evening: Evening, number: int = 2, caption: str = "97 points") -> Reply:
    """Return a hall with so many photos that are there and a button for each."""
    room, shown, rows = Room("discord", str(evening.home.id)), [], []
    for index in range(number):
        photo = await evening.discord.send(evening.ana, evening.home, "", OLAF_PNG)
        reference = f"{evening.home.id}/{photo.id}/0"
        shown.append(PastPhoto(room, str(photo.id), reference, f"{index + 1}. {caption}"))
        rows.append((Button(f"Card {index + 1}", f"x:{index}"),))
    return Reply("The hall", buttons=tuple(rows), past_photos=tuple(shown))


def links(evening: Evening, hall: Reply, place: str | None = None) -> list[str]:
    """Return the links to a hall's photos, as they are written in a server or a private chat."""
    guild = place or str(evening.family.id)
    return [
        f"https://discord.com/channels/{guild}/{photo.reference[:-2]}"
        for photo in hall.past_photos
        if photo.reference is not None
    ]


async def test_the_hall_has_its_photos_and_their_buttons_together(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, hall = evening.discord, await hall_of(evening)

    async def handle_command(_: CommandRequest) -> Reply:
        return hall

    monkeypatch.setattr(evening.service, "handle_command", handle_command)
    shown = await discord.answered(await discord.slash(evening.ben, evening.home, "hall"))
    one, two = links(evening, hall)
    expected = f"The hall\n1. 97 points\n{one}\n2. 97 points\n{two}"
    assert shown.content.replace("\\", "") == expected
    assert shown.labels == ["Card 1", "Card 2"]


async def test_a_hall_after_a_tap_and_one_that_is_sent_have_photos_and_buttons(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, hall = evening.discord, await hall_of(evening)
    room = Room("discord", str(evening.home.id))
    assert (await evening.adapter.send(room, hall)).delivery is Delivery.SENT
    sent = discord.said[-1]
    await discord.delete(discord.world.messages[int(hall.past_photos[0].message or 0)])

    async def handle_button(_: ButtonPress) -> ButtonOutcome:
        return ButtonOutcome(edit=hall, send=hall)

    monkeypatch.setattr(evening.service, "handle_button", handle_button)
    assert links(evening, hall)[0] in sent.content
    again = await discord.followed_up(await discord.press(evening.ana, sent, "Card 1"))
    for message in (sent, again):
        assert links(evening, hall)[0] not in message.content
        assert links(evening, hall)[1] in message.content
        assert message.labels == ["Card 1", "Card 2"]
    assert await evening.adapter.edit(room, f"{room.id}/{sent.id}", hall) is Delivery.SENT
    assert links(evening, hall)[1] in sent.content


async def test_a_hall_in_a_thread_and_in_private_links_to_where_it_is(evening: Evening) -> None:
    discord, hall = evening.discord, await hall_of(evening)
    thread = discord.channel(evening.family, "thread", parent=evening.home)  # not heard of
    assert (
        await evening.adapter.send(Room("discord", str(thread.id)), hall)
    ).delivery is Delivery.SENT
    assert links(evening, hall)[0] in discord.said[-1].content
    private = Room("discord", str(discord.dm(evening.ana).id), private=True)
    assert (await evening.adapter.send(private, hall)).delivery is Delivery.SENT
    assert links(evening, hall, "@me")[0] in discord.said[-1].content


async def test_a_hall_that_is_too_long_has_only_whole_links(evening: Evening) -> None:
    hall = await hall_of(evening, 3, "_" * 400)
    room = Room("discord", str(evening.home.id))
    assert (await evening.adapter.send(room, hall)).delivery is Delivery.SENT
    shown = evening.discord.said[-1]
    assert shown.content.endswith(links(evening, hall)[1])
    assert len(shown.labels) == 3


async def test_a_command_of_admins_is_hidden_from_others_and_refused_to_them(
    evening: Evening,
) -> None:
    discord, ana, ben = evening.discord, evening.ana, evening.ben
    ana.is_admin = True
    of_admins = {each.name for each in commands.COMMANDS if each.admins_only}
    assert "reset" in of_admins
    hidden = set(discord.offered(ana, evening.home)) - set(discord.offered(ben, evening.home))
    assert hidden == of_admins
    assert of_admins <= set(discord.offered(ben, discord.dm(ben)))
    reset = next(each for each in discord.world.commands if each["name"] == "reset")
    assert reset["default_member_permissions"] == str(1 << 5)
    asked = await discord.slash(ben, evening.home, "reset", is_granted=True)
    assert (await discord.answered(asked)).content == DE.rooms.only_admins()


def a_command(**fields: Any) -> Command:
    async def handler(*_: object) -> Reply:
        return Reply("done")

    return Command("guess", "Guess", Section.PLAY, handler, for_room=True, **fields)


@pytest.mark.parametrize(
    ("command", "arguments", "photo", "is_quiet"),
    [
        (a_command(takes_photo=True, choices=("on", "off")), {"choice": "on"}, None, False),
        (a_command(takes_photo=True, choices=("on", "off")), {}, OLAF_PNG, False),
        (a_command(takes_photo=True, choices=("on", "off")), {}, None, True),
        (a_command(choices=("week", "all")), {"choice": "week"}, None, False),
        (a_command(takes_text=True), {"text": "Opa Olaf"}, None, False),
        (a_command(takes_text=True), {}, None, False),
    ],
)
async def test_a_command_gets_what_is_chosen_or_written_after_its_name(
    before: Evening,
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
    arguments: dict[str, str],
    photo: bytes | None,
    *,
    is_quiet: bool,
) -> None:
    asked: list[CommandRequest] = []

    async def handle_command(request: CommandRequest) -> Reply:
        asked.append(request)
        return Reply("done")

    monkeypatch.setattr("bot.platforms.discord.commands.menu", lambda *_, **__: (command,))
    monkeypatch.setattr(before.service, "handle_command", handle_command)
    await before.start()
    used = await before.discord.slash(before.ana, before.home, "guess", photo, arguments=arguments)
    answer = await before.discord.answered(used)
    assert [request.argument for request in asked] == ["".join(arguments.values())]
    assert (asked[0].photo is not None) == (photo is not None)
    assert (answer.only_for is before.ana) == is_quiet


async def test_a_notice_does_not_wait_for_the_edits_of_its_message(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord = evening.discord
    room = Room("discord", str(evening.home.id))
    await evening.adapter.send(room, Reply("3", buttons=((Button("Olaf", "x:1"),),)))
    asked = discord.said[-1]

    async def handle_button(_: ButtonPress) -> ButtonOutcome:
        return ButtonOutcome("noted", edit=Reply("2", revision=1))

    monkeypatch.setattr(evening.service, "handle_button", handle_button)
    may_go_on = asyncio.Event()
    discord.fail("PATCH", EDITING, held_until=may_go_on)
    notice = await discord.followed_up(await discord.press(evening.ana, asked, "Olaf"))
    assert notice.content == "noted"
    assert asked.content == "3"
    may_go_on.set()
    await evening.settled()
    assert asked.content == "2"


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
    client = evening.adapter._connections[0].client
    assert not client.persistent_views
    assert not client.cached_messages
