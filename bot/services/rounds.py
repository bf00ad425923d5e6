"""A photo's round: its answer, the truth about it, and what others say to that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from bot.domain import (
    Button,
    ButtonOutcome,
    ButtonPress,
    Classified,
    CommandRequest,
    Label,
    Photo,
    PhotoOutcome,
    Player,
    Reply,
    Room,
    Sign,
    Verdict,
)
from bot.game.captions import made_in, truth_in
from bot.game.rules import (
    GUESS_POINTS,
    VOTES_NEEDED,
    Denied,
    JustForFun,
    Round,
    is_right_guess,
    worth,
)
from bot.game.scoring import Score
from bot.game.seasons import vote_ends
from bot.metrics import Metrics
from bot.services.buttons import (
    CastBallot,
    ConfirmTruth,
    MarkMade,
    ObjectToTruth,
    ShowCard,
    ShowHeatmap,
    TellTruth,
    UndoTruth,
    button,
)
from bot.services.clock import Clock
from bot.services.photo_archive import ArchiveJobs
from bot.services.variants import Variants
from bot.services.voting import Voting
from bot.speech import Speaker, is_challenge, speaker_for
from bot.speech.rounds import Ending
from bot.storage import Store
from bot.storage.views import RoundView

# Foolings worth so much are worth a picture.
CARD_POINTS = 80
# As many as fit on a message of every platform.
BUTTONS_IN_A_ROW = 5


class Rounds:
    """Plays the rounds of all rooms.

    Args:
        store: Remembers them.
        archive: Keeps photos that fooled the bot, where a room wants that.
        clock: The time, and the rooms' zones.
        variants: Chooses among ways to say the same.
        metrics: Counts truths.
    """

    def __init__(
        self,
        store: Store,
        archive: ArchiveJobs,
        clock: Clock,
        variants: Variants,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._archive = archive
        self._metrics = metrics
        self._clock = clock
        self._variants = variants

    def answer_text(self, room: Room, verdict: Verdict, round_id: int, speaker: Speaker) -> str:
        """Word a verdict, in a way that the room has not heard lately."""
        count = speaker.photos.variants(verdict)
        variant = self._variants.choose(room, f"answer {verdict.voice}", count, round_id)
        return speaker.photos.answer(verdict, variant)

    async def answer(self, photo: Photo, outcome: Classified, speaker: Speaker) -> Reply:
        """Word the verdict on a photo, with the buttons of its round; a caption may end it."""
        round_, cheer = None, False
        if photo.caption or photo.replies_to:  # which may tell something about it
            round_ = await self._store.game.round(outcome.round_id, photo.room)
        if round_ is not None and round_.may_score:
            await self.note_made(photo, round_.id)
            if (label := truth_in(photo.caption)) is not None:
                told = await self._store.game.tell_truth(
                    round_.id, photo.player, label, self._clock.now(), by_admin=False
                )
                if isinstance(told, Round):
                    cheer = await self._note_truth(photo.room, told)
        view = await self.view(outcome.round_id)
        if view is None:
            text = self.answer_text(photo.room, outcome.verdict, outcome.round_id, speaker)
            return Reply(text, verdict=outcome.verdict, outcomes=(outcome,))
        shown = self.word(view)
        return replace(shown, verdict=outcome.verdict, outcomes=(outcome,), cheer=cheer)

    async def join_album(
        self, photos: Sequence[Photo], outcomes: Sequence[PhotoOutcome], played: Classified
    ) -> bool:
        """Note that photos were sent together, one of which is played.

        Returns:
            Whether it can be: False where it was played before, or is just for fun otherwise.
        """
        round_ = await self._store.game.round(played.round_id, played.room)
        if round_ is None or not round_.may_score:
            return False
        for photo in photos:
            await self.note_made(photo, round_.id)
        parts = [
            outcome.round_id if isinstance(outcome, Classified) else outcome.refusal
            for outcome in outcomes
        ]
        await self._store.rounds.note_album(round_.id, parts)
        return True

    async def note_made(self, photo: Photo, round_id: int) -> None:
        """Note that somebody made what is on a photo, if they say so, or answer a challenge."""
        if made_in(photo.caption) or is_challenge(photo.replies_to):
            await self._store.game.mark_made(round_id, photo.player)

    async def view(self, round_id: int) -> RoundView | None:
        """Return all that a round's message tells; None when it is no longer stored."""
        return await self._store.views.round(round_id, self._clock.now(), self._clock.zone)

    async def told(self, round_id: int) -> Reply | None:
        """Return what a round's message says; None when it is no longer stored."""
        view = await self.view(round_id)
        return None if view is None else self.word(view)

    def word(self, view: RoundView) -> Reply:
        """Return what a round's message says, with its buttons, in the message's language."""
        speaker = speaker_for(view.language)
        round_ = view.round
        lines, rows = self._play(view, speaker)
        if not view.album:
            lines.insert(0, self.answer_text(view.room, round_.verdict, round_.id, speaker))
            rows.append((button(speaker.photos.where_button(), ShowHeatmap(round_.id)),))
            return Reply("\n".join(lines), buttons=tuple(rows), sign=_sign(round_))
        told = lines if round_.truth is not None else _guessed(view, speaker)
        text = speaker.photos.album(view.album, view.number)
        rows += self.where_rows(view.album_ids.items(), speaker)
        return Reply("\n".join([text, *told]), buttons=tuple(rows), sign=_sign(round_))

    def where_rows(
        self, rounds: Iterable[tuple[int, int]], speaker: Speaker
    ) -> list[tuple[Button, ...]]:
        """Return the buttons that show where the bot looked, of photos that came together.

        Args:
            rounds: Each photo's number and round.
            speaker: Words them.
        """
        row = [
            button(speaker.photos.where_button(number), ShowHeatmap(id_)) for number, id_ in rounds
        ]
        return [
            tuple(row[begin : begin + BUTTONS_IN_A_ROW])
            for begin in range(0, len(row), BUTTONS_IN_A_ROW)
        ]

    def _play(
        self, view: RoundView, speaker: Speaker
    ) -> tuple[list[str], list[tuple[Button, ...]]]:
        """Return what there is to say and to tap below the answer to a photo."""
        round_, score = view.round, view.score
        lines = _guessed(view, speaker)
        rows: list[tuple[Button, ...]] = []
        if round_.truth is None:
            lines += self._recognised(view, speaker)
            if round_.made and not round_.played_before:
                lines.append(speaker.rounds.made_noted())
            if round_.may_score:
                lines.append(speaker.rounds.truth_ask())
                rows.append(
                    tuple(
                        button(speaker.rounds.truth_button(label), TellTruth(round_.id, label))
                        for label in Label
                    )
                )
        else:
            if not view.room.private and not _is_decided(round_):
                teller = speaker.text.name(view.names.get(round_.truth.by))
                lines.append(speaker.rounds.told(teller, round_.truth.label))
            player = speaker.text.name(view.names.get(round_.player))
            if round_.is_disputed:
                lines.append(_question(view, speaker))
            else:
                lines.append(self._ending(view.room, round_, score, player, speaker))
            rows += self._rows_after_the_truth(view.room, round_, score, speaker)
        return lines, rows

    def _recognised(self, view: RoundView, speaker: Speaker) -> list[str]:
        """Greet a photo that was here before, or remark that it is like one, if it is."""
        room, round_ = view.room, view.round
        before = round_.reminds_of
        if before is None:
            return [speaker.rounds.played_before()] if round_.played_before else []
        today = round_.arrived.astimezone(view.zone).date()
        day = speaker.text.recent_day(before.arrived.astimezone(view.zone).date(), today)
        count = speaker.rounds.variants_of_recognition
        if not round_.played_before:
            variant = self._variants.choose(room, "looks like", count, round_.id)
            return [speaker.rounds.looks_like(day, variant)]
        variant = self._variants.choose(room, "known photo", count, round_.id)
        if before.player == round_.player:
            return [speaker.rounds.known_own_photo(day, before.worth, variant)]
        name = view.names.get(before.player)
        return [speaker.rounds.known_photo(name, day, before.worth, variant)]

    def _rows_after_the_truth(
        self, room: Room, round_: Round, score: Score, speaker: Speaker
    ) -> list[tuple[Button, ...]]:
        id_ = round_.id
        if round_.is_disputed:
            ballots = (button(speaker.text.label(label), CastBallot(id_, label)) for label in Label)
            return [tuple(ballots)]
        if score.just_for_fun is not None:
            return []
        # Whoever told it for ten minutes, and an admin at any time.
        own = [button(speaker.rounds.change_button(), UndoTruth(id_))]
        if round_.is_void:
            return [tuple(own)]
        rows: list[tuple[Button, ...]] = []
        if not room.private and round_.vote is None:
            judged = [button(speaker.rounds.objection_button(), ObjectToTruth(id_))]
            if score.is_pending:
                judged.insert(0, button(speaker.rounds.confirm_button(), ConfirmTruth(id_)))
            rows.append(tuple(judged))
        is_true_snow_person = round_.truth is not None and round_.truth.label is not Label.NEITHER
        is_plain = not round_.is_fooled and not round_.made and round_.vote is None
        if is_true_snow_person and is_plain:
            own.append(button(speaker.rounds.made_button(), MarkMade(id_)))
        if round_.is_fooled and not score.is_pending and score.worth >= CARD_POINTS:
            own.append(button(speaker.photos.card_button(), ShowCard(id_)))
        return [*rows, tuple(own)]

    def _ending(self, room: Room, round_: Round, score: Score, name: str, speaker: Speaker) -> str:
        """Word what a round, whose truth was told, has come to."""
        if round_.is_void:
            return speaker.rounds.void()
        if score.just_for_fun is JustForFun.PLAYED_BEFORE:
            return speaker.rounds.played_before()
        if score.just_for_fun is JustForFun.SHARED_IDENTITY:
            return speaker.rounds.shared_identity_scores_nothing()
        if score.is_pending:
            count = speaker.rounds.variants("neither_fooled")
            variant = self._variants.choose(room, "neither_fooled", count, round_.id)
            overlooked = speaker.rounds.overlooked(variant)
            return f"{overlooked} {speaker.rounds.pending(score.worth)}"
        ending = _ending_of(round_)
        count = speaker.rounds.variants(ending)
        variant = self._variants.choose(room, ending, count, round_.id)
        if ending == "praise":
            return speaker.rounds.praise(name, score.points, variant)
        if ending == "right":
            return speaker.rounds.right(variant, round_.verdict.voice)
        if ending == "neither_fooled":
            return speaker.rounds.neither_fooled(name, score.points, score.worth, variant)
        return speaker.rounds.fooled(
            name, score.points, score.worth, round_.verdict.percent, variant
        )

    async def tell_truth(
        self, press: ButtonPress, action: TellTruth, speaker: Speaker
    ) -> ButtonOutcome:
        """Tell who is on a round's photo."""
        round_ = await self._store.game.round(action.round_id, press.room)
        if round_ is None:
            return ButtonOutcome(speaker.rooms.old_button())

        async def tell(*, by_admin: bool) -> Round | Denied | None:
            return await self._store.game.tell_truth(
                round_.id, press.player, action.label, self._clock.now(), by_admin=by_admin
            )

        told = await _as_player_or_admin(press, tell)
        if not isinstance(told, Round):
            return ButtonOutcome(_why_not(told, speaker))
        cheer = await self._note_truth(press.room, told)
        return await self._edited(told, speaker, cheer=cheer)

    async def hear_truth(
        self, room: Room, message: str, player: Player, label: Label
    ) -> tuple[int, Reply] | None:
        """Take what somebody says of their own photo for the truth.

        Args:
            room: Where.
            message: The photo's.
            player: Who says it.
            label: What they say.

        Returns:
            The round, and what there is to say; None where it is not theirs to tell, or told.
        """
        round_id = await self._store.rounds.played_at(room, message)
        if round_id is None:
            return None
        now = self._clock.now()
        told = await self._store.game.tell_truth(round_id, player, label, now, by_admin=False)
        if not isinstance(told, Round):
            return None
        cheer = await self._note_truth(room, told)
        shown = await self.told(round_id)
        if shown is None:
            return None
        sign = None if shown.sign is None else Sign.NOTED
        return round_id, replace(shown, sign=sign, cheer=cheer)

    async def _note_truth(self, room: Room, told: Round) -> bool:
        """Do what follows when a truth is told; return whether somebody has points for it."""
        self._metrics.note_truth(room.platform, fooled=told.is_fooled)
        await self._archive.round_ended(room, told)
        return worth(told) > 0

    async def undo_truth(
        self, press: ButtonPress, action: UndoTruth, speaker: Speaker
    ) -> ButtonOutcome:
        """Take back what was told about a round's photo."""
        round_ = await self._store.game.round(action.round_id, press.room)
        if round_ is None:
            return ButtonOutcome(speaker.rooms.old_button())

        async def undo(*, by_admin: bool) -> Round | Denied | None:
            return await self._store.game.undo_truth(
                round_.id, press.player, self._clock.now(), by_admin=by_admin
            )

        undone = await _as_player_or_admin(press, undo)
        if not isinstance(undone, Round):
            return ButtonOutcome(_why_not(undone, speaker))
        await self._archive.round_ended(press.room, undone)
        return await self._edited(undone, speaker)

    async def undo_last(self, request: CommandRequest, speaker: Speaker) -> Reply | Denied | None:
        """Take back the truth that a player told last in a room, or return why not; None: none."""
        round_id = await self._store.game.last_told(request.room, request.player)
        if round_id is None:
            return None
        undone = await self._store.game.undo_truth(
            round_id, request.player, self._clock.now(), by_admin=False
        )
        if not isinstance(undone, Round):
            return undone
        await self._archive.round_ended(request.room, undone)
        view = await self.view(round_id)
        if view is None:
            return None
        shown = self.word(view)
        done = speaker_for(view.language).rounds.undo_done()
        return Reply(f"{done}\n{shown.text}", buttons=shown.buttons)

    async def confirm(
        self, press: ButtonPress, action: ConfirmTruth, speaker: Speaker
    ) -> ButtonOutcome:
        """Say that what was told is true."""
        if await self._store.game.round(action.round_id, press.room) is None:
            return ButtonOutcome(speaker.rooms.old_button())
        confirmed = await self._store.game.confirm(action.round_id, press.player, self._clock.now())
        if confirmed is Denied.OWN:
            return ButtonOutcome(speaker.rounds.confirm_own())
        if confirmed is Denied.AGAIN:
            return ButtonOutcome(speaker.rounds.confirmed_before())
        if not isinstance(confirmed, Round):
            return ButtonOutcome(_why_not(confirmed, speaker))
        return await self._edited(confirmed, speaker, cheer=True)

    async def mark_made(
        self, press: ButtonPress, action: MarkMade, speaker: Speaker
    ) -> ButtonOutcome:
        """Say that one has made what is on a round's photo."""
        if await self._store.game.round(action.round_id, press.room) is None:
            return ButtonOutcome(speaker.rooms.old_button())
        made = await self._store.game.mark_made(action.round_id, press.player)
        if made is Denied.NOT_YOURS:
            return ButtonOutcome(speaker.rounds.made_own())
        if not isinstance(made, Round):
            return ButtonOutcome(_why_not(made, speaker))
        return await self._edited(made, speaker, cheer=made.is_praised)

    async def object_to(
        self, press: ButtonPress, action: ObjectToTruth, voting: Voting, speaker: Speaker
    ) -> ButtonOutcome:
        """Object to what was told about a round's photo, which opens a vote."""
        if await self._store.game.round(action.round_id, press.room) is None:
            return ButtonOutcome(speaker.rooms.old_button())
        now, zone = self._clock.now(), await self._clock.zone_of(press.room)
        until = vote_ends(now, zone)
        round_ = await self._store.game.object_to(
            action.round_id, press.player, now, zone=zone, until=until
        )
        if round_ is Denied.LATE:
            return ButtonOutcome(speaker.rounds.objection_late())
        if not isinstance(round_, Round):
            return ButtonOutcome(_why_not(round_, speaker))
        if round_.is_void:
            await self._archive.round_ended(press.room, round_)
        else:
            voting.wait(round_.id, until)
        return await self._edited(round_, speaker)

    async def cast_ballot(
        self, press: ButtonPress, action: CastBallot, voting: Voting, speaker: Speaker
    ) -> ButtonOutcome:
        """Vote about a round; the vote ends when everyone has voted."""
        if await self._store.game.round(action.round_id, press.room) is None:
            return ButtonOutcome(speaker.rooms.old_button())
        now = self._clock.now()
        round_ = await self._store.game.cast_ballot(
            action.round_id, press.player, action.label, now
        )
        if not isinstance(round_, Round):
            return ButtonOutcome(_why_no_ballot(round_, speaker))
        if await self._store.game.everyone_voted(round_.id, now):
            voting.wait(round_.id, now)
        edited = await self._edited(round_, speaker)
        return ButtonOutcome(speaker.rounds.vote_noted(action.label), edit=edited.edit)

    async def _edited(
        self, round_: Round, speaker: Speaker, *, cheer: bool = False
    ) -> ButtonOutcome:
        """Return what a round's message becomes; a notice to who tapped if it is no more."""
        view = await self.view(round_.id)
        if view is None:
            return ButtonOutcome(speaker.rooms.old_button())
        return ButtonOutcome(edit=replace(self.word(view), cheer=cheer))


