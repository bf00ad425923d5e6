"""Commands and the buttons of the settings: what a room asks of the bot besides photos."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot import speech
from bot.domain import Button, CommandCall, MenuCommand, ButtonOutcome, ButtonPress, Reply, Room, RoomSettings
from bot.services.photo_archive import KEPT_DAYS
from bot.services.ports import Store
from bot.speech import LANGUAGES, Speaker
from bot.speech.privacy import AdminAction
from bot.speech.rooms import COMMANDS, GAME_COMMANDS

AUTOMATIC = "auto"
# What a platform's menu offers; `start` is what Telegram itself makes people send.
MENU = tuple(name for name in (*COMMANDS, *GAME_COMMANDS) if name != "start")
WITH_PHOTO = frozenset({"who", "where", "guess"})
FOR_ROOM = WITH_PHOTO | {"challenge", "leaderboard", "hall", "stats", "keep", "reset", "log"}
CHOICES = {"keep": ("on", "off")}


_PHOTOS = {True: AdminAction.EVERY_PHOTO, False: AdminAction.ONLY_CALLED}


class Desk:
    """Answers commands, and keeps a room's settings for its admins."""

    def __init__(self, memory: Store, now: Callable[[], datetime]) -> None:
        self._memory = memory
        self._now = now

    def commands(self, words: Speaker) -> tuple[MenuCommand, ...]:
        """Return the commands for a platform's menu."""
        return tuple(
            MenuCommand(
                name,
                words.command(name),
                takes_photo=name in WITH_PHOTO,
                choices=CHOICES.get(name, ()),
                for_room=name in FOR_ROOM,
            )
            for name in MENU
        )

    async def command(self, command: CommandCall, words: Speaker) -> Reply:
        """Answer a command that came without a photo; an unknown one gets help."""
        room = command.room
        match command.name:
            case "start":
                return Reply(words.start())
            case "who":
                return Reply(words.who_how(room.platform))
            case "where":
                return Reply(words.where_how())
            case "settings":
                return self._settings(room, await self._memory.room_settings(room), words)
            case "privacy":
                keeps = (await self._memory.room_settings(room)).keep
                return Reply(words.privacy(room.platform, keeps=keeps, days=KEPT_DAYS))
            case "about":
                return Reply(words.about())
            case _:
                return Reply(words.help(room.platform, command.bot))

    async def press(self, press: ButtonPress, words: Speaker) -> ButtonOutcome | None:
        """Do what a button of the settings is for; None when it is for something else."""
        match press.data.split(":"):
            case ["set"]:
                chosen = await self._memory.room_settings(press.room)
                return ButtonOutcome(edit=self._settings(press.room, chosen, words))
            case ["set", "language"]:
                chosen = await self._memory.room_settings(press.room)
                return ButtonOutcome(edit=self._languages(chosen, words))
            case ["set", "language", language] if language == AUTOMATIC or language in LANGUAGES:
                return await self._change(
                    press, words, language=None if language == AUTOMATIC else language
                )
            case ["set", "photos", "every" | "called" as which] if not _sees_all(press.room):
                return await self._change(press, words, every_photo=which == "every")
        return None

    async def _change(self, press: ButtonPress, words: Speaker, **changes: str | bool | None) -> ButtonOutcome:
        if not await press.is_admin():
            return ButtonOutcome(words.only_admins())
        chosen = await self._memory.change_settings(press.room, **changes)
        deed = AdminAction.LANGUAGE if "language" in changes else _PHOTOS[chosen.every_photo]
        await self._memory.log_action(press.room, press.player, deed, self._now())
        words = speech.into(chosen.language or press.player.language)
        return ButtonOutcome(words.changed(), edit=self._settings(press.room, chosen, words))

    def _settings(self, room: Room, chosen: RoomSettings, words: Speaker) -> Reply:
        every, called = (
            _choice(
                words, words.photos_button(every=is_every), data, chosen.every_photo is is_every
            )
            for data, is_every in (("set:photos:every", True), ("set:photos:called", False))
        )
        language = Button(words.language_button(), "set:language")
        rows = ((language,),) if _sees_all(room) else ((every, called), (language,))
        return Reply(words.settings(chosen, private=_sees_all(room)), buttons=rows)

    def _languages(self, chosen: RoomSettings, words: Speaker) -> Reply:
        choices = [
            _choice(
                words,
                words.language_name(language),
                f"set:language:{language or AUTOMATIC}",
                chosen.language == language,
            )
            for language in (None, *LANGUAGES)
        ]
        automatic, *languages = choices
        pairs = [tuple(languages[begin : begin + 2]) for begin in range(0, len(languages), 2)]
        back = Button(words.back_button(), "set")
        return Reply(words.which_language(), buttons=((automatic,), *pairs, (back,)))


def _sees_all(room: Room) -> bool:
    """Say whether there are no photos but those that are meant for the bot."""
    return room.private or room.platform == "web"


def _choice(words: Speaker, label: str, data: str, is_chosen: bool) -> Button:
    return Button(words.chosen(label) if is_chosen else label, data)
