"""The one entrance: what becomes of a photo, a button or a command, whatever the platform."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cachetools import LRUCache

from bot.domain import (
    ButtonOutcome,
    ButtonPress,
    Classified,
    CommandRequest,
    Declined,
    PendingPhoto,
    Photo,
    PhotoOutcome,
    Player,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.game.captions import wants_guesses
from bot.graphics.charts import Row
from bot.services import buttons, commands
from bot.services.admission import Admission
from bot.services.buttons import (
    ChooseLanguage,
    ChoosePhotos,
    ForgetMe,
    MakeGuess,
    ObjectToTruth,
    OpenLanguages,
    OpenSettings,
    ResetSeason,
    ShowHeatmap,
    TellTruth,
    button,
)
from bot.services.guessing import Guessing
from bot.services.heatmaps import Heatmaps
from bot.services.language import Languages
from bot.services.leaderboard import Leaderboards
from bot.services.photo_archive import ArchiveJobs, PhotoArchive
from bot.services.photos import Photos
from bot.services.ports import Messenger, PhotoClassifier
from bot.services.privacy import Privacy
from bot.services.room_admin import RoomAdmin
from bot.services.rounds import Rounds
from bot.services.season_end import SeasonEnd
from bot.speech import Speaker
from bot.storage import Store

log = logging.getLogger(__name__)

# After an outage: who asked longer ago than this has given up.
STALE = timedelta(minutes=5)
# As many as fit on a message of every platform.
BUTTONS_IN_A_ROW = 5
# Rooms whose buttons were tapped lately.
REMEMBERED = 2048


class Service:
    """What the bot does; the platforms translate to and from it.

    Attributes:
        photos: Has photos classified.
        rounds: Plays their rounds.
        guessing: Plays guess rounds.
        heatmaps: Shows where the bot looked.
        leaderboards: Answers questions about points.
        room_admin: Answers a room's admins.
        privacy: Answers questions about one's own data.
        languages: Finds the sentences for a room.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        store: Store,
        archive: ArchiveJobs,
        photos: Photos,
        rounds: Rounds,
        guessing: Guessing,
        heatmaps: Heatmaps,
        leaderboards: Leaderboards,
        room_admin: RoomAdmin,
        privacy: Privacy,
        languages: Languages,
        season_end: SeasonEnd,
        now: Callable[[], datetime],
    ) -> None:
        self._admission = admission
        self._store = store
        self._archive = archive
        self.photos = photos
        self.rounds = rounds
        self.guessing = guessing
        self.heatmaps = heatmaps
        self.leaderboards = leaderboards
        self.room_admin = room_admin
        self.privacy = privacy
        self.languages = languages
        self._season_end = season_end
        self._now = now
        self._parts = commands.Parts(self.handle_photo, heatmaps, leaderboards, room_admin, privacy)
        self._revisions = itertools.count(1)
        self._taps: LRUCache[Room, asyncio.Lock] = LRUCache(REMEMBERED)

    async def wants_photo(self, room: Room, *, addressed: bool) -> bool:
        """Return whether a photo of this room is to be answered.

        Args:
            room: Where it was sent.
            addressed: Whether it is meant for the bot.
        """
        if addressed or room.private:
            return True
        return (await self._store.rooms.settings(room)).every_photo

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
        speaker = await self.languages.speaker(photo.room, photo.player)
        match outcome:
            case Declined(refusal=refusal):
                text = speaker.photos.refusal(refusal)
                return Reply(text, refusal=refusal, outcomes=(outcome,))
            case Classified(verdict=verdict):
                try:
                    asked = None
                    if guessing or wants_guesses(photo.caption):
                        asked = await self.guessing.open(photo, outcome, speaker)
                    return asked or await self.rounds.answer(photo, outcome, speaker)
                except Exception:
                    log.exception("a round could not be played")
                    text = speaker.photos.answer(verdict)
                    return Reply(text, verdict=verdict, outcomes=(outcome,))

    async def handle_album(self, photos: Sequence[Photo]) -> Reply | None:
        """Answer several photos of one person at once, a line for each; else as `handle_photo`.

        They are not played: four buttons for each of ten photos are no fun to read.
        """
        classified = await asyncio.gather(
            *(self.photos.process(photo, plays=False) for photo in photos)
        )
        outcomes = tuple(outcome for outcome in classified if outcome is not None)
        if not outcomes:
            return None
        speaker = await self.languages.speaker(photos[0].room, photos[0].player)
        row = [
            button(speaker.photos.where_button(number), ShowHeatmap(outcome.round_id))
            for number, outcome in enumerate(outcomes, 1)
            if isinstance(outcome, Classified)
        ]
        return Reply(
            speaker.photos.album(
                [
                    outcome.verdict if isinstance(outcome, Classified) else outcome.refusal
                    for outcome in outcomes
                ]
            ),
            buttons=tuple(
                tuple(row[begin : begin + BUTTONS_IN_A_ROW])
                for begin in range(0, len(row), BUTTONS_IN_A_ROW)
            ),
            outcomes=outcomes,
        )

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
            answer: The id of the answer's own message, as `Messenger.edit` wants it.
        """
        rounds = [outcome.round_id for outcome in outcomes if outcome.round_id is not None]
        try:
            await self._store.rounds.mark_answered(rounds, self._now(), reference)
        except Exception:
            log.exception("an answer could not be noted")
        for outcome in outcomes:
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
        speaker = await self.languages.speaker(press.room, press.player)
        try:
            return await self._do(press, speaker)
        except Refused as refused:
            return ButtonOutcome(speaker.photos.refusal(refused.reason))
        except Exception:
            log.exception("a button could not be answered")
            return ButtonOutcome(speaker.photos.refusal(Refusal.FAULT))

    async def _do(self, press: ButtonPress, speaker: Speaker) -> ButtonOutcome:
        match buttons.decode(press.data):
            case TellTruth() as action:
                async with self._tap(press.room):
                    outcome = await self.rounds.tell_truth(press, action, speaker)
                    return self._with_revision(outcome)
            case ObjectToTruth() as action:
                async with self._tap(press.room):
                    outcome = await self.rounds.object_to(press, action, speaker)
                    return self._with_revision(outcome)
            case MakeGuess() as action:
                return await self.guessing.guess(press, action, speaker)
            case ShowHeatmap() as action:
                return await self.heatmaps.of_round(press, action, speaker)
            case ForgetMe() as action:
                return self._with_revision(await self.privacy.forget(press, action, speaker))
            case ResetSeason() as action:
                return self._with_revision(await self.room_admin.reset(press, action, speaker))
            case OpenSettings():
                return self._with_revision(await self.room_admin.open_settings(press, speaker))
            case OpenLanguages():
                return self._with_revision(await self.room_admin.open_languages(press, speaker))
            case ChooseLanguage() as action:
                return self._with_revision(
                    await self.room_admin.choose_language(press, action, speaker)
                )
            case ChoosePhotos() as action:
                return self._with_revision(
                    await self.room_admin.choose_photos(press, action, speaker)
                )
            case None:
                return ButtonOutcome(speaker.rooms.old_button())

    async def handle_command(self, request: CommandRequest) -> Reply | None:
        """Answer a command, an unknown one with help. Never raises.

        Returns:
            The answer; None when it came with a photo that was answered before.
        """
        speaker = await self.languages.speaker(request.room, request.player)
        command = commands.find(request.name) or commands.HELP
        try:
            if command.admins_only and not await request.is_admin():
                return Reply(speaker.rooms.only_admins())
            return await command.handler(self._parts, request, speaker)
        except Refused as refused:
            return Reply(speaker.photos.refusal(refused.reason), refusal=refused.reason)
        except Exception:
            log.exception("a command could not be answered")
            return Reply(speaker.photos.refusal(Refusal.FAULT), refusal=Refusal.FAULT)

    async def board(self, room: Room, player: Player) -> Sequence[Row]:
        """Return the season's points so far, for a board that goes along. Never raises."""
        try:
            speaker = await self.languages.speaker(room, player)
            return await self.leaderboards.rows(room, player, speaker)
        except Exception:
            log.exception("a leaderboard could not be made")
            return ()

    async def speaker(self, room: Room, player: Player | None) -> Speaker:
        """Return the sentences in the room's language, else the person's, else English."""
        return await self.languages.speaker(room, player)

    async def greet(
        self, room: Room, player: Player | None, *, name: str, hears_all: bool
    ) -> Reply | None:
        """Say hello in a group that the bot was invited to; None when it has said so before.

        Args:
            room: The group.
            player: Who invited the bot, where that is known.
            name: The bot's own, as people write it there.
            hears_all: Whether every photo reaches the bot there.
        """
        if not await self._store.rooms.mark_greeted(room, self._now()):
            return None
        speaker = await self.languages.speaker(room, player)
        return Reply(speaker.rooms.hello(room.platform, name, hears_all=hears_all))

    async def leave(self, room: Room) -> None:
        """Forget that a room was ever greeted; a new invitation is a new hello."""
        await self._store.rooms.mark_left(room)

    async def move_room(self, old: Room, new: Room) -> None:
        """Take everything that is known of a room to its new id."""
        await self._store.rooms.move(old, new)

    async def pending_photos(self, platform: str) -> list[PendingPhoto]:
        """Return the photos that were in hand when the process last ended, and still matter."""
        return await self._store.rounds.pending(platform, self._now() - STALE)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what the clock asks for, while the block lasts: guesses to answer, podiums to show."""
        await self.guessing.resume()
        podiums = asyncio.create_task(self._season_end.run(), name="season end")
        try:
            yield
        finally:
            self._season_end.stop()
            await self.guessing.close()
            await asyncio.gather(podiums, return_exceptions=True)
            await self._archive.finish()

    async def prune(self) -> None:
        """Forget what is over."""
        await self._store.people.prune(self._now())
        await self._archive.prune()

    async def settle(self) -> None:
        """Wait until what goes on beside the answers is done."""
        await self._archive.finish()

    async def drain(self, seconds: float) -> None:
        """Take no new photos, and wait so long, at most, for those in hand to be answered."""
        await self._admission.drain(seconds)

    def _tap(self, room: Room) -> asyncio.Lock:
        """Return the lock under which a round's message is worded after a tap."""
        return self._taps.setdefault(room, asyncio.Lock())

    def _with_revision(self, outcome: ButtonOutcome) -> ButtonOutcome:
        """Return the outcome with its edit numbered, so that the later of two wins."""
        if outcome.edit is None:
            return outcome
        return replace(outcome, edit=replace(outcome.edit, revision=next(self._revisions)))


def build_service(
    *,
    vision: PhotoClassifier,
    admission: Admission,
    store: Store,
    archive: PhotoArchive,
    messengers: Mapping[str, Messenger],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Service:
    """Put the service together.

    Args:
        vision: Looks at photos.
        admission: Lets them in.
        store: Remembers.
        archive: Keeps photos that fooled the bot, where a room wants that.
        messengers: The platforms, by name.
        now: The time, with its zone.
    """
    languages = Languages(store)
    jobs = ArchiveJobs(archive, store, messengers)
    photos = Photos(vision, admission, store, now)
    rounds = Rounds(store, jobs, now)
    return Service(
        admission=admission,
        store=store,
        archive=jobs,
        photos=photos,
        rounds=rounds,
        guessing=Guessing(store, rounds, messengers, languages, now),
        heatmaps=Heatmaps(photos, store, messengers),
        leaderboards=Leaderboards(store, now),
        room_admin=RoomAdmin(store, now),
        privacy=Privacy(store, jobs),
        languages=languages,
        season_end=SeasonEnd(store, messengers, languages, now),
        now=now,
    )