async def _as_player_or_admin(
    press: ButtonPress, change: Callable[..., Awaitable[Round | Denied | None]]
) -> Round | Denied | None:
    """Change a truth as any player may, else as an admin may: then it is logged.

    Whether somebody is an admin is only asked where it matters: the platform may have to say.
    """
    changed = await change(by_admin=False)
    if isinstance(changed, Denied) and await press.is_admin():
        return await change(by_admin=True)
    return changed


def _sign(round_: Round) -> Sign | None:
    """Return what stands for a round's message; None where it has more to tell than the verdict."""
    is_news = round_.is_fooled or round_.is_praised or round_.vote is not None
    return None if is_news else round_.verdict.sign


def _guessed(view: RoundView, speaker: Speaker) -> list[str]:
    """Word who knew what the bot would say, those apart who have no points for it any more."""
    if not view.guesses:
        return []
    right = [each.by for each in view.guesses if is_right_guess(each, view.round.verdict)]
    if not right:
        return [speaker.rounds.nobody_guessed()]
    paid = [speaker.text.name(view.names.get(by)) for by in right if by in view.paid]
    unpaid = [speaker.text.name(view.names.get(by)) for by in right if by not in view.paid]
    lines = ((paid, GUESS_POINTS), (unpaid, 0))
    return [speaker.rounds.guessed(names, points) for names, points in lines if names]


