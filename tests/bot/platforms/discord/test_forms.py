from __future__ import annotations

import pytest

from bot.domain import CommandRequest, Label, Refusal, Reply, Room
from bot.services import commands
from bot.services.inviting import with_invitation
from bot.speech import speaker_for
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening
from tests.fakes.discord.rest import Interaction
from tests.fakes.discord.world import Message, User
from tests.fakes.vision import OLAF, YETI

EN, DE = speaker_for("en"), speaker_for("de")
SHOW = EN.photos.show_button()


async def open_form(evening: Evening, person: User, message: Message) -> Interaction:
    """Press the button that asks for a photo, and wait for the form."""
    opened = await evening.discord.press(person, message, SHOW)
    await evening.discord.until(lambda: opened.form)
    return opened


async def test_a_photo_can_be_shown_by_a_button_in_a_server(evening: Evening) -> None:
    discord = evening.discord
    club = discord.guild("Club", "hall")
    await discord.invite(club)
    await discord.until(lambda: discord.said)
    hello = discord.said[0]
    opened = await open_form(evening, evening.ben, hello)
    assert opened.form is not None
    assert opened.form["title"] == DE.photos.show_button()
    place = opened.form["components"][0]["component"]
    options = [each for command in discord.world.commands for each in command.get("options", [])]
    places = [place, *(option for option in options if option["type"] == 11)]
    assert len(places) == 1 + sum(each.takes_photo for each in commands.menu("discord"))
    # iPhones' own photos are no image to Discord's apps.
    assert all({"image", ".heic"} <= set(each["file_types"]) for each in places)
    shown = await discord.submit(evening.ben, opened, OLAF_PNG, YETI_PNG)
    answer = await discord.answered(shown)
    assert answer.content.splitlines()[:2] == [
        f"1. {DE.photos.heatmap_answer(OLAF)}",
        f"2. {DE.photos.heatmap_answer(YETI)}",
    ]
    assert answer is not hello
    assert answer.only_for is None
    assert discord.read(answer) == b"jpeg of " + OLAF_PNG
    assert [each["description"] for each in answer.attachments] == [
        DE.photos.copy_description()
    ] * 2
    assert SHOW in hello.labels  # for the next one
    # A form that was opened before a restart is answered all the same.
    await evening.settled()
    await evening.stop()
    await evening.start()
    text = discord.world.attach(evening.home, b"words", "words.txt", content_type="text/plain")
    late = await discord.answered(await discord.submit(evening.ana, opened, text))
    assert late.content == EN.photos.refusal(Refusal.NOT_A_PICTURE)
    photo = discord.world.attach(evening.home, YETI_PNG, "snow.png", description="Our yeti")
    again = await discord.answered(await discord.submit(evening.ana, opened, photo))
    assert is_answer(again.content, YETI)
    assert again.attachments[0]["description"] == "Our yeti"


async def test_what_asks_for_photos_has_the_button(evening: Evening) -> None:
    discord, private = evening.discord, evening.discord.dm(evening.ana)
    for name in ("who", "challenge", "leaderboard"):
        answer = await discord.answered(await discord.slash(evening.ana, private, name))
        assert answer.labels[-1] == SHOW
        opened = await open_form(evening, evening.ana, answer)
    shown = await discord.submit(evening.ana, opened, OLAF_PNG)
    assert is_answer((await discord.answered(shown)).content, OLAF)
    with_photo = await discord.answered(await discord.slash(evening.ana, private, "who", OLAF_PNG))
    assert SHOW not in with_photo.labels
    room = Room("discord", str(evening.home.id))
    challenge = with_invitation(Reply("The day's challenge"), EN, evening.adapter.traits)
    await evening.adapter.send(room, challenge)
    assert discord.said[-1].labels == [SHOW]


async def where(evening: Evening, answer: Message) -> None:
    """Ask where the bot looked, by the button under an answer, and see that it tells."""
    await evening.settled()
    pressed = await evening.discord.press(evening.ana, answer, "Where")
    heat = await evening.discord.followed_up(pressed)
    assert evening.discord.read(heat).startswith(b"\x89PNG")


async def test_whoever_added_the_bot_for_themselves_has_it_everywhere(evening: Evening) -> None:
    discord = evening.discord
    elsewhere = discord.guild("Not ours", "hall", has_bot=False).channels[0]
    for place in (elsewhere, discord.group(evening.ana, evening.ben)):
        answer = await discord.answered(await discord.slash(evening.ana, place, "who", OLAF_PNG))
        assert is_answer(answer.content, OLAF)
        await where(evening, answer)
        photo = await discord.send(evening.ben, place, "look", YETI_PNG)
        by_menu = await discord.answered(await discord.menu(evening.ana, photo))
        assert is_answer(by_menu.content, YETI)
        await where(evening, by_menu)
        # The game goes on there: a truth, told by a tap, is seen by all.
        truth = EN.rounds.truth_button(Label.ABOMINABLE)
        await discord.press(evening.ana, by_menu, truth)
        await evening.settled()
        assert "Ana says" in by_menu.content
        bare = await discord.answered(await discord.slash(evening.ana, place, "who"))
        opened = await open_form(evening, evening.ana, bare)
        shown = await discord.answered(await discord.submit(evening.ana, opened, OLAF_PNG))
        assert is_answer(shown.content, OLAF)
    assert discord.rest.count("GET", "/messages/") == 0


async def test_a_group_of_people_is_no_private_chat(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord, group = evening.discord, evening.discord.group(evening.ana, evening.ben)
    asked: list[CommandRequest] = []

    async def handle_command(request: CommandRequest) -> Reply:
        asked.append(request)
        return Reply("done")

    monkeypatch.setattr(evening.service, "handle_command", handle_command)
    for place in (group, discord.dm(evening.ana)):
        await discord.answered(await discord.slash(evening.ana, place, "settings"))
    assert [request.room.private for request in asked] == [False, True]
    assert [await request.is_admin() for request in asked] == [False, True]


async def test_commands_are_told_for_servers_and_people_and_for_every_place(
    evening: Evening,
) -> None:
    for command in evening.discord.world.commands:
        assert sorted(command["integration_types"]) == [0, 1]
        assert sorted(command["contexts"]) == [0, 1, 2]
