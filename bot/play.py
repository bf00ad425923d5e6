"""The game as it is played: a photo opens a round, taps settle it, and what the room reads then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.captions import truth_in
from bot.domain import Button, Label, Look, Outcome, Photo, Press, Reply, Room
from bot.game import SCORING_A_DAY, Denied, JustForFun, Turn
from bot.learning import Learning
from bot.parts import Scorebook
from bot.speech import Speaker
from bot.speech_game import Half
from bot.speech_memory import Deed
from bot.standings import Score

TRUTHS = (Label.OLAF, Label.ABOMINABLE, Label.NEITHER)


class Play:
    """Keeps the rounds of all rooms going. Time and memory come from outside."""

    def __init__(self, book: Scorebook, now: Callable[[], datetime], learning: Learning) -> None:
        self._book = book
        self._now = now
        self._learning = learning

    async def answer(self, photo: Photo, look: Look, words: Speaker) -> Reply:
        """Word the verdict on a photo, with the buttons of its round; a caption may settle it."""
        assert look.verdict is not None
        assert look.round is not None
        turn = await self._book.turn(look.round, photo.room)
        if turn is None:
            return Reply(words.answer(look.verdict), verdict=look.verdict, looks=(look,))
        cheer = False
        if scores(turn) and (label := truth_in(photo.caption)) is not None:
            told = await self._book.tell(turn.id, photo.player, label, self._now(), by_admin=False)
            if isinstance(told, Turn):
                turn = told
                await self._settled(photo.room, turn)
                cheer = await self._cheers(turn)
        text, buttons = await self.shown(photo.room, turn, words)
        return Reply(text, verdict=look.verdict, buttons=buttons, looks=(look,), cheer=cheer)

    async def press(self, press: Press, words: Speaker) -> Outcome | None:
        """Do what a button of a round is for; None when it is none of these."""
        match press.data.split(":"):
            case ["truth", number, label] if number.isdecimal() and label in TRUTHS:
                return await self._tell(press, int(number), Label(label), words)
            case ["object", number] if number.isdecimal():
                return await self._object(press, int(number), words)
        return None

    async def shown(
        self, room: Room, turn: Turn, words: Speaker
    ) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        """Return what a round's message says at the moment, and its buttons."""
        lines = [words.answer(turn.verdict)]
        rows: list[tuple[Button, ...]] = []
        if turn.truth is None:
            if turn.played_before:
                lines.append(words.played_before())
            if scores(turn):
                rows.append(
                    tuple(
                        Button(words.truth_button(label), f"truth:{turn.id}:{label}")
                        for label in TRUTHS
                    )
                )
        else:
            names = await self._book.names(room)
            if not room.private:
                teller = names.get(turn.truth.by) or words.forgotten_name()
                lines.append(words.told(teller, turn.truth.label))
            player = names.get(turn.player) or words.forgotten_name()
            lines.append(_outcome(turn, await self._book.score(turn.id), player, words))
            if turn.objections and not turn.is_void:
                lines.append(words.objected(turn.quorum - len(turn.objections)))
            if not room.private and not turn.is_void:
                rows.append((Button(words.objection_button(), f"object:{turn.id}"),))
        rows.append((words.where_button(turn.id),))
        return "\n".join(lines), tuple(rows)

    async def _tell(self, press: Press, id_: int, label: Label, words: Speaker) -> Outcome:
        turn = await self._book.turn(id_, press.room)
        if turn is None:
            return Outcome(words.old_button())
        mine = turn.player == await self._book.player(press.room.platform, press.player.id)
        by_admin = not mine and await press.is_admin()
        told = await self._book.tell(id_, press.player, label, self._now(), by_admin=by_admin)
        if not isinstance(told, Turn):
            return Outcome(_why_not(told, words))
        if by_admin:
            await self._book.note_deed(press.room, press.player, Deed.TRUTH, self._now())
        await self._settled(press.room, told)
        return await self._edited(press.room, told, words, cheer=await self._cheers(told))

    async def _object(self, press: Press, id_: int, words: Speaker) -> Outcome:
        if await self._book.turn(id_, press.room) is None:
            return Outcome(words.old_button())
        turn = await self._book.object_(id_, press.player, self._now())
        if not isinstance(turn, Turn):
            return Outcome(_why_not(turn, words))
        if turn.is_void:
            await self._settled(press.room, turn)
        return await self._edited(press.room, turn, words)

    async def _edited(
        self, room: Room, turn: Turn, words: Speaker, *, cheer: bool = False
    ) -> Outcome:
        text, buttons = await self.shown(room, turn, words)
        return Outcome(edit=Reply(text, buttons=buttons, cheer=cheer))

    async def _cheers(self, turn: Turn) -> bool:
        return (await self._book.score(turn.id)).player > 0

    async def _settled(self, room: Room, turn: Turn) -> None:
        if scores(turn):
            await self._learning.settled(room, turn)


def scores(turn: Turn) -> bool:
    """Say whether a round is more than just for fun."""
    return not turn.disguised and not turn.played_before


def _outcome(turn: Turn, score: Score, name: str, words: Speaker) -> str:
    """Word what a round, whose truth was told, has come to."""
    assert turn.truth is not None
    if turn.is_void:
        return words.void()
    if score.just_for_fun is JustForFun.ENOUGH:
        return words.enough_for_today(SCORING_A_DAY)
    if score.just_for_fun is JustForFun.PLAYED_BEFORE:
        return words.played_before()
    if score.just_for_fun is JustForFun.DISGUISED:
        return words.nobody_in_particular()
    neither = turn.truth.label is Label.NEITHER
    if not turn.is_fooled:
        return words.right(turn.id, neither=neither)
    half: Half | None = "neither" if neither else "doubt" if turn.verdict.unfamiliar else None
    return words.fooled(name, score.player, turn.verdict.confidence, turn.id, half=half)


def _why_not(denied: Denied | None, words: Speaker) -> str:
    """Word why a tap changes nothing; None when its round is no longer remembered."""
    return {
        Denied.NOT_YOURS: words.not_your_photo,
        Denied.TOLD: words.told_before,
        Denied.UNTOLD: words.nothing_to_object_to,
        Denied.OVER: words.round_over,
        Denied.OWN: words.objection_own,
        Denied.AGAIN: words.objected_before,
        Denied.LATE: words.objection_late,
        Denied.DISGUISED: words.take_off_the_disguise,
        None: words.old_button,
    }[denied]()