def _question(view: RoundView, speaker: Speaker) -> str:
    """Word what the room votes about."""
    vote, truth = view.round.vote, view.round.truth
    if vote is None or truth is None:
        return ""
    asked = speaker.rounds.vote_open(
        speaker.text.name(view.names.get(truth.by)),
        truth.label,
        speaker.text.name(view.names.get(vote.by)),
        speaker.text.time(vote.until.astimezone(view.zone)),
    )
    return f"{asked} {speaker.rounds.vote_count(len(vote.ballots))}"


def _is_decided(round_: Round) -> bool:
    """Return whether the room has voted: what the round's truth is then, nobody has told."""
    vote = round_.vote
    return vote is not None and not vote.is_open and len(vote.ballots) >= VOTES_NEEDED


def _ending_of(round_: Round) -> Ending:
    if round_.is_praised:
        return "praise"
    if not round_.is_fooled:
        return "right"
    return "neither_fooled" if round_.verdict.call is Label.NEITHER else "fooled"


def _why_not(denied: Denied | None, speaker: Speaker) -> str:
    """Word why a tap changes nothing; None when its round is no longer remembered."""
    return {
        Denied.NOT_YOURS: speaker.rounds.not_your_photo,
        Denied.TOLD: speaker.rounds.told_before,
        Denied.UNTOLD: speaker.rounds.nothing_to_object_to,
        Denied.OVER: speaker.rounds.round_over,
        Denied.OWN: speaker.rounds.objection_own,
        Denied.AGAIN: speaker.rounds.objected_before,
        Denied.LATE: speaker.rounds.undo_late,
        Denied.ENOUGH: speaker.rounds.objections_enough,
        Denied.VOTE: speaker.rounds.vote_decides,
        Denied.NOT_HERE: speaker.rounds.objection_not_here,
        Denied.SHARED_IDENTITY: speaker.rounds.shared_identity_cannot_tap,
        None: speaker.rooms.old_button,
    }[denied]()


def _why_no_ballot(denied: Denied | None, speaker: Speaker) -> str:
    return {
        Denied.OWN: speaker.rounds.vote_own,
        Denied.AGAIN: speaker.rounds.vote_before,
        Denied.LATE: speaker.rounds.vote_late,
        Denied.NOT_HERE: speaker.rounds.objection_not_here,
        Denied.SHARED_IDENTITY: speaker.rounds.shared_identity_cannot_tap,
    }.get(denied or Denied.OVER, speaker.rooms.old_button)()
