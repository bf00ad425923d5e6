"""The game as it is played: a photo opens a round, taps settle it, and what the room reads then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.game.captions import truth_in
from bot.domain import Button, Label, PhotoOutcome, ButtonOutcome, Photo, ButtonPress, Reply, Room
from bot.game.rules import SCORING_A_DAY, Denied, JustForFun, Round
from bot.services.learning import Learning
from bot.services.ports import Scorebook
from bot.speech import Speaker
from bot.speech.rounds import Half
from bot.speech.privacy import AdminAction
from bot.game.scoring import Score

TRUTHS = (Label.OLAF, Label.ABOMINABLE, Label.NEITHER)


class Play:
    """Keeps the rounds of all rooms going. Time and memory come from outside."""

    def __init__(self, book: Scorebook, now: Callable[[], datetime], learning: Learning) -> None:
        self._book = book
        self._now = now
        self._learning = learning

    async def answer(self, photo: Photo, look: PhotoOutcome, words: Speaker) -> Reply:
        """Word the verdict on a photo, with the buttons of its round; a caption may settle it."""
        assert look.verdict is not None
        assert look.round is not None
        round_ = await self._book.round_(look.round, photo.room)
        if round_ is None:
            return Reply(words.answer(look.verdict), verdict=look.verdict, outcomes=(look,))
        cheer = False
        if scores(round_) and (label := truth_in(photo.caption)) is not None:
            told = await self._book.tell(round_.id, photo.player, label, self._now(), by_admin=False)
            if isinstance(told, Round):
                round_ = told
                await self._settled(photo.room, round_)
                cheer = await self._cheers(round_)
        text, buttons = await self.shown(photo.room, round_, words)
        return Reply(text, verdict=look.verdict, buttons=buttons, outcomes=(look,), cheer=cheer)

    async def press(self, press: ButtonPress, words: Speaker) -> ButtonOutcome | None:
        """Do what a button of a round is for; None when it is none of these."""
        match press.data.split(":"):
            case ["truth", number, label] if number.isdecimal() and label in TRUTHS:
                return await self._tell(press, int(number), Label(label), words)
            case ["object", number] if number.isdecimal():
                return await self._object(press, int(number), words)
        return None

    async def shown(
        self, room: Room, round_: Round, words: Speaker
    ) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        """Return what a round's message says at the moment, and its buttons."""
        lines = [words.answer(round_.verdict)]
        rows: list[tuple[Button, ...]] = []
        if round_.truth is None:
            if round_.played_before:
                lines.append(words.played_before())
            if scores(round_):
                rows.append(
                    tuple(
                        Button(words.truth_button(label), f"truth:{round_.id}:{label}")
                        for label in TRUTHS
                    )
                )
        else:
            names = await self._book.names(room)
            if not room.private:
                teller = names.get(round_.truth.by) or words.forgotten_name()
                lines.append(words.told(teller, round_.truth.label))
            player = names.get(round_.player) or words.forgotten_name()
            lines.append(_outcome(round_, await self._book.score(round_.id), player, words))
            if round_.objections and not round_.is_void:
                lines.append(words.objected(round_.quorum - len(round_.objections)))
            if not room.private and not round_.is_void:
                rows.append((Button(words.objection_button(), f"object:{round_.id}"),))
        rows.append((words.where_button(round_.id),))
        return "\n".join(lines), tuple(rows)

    async def _tell(self, press: ButtonPress, id_: int, label: Label, words: Speaker) -> ButtonOutcome:
        round_ = await self._book.round_(id_, press.room)
        if round_ is None:
            return ButtonOutcome(words.old_button())
        mine = round_.player == await self._book.player(press.room.platform, press.player.id)
        by_admin = not mine and await press.is_admin()
        told = await self._book.tell(id_, press.player, label, self._now(), by_admin=by_admin)
        if not isinstance(told, Round):
            return ButtonOutcome(_why_not(told, words))
        if by_admin:
            await self._book.log_action(press.room, press.player, AdminAction.TRUTH, self._now())
        await self._settled(press.room, told)
        return await self._edited(press.room, told, words, cheer=await self._cheers(told))

    async def _object(self, press: ButtonPress, id_: int, words: Speaker) -> ButtonOutcome:
        if await self._book.round_(id_, press.room) is None:
            return ButtonOutcome(words.old_button())
        round_ = await self._book.object_(id_, press.player, self._now())
        if not isinstance(round_, Round):
            return ButtonOutcome(_why_not(round_, words))
        if round_.is_void:
            await self._settled(press.room, round_)
        return await self._edited(press.room, round_, words)

    async def _edited(
        self, room: Room, round_: Round, words: Speaker, *, cheer: bool = False
    ) -> ButtonOutcome:
        text, buttons = await self.shown(room, round_, words)
        return ButtonOutcome(edit=Reply(text, buttons=buttons, cheer=cheer))

    async def _cheers(self, round_: Round) -> bool:
        return (await self._book.score(round_.id)).player > 0

    async def _settled(self, room: Room, round_: Round) -> None:
        if scores(round_):
            await self._learning.settled(room, round_)


def scores(round_: Round) -> bool:
    """Say whether a round is more than just for fun."""
    return not round_.disguised and not round_.played_before


def _outcome(round_: Round, score: Score, name: str, words: Speaker) -> str:
    """Word what a round, whose truth was told, has come to."""
    assert round_.truth is not None
    if round_.is_void:
        return words.void()
    if score.just_for_fun is JustForFun.ENOUGH:
        return words.enough_for_today(SCORING_A_DAY)
    if score.just_for_fun is JustForFun.PLAYED_BEFORE:
        return words.played_before()
    if score.just_for_fun is JustForFun.DISGUISED:
        return words.nobody_in_particular()
    neither = round_.truth.label is Label.NEITHER
    if not round_.is_fooled:
        return words.right(round_.id, neither=neither)
    half: Half | None = "neither" if neither else "doubt" if round_.verdict.unfamiliar else None
    return words.fooled(name, score.player, round_.verdict.confidence, round_.id, half=half)


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
