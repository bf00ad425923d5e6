"""Party nights: runs their clock, looks at their photos, and remembers them across a restart.

The rules are in `bot/game/party_flow.py`. A platform calls `enter`, `leave`, `act` and
`send_photo`, and draws `bot.services.party_view.render` again whenever its listener is told that a
room's evening changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.domain import Fetch, Kept, Picture, Player, Refusal, Refused, Reply, Room, Timings, Verdict
from bot.game import party_flow as flow
from bot.game.party import Device, Party, Phase, opened
from bot.game.party_acts import (
    Act,
    Again,
    End,
    Guess,
    Join,
    Judge,
    Leave,
    Next,
    NotAllowed,
    Pause,
    Resume,
    Star,
    Start,
    TakeOver,
    Tell,
    Why,
)
from bot.game.party_flow import MOST_ROUNDS, rounds_within
from bot.game.party_prompts import PROMPTS, Place, Prompt
from bot.game.party_rounds import PlayerNumber
from bot.game.party_scoring import best_photos, bot_score, standings, totals, winners
from bot.graphics import evening
from bot.graphics.charts import Row
from bot.metrics import Look, Metrics
from bot.services.admission import Admission
from bot.services.clock import Clock
from bot.services.failures import Failures
from bot.services.language import Languages
from bot.services.party_pictures import PartyPictures
from bot.services.ports import Messenger, PhotoClassifier
from bot.storage import Store

__all__ = ["NotAllowed", "Parties", "Party", "Wish", "decode_act", "decode_wish"]

log = logging.getLogger(__name__)

KEPT_AFTER = timedelta(days=1)
# As large as a big screen shows a photo.
PHOTO_SIDE = 1280
HEAT_QUALITY = 80
# So many evenings at once are no home.
MOST_PARTIES = 50
# While the classifier is busy with others.
LOOK_AGAIN_SECONDS = 1.0
LOOKS = 5
BEST_PHOTOS = 3
# Of players who are forgotten, in every language.
NO_NAME = "⛄"
# Where nothing else is chosen: it is dark outside.
INDOORS = (Place.HOME, Place.DRAWING, Place.TOYS, Place.KITCHEN)

# Is told of a room whose evening has changed.
Listener = Callable[[Room], None]

_STORED = TypeAdapter(Party)
_ACTS: Mapping[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind)
    for name, kind in {
        "join": Join,
        "leave": Leave,
        "guess": Guess,
        "tell": Tell,
        "judge": Judge,
        "star": Star,
        "next": Next,
        "pause": Pause,
        "resume": Resume,
        "take_over": TakeOver,
        "end": End,
    }.items()
}


def decode_act(name: object, fields: Mapping[str, object]) -> Act | None:
    """Return what a screen means by a tap; None if it makes no sense.

    Args:
        name: The act's.
        fields: The act's, as `bot.game.party_acts` has them.
    """
    if not isinstance(name, str) or name not in _ACTS:
        return None
    try:
        act: Act = _ACTS[name].validate_python(dict(fields))
    except ValidationError:
        return None
    return act


@dataclass(frozen=True, slots=True)
class Wish:
    """What an evening is to be like.

    Attributes:
        minutes: How long; None for so many rounds.
        rounds: How many, where no time is given.
        seconds: How long everybody has for a photo.
        places: Where prompts may be played.
    """

    minutes: int | None = 10
    rounds: int = 3
    seconds: int = 60
    places: tuple[Place, ...] = INDOORS


_WISH = TypeAdapter(Wish)


def decode_wish(fields: Mapping[str, object]) -> Wish | None:
    """Return what a screen wants of an evening; None if it makes no sense."""
    try:
        return _WISH.validate_python(dict(fields))
    except ValidationError:
        return None


@dataclass(eq=False, slots=True)
class _Evening:
    """A room's party night; the room gets another id where its group becomes a supergroup."""

    room: Room
    party: Party
    timer: asyncio.TimerHandle | None = None
    is_unsaved: bool = False
    saving: asyncio.Task[None] | None = None
    jobs: set[asyncio.Task[None]] = field(default_factory=set)


