"""What a room's admins decide: settings, a new start, learning; and the log of what they did."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import available_timezones

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
from bot.services.boards import Boards
from bot.services.buttons import (
    Action,
    ChooseBoard,
    ChooseLanguage,
    ChooseManner,
    ChoosePhotos,
    ChooseTimezone,
    OpenLanguages,
    OpenSettings,
    OpenTimezones,
    ResetSeason,
    UndoReset,
    button,
)
from bot.services.clock import Clock
from bot.services.photo_archive import KEPT_DAYS
from bot.speech import LANGUAGES, Speaker, speaker_for
from bot.storage import Store

# `9`, `9:00`, `21.30 Europe/Berlin`
DAILY = re.compile(r"(?P<hour>[0-9]{1,2})(?:[:.h](?P<minute>[0-9]{2}))?(?:\s+(?P<zone>[\w/+-]+))?")
# A few for the buttons, from west to east; /daily takes every other.
TIMEZONES = (
    *("America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Sao_Paulo"),
    *("Europe/London", "Europe/Berlin", "Europe/Kyiv", "Asia/Kolkata", "Australia/Sydney"),
)
UNDO_WITHIN = timedelta(days=1)
KEEPS = (AdminAction.KEEP_ON, AdminAction.KEEP_OFF)


class RoomAdmin:
    """Answers a room's admins.

    Args:
        store: Remembers what they chose and did.
        boards: Know which rooms count to which.
        clock: The time, and the rooms' zones.
    """

    def __init__(self, store: Store, boards: Boards, clock: Clock) -> None:
        self._store = store
        self._boards = boards
        self._clock = clock

    async def settings(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Show a room's settings, with the buttons that change them.

        `quiet` or `aloud` behind the command does as the buttons of these names do.
        """
        chosen = await self._store.rooms.settings(request.room)
        wish = request.argument.strip().lower()
        if wish in ("quiet", "aloud") and _has_signs(request.room):
            if not await request.is_admin():
                return Reply(speaker.rooms.only_admins())
            before, chosen = chosen, replace(chosen, quiet=wish == "quiet")
            done = AdminAction.QUIET if chosen.quiet else AdminAction.ALOUD
            await self._decide(request, before, chosen, done)
        return await self._shown(request, chosen, speaker)

    async def open_settings(self, press: ButtonPress, speaker: Speaker) -> ButtonOutcome:
        """Show the settings again, where the languages were."""
        chosen = await self._store.rooms.settings(press.room)
        shown = await self._shown(press, chosen, speaker)
        return ButtonOutcome(edit=shown)

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
        if sees_all(press.room) or not press.hears_all:
            return ButtonOutcome(speaker.rooms.old_button())
        before = await self._store.rooms.settings(press.room)
        chosen = replace(before, every_photo=action.every)
        done = AdminAction.EVERY_PHOTO if action.every else AdminAction.ONLY_CALLED
        return await self._change(press, before, chosen, done, speaker)

    async def choose_manner(
        self, press: ButtonPress, action: ChooseManner, speaker: Speaker
    ) -> ButtonOutcome:
        """Change whether a room's photos are answered with a sign or with words."""
        if not _has_signs(press.room):
            return ButtonOutcome(speaker.rooms.old_button())
        before = await self._store.rooms.settings(press.room)
        chosen = replace(before, quiet=action.quiet)
        done = AdminAction.QUIET if action.quiet else AdminAction.ALOUD
        return await self._change(press, before, chosen, done, speaker)

    async def choose_board(
        self, press: ButtonPress, action: ChooseBoard, speaker: Speaker
    ) -> ButtonOutcome:
        """Have all of a server share one board, or each of its channels have its own."""
        if press.server is None:
            return ButtonOutcome(speaker.rooms.old_button())
        if not await press.is_admin():
            return ButtonOutcome(speaker.rooms.only_admins())
        board = await self._boards.of(press.room, press.server)
        if action.shared and board is None:
            await self._boards.share(press.room, press.server)
            done = AdminAction.BOARD_SHARED
        elif not action.shared and board is not None:
            await self._boards.part(board, press.server)
            done = AdminAction.BOARD_PARTED
        else:
            return await self.open_settings(press, speaker)
        await self._store.rooms.log_action(press.room, press.player, done, self._clock.now())
        shown = await self.open_settings(press, speaker)
        return ButtonOutcome(speaker.rooms.changed(), edit=shown.edit)

    async def _shown(
        self, asked: CommandRequest | ButtonPress, chosen: RoomSettings, speaker: Speaker
    ) -> Reply:
        """Return a room's settings, with the buttons that change them."""
        is_shared = None
        if asked.server is not None:
            is_shared = await self._boards.of(asked.room, asked.server) is not None
        return _settings(asked, chosen, self._clock.zone_name, speaker, shares_board=is_shared)

    async def open_timezones(self, press: ButtonPress, speaker: Speaker) -> ButtonOutcome:
        """Show the time zones to choose from."""
        chosen = await self._store.rooms.settings(press.room)
        return ButtonOutcome(edit=_timezones(chosen, speaker))

    async def choose_timezone(
        self, press: ButtonPress, action: ChooseTimezone, speaker: Speaker
    ) -> ButtonOutcome:
        """Change by which time zone a room lives."""
        before = await self._store.rooms.settings(press.room)
        chosen = replace(before, timezone=action.timezone)
        return await self._change(press, before, chosen, AdminAction.TIMEZONE, speaker)

    async def daily(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell when the day's challenge is posted, or change that: `9:00`, `9:00 Europe/Berlin`."""
        chosen = await self._store.rooms.settings(request.room)
        wish = request.argument.strip().lower()
        if wish == "off":
            minute, zone = None, chosen.timezone
        elif found := DAILY.fullmatch(request.argument.strip()):
            minute, zone = _minute(found), found["zone"] or chosen.timezone
        else:
            minute = zone = None
        if wish != "off" and (minute is None or (zone and zone not in available_timezones())):
            return Reply(speaker.rooms.daily_how())
        if not await request.is_admin():
            return Reply(speaker.rooms.only_admins())
        now_chosen = replace(chosen, daily=minute, timezone=zone)
        await self._decide(request, chosen, now_chosen, AdminAction.DAILY)
        if minute is None:
            return Reply(speaker.rooms.daily_off())
        when = speaker.text.clock_time(minute // 60, minute % 60)
        return Reply(speaker.rooms.daily_on(when, zone or str(self._clock.zone)))

    async def guess_every(self, request: CommandRequest, speaker: Speaker, *, is_on: bool) -> Reply:
        """Make every photo of a room a guess round, or only those that ask for it."""
        if not await request.is_admin():
            return Reply(speaker.rooms.only_admins())
        before = await self._store.rooms.settings(request.room)
        done = AdminAction.GUESS_EVERY if is_on else AdminAction.GUESS_ASKED
        await self._decide(request, before, replace(before, guess_every=is_on), done)
        name = speaker.text.name(request.player.name)
        return Reply(speaker.rounds.guess_on(name) if is_on else speaker.rounds.guess_off(name))

    async def undo(self, request: CommandRequest, speaker: Speaker) -> Reply | None:
        """Take back an admin's last reset or keep of a day; None when there is none."""
        actions = await self._store.rooms.actions(request.room)
        since = self._clock.now() - UNDO_WITHIN
        undoable = [
            each
            for each in actions
            if each.at > since and each.action in (*KEEPS, AdminAction.RESET)
        ]
        if not undoable or not await request.is_admin():
            return None
        if undoable[0].action is not AdminAction.RESET:
            before = await self._store.rooms.settings(request.room)
            keep = undoable[0].action is AdminAction.KEEP_OFF
            return await self._set_keep(request, before, speaker, keep=keep)
        now = self._clock.now()
        if not await self._store.seasons.undo_reset(request.room, request.player, now):
            return None
        return Reply(speaker.privacy.reset_undone(speaker.text.name(request.player.name)))

    async def undo_reset(self, press: ButtonPress, speaker: Speaker) -> ButtonOutcome:
        """Take back that everyone's points were set to zero."""
        if not await press.is_admin():
            return ButtonOutcome(speaker.rooms.only_admins())
        now = self._clock.now()
        if not await self._store.seasons.undo_reset(press.room, press.player, now):
            return ButtonOutcome(speaker.rooms.old_button())
        name = speaker.text.name(press.player.name)
        return ButtonOutcome(edit=Reply(speaker.privacy.reset_undone(name)))

    async def keep(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell whether photos that fooled the bot are kept, or change that."""
        wish = request.argument.strip().lower()
        chosen = await self._store.rooms.settings(request.room)
        if wish not in ("on", "off"):
            return Reply(speaker.privacy.keep_how(keeps=chosen.keep))
        if not await request.is_admin():
            return Reply(speaker.rooms.only_admins())
        return await self._set_keep(request, chosen, speaker, keep=wish == "on")

    async def _set_keep(
        self, request: CommandRequest, before: RoomSettings, speaker: Speaker, *, keep: bool
    ) -> Reply:
        done = AdminAction.KEEP_ON if keep else AdminAction.KEEP_OFF
        await self._decide(request, before, replace(before, keep=keep), done)
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
        zone = await self._clock.zone_of(request.room)
        month = month_of(self._clock.now(), zone)
        return Reply(speaker.privacy.reset_ask(month), buttons=buttons)

    async def reset(
        self, press: ButtonPress, action: ResetSeason, speaker: Speaker
    ) -> ButtonOutcome:
        """Set everyone's points back to zero, or leave them."""
        if not await press.is_admin():
            return ButtonOutcome(speaker.rooms.only_admins())
        if not action.confirmed:
            return ButtonOutcome(edit=Reply(speaker.privacy.reset_not()))
        now, zone = self._clock.now(), await self._clock.zone_of(press.room)
        await self._store.seasons.reset(press.room, press.player, now, zone)
        name = speaker.text.name(press.player.name)
        undo = button(speaker.privacy.reset_undo_button(), UndoReset())
        text = speaker.privacy.reset(name, month_of(now, zone))
        return ButtonOutcome(edit=Reply(text, buttons=((undo,),)))

    async def log(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """List what admins did in a room lately."""
        actions = await self._store.rooms.actions(request.room)
        zone = await self._clock.zone_of(request.room)
        return Reply(
            speaker.privacy.log(
                (each.at.astimezone(zone).date(), speaker.text.name(each.name or None), each.action)
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
        await self._decide(press, before, chosen, done)
        speaker = speaker_for(chosen.language or press.player.language)
        shown = await self._shown(press, chosen, speaker)
        return ButtonOutcome(speaker.rooms.changed(), edit=shown)

    async def _decide(
        self,
        asked: CommandRequest | ButtonPress,
        before: RoomSettings,
        chosen: RoomSettings,
        done: AdminAction,
    ) -> None:
        """Store what an admin chose, and log that they did."""
        await self._store.rooms.change_settings(asked.room, chosen, before=before)
        await self._store.rooms.log_action(asked.room, asked.player, done, self._clock.now())


def sees_all(room: Room) -> bool:
    """Return whether there are no photos but those that are meant for the bot."""
    return room.private or room.platform == "web"


def _has_signs(room: Room) -> bool:
    """Return whether there are people whom words would disturb, and a platform with signs."""
    return room.platform == "telegram" and not room.private


def _settings(
    asked: CommandRequest | ButtonPress,
    chosen: RoomSettings,
    host_timezone: str | None,
    speaker: Speaker,
    *,
    shares_board: bool | None,
) -> Reply:
    room, hears_all = asked.room, asked.hears_all
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
    zone = button(speaker.rooms.timezone_button(), OpenTimezones())
    rows: list[tuple[Button, ...]] = [(language, zone)]
    if _has_signs(room):
        manners = (
            _choice(
                speaker.rooms.manner_button(quiet=is_quiet),
                ChooseManner(is_quiet),
                speaker,
                is_chosen=chosen.quiet is is_quiet,
            )
            for is_quiet in (False, True)
        )
        rows.insert(0, tuple(manners))
    if shares_board is not None:
        boards = (
            _choice(
                speaker.rooms.board_button(shared=is_shared),
                ChooseBoard(is_shared),
                speaker,
                is_chosen=shares_board is is_shared,
            )
            for is_shared in (False, True)
        )
        rows.insert(0, tuple(boards))
    if hears_all and not sees_all(room):
        rows.insert(0, (every, called))
    text = speaker.rooms.settings(
        chosen,
        private=sees_all(room),
        platform=room.platform,
        hears_all=hears_all,
        shares_board=shares_board,
        host_timezone=host_timezone,
    )
    return Reply(text, buttons=tuple(rows))


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


def _timezones(chosen: RoomSettings, speaker: Speaker) -> Reply:
    zones = [
        _choice(
            speaker.rooms.timezone_name(zone),
            ChooseTimezone(zone),
            speaker,
            is_chosen=chosen.timezone == zone,
        )
        for zone in (None, *TIMEZONES)
    ]
    pairs = [tuple(zones[begin : begin + 2]) for begin in range(0, len(zones), 2)]
    back = button(speaker.rooms.back_button(), OpenSettings())
    return Reply(speaker.rooms.which_timezone(), buttons=(*pairs, (back,)))


def _minute(found: re.Match[str]) -> int | None:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    return 60 * hour + minute if hour < 24 and minute < 60 else None


def _choice(label: str, action: Action, speaker: Speaker, *, is_chosen: bool) -> Button:
    return button(speaker.rooms.chosen(label) if is_chosen else label, action)
