"""What a room's admins decide: settings, a new start, learning; and the log of what they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.domain import (
    AdminAction,
    Button,
    ButtonOutcome,
    ButtonPress,
    CommandRequest,
    Reply,
    Room,
    RoomSettings,
)
from bot.game.seasons import month_of
from bot.services.buttons import (
    Action,
    ChooseLanguage,
    ChoosePhotos,
    OpenLanguages,
    OpenSettings,
    ResetSeason,
    button,
)
from bot.services.photo_archive import KEPT_DAYS
from bot.speech import LANGUAGES, Speaker, speaker_for
from bot.storage import Store


class RoomAdmin:
    """Answers a room's admins.

    Args:
        store: Remembers what they chose and did.
        now: The time, with its zone.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def settings(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Show a room's settings, with the buttons that change them."""
        return _settings(request.room, await self._store.rooms.settings(request.room), speaker)

    async def open_settings(self, press: ButtonPress, speaker: Speaker) -> ButtonOutcome:
        """Show the settings again, where the languages were."""
        chosen = await self._store.rooms.settings(press.room)
        return ButtonOutcome(edit=_settings(press.room, chosen, speaker))

    async def open_languages(self, press: ButtonPress, speaker: Speaker) -> ButtonOutcome:
        """Show the languages to choose from."""
        return ButtonOutcome(edit=_languages(await self._store.rooms.settings(press.room), speaker))

    async def choose_language(
        self, press: ButtonPress, action: ChooseLanguage, speaker: Speaker
    ) -> ButtonOutcome:
        """Change a room's language."""
        before = await self._store.rooms.settings(press.room)
        chosen = replace(before, language=action.language)
        return await self._change(press, before, chosen, AdminAction.LANGUAGE, speaker)

    async def choose_photos(
        self, press: ButtonPress, action: ChoosePhotos, speaker: Speaker
    ) -> ButtonOutcome:
        """Change which of a room's photos are answered."""
        if sees_all(press.room):
            return ButtonOutcome(speaker.rooms.old_button())
        before = await self._store.rooms.settings(press.room)
        chosen = replace(before, every_photo=action.every)
        done = AdminAction.EVERY_PHOTO if action.every else AdminAction.ONLY_CALLED
        return await self._change(press, before, chosen, done, speaker)

    async def keep(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell whether photos that fooled the bot are kept, or change that."""
        wish = request.argument.strip().lower()
        chosen = await self._store.rooms.settings(request.room)
        if wish not in ("on", "off"):
            return Reply(speaker.privacy.keep_how(keeps=chosen.keep))
        if not await request.is_admin():
            return Reply(speaker.rooms.only_admins())
        keep = wish == "on"
        await self._store.rooms.change_settings(
            request.room, replace(chosen, keep=keep), before=chosen
        )
        done = AdminAction.KEEP_ON if keep else AdminAction.KEEP_OFF
        await self._store.rooms.log_action(request.room, request.player, done, self._now())
        name = speaker.text.name(request.player.name)
        if keep:
            return Reply(speaker.privacy.keep_on(name, KEPT_DAYS))
        return Reply(speaker.privacy.keep_off(name))

    async def ask_whether_to_reset(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Ask an admin whether to set everyone's points back to zero."""
        buttons = (
            (button(speaker.privacy.reset_button(), ResetSeason(confirmed=True)),),
            (button(speaker.privacy.reset_not_button(), ResetSeason(confirmed=False)),),
        )
        return Reply(speaker.privacy.reset_ask(month_of(self._now())), buttons=buttons)

    async def reset(
        self, press: ButtonPress, action: ResetSeason, speaker: Speaker
    ) -> ButtonOutcome:
        """Set everyone's points back to zero, or leave them."""
        if not await press.is_admin():
            return ButtonOutcome(speaker.rooms.only_admins())
        if not action.confirmed:
            return ButtonOutcome(edit=Reply(speaker.privacy.reset_not()))
        now = self._now()
        await self._store.seasons.reset(press.room, press.player, now)
        name = speaker.text.name(press.player.name)
        return ButtonOutcome(edit=Reply(speaker.privacy.reset(name, month_of(now))))

    async def log(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """List what admins did in a room lately."""
        actions = await self._store.rooms.actions(request.room)
        return Reply(
            speaker.privacy.log(
                (each.at.date(), speaker.text.name(each.name or None), each.action)
                for each in actions
            )
        )

    async def _change(
        self,
        press: ButtonPress,
        before: RoomSettings,
        chosen: RoomSettings,
        done: AdminAction,
        speaker: Speaker,
    ) -> ButtonOutcome:
        if not await press.is_admin():
            return ButtonOutcome(speaker.rooms.only_admins())
        await self._store.rooms.change_settings(press.room, chosen, before=before)
        await self._store.rooms.log_action(press.room, press.player, done, self._now())
        speaker = speaker_for(chosen.language or press.player.language)
        return ButtonOutcome(speaker.rooms.changed(), edit=_settings(press.room, chosen, speaker))


def sees_all(room: Room) -> bool:
    """Return whether there are no photos but those that are meant for the bot."""
    return room.private or room.platform == "web"


def _settings(room: Room, chosen: RoomSettings, speaker: Speaker) -> Reply:
    every, called = (
        _choice(
            speaker.rooms.photos_button(every=is_every),
            ChoosePhotos(is_every),
            speaker,
            is_chosen=chosen.every_photo is is_every,
        )
        for is_every in (True, False)
    )
    language = button(speaker.rooms.language_button(), OpenLanguages())
    rows = ((language,),) if sees_all(room) else ((every, called), (language,))
    return Reply(speaker.rooms.settings(chosen, private=sees_all(room)), buttons=rows)


def _languages(chosen: RoomSettings, speaker: Speaker) -> Reply:
    automatic, *languages = (
        _choice(
            speaker.rooms.language_name(language),
            ChooseLanguage(language),
            speaker,
            is_chosen=chosen.language == language,
        )
        for language in (None, *LANGUAGES)
    )
    pairs = [tuple(languages[begin : begin + 2]) for begin in range(0, len(languages), 2)]
    back = button(speaker.rooms.back_button(), OpenSettings())
    return Reply(speaker.rooms.which_language(), buttons=((automatic,), *pairs, (back,)))


def _choice(label: str, action: Action, speaker: Speaker, *, is_chosen: bool) -> Button:
    return button(speaker.rooms.chosen(label) if is_chosen else label, action)