class Parties:
    """Every room's party night.

    Args:
        store: Remembers them.
        vision: Looks at their photos.
        admission: Lets photos in.
        messengers: The platforms, by name: a room reads how its evening ended.
        languages: Finds a room's sentences.
        clock: The time.
        pictures: Keeps their photos.
        metrics: Counts what the bot says.
    """

    def __init__(
        self,
        store: Store,
        vision: PhotoClassifier,
        admission: Admission,
        messengers: Mapping[str, Messenger],
        languages: Languages,
        clock: Clock,
        pictures: PartyPictures,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._store = store
        self._vision = vision
        self._admission = admission
        self._messengers = messengers
        self._languages = languages
        self._clock = clock
        self._pictures = pictures
        self._evenings: dict[Room, _Evening] = {}
        self._listeners: list[Listener] = []
        self._chance = random.SystemRandom()
        self._failures = Failures("an evening could not be gone on with", clock.now)
        self._closing = False

    def listen(self, listener: Listener) -> None:
        """Have somebody told of each room whose evening changes."""
        self._listeners.append(listener)

    def find(self, room: Room) -> Party | None:
        """Return a room's evening, as it is by now."""
        found = self._evenings.get(room)
        return found.party if found else None

    def enter(self, room: Room, device: Device, *, is_screen: bool = False) -> Party:
        """Note that a device is there; open an evening where there is none.

        Raises:
            Refused: When there are too many evenings.
        """
        now = self._clock.now()
        if room not in self._evenings:
            self._make_place()
            self._evenings[room] = _Evening(room, opened(secrets.token_hex(16), now))
        found = self._evenings[room]
        return self._change(found, flow.connected(found.party, device, now, is_screen=is_screen))

    def open(self, room: Room, screen: Device, least: timedelta) -> Party:
        """Open an evening that is drawn as a chat's messages, in place of one that is over.

        Args:
            room: The chat.
            screen: Who draws it, and may direct it.
            least: How long each phase lasts.

        Raises:
            Refused: When there are too many evenings.
        """
        party = replace(opened(secrets.token_hex(16), self._clock.now()), least=least)
        found = self._evenings.get(room)
        if found is None:
            self._make_place()
            self._evenings[room] = _Evening(room, party)
        elif found.party.phase is Phase.OVER:
            found.party = party
        return self.enter(room, screen, is_screen=True)

    def leave(self, room: Room, device: Device) -> None:
        """Note that a device is not there any more."""
        if (found := self._evenings.get(room)) and not self._closing:
            self._change(found, flow.disconnected(found.party, device, self._clock.now()))

    def move(self, old: Room, new: Room) -> None:
        """Go on with a room's evening under the room's new id."""
        if (found := self._evenings.pop(old, None)) is None:
            return
        if (there := self._evenings.get(new)) is not None and there.timer is not None:
            there.timer.cancel()
        found.room = new
        self._evenings[new] = found
        self._change(found, flow.tick(found.party, self._clock.now()))

    def let_go(self, room: Room) -> None:
        """Leave a room's evening to the process that goes on with it by now."""
        if (found := self._evenings.get(room)) is not None:
            found.is_unsaved = False
            self._stop(found)

    async def hand_over(self) -> None:
        """Leave evenings of rooms that were given up, as they are by now, to who has them next."""
        for room, found in list(self._evenings.items()):
            if not await self._store.leases.own(room):
                self._stop(found)
                if found.saving is not None:
                    await found.saving

    def _stop(self, found: _Evening) -> None:
        del self._evenings[found.room]
        if found.timer is not None:
            found.timer.cancel()
        for job in found.jobs:
            job.cancel()
        for listener in self._listeners:
            listener(found.room)

    def close_unused(self, room: Room) -> None:
        """Forget an evening that nobody has come into, once no screen shows it any more."""
        found = self._evenings.get(room)
        if found is not None and found.party.phase is Phase.LOBBY and not found.party.players:
            if found.timer is not None:
                found.timer.cancel()
            del self._evenings[room]

    def act(self, room: Room, device: Device, act: Act) -> Party:
        """Do what somebody taps. Raises NotAllowed."""
        found = self._evenings.get(room)
        if found is None:
            raise NotAllowed(Why.NOT_NOW)
        return self._change(found, flow.act(found.party, device, act, self._clock.now()))

    def start(self, room: Room, device: Device, wish: Wish) -> Party:
        """Begin an evening. Raises NotAllowed."""
        party = self.find(room)
        players = len(party.present) if party else 0
        rounds = wish.rounds
        if wish.minutes is not None:
            rounds = rounds_within(wish.minutes, players, wish.seconds)
        prompts = self._draw(wish.places or INDOORS, max(1, rounds))
        return self.act(room, device, Start(prompts, wish.seconds))

    def again(self, room: Room, device: Device) -> Party:
        """Open another evening with the same players. Raises NotAllowed."""
        return self.act(room, device, Again(secrets.token_hex(16)))

    async def send_photo(
        self, room: Room, device: Device, player: PlayerNumber, fetch: Fetch
    ) -> Party:
        """Take somebody's photo, and begin to look at it.

        Args:
            room: Where.
            device: Where it comes from.
            player: Who sends it.
            fetch: Fetches the file.

        Raises:
            NotAllowed: When it is none of theirs, too late, or not the first of its kind.
            Refused: When it cannot be opened.
        """
        found = self._evenings.get(room)
        if found is None:
            raise NotAllowed(Why.NOT_NOW)
        # Whoever may send nothing is told before it is fetched; its digest is known after that.
        flow.check_photo(found.party, device, player, "")
        with self._admission.in_hand():
            self._admission.admit(room, Player(device, ""))
            async with self._admission.fetched(fetch, Timings(), is_upload=True) as data:
                digest = hashlib.sha256(data).hexdigest()
                flow.check_photo(found.party, device, player, digest)
                preview = await self._vision.preview(data, PHOTO_SIDE)
                evening, id_ = found.party.id, secrets.token_hex(16)
                try:
                    await self._pictures.keep(evening, id_, preview.jpeg)
                except OSError as error:
                    log.warning("a photo of a party could not be kept: %s", error.strerror)
                    raise Refused(Refusal.FAULT) from error
        try:
            party = flow.add_photo(found.party, device, player, id_, digest, self._clock.now())
        except NotAllowed:  # another one has come meanwhile: nobody would ever forget this one
            await self._pictures.drop(evening, id_)
            raise
        self._do(found, self._look(found, id_, data))
        return self._change(found, party)

    async def picture(self, room: Room, name: str) -> bytes | None:
        """Return a picture of a room's evening: a photo, its heat map, or the evening's own."""
        party = self.find(room)
        return await self._pictures.find(party.id, name) if party else None

    def has_picture(self, room: Room) -> bool:
        """Return whether a room's evening is over and its picture drawn."""
        party = self.find(room)
        is_over = party is not None and party.phase is Phase.OVER
        return party is not None and is_over and self._pictures.has(party.id, "evening")

    async def forget(self, platform: str, device: Device) -> None:
        """Take somebody's names and photos out of a platform's evenings."""
        for room, found in list(self._evenings.items()):
            theirs = {each.number for each in found.party.players if each.device == device}
            if room.platform != platform or not theirs:
                continue
            photos = _photos_of(found.party, device)
            names = [name for photo in photos for name in (photo, f"{photo}.heat")]
            await self._pictures.drop(found.party.id, *names, "evening")
            self._change(found, flow.forgotten(found.party, device, NO_NAME))
            if found.party.phase is Phase.OVER:
                await self._draw_picture(found.room, found.party)

    async def export(self, platform: str, device: Device) -> Kept:
        """Return what a platform's evenings know about somebody, in whatever process they are."""
        evenings: list[dict[str, object]] = []
        photos: dict[str, bytes] = {}
        for room, party in (await self._all()).items():
            theirs = [each for each in party.players if each.device == device]
            if room.platform != platform or not theirs:
                continue
            points, sent = totals(party.rounds), _photos_of(party, device)
            evenings.append(
                {
                    "room": room.id,
                    "players": [
                        {"name": each.name, "points": points[each.number]} for each in theirs
                    ],
                    "photos": [_file_of(photo) for photo in sent],
                }
            )
            for photo in sent:
                if (data := await self._pictures.find(party.id, photo)) is not None:
                    photos[_file_of(photo)] = data
        return Kept({"parties": evenings} if evenings else {}, photos)

    async def _all(self) -> Mapping[Room, Party]:
        """Return every room's evening: those of this process as they are, others as stored."""
        evenings: dict[Room, Party] = {}
        for room, state in await self._store.parties.all():
            with suppress(ValidationError):  # of another version
                evenings[room] = _STORED.validate_json(state)
        return evenings | {room: found.party for room, found in self._evenings.items()}

    async def resume(self) -> None:
        """Go on with what the last process left."""
        self._closing = False
        await self.look()
        await self._prune_pictures()

    async def look(self) -> None:
        """Go on with evenings that nobody goes on with: another process may have left them."""
        for room in list(self._evenings):
            if not await self._store.leases.own(room):
                self.let_go(room)
        now = self._clock.now()
        for room, state in await self._store.parties.all():
            if room in self._evenings or self._failures.holds_back(room):
                continue
            if not await self._store.leases.own(room):
                continue
            try:
                party = _STORED.validate_json(state)
            except ValidationError:
                log.warning("an evening of another version is not gone on with")
                await self._store.parties.drop(room)
                continue
            with self._failures.caught(room):  # the other rooms' evenings go on all the same
                self._go_on(room, party, now)

    def _go_on(self, room: Room, party: Party, now: datetime) -> None:
        """Go on with an evening as it was stored."""
        found = self._evenings[room] = _Evening(room, flow.restarted(party, now))
        for photo in party.round.photos if party.round else ():
            if photo.verdict is None and not photo.is_lost:
                self._do(found, self._look_after_restart(found, photo.id))
        self._change(found, flow.tick(found.party, now))

    async def close(self) -> None:
        """Stop the clocks, and store how everything is."""
        self._closing = True
        for found in self._evenings.values():
            if found.timer is not None:
                found.timer.cancel()
            for job in found.jobs:
                job.cancel()
            await asyncio.gather(*found.jobs, return_exceptions=True)
            if found.saving is not None:
                await found.saving

    async def prune(self) -> None:
        """Forget evenings that were over a day ago, with their photos."""
        latest = self._clock.now() - KEPT_AFTER
        for room, found in list(self._evenings.items()):
            if found.party.phase is Phase.OVER and found.party.since <= latest:
                del self._evenings[room]
                if found.saving is not None:
                    await found.saving
                await self._store.parties.drop(room)
        await self._prune_pictures()

    async def _prune_pictures(self) -> None:
        """Remove the pictures of evenings that no process knows any more."""
        stored = await self._store.parties.all()
        ids = {json.loads(state).get("id", "") for _, state in stored}
        await self._pictures.prune(ids | {each.party.id for each in self._evenings.values()})

    def _make_place(self) -> None:
        if len(self._evenings) < MOST_PARTIES:
            return
        over = [room for room, each in self._evenings.items() if each.party.phase is Phase.OVER]
        if not over:
            raise Refused(Refusal.BUSY)
        del self._evenings[over[0]]

    def _draw(self, places: Iterable[Place], rounds: int) -> tuple[Prompt, ...]:
        """Return prompts by chance, no two alike in a row where that can be."""
        left = [prompt for prompt in PROMPTS if prompt.place in places]
        self._chance.shuffle(left)
        drawn: list[Prompt] = []
        while left and len(drawn) < min(rounds, MOST_ROUNDS):
            if drawn:  # the shuffled order stays among those that are as unlike the one before
                left.sort(key=partial(_likeness, drawn[-1]))
            drawn.append(left[0])
            left.remove(drawn[-1])
        return tuple(drawn)

    def _change(self, found: _Evening, party: Party) -> Party:
        """Let an evening be as it is by now: on all screens, in the store, on the clock."""
        before, found.party = found.party, party
        self._set_timer(found)
        # Of a lobby that nobody came to there is nothing to remember.
        found.is_unsaved |= party is not before and bool(party.players)
        if found.is_unsaved and (found.saving is None or found.saving.done()):
            found.saving = asyncio.create_task(self._save(found))
        is_ending = party.phase is Phase.OVER and before.phase is not Phase.OVER
        if is_ending and before.phase is not Phase.LOBBY:
            self._do(found, self._end(found))
        for listener in self._listeners:
            listener(found.room)
        return party

    def _set_timer(self, found: _Evening) -> None:
        if found.timer is not None:
            found.timer.cancel()
            found.timer = None
        now = self._clock.now()
        if (due := found.party.due(now)) is None or self._closing:
            return

        def ring() -> None:
            if self._evenings.get(found.room) is found:
                self._change(found, flow.tick(found.party, self._clock.now()))

        seconds = max(0.0, (due - now).total_seconds())
        found.timer = asyncio.get_running_loop().call_later(seconds, ring)

    async def _save(self, found: _Evening) -> None:
        """Store an evening until it is stored as it is; nothing waits for it."""
        while found.is_unsaved:
            found.is_unsaved = False
            try:
                state = _STORED.dump_json(found.party).decode()
                await self._store.parties.keep(found.room, state, self._clock.now())
            except Exception:
                log.exception("an evening could not be stored")

    def _do(self, found: _Evening, job: Any) -> None:
        task = asyncio.create_task(job)
        found.jobs.add(task)
        task.add_done_callback(found.jobs.discard)

    async def _look(self, found: _Evening, photo: str, data: bytes) -> None:
        """Look at a photo: who is on it, and then where that can be seen."""
        try:
            verdict = await self._verdict(data)
        except Exception as error:
            reason = error.reason if isinstance(error, Refused) else Refusal.FAULT
            if reason is Refusal.FAULT:
                log.exception("a photo of a party could not be looked at")
            self._metrics.note_refusal(found.room.platform, reason)
            party = self._change(found, flow.note_loss(found.party, photo, self._clock.now()))
            if not _is_shown(party, photo):
                await self._pictures.drop(party.id, photo)
            return
        self._metrics.note_verdict(found.room.platform, verdict, Look.PARTY)
        self._change(found, flow.note_verdict(found.party, photo, verdict, self._clock.now()))
        try:
            _, heat = await self._vision.heatmap(data)
            buffer = BytesIO()
            await asyncio.to_thread(heat.save, buffer, "JPEG", quality=HEAT_QUALITY)
            if not _is_shown(found.party, photo):  # its sender is forgotten meanwhile
                return
            await self._pictures.keep(found.party.id, f"{photo}.heat", buffer.getvalue())
        except (Refused, OSError):
            log.info("a photo of a party has no heat map")

    async def _verdict(self, data: bytes) -> Verdict:
        for look in range(LOOKS):
            try:
                verdict, *_ = await self._vision.classify(data, Timings())
            except Refused as refused:
                if refused.reason is not Refusal.BUSY or look == LOOKS - 1:
                    raise
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            else:
                return verdict
        raise Refused(Refusal.BUSY)

    async def _look_after_restart(self, found: _Evening, photo: str) -> None:
        """Look at the small copy of a photo whose bytes went with the last process."""
        data = await self._pictures.find(found.party.id, photo)
        if data is None:
            self._change(found, flow.note_loss(found.party, photo, self._clock.now()))
        else:
            await self._look(found, photo, data)

    async def _end(self, found: _Evening) -> None:
        """Draw the evening's picture, and tell the room how it ended."""
        room, party = found.room, found.party
        try:
            picture = await self._draw_picture(room, party)
            messenger = self._messengers.get(room.platform)
            if picture is None or messenger is None or messenger.traits.plays_in_messages:
                return  # there `PartyChats` tells it, as all that came before
            speaker = await self._languages.speaker(room, None)
            names = [self._name(party, number) for number in winners(party)]
            most = standings(party, party.rounds)[0].points
            text = speaker.party.over(names, most, bot_score(party.rounds))
            await messenger.send(room, Reply(text, picture=picture))
        except Exception:
            log.exception("an evening's end could not be told")

    async def _draw_picture(self, room: Room, party: Party) -> Picture | None:
        """Draw and keep the evening's picture; None when there is nothing to be seen on it."""
        best = best_photos(party.rounds, BEST_PHOTOS)
        places = standings(party, party.rounds)
        if not best or not places:
            return None
        speaker = await self._languages.speaker(room, None)
        shots = []
        for each in best:
            found = await self._pictures.find(party.id, each.photo.id)
            if found is not None and each.photo.verdict is not None:
                name = self._name(party, each.photo.sender)
                shots.append((found, speaker.party.photo_caption(name, each.photo.verdict)))
        zone = await self._clock.zone_of(room)
        numbers = {player.number: player for player in party.players}
        rows = [
            Row(
                each.rank,
                speaker.text.name(numbers[each.player].name),
                each.points,
                numbers[each.player].colour,
            )
            for each in places
        ]
        bot = bot_score(party.rounds)
        names = [self._name(party, number) for number in winners(party)]
        picture = await asyncio.to_thread(
            evening.draw,
            speaker.party.title(),
            speaker.text.day(party.since.astimezone(zone).date()),
            speaker.party.winners(names),
            rows,
            shots,
            speaker.party.bot_line(bot),
        )
        await self._pictures.keep(party.id, "evening", picture.png)
        for listener in self._listeners:
            listener(room)
        return picture

    @staticmethod
    def _name(party: Party, number: PlayerNumber) -> str:
        player = party.player(number)
        return player.name if player else ""


def _likeness(one: Prompt, other: Prompt) -> int:
    """Return how alike two prompts are, 0 to 3: what is asked counts more than where."""
    return 2 * (one.goal is other.goal) + (one.place is other.place)


def _is_shown(party: Party, photo: str) -> bool:
    """Return whether a photo is still an evening's, and of somebody who is not forgotten."""
    senders = {each.id: each.sender for round_ in party.rounds for each in round_.photos}
    sender = party.player(senders[photo]) if photo in senders else None
    return sender is not None and bool(sender.device)


def _photos_of(party: Party, device: Device) -> list[str]:
    """Return the ids of what somebody has sent to an evening."""
    theirs = {each.number for each in party.players if each.device == device}
    return [
        photo.id for round_ in party.rounds for photo in round_.photos if photo.sender in theirs
    ]


def _file_of(photo: str) -> str:
    """Return what the file of an evening's photo is called where it is handed out."""
    return f"party/{photo}.jpg"
