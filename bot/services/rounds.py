"""A photo's round: its answer, the truth that is told about it, and objections."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.domain import ButtonOutcome, ButtonPress, Classified, Label, Photo, Reply, Room
from bot.game.captions import truth_in
from bot.game.rules import SCORING_A_DAY, Denied, JustForFun, Round
from bot.game.scoring import Score
from bot.services.buttons import ObjectToTruth, ShowHeatmap, TellTruth, button
from bot.services.photo_archive import ArchiveJobs
from bot.speech import Speaker
from bot.speech.rounds import Half
from bot.storage import Store

TRUTHS = (Label.OLAF, Label.ABOMINABLE, Label.NEITHER)


class Rounds:
    """Plays the rounds of all rooms.

    Args:
        store: Remembers them.
        archive: Keeps photos that fooled the bot, where a room wants that.
        now: The time, with its zone.
    """

    def __init__(self, store: Store, archive: ArchiveJobs, now: Callable[[], datetime]) -> None:
        self._store = store
        self._archive = archive
        self._now = now

    async def answer(self, photo: Photo, outcome: Classified, speaker: Speaker) -> Reply:
        """Word the verdict on a photo, with the buttons of its round; a caption may end it."""
        round_ = await self._store.game.round(outcome.round_id, photo.room)
        if round_ is None:
            text = speaker.photos.answer(outcome.verdict)
            return Reply(text, verdict=outcome.verdict, outcomes=(outcome,))
        cheer = False
        if round_.may_score and (label := truth_in(photo.caption)) is not None:
            told = await self._store.game.tell_truth(
                round_.id, photo.player, label, self._now(), by_admin=False
            )
            if isinstance(told, Round):
                round_ = told
                await self._ended(photo.room, round_)
                cheer = await self._cheers(round_)
        shown = await self.render(photo.room, round_, speaker)
        return Reply(
            shown.text,
            verdict=outcome.verdict,
            buttons=shown.buttons,
            outcomes=(outcome,),
            cheer=cheer,
        )

    async def render(self, room: Room, round_: Round, speaker: Speaker) -> Reply:
        """Return what a round's message says at the moment, with its buttons."""
        lines = [speaker.photos.answer(round_.verdict)]
        rows = []
        if round_.truth is None:
            if round_.played_before:
                lines.append(speaker.rounds.played_before())
            if round_.may_score:
                rows.append(
                    tuple(
                        button(speaker.rounds.truth_button(label), TellTruth(round_.id, label))
                        for label in TRUTHS
                    )
                )
        else:
            names = await self._store.game.names(room)
            if not room.private:
                teller = speaker.text.name(names.get(round_.truth.by))
                lines.append(speaker.rounds.told(teller, round_.truth.label))
            player = speaker.text.name(names.get(round_.player))
            score = await self._store.game.score(round_.id)
            lines.append(_ending(round_, round_.truth.label, score, player, speaker))
            if round_.objections and not round_.is_void:
                missing = round_.quorum - len(round_.objections)
                lines.append(speaker.rounds.objected(missing))
            if not room.private and not round_.is_void:
                rows.append((button(speaker.rounds.objection_button(), ObjectToTruth(round_.id)),))
        rows.append((button(speaker.photos.where_button(), ShowHeatmap(round_.id)),))
        return Reply("\n".join(lines), buttons=tuple(rows))

    async def tell_truth(
        self, press: ButtonPress, action: TellTruth, speaker: Speaker
    ) -> ButtonOutcome:
        """Tell who is on a round's photo."""
        round_ = await self._store.game.round(action.round_id, press.room)
        if round_ is None:
            return ButtonOutcome(speaker.rooms.old_button())
        mine = round_.player == await self._store.game.player_id(
            press.room.platform, press.player.id
        )
        by_admin = not mine and await press.is_admin()
        told = await self._store.game.tell_truth(
            round_.id, press.player, action.label, self._now(), by_admin=by_admin
        )
        if not isinstance(told, Round):
            return ButtonOutcome(_why_not(told, speaker))
        await self._ended(press.room, told)
        return await self._edited(press.room, told, speaker, cheer=await self._cheers(told))

    async def object_to(
        self, press: ButtonPress, action: ObjectToTruth, speaker: Speaker
    ) -> ButtonOutcome:
        """Object to what was told about a round's photo."""
        if await self._store.game.round(action.round_id, press.room) is None:
            return ButtonOutcome(speaker.rooms.old_button())
        round_ = await self._store.game.object_to(action.round_id, press.player, self._now())
        if not isinstance(round_, Round):
            return ButtonOutcome(_why_not(round_, speaker))
        if round_.is_void:
            await self._ended(press.room, round_)
        return await self._edited(press.room, round_, speaker)

    async def _edited(
        self, room: Room, round_: Round, speaker: Speaker, *, cheer: bool = False
    ) -> ButtonOutcome:
        shown = await self.render(room, round_, speaker)
        return ButtonOutcome(edit=Reply(shown.text, buttons=shown.buttons, cheer=cheer))

    async def _cheers(self, round_: Round) -> bool:
        return (await self._store.game.score(round_.id)).player > 0

    async def _ended(self, room: Room, round_: Round) -> None:
        if round_.may_score:
            await self._archive.round_ended(room, round_)


def _ending(round_: Round, truth: Label, score: Score, name: str, speaker: Speaker) -> str:
    """Word what a round, whose truth was told, has come to."""
    if round_.is_void:
        return speaker.rounds.void()
    if score.just_for_fun is JustForFun.ENOUGH:
        return speaker.rounds.enough_for_today(SCORING_A_DAY)
    if score.just_for_fun is JustForFun.PLAYED_BEFORE:
        return speaker.rounds.played_before()
    if score.just_for_fun is JustForFun.SHARED_IDENTITY:
        return speaker.rounds.shared_identity_scores_nothing()
    neither = truth is Label.NEITHER
    if not round_.is_fooled:
        return speaker.rounds.right(round_.id, neither=neither)
    half: Half | None = "neither" if neither else "doubt" if round_.verdict.unfamiliar else None
    confidence = round_.verdict.confidence
    return speaker.rounds.fooled(name, score.player, confidence, round_.id, half=half)


def _why_not(denied: Denied | None, speaker: Speaker) -> str:
    """Word why a tap changes nothing; None when its round is no longer remembered."""
    return {
        Denied.NOT_YOURS: speaker.rounds.not_your_photo,
        Denied.TOLD: speaker.rounds.told_before,
        Denied.UNTOLD: speaker.rounds.nothing_to_object_to,
        Denied.OVER: speaker.rounds.round_over,
        Denied.OWN: speaker.rounds.objection_own,
        Denied.AGAIN: speaker.rounds.objected_before,
        Denied.LATE: speaker.rounds.objection_late,
        Denied.SHARED_IDENTITY: speaker.rounds.shared_identity_cannot_tap,
        None: speaker.rooms.old_button,
    }[denied]()
