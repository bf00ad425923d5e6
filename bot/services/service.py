"""The one path that a photo, a button or a command takes, whatever the platform it came from."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from cachetools import LRUCache

from bot.services import leaderboard
from bot import speech
from bot.game.captions import wants_guesses
from bot.services.room_admin import Desk
from bot.domain import (
    CommandCall,
    MenuCommand,
    ButtonOutcome,
    Photo,
    Player,
    ButtonPress,
    Refusal,
    Refused,
    Reply,
    Room,
    PendingPhoto,
)
from bot.services.admission import Admission
from bot.services.photos import Gaze
from bot.services.guessing import Guesses
from bot.services.photo_archive import PhotoArchive
from bot.services.learning import Learning
from bot.services.privacy import Office
from bot.services.ports import Chat, Vision, Store
from bot.graphics.charts import Row
from bot.services.rounds import Play
from bot.services.season_end import Podiums
from bot.speech import Speaker
from bot.game.scoring import season

log = logging.getLogger(__name__)

REMEMBERED = 2048
# What a database holds as an integer.
ROUND_ID = r"[0-9]{1,18}"
# After an outage: who asked longer ago than this has given up.
STALE = timedelta(minutes=5)


class Service:
    """Decides what becomes of a photo: asks the limits, the memory, the eye; words the reply."""

    def __init__(
        self,
        eye: Vision,
        door: Admission,
        memory: Store,
        keeper: PhotoArchive,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._door = door
        self._gaze = Gaze(eye, door, memory, now)
        self._memory = memory
        self._now = now
        self._chats: dict[str, Chat] = {}
        self._learning = Learning(memory, keeper, self._chats)
        self._play = Play(memory, now, self._learning)
        self._guesses = Guesses(memory, self._play, self._chats, self._words_of, now)
        self._podiums = Podiums(memory, self._chats, self._words_of, now)
        self._office = Office(memory, memory, keeper, now)
        self._desk = Desk(memory, now)
        self._shown: LRUCache[int, bool] = LRUCache(REMEMBERED)
        self._spoken: LRUCache[Room, str] = LRUCache(REMEMBERED)

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side are of use."""
        return self._gaze.side

    def add(self, platform: str, chat: Chat) -> None:
        """Get to know the chat through which a platform's photos can be fetched again."""
        self._chats[platform] = chat

    async def wants(self, room: Room, *, addressed: bool) -> bool:
        """Say whether a photo of this room is to be looked at."""
        if addressed or room.private:
            return True
        return (await self._memory.room_settings(room)).every_photo

    async def look(self, photo: Photo, *, guessing: bool = False) -> Reply | None:
        """Answer a photo; None when its message was answered before.

        guessing: whether the room guesses first, as a caption may ask for as well.
        Never raises: whatever is wrong becomes a friendly sentence.
        """
        look = await self._gaze.look(photo, plays=True)
        if look is None:
            return None
        words = await self.words(photo.room, photo.player)
        if look.verdict is None or look.round is None:
            refusal = look.refusal or Refusal.FAULT
            return Reply(words.refusal(refusal), refusal=refusal, outcomes=(look,))
        try:
            asked = None
            if guessing or wants_guesses(photo.caption):
                asked = await self._guesses.open(photo, look, words)
            return asked or await self._play.answer(photo, look, words)
        except Exception:
            log.exception("a round could not be played")
            return Reply(words.answer(look.verdict), verdict=look.verdict, outcomes=(look,))

    async def look_at_album(self, photos: Sequence[Photo]) -> Reply | None:
        """Answer several photos of one person at once, a line for each; otherwise as `look`.

        They are not played: four buttons for each of ten photos are no fun to read.
        """
        looked = await asyncio.gather(*(self._gaze.look(photo, plays=False) for photo in photos))
        outcomes = tuple(look for look in looked if look is not None)
        if not outcomes:
            return None
        words = await self.words(photos[0].room, photos[0].player)
        rounds = [(number, look.round) for number, look in enumerate(outcomes, 1) if look.verdict]
        buttons = [words.where_button(id_, number) for number, id_ in rounds if id_ is not None]
        return Reply(
            words.album([look.verdict or look.refusal for look in outcomes]),
            buttons=tuple(tuple(buttons[begin : begin + 5]) for begin in range(0, len(buttons), 5)),
            outcomes=outcomes,
        )

    async def sent(self, reply: Reply, milliseconds: float, reference: str | None = None) -> None:
        """Note that an answer went out, after so long; writes the log's line for each photo.

        reference: where the photo can be fetched again, if that is only known now.
        """
        rounds = [look.round for look in reply.outcomes if look.round is not None]
        try:
            await self._memory.answered(rounds, self._now(), reference)
        except Exception:
            log.exception("an answer could not be noted")
        for look in reply.outcomes:
            log.info(
                "photo platform=%s room=%s bytes=%d download=%.0f queue=%.0f inference=%.0f "
                "send=%.0f %s",
                look.room.platform,
                look.room.id,
                look.timings.bytes,
                look.timings.download,
                look.timings.queue,
                look.timings.inference,
                milliseconds,
                f"label={look.verdict.label}" if look.verdict else f"refused={look.refusal}",
            )

    async def press(self, press: ButtonPress) -> ButtonOutcome:
        """Do what a button is for. Never raises."""
        words = await self.words(press.room, press.player)
        kind, _, rest = press.data.partition(":")
        try:
            if kind == "where" and re.fullmatch(ROUND_ID, rest):
                return await self._show_where(press, int(rest), words)
            for counter in (self._play, self._guesses, self._office, self._desk):
                if (outcome := await counter.press(press, words)) is not None:
                    return outcome
            return ButtonOutcome(words.old_button())
        except Refused as refused:
            return ButtonOutcome(words.refusal(refused.reason))
        except Exception:
            log.exception("a button could not be answered")
            return ButtonOutcome(words.refusal(Refusal.FAULT))

    async def command(self, command: CommandCall) -> Reply | None:
        """Answer a command; None when it came with a photo that was answered before."""
        words = await self.words(command.room, command.player)
        try:
            if command.name == "who" and command.photo is not None:
                return await self.look(command.photo)
            if command.name == "where" and command.photo is not None:
                return await self._where(command.photo, words)
            if command.name == "guess" and command.photo is not None:
                return await self.look(command.photo, guessing=True)
            return await self._office.command(command, words) or await self._desk.command(
                command, words
            )
        except Refused as refused:
            return Reply(words.refusal(refused.reason), refusal=refused.reason)
        except Exception:
            log.exception("a command could not be answered")
            return Reply(words.refusal(Refusal.FAULT), refusal=Refusal.FAULT)

    async def scores(self, room: Room, player: Player) -> Sequence[Row]:
        """Return the season's points so far, for a board that goes along. Never raises."""
        try:
            ledger = await self._memory.ledger(room, season(self._now()))
            return leaderboard.scores(ledger, await self.words(room, player), player.id)
        except Exception:
            log.exception("a score board could not be made")
            return ()

    def commands(self, language: str | None) -> tuple[MenuCommand, ...]:
        """Return the commands for a platform's menu, in a language."""
        return self._desk.commands(speech.into(language))

    async def joined(
        self, room: Room, player: Player | None, *, name: str, hears_all: bool
    ) -> Reply | None:
        """Say hello in a group that the bot was invited to; None when it has said so before.

        name: the bot's own, as people write it there. hears_all: whether every photo reaches it.
        """
        if not await self._memory.greet(room, self._now()):
            return None
        words = await self.words(room, player)
        return Reply(words.hello(room.platform, name, hears_all=hears_all))

    async def left(self, room: Room) -> None:
        """Forget that the bot was ever greeted there; a new invitation is a new hello."""
        await self._memory.leave(room)

    async def moved(self, old: Room, new: Room) -> None:
        """Take everything that is known of a room to its new id."""
        await self._memory.move_room(old, new)

    async def left_over(self, platform: str) -> list[PendingPhoto]:
        """Return the photos that were in hand when the process last ended, and still matter."""
        return await self._memory.waiting(platform, self._now() - STALE)

    async def words(self, room: Room, player: Player | None) -> Speaker:
        """Return the sentences in the room's language, else the person's, else English."""
        return await self._words_of(room, (player.language or "en") if player else None)

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[None]:
        """Do what the clock asks for, while the block lasts: guesses to answer, podiums to show."""
        await self._guesses.resume()
        podiums = asyncio.create_task(self._podiums.run())
        try:
            yield
        finally:
            async with self._podiums.showing:
                podiums.cancel()
            await asyncio.gather(podiums, return_exceptions=True)
            await self._guesses.close()
            await self._learning.close()

    async def settle(self) -> None:
        """Wait until what goes on besides the answers is done."""
        await self._learning.close()

    async def drain(self, seconds: float) -> None:
        """Take no new photos, and wait so long, at most, for those in hand to be answered."""
        await self._door.drain(seconds)

    async def _words_of(self, room: Room, language: str | None) -> Speaker:
        # What nobody asked for, such as a podium, is said in the language that was spoken last.
        language = language or self._spoken.get(room)
        if language:
            self._spoken[room] = language
        try:
            chosen = (await self._memory.room_settings(room)).language
        except Exception:
            log.exception("a room's settings could not be read")
            chosen = None
        return speech.into(chosen or language)

    async def _show_where(self, press: ButtonPress, round_id: int, words: Speaker) -> ButtonOutcome:
        found = await self._memory.round(round_id)
        chat = self._chats.get(press.room.platform)
        if found is None or found.room != press.room or found.reference is None or chat is None:
            return ButtonOutcome(words.old_button())
        if round_id in self._shown:
            return ButtonOutcome(words.where_done())
        self._shown[round_id] = True  # before the work: two people tap at once
        try:
            self._door.admit(press.room, press.player)
            read = chat.read(found.room, found.reference)
            return ButtonOutcome(say=words.where(*await self._gaze.explain(read)))
        except BaseException:
            self._shown.pop(round_id, None)
            raise

    async def _where(self, photo: Photo, words: Speaker) -> Reply:
        self._door.admit(photo.room, photo.player)
        return words.where(*await self._gaze.explain(photo.read))
