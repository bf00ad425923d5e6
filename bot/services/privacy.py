"""The game's commands: standings and figures, and everybody's right to be forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from bot.services import leaderboard
from bot.domain import Button, CommandCall, Document, ButtonOutcome, Player, ButtonPress, Reply, Room, PastPhoto
from bot.game.rules import Round
from bot.services.photo_archive import KEPT_DAYS, PhotoArchive
from bot.game.seasons import Ledger
from bot.services.ports import Memory, Scorebook
from bot.speech import Speaker
from bot.speech.privacy import AdminAction
from bot.game.scoring import best_foolings, challenge, season

# A look back at a year; the first places of more fill a phone's screen.
SEASONS_SHOWN = 12
BEST = 5


class Office:
    """Answers what a room asks about its game, and does what its people may decide."""

    def __init__(
        self,
        book: Scorebook,
        memory: Memory,
        keeper: PhotoArchive,
        now: Callable[[], datetime],
    ) -> None:
        self._book = book
        self._memory = memory
        self._keeper = keeper
        self._now = now

    async def command(self, command: CommandCall, words: Speaker) -> Reply | None:
        """Answer a command of the game; None when it is none."""
        room, player = command.room, command.player
        match command.name:
            case "guess":
                return Reply(words.guess_how())
            case "challenge":
                return self._challenge(room, words)
            case "leaderboard":
                return await self._leaderboard(command, words)
            case "hall":
                return await self._hall(room, words)
            case "me":
                who = await self._book.player(room.platform, player.id)
                return leaderboard.own(await self._this_season(room), who, player.name, words)
            case "stats":
                return await leaderboard.stats(await self._this_season(room), words)
            case "forget":
                return self._ask_whether_to_forget(player, words)
            case "export":
                return await self._export(command, words)
            case "reset":
                return await self._ask_whether_to_reset(command, words)
            case "keep":
                return await self._keep(command, words)
            case "log":
                actions = await self._book.actions(room)
                return Reply(
                    words.log(
                        (each.at.date(), each.name or words.forgotten_name(), AdminAction(each.deed))
                        for each in actions
                    )
                )
        return None

    async def press(self, press: ButtonPress, words: Speaker) -> ButtonOutcome | None:
        """Do what the buttons of these commands are for; None when it is none of them."""
        match press.data.split(":"):
            case ["forget", answer, id_]:
                return await self._forget(press, id_, words, really=answer == "yes")
            case ["reset", answer]:
                return await self._reset(press, words, really=answer == "yes")
        return None

    def _challenge(self, room: Room, words: Speaker) -> Reply:
        today = self._now().astimezone(UTC).date()
        where = f"{room.platform} {room.id}"
        return Reply(words.challenge(challenge(where, today, len(words.challenges()))))

    async def _this_season(self, room: Room) -> Ledger:
        return await self._book.ledger(room, season(self._now()))

    async def _leaderboard(self, command: CommandCall, words: Speaker) -> Reply:
        this = season(self._now())
        past = [day for day in await self._book.seasons(command.room) if day < this]
        before = [await self._book.ledger(command.room, day) for day in past[:SEASONS_SHOWN]]
        ledger = await self._book.ledger(command.room, this)
        return await leaderboard.leaderboard(ledger, before, words, command.player.id)

    async def _hall(self, room: Room, words: Speaker) -> Reply:
        ledger = await self._this_season(room)
        # Where the photos of those who are forgotten were is forgotten, too.
        known = [round_ for round_ in ledger.rounds if round_.player in ledger.players]
        best = best_foolings(known, BEST)
        if not best:
            return Reply(words.hall_empty())
        shown = []
        for rank, (round_, points) in enumerate(best, 1):
            if (found := await self._memory.round(round_.id)) is not None:
                caption = self._fooling(ledger, rank, round_, points, words)
                shown.append(PastPhoto(found.message, found.reference, caption))
        return Reply(words.hall(ledger.season), shown=tuple(shown))

    def _fooling(self, ledger: Ledger, rank: int, round_: Round, points: int, words: Speaker) -> str:
        name = ledger.players[round_.player].name
        verdict = round_.verdict
        return words.hall_entry(rank, name, points, words.call(verdict.label), verdict.confidence)

    def _ask_whether_to_forget(self, player: Player, words: Speaker) -> Reply:
        buttons = (
            (Button(words.forget_button(), f"forget:yes:{player.id}"),),
            (Button(words.forget_not_button(), f"forget:no:{player.id}"),),
        )
        return Reply(words.forget_ask(), buttons=buttons)

    async def _forget(self, press: ButtonPress, id_: str, words: Speaker, *, really: bool) -> ButtonOutcome:
        if press.player.id != id_:
            return ButtonOutcome(words.not_yours_to_decide())
        if not really:
            return ButtonOutcome(edit=Reply(words.forgot_not()))
        await self._keeper.forget(press.room.platform, press.player.id)
        await self._book.forget(press.room.platform, press.player.id)
        return ButtonOutcome(edit=Reply(words.forgot()))

    async def _export(self, command: CommandCall, words: Speaker) -> Reply:
        if not command.alone:
            return Reply(words.export_how())
        found = await self._book.export(command.room.platform, command.player.id)
        if not found:
            return Reply(words.export_nothing())
        text = json.dumps(found, ensure_ascii=False, indent=2)
        return Reply(words.export(), document=Document(text.encode(), "snowpeople.json"))

    async def _ask_whether_to_reset(self, command: CommandCall, words: Speaker) -> Reply:
        if not await command.is_admin():
            return Reply(words.only_admins())
        buttons = (
            (Button(words.reset_button(), "reset:yes"),),
            (Button(words.reset_not_button(), "reset:no"),),
        )
        return Reply(words.reset_ask(season(self._now())), buttons=buttons)

    async def _reset(self, press: ButtonPress, words: Speaker, *, really: bool) -> ButtonOutcome:
        if not await press.is_admin():
            return ButtonOutcome(words.only_admins())
        if not really:
            return ButtonOutcome(edit=Reply(words.reset_not()))
        now = self._now()
        await self._book.reset_season(press.room, press.player, now)
        return ButtonOutcome(edit=Reply(words.reset(press.player.name, season(now))))

    async def _keep(self, command: CommandCall, words: Speaker) -> Reply:
        room, player = command.room, command.player
        wish = command.argument.strip().lower()
        if wish not in ("on", "off"):
            keeps = (await self._memory.room_settings(room)).keep
            return Reply(words.keep_how(keeps=keeps))
        if not await command.is_admin():
            return Reply(words.only_admins())
        await self._memory.change_settings(room, keep=wish == "on")
        deed = AdminAction.KEEP_ON if wish == "on" else AdminAction.KEEP_OFF
        await self._book.log_action(room, player, deed, self._now())
        if wish == "on":
            return Reply(words.keep_on(player.name, KEPT_DAYS))
        return Reply(words.keep_off(player.name))
