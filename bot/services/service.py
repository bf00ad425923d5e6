"""The one entrance: what becomes of a photo, a button or a command, whatever the platform."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from zlib import crc32

from bot.domain import (
    STALE,
    ButtonOutcome,
    ButtonPress,
    Classified,
    CommandRequest,
    Declined,
    Hello,
    Peer,
    PendingPhoto,
    Photo,
    PhotoOutcome,
    Player,
    Refusal,
    Refused,
    Reply,
    Room,
    RoomSettings,
    Sign,
    StoredRound,
    initial_settings,
)
from bot.game.captions import truth_in, wants_guesses
from bot.metrics import Look, Metrics
from bot.services import buttons, commands
from bot.services.admission import Admission
from bot.services.boards import Boards
from bot.services.buttons import (
    AskForPhoto,
    AskToForget,
    CastBallot,
    ChooseBoard,
    ChooseLanguage,
    ChooseManner,
    ChoosePhotos,
    ChooseTimezone,
    ConfirmTruth,
    ExplainPrivacyMode,
    ExportMine,
    ForgetMe,
    GuessAtParty,
    HidePhoto,
    JoinParty,
    JudgeAtParty,
    MakeGuess,
    MarkMade,
    ObjectToTruth,
    OpenLanguages,
    OpenSettings,
    OpenTimezones,
    ResetSeason,
    RoundAction,
    ShowAbout,
    ShowCard,
    ShowCommands,
    ShowHeatmap,
    StarAtParty,
    StartParty,
    TellAtParty,
    TellTruth,
    UndoReset,
    UndoTruth,
)
from bot.services.cards import Cards
from bot.services.clock import Clock, host_zone
from bot.services.daily import Daily
from bot.services.failures import Failures
from bot.services.greetings import Greetings
from bot.services.guessing import Guessing
from bot.services.heatmaps import Heatmaps
from bot.services.inviting import with_invitation
from bot.services.language import Languages
from bot.services.leaderboard import BoardRow, Leaderboards
from bot.services.party import Parties
from bot.services.party_chat import PartyChats
from bot.services.party_pictures import PartyPictures
from bot.services.photo_archive import ArchiveJobs, PhotoArchive
from bot.services.photos import Photos
from bot.services.ports import Messenger, PhotoClassifier, traits_of
from bot.services.privacy import Privacy
from bot.services.repeat import Repeat
from bot.services.revisions import Revisions
from bot.services.room_admin import RoomAdmin
from bot.services.rounds import Rounds
from bot.services.season_end import SeasonEnd
from bot.services.variants import Variants
from bot.services.voting import Voting
from bot.speech import Speaker, speaker_for
from bot.storage import Store

log = logging.getLogger(__name__)

# How often is looked for what another process has left.
LOOK_SECONDS = 10.0
# What one process does for all.
PRUNING = "pruning"


class Telling(Protocol):
    """Tells rooms what the clock asks for: what is stored of that, also by another process."""

    async def resume(self) -> None:
        """Go on with what a restart interrupted."""

    async def look(self) -> None:
        """Go on with what another process may have left."""

    async def close(self) -> None:
        """Stop, and finish what is being told."""


class Service:
    """What the bot does; the platforms translate to and from it.

    Attributes:
        photos: Has photos classified.
        rounds: Plays their rounds.
        voting: Ends votes.
        guessing: Plays guess rounds.
        boards: Know which rooms count to which.
        privacy: Answers questions about one's own data.
        parties: Runs party nights.
        party_chats: Plays them in chats.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        store: Store,
        messengers: Mapping[str, Messenger],
        archive: ArchiveJobs,
        photos: Photos,
        rounds: Rounds,
        voting: Voting,
        guessing: Guessing,
        greetings: Greetings,
        heatmaps: Heatmaps,
        cards: Cards,
        leaderboards: Leaderboards,
        room_admin: RoomAdmin,
        boards: Boards,
        privacy: Privacy,
        languages: Languages,
        parties: Parties,
        party_chats: PartyChats,
        season_end: SeasonEnd,
        daily: Daily,
        clock: Clock,
        revisions: Revisions,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._admission = admission
        self._store = store
        self._messengers = messengers
        self._archive = archive
        self.photos = photos
        self.rounds = rounds
        self.voting = voting
        self.guessing = guessing
        self._greetings = greetings
        self._telling: tuple[Telling, ...] = (guessing, voting, greetings, parties)
        self._heatmaps = heatmaps
        self._cards = cards
        self._leaderboards = leaderboards
        self._room_admin = room_admin
        self.boards = boards
        self.privacy = privacy
        self._languages = languages
        self.parties = parties
        self.party_chats = party_chats
        self._season_end = season_end
        self._daily = daily
        self._clock = clock
        self._parts = commands.Parts(
            self.handle_photo, rounds, heatmaps, leaderboards, room_admin, privacy, party_chats
        )
        self._revisions = revisions
        self._dropping: set[asyncio.Task[None]] = set()
        self._failures = Failures("what another process left could not be taken over", clock.now)
        self._looking = Repeat(
            self.look, LOOK_SECONDS, "what other processes left could not be looked for"
        )

    async def wants_photo(self, room: Room, *, addressed: bool) -> bool:
        """Return whether a photo of this room is to be answered.

        Args:
            room: Where it was sent.
            addressed: Whether it is meant for the bot.
        """
        if addressed or room.private:
            return True
        return (await self._store.rooms.settings(room)).every_photo

    def is_open(self, room: Room) -> bool:
        """Return whether a room that people enter is this one of several processes'."""
        return self._store.leases.is_open(room)

    async def enter(self, room: Room) -> Peer | None:
        """Take a room that people enter, if no other process has it; `look` finds what was left.

        Returns:
            The process that has it; None if it is this one.
        """
        return await self._store.leases.enter(room)

    async def take(self, rooms: Collection[Room]) -> set[Room]:
        """Return which of some rooms are this process's, taken where they are nobody's."""
        return await self._store.leases.claim(rooms)

    async def note_arrival(self, photo: Photo) -> int | None:
        """Store that a photo is in hand, before it is answered: a restart then answers it.

        Returns:
            Its round's id, for `Photo.round_id`; None when its message was answered before.
        """
        return await self.photos.open_round(photo)

    async def handle_photo(self, photo: Photo, *, guessing: bool = False) -> Reply | None:
        """Answer a photo. Never raises: whatever is wrong becomes a friendly sentence.

        Args:
            photo: The photo.
            guessing: Whether the room guesses first, as a caption may ask for as well.

        Returns:
            The answer; None when the photo's message was answered before.
        """
        outcome = await self.photos.process(photo, plays=True)
        if outcome is None:
            return None
        settings = await self._settings_of(photo.room)
        asks_first = guessing or _asks_first([photo], settings)
        reply = await self._answer(photo, outcome, settings, asks_first=asks_first)
        return _in_few_words([photo], reply, settings)

    async def _answer(
        self, photo: Photo, outcome: PhotoOutcome, settings: RoomSettings, *, asks_first: bool
    ) -> Reply:
        """Answer a photo with words."""
        speaker = await self._languages.speaker(photo.room, photo.player, settings)
        match outcome:
            case Declined(refusal=refusal):
                text = speaker.photos.refusal(refusal)
                return Reply(text, refusal=refusal, outcomes=(outcome,))
            case Classified(verdict=verdict):
                try:
                    asked = None
                    if asks_first:
                        asked = await self.guessing.open(outcome)
                    return asked or await self.rounds.answer(photo, outcome, speaker)
                except Exception:
                    log.exception("a round could not be played")
                    text = speaker.photos.answer(verdict, outcome.round_id)
                    return Reply(text, verdict=verdict, outcomes=(outcome,))

    def is_waited_in(self, room: Room) -> bool:
        """Return whether photos of a chat wait for their turn."""
        return self._admission.is_waited_in(room)

    async def glance(self, photo: Photo) -> Reply:
        """Say who is on a photo of a chat of which nothing is stored, where nobody plays.

        Never raises: whatever is wrong becomes a friendly sentence.
        """
        speaker = speaker_for(photo.player.language)
        try:
            verdict = await self.photos.glance(photo)
        except Refused as refused:
            self._metrics.note_refusal(photo.room.platform, refused.reason)
            return Reply(speaker.photos.refusal(refused.reason), refusal=refused.reason)
        except Exception:
            log.exception("a guest's photo could not be answered")
            self._metrics.note_refusal(photo.room.platform, Refusal.FAULT)
            return Reply(speaker.photos.refusal(Refusal.FAULT), refusal=Refusal.FAULT)
        self._metrics.note_verdict(photo.room.platform, verdict, Look.GUEST)
        # The same words each time for the same photo.
        variant = crc32((photo.key or "").encode())
        return Reply(speaker.photos.answer(verdict, variant), verdict=verdict)

    async def handle_album(self, photos: Sequence[Photo]) -> Reply | None:
        """Answer several photos of one person at once, a line for each; else as `handle_photo`.

        The surest of those that are not unfamiliar is played, or guessed about: four buttons for
        each of ten photos are no fun to read.
        """
        processed = await asyncio.gather(
            *(self.photos.process(photo, plays=False) for photo in photos)
        )
        outcomes = tuple(outcome for outcome in processed if outcome is not None)
        if not outcomes:
            return None
        settings = await self._settings_of(photos[0].room)
        return _in_few_words(photos, await self._answer_album(photos, outcomes, settings), settings)

    async def _answer_album(
        self, photos: Sequence[Photo], outcomes: tuple[PhotoOutcome, ...], settings: RoomSettings
    ) -> Reply:
        """Answer several photos with words."""
        speaker = await self._languages.speaker(photos[0].room, photos[0].player, settings)
        refusals = {each.refusal for each in outcomes if isinstance(each, Declined)}
        if len(refusals) == 1 and all(isinstance(each, Declined) for each in outcomes):
            (refusal,) = refusals
            return Reply(speaker.photos.refusal(refusal), refusal=refusal, outcomes=outcomes)
        try:
            for outcome in _surest_first(outcomes):
                await self.photos.play(outcome)
                if not await self.rounds.join_album(photos, outcomes, outcome):
                    continue  # it was played before
                asked = None
                if _asks_first(photos, settings):
                    asked = await self.guessing.open(outcome)
                shown = asked or await self.rounds.told(outcome.round_id)
                if shown is not None:
                    return replace(shown, outcomes=outcomes)
        except Exception:
            log.exception("a photo of an album could not be played")
        classified = (
            (number, outcome.round_id)
            for number, outcome in enumerate(outcomes, 1)
            if isinstance(outcome, Classified)
        )
        answers = [
            outcome.verdict if isinstance(outcome, Classified) else outcome.refusal
            for outcome in outcomes
        ]
        rows = self.rounds.where_rows(classified, speaker)
        surest = next(iter(_surest_first(outcomes)), None)
        return Reply(
            speaker.photos.album(answers, None),
            buttons=tuple(rows),
            outcomes=outcomes,
            sign=Sign.NEITHER if surest is None else surest.verdict.sign,
        )

    async def is_quiet(self, room: Room) -> bool:
        """Return whether a room wants few words. Never raises."""
        return (await self._settings_of(room)).quiet

    async def _settings_of(self, room: Room) -> RoomSettings:
        """Return a room's settings; the defaults when they cannot be looked up."""
        try:
            return await self._store.rooms.settings(room)
        except Exception:
            log.exception("a room's settings could not be looked up")
            return initial_settings(room)

    async def hear_truth(
        self, room: Room, player: Player, message: str, words: str
    ) -> tuple[int, Reply] | None:
        """Take what somebody writes below their own photo for the truth, in a quiet room.

        Never raises.

        Args:
            room: Where.
            player: Who writes.
            message: The id of the photo's message.
            words: What they write.

        Returns:
            The photo's round, and what there is to say, with a sign where that will do; None for
            words that are none of the bot's business.
        """
        label = truth_in(words)
        if label is None or not await self.is_quiet(room):
            return None
        try:
            async with self._revisions.turn(room):
                return await self.rounds.hear_truth(room, message, player, label)
        except Exception:
            log.exception("a truth could not be noted")
            return None

    async def note_message(self, round_id: int, message: str) -> None:
        """Note which message of the bot's shows a round now; `Messenger.edit` takes it."""
        await self._store.rounds.mark_answered([round_id], self._clock.now(), answer=message)

    async def note_sending(self, outcomes: Sequence[PhotoOutcome], *, has_failed: bool) -> bool:
        """Note that the answer to photos is on its way, or that it is known to have failed.

        After a restart the first may be there, and the second is not.

        Returns:
            Whether it is to be sent at all: not when another process has taken the room over,
            because this one seemed to be dead.
        """
        rounds = [outcome.round_id for outcome in outcomes if outcome.round_id is not None]
        try:
            if outcomes and not await self._store.leases.own(outcomes[0].room):
                return False
            now = None if has_failed else self._clock.now()
            await self._store.rounds.mark_sending(rounds, now)
        except Exception:
            log.exception("an answer on its way could not be noted")
        return True

    async def mark_sent(
        self,
        outcomes: Sequence[PhotoOutcome],
        milliseconds: float,
        reference: str | None = None,
        answer: str | None = None,
    ) -> None:
        """Note that the answer to photos went out; writes the log's line for each.

        Args:
            outcomes: The reply's.
            milliseconds: How long sending it took.
            reference: Where the photo can be fetched again, if that is only known now.
            answer: The id of the message that it went out in, for `Messenger.edit`.
        """
        rounds = [outcome.round_id for outcome in outcomes if outcome.round_id is not None]
        try:
            await self._store.rounds.mark_answered(rounds, self._clock.now(), reference, answer)
        except Exception:
            log.exception("an answer could not be noted")
        for outcome in outcomes:
            self._metrics.note_photo(outcome, milliseconds)
            what = (
                f"label={outcome.verdict.label}"
                if isinstance(outcome, Classified)
                else f"refused={outcome.refusal}"
            )
            log.info(
                "photo platform=%s room=%s bytes=%d download=%.0f queue=%.0f inference=%.0f "
                "send=%.0f %s",
                outcome.room.platform,
                outcome.room.id,
                outcome.timings.bytes,
                outcome.timings.download,
                outcome.timings.queue,
                outcome.timings.inference,
                milliseconds,
                what,
            )

    async def handle_button(self, press: ButtonPress) -> ButtonOutcome:
        """Do what a button is for. Never raises."""
        speaker = await self._languages.speaker(press.room, press.player)
        try:
            return await self._do(press, speaker)
        except Refused as refused:
            return ButtonOutcome(speaker.photos.refusal(refused.reason))
        except Exception:
            log.exception("a button could not be answered")
            return ButtonOutcome(speaker.photos.refusal(Refusal.FAULT))

    async def _do(self, press: ButtonPress, speaker: Speaker) -> ButtonOutcome:
        action = buttons.decode(press.data)
        if isinstance(action, RoundAction):
            async with self._revisions.turn(press.room):
                return self._with_revision(await self._play(press, action, speaker))
        match action:
            case ShowHeatmap():
                outcome = await self._heatmaps.of_round(press, action, speaker)
            case ShowCard():
                outcome = await self._cards.show(press, action, speaker)
            case HidePhoto():
                outcome = await self._cards.hide(press, action, speaker)
            case AskForPhoto():  # on a platform without forms, or one that could not open it
                how = speaker.photos.who_how(press.room.platform)
                outcome = ButtonOutcome(send=Reply(how))
            case ShowCommands():
                outcome = ButtonOutcome(send=Reply(commands.listed(press.room.platform, speaker)))
            case ShowAbout():
                outcome = ButtonOutcome(send=Reply(speaker.rooms.about()))
            case ExportMine():
                reply = await self.privacy.export(
                    press.room, press.player, speaker, alone=press.alone or press.room.private
                )
                outcome = ButtonOutcome(send=reply)
            case AskToForget():
                reply = self.privacy.ask_whether_to_forget(press.player, speaker)
                outcome = ButtonOutcome(send=reply)
            case ForgetMe():
                outcome = await self.privacy.forget(press, action, speaker)
            case ResetSeason():
                outcome = await self._room_admin.reset(press, action, speaker)
            case UndoReset():
                outcome = await self._room_admin.undo_reset(press, speaker)
            case ExplainPrivacyMode():
                outcome = ButtonOutcome(send=Reply(speaker.rooms.privacy_mode_help(press.bot)))
            case OpenSettings():
                outcome = await self._room_admin.open_settings(press, speaker)
            case OpenLanguages():
                outcome = await self._room_admin.open_languages(press, speaker)
            case ChooseLanguage():
                outcome = await self._room_admin.choose_language(press, action, speaker)
            case ChoosePhotos():
                outcome = await self._room_admin.choose_photos(press, action, speaker)
            case ChooseManner():
                outcome = await self._room_admin.choose_manner(press, action, speaker)
            case ChooseBoard():
                outcome = await self._room_admin.choose_board(press, action, speaker)
            case OpenTimezones():
                outcome = await self._room_admin.open_timezones(press, speaker)
            case ChooseTimezone():
                outcome = await self._room_admin.choose_timezone(press, action, speaker)
            case (
                JoinParty()
                | StartParty()
                | GuessAtParty()
                | TellAtParty()
                | JudgeAtParty()
                | StarAtParty()
            ):
                outcome = await self.party_chats.tap(press, action, speaker)
            case None:
                outcome = ButtonOutcome(speaker.rooms.old_button())
        return self._with_revision(outcome)

    async def _play(
        self, press: ButtonPress, action: RoundAction, speaker: Speaker
    ) -> ButtonOutcome:
        match action:
            case TellTruth():
                return await self.rounds.tell_truth(press, action, speaker)
            case UndoTruth():
                return await self.rounds.undo_truth(press, action, speaker)
            case ConfirmTruth():
                return await self.rounds.confirm(press, action, speaker)
            case ObjectToTruth():
                return await self.rounds.object_to(press, action, self.voting, speaker)
            case CastBallot():
                return await self.rounds.cast_ballot(press, action, self.voting, speaker)
            case MarkMade():
                return await self.rounds.mark_made(press, action, speaker)
            case MakeGuess():
                return await self.guessing.guess(press, action, speaker)

    async def handle_command(self, request: CommandRequest) -> Reply | None:
        """Answer a command, an unknown one with help. Never raises.

        Returns:
            The answer; None when it came with a photo that was answered before.
        """
        speaker = await self._languages.speaker(request.room, request.player)
        command = commands.find(request.name) or commands.HELP
        try:
            if command.admins_only and not await request.is_admin():
                return Reply(speaker.rooms.only_admins())
            reply = await command.handler(self._parts, request, speaker)
            if reply is not None and command.invites and request.photo is None:
                return with_invitation(reply, speaker, traits_of(self._messengers, request.room))
            return reply
        except Refused as refused:
            return Reply(speaker.photos.refusal(refused.reason), refusal=refused.reason)
        except Exception:
            log.exception("a command could not be answered")
            return Reply(speaker.photos.refusal(Refusal.FAULT), refusal=Refusal.FAULT)

    async def taken_down(self, round_id: int) -> StoredRound | None:
        """Return a round whose photo its sender has taken down; None for any other."""
        found = await self._store.rounds.find(round_id)
        return found if found and found.hidden else None

    async def board(self, room: Room, player: Player) -> Sequence[BoardRow]:
        """Return the season's points so far, for a board that goes along. Never raises."""
        try:
            speaker = await self._languages.speaker(room, player)
            return await self._leaderboards.board(room, speaker)
        except Exception:
            log.exception("a leaderboard could not be made")
            return ()

    def now(self) -> datetime:
        """Return the time by which everything here goes."""
        return self._clock.now()

    async def speaker(self, room: Room, player: Player | None) -> Speaker:
        """Return the sentences in the room's language, else the person's, else English."""
        return await self._languages.speaker(room, player)

    async def greet(self, room: Room, player: Player | None, hello: Hello) -> None:
        """Have a group greeted that the bot was invited to, unless it has been.

        Args:
            room: The group.
            player: Who invited the bot, where that is known.
            hello: What to go by.
        """
        await self._greetings.greet(room, player, hello)

    async def leave(self, room: Room) -> None:
        """Forget that a room was ever greeted; a new invitation is a new hello."""
        await self._store.rooms.mark_left(room)

    async def existing_rooms(self, platform: str) -> list[str]:
        """Return the ids of a platform's rooms of which anything is known."""
        return await self._store.rooms.existing(platform)

    async def move_room(self, old: Room, new: Room) -> None:
        """Take everything that is known of a room to its new id."""
        await self._store.rooms.move(old, new)
        await self.party_chats.move(old, new)

    async def pending_photos(
        self, platform: str, is_new: Callable[[PendingPhoto], bool] = lambda photo: True
    ) -> list[PendingPhoto]:
        """Return the photos that were in hand when a process ended, and still matter.

        Args:
            platform: The platform's name.
            is_new: Tells those that are not in hand here already.
        """
        stored = await self._store.rounds.pending(platform, self._clock.now() - STALE)
        owned = await self._store.leases.owned({photo.room for photo in stored})
        pending = [photo for photo in stored if photo.room in owned and is_new(photo)]
        self._metrics.note_ambiguous(platform, sum(photo.in_flight for photo in pending))
        return pending

    async def private_rooms(self, platform: str, most: int) -> list[Room]:
        """Return the private chats in which something happened last, the latest first."""
        return await self._store.rooms.private_rooms(platform, most)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what the clock asks for, while the block lasts: guesses, votes, podiums and so on."""
        self.party_chats.open()
        for each in self._telling:
            await each.resume()
        running = [
            asyncio.create_task(self._season_end.repeat.run(), name="season end"),
            asyncio.create_task(self._daily.repeat.run(), name="daily"),
        ]
        if self._store.leases.are_shared:
            running.append(asyncio.create_task(self._looking.run(), name="look"))
        hearing = asyncio.create_task(self._store.people.listen(self._drop), name="hearing")
        try:
            yield
        finally:
            hearing.cancel()
            running += [hearing, *self._dropping]
            self._season_end.repeat.stop()
            self._daily.repeat.stop()
            self._looking.stop()
            await self.party_chats.close()
            for each in self._telling:
                await each.close()
            await asyncio.gather(*running, return_exceptions=True)
            await self._archive.finish()

    def _drop(self, platform: str, player: Player) -> None:
        """Forget somebody here, who was forgotten in whatever process."""
        dropping = asyncio.create_task(self.privacy.drop(platform, player), name="drop")
        self._dropping.add(dropping)
        dropping.add_done_callback(self._dropping.discard)

    async def look(self) -> None:
        """Take over what another process on the same database has left."""
        for each in self._telling:
            with self._failures.caught(type(each)):
                await each.look()

    async def hand_over(self) -> None:
        """Leave what is in rooms that were given up to the process that has them next."""
        await self.parties.hand_over()
        self.boards.forget()

    async def prune(self) -> None:
        """Forget what is over."""
        if await self._store.leases.hold(PRUNING):
            await self._store.people.prune(self._clock.now())
        await self._archive.prune()
        await self.parties.prune()

    async def settle(self) -> None:
        """Wait until what goes on beside the answers is done."""
        await self._archive.finish()

    async def drain(self, seconds: float) -> None:
        """Take no new photos, and wait so long, at most, for those in hand to be answered."""
        await self._admission.drain(seconds)

    def _with_revision(self, outcome: ButtonOutcome) -> ButtonOutcome:
        """Return the outcome with its edit numbered, so that the later of two wins."""
        if outcome.edit is None:
            return outcome
        return replace(outcome, edit=self._revisions.number(outcome.edit))


def _asks_first(photos: Sequence[Photo], settings: RoomSettings) -> bool:
    """Return whether everybody guesses before the bot answers photos that came together."""
    wishes = (photo.is_guessed or wants_guesses(photo.caption) for photo in photos)
    return settings.guess_every or any(wishes)


def _in_few_words(photos: Sequence[Photo], reply: Reply, settings: RoomSettings) -> Reply:
    """Return an answer with its sign only where that will do: nobody asked the bot itself."""
    is_asked = any(photo.is_addressed for photo in photos)
    return reply if settings.quiet and not is_asked else replace(reply, sign=None)


def _surest_first(outcomes: Sequence[PhotoOutcome]) -> list[Classified]:
    """Return the photos that are not unfamiliar, the surest first."""
    named = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, Classified) and not outcome.verdict.unfamiliar
    ]
    return sorted(named, key=lambda outcome: outcome.verdict.confidence, reverse=True)


def build_service(
    *,
    vision: PhotoClassifier,
    admission: Admission,
    store: Store,
    archive: PhotoArchive,
    party_pictures: PartyPictures,
    messengers: Mapping[str, Messenger],
    metrics: Metrics | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    zone: tzinfo | None = None,
) -> Service:
    """Put the service together.

    Args:
        vision: Looks at photos.
        admission: Lets them in.
        store: Remembers.
        archive: Keeps photos that fooled the bot, where a room wants that.
        party_pictures: Keeps the photos of party nights.
        messengers: The platforms, by name.
        metrics: Counts what happens.
        now: The time, with its zone.
        zone: The host's time zone, for rooms that chose none; the machine's if left out.
    """
    clock, revisions = Clock(store, now, zone or host_zone()), Revisions()
    metrics = metrics or Metrics()
    languages, boards = Languages(store), Boards(store)
    jobs = ArchiveJobs(archive, store, vision, messengers)
    photos = Photos(vision, admission, store, clock)
    rounds = Rounds(store, jobs, clock, Variants(), metrics)
    leaderboards = Leaderboards(store, clock)
    cards = Cards(photos, store, messengers, clock)
    parties = Parties(
        store, vision, admission, messengers, languages, clock, party_pictures, metrics
    )
    party_chats = PartyChats(parties, messengers, store, languages, clock, revisions)
    return Service(
        admission=admission,
        store=store,
        messengers=messengers,
        archive=jobs,
        photos=photos,
        rounds=rounds,
        voting=Voting(store, jobs, messengers, clock, revisions, rounds.word),
        guessing=Guessing(store, rounds, messengers, clock, revisions, metrics),
        greetings=Greetings(store, messengers, languages, clock),
        heatmaps=Heatmaps(photos, store, messengers),
        cards=cards,
        leaderboards=leaderboards,
        room_admin=RoomAdmin(store, boards, clock),
        boards=boards,
        privacy=Privacy(store, jobs, parties, messengers),
        languages=languages,
        parties=parties,
        party_chats=party_chats,
        season_end=SeasonEnd(store, messengers, languages, clock),
        daily=Daily(store, messengers, languages, leaderboards, cards, clock),
        clock=clock,
        revisions=revisions,
        metrics=metrics,
    )
