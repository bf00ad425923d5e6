"""The words everybody here shares: frozen dataclasses, standard library only, nothing that acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

# After an outage: who asked longer ago than this has given up.
STALE = timedelta(minutes=5)


class Label(StrEnum):
    """Who can be on a photo."""

    OLAF = "olaf"
    ABOMINABLE = "abominable"
    NEITHER = "neither"


class Voice(StrEnum):
    """How a verdict is spoken."""

    SURE = "sure"
    UNSURE = "unsure"
    UNFAMILIAR = "unfamiliar"


class Sign(StrEnum):
    """What stands for an answer where few words are wanted."""

    OLAF = "olaf"
    ABOMINABLE = "abominable"
    NEITHER = "neither"
    # What somebody told the bot is noted.
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bot saw on a photo.

    Attributes:
        label: The likelier of the two snow people, never `NEITHER`.
        confidence: How sure it is of that label, between the two: 0.5 to 1.
        probabilities: One for each label; they sum to 1.
        unfamiliar: Whether the photo looks like neither; the label is then a guess for fun.
        sure: Whether it may be called out without any doubt.
    """

    label: Label
    confidence: float
    probabilities: Mapping[Label, float]
    unfamiliar: bool
    sure: bool = True

    @property
    def call(self) -> Label:
        """What the bot answered: the label, or `NEITHER` where it said unfamiliar."""
        return Label.NEITHER if self.unfamiliar else self.label

    @property
    def sign(self) -> Sign:
        """What stands for it where few words are wanted."""
        return Sign(self.call.value)

    @property
    def percent(self) -> int:
        """The confidence as it is shown: 50 to 99; the bot is never quite certain."""
        return min(99, max(50, round(100 * self.confidence)))

    @property
    def pair(self) -> float:
        """Which of the two it is, from 0 for the yeti to 1 for Olaf."""
        return self.confidence if self.label is Label.OLAF else 1 - self.confidence

    @property
    def voice(self) -> Voice:
        """How it is spoken."""
        if self.unfamiliar:
            return Voice.UNFAMILIAR
        return Voice.SURE if self.sure else Voice.UNSURE


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a photo is recognised by when it comes again, disguised a little or not.

    Attributes:
        stored: Hashes of 128 bits that are remembered of it.
        queries: Hashes to look for among what is stored of other photos; never stored.
        features: What the network saw of it.
    """

    stored: tuple[int, ...]
    queries: tuple[int, ...]
    features: Features | None = None


@dataclass(frozen=True, slots=True)
class Features:
    """What the network saw of a photo, in numbers of which nobody can make a photo.

    By them the photo is known again where a fingerprint is at its end: turned, tilted, cropped.

    Attributes:
        model: Tells the network from others; only what one and the same saw can be compared.
        vectors: 512 numbers for each view of the photo: it alone, or its likely disguises as well.
    """

    model: str
    vectors: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A photo is like one that fooled the bot before.

    Attributes:
        round_id: That one's round.
        is_copy: Whether it is the same photo, disguised or not, rather than one that reminds of it.
    """

    round_id: int
    is_copy: bool


class Refusal(StrEnum):
    """Why a photo gets a sentence instead of a verdict."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not_a_picture"
    DAMAGED = "damaged"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_OFTEN = "too_often"
    TOO_SLOW = "too_slow"
    BUSY = "busy"
    CLOSING = "closing"
    GONE = "gone"
    OUT_OF_SIGHT = "out_of_sight"
    FAULT = "fault"


class Refused(Exception):
    """A photo gets no verdict. Raised deep, turned into a sentence in one place, the service.

    Attributes:
        reason: Why not.
    """

    def __init__(self, reason: Refusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


class Unusable(Exception):
    """A platform cannot be used with these settings, and trying again would not help.

    Its message is one sentence for the operator: what is wrong, and what to do.
    """


@dataclass(frozen=True, slots=True)
class Room:
    """One chat, on whatever platform.

    Attributes:
        platform: The platform's name.
        id: The platform's own id of the chat. It may be logged, so it holds nothing a person typed.
        private: Whether it is one person's chat with the bot; every picture there is meant for it.
        server: The id of the server that it is in, where the platform has servers.
    """

    platform: str
    id: str
    private: bool = field(default=False, compare=False)
    server: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Player:
    """A person in a room.

    Attributes:
        id: The platform's own id of the person.
        name: As the platform shows it; empty when it tells none.
        language: As the platform tells it, an IETF tag such as `de` or `pt-BR`.
        shared: Whether several people may use this identity, or none (an anonymous admin, a
            channel, a bot): it gets answers and scores nothing.
    """

    id: str
    name: str
    language: str | None = None
    shared: bool = False


# Fetches a photo's bytes, at most so many; raises Refused when there are more or none to be had.
Fetch = Callable[[int], Awaitable[bytes]]
# Returns whether the person who acts may decide for the room; asked only when it matters.
IsAdmin = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture that someone sent, its bytes still to be fetched.

    Attributes:
        room: Where it was sent.
        player: Who sent it.
        fetch: Fetches its bytes.
        size: The declared number of bytes, where the platform tells.
        key: A name under which the platform always means the same bytes, where it has one.
        message: The id of the message that it came with, where the platform has one: together
            with the room it keeps a photo from being answered twice.
        reference: What the platform needs to fetch the photo again; stored instead of the photo.
        caption: What was written beside it.
        replies_to: The words of the bot's own message that it replies to, if it does.
        is_spoiler: Whether it is hidden until somebody taps it.
        is_addressed: Whether somebody asked the bot about it, rather than only showed it to all.
        album: What it shares with the other photos of its album.
        round_id: Its round, where `Service.note_arrival` opened one.
        preview: Longer side, in pixels, of the small copy that the platform will show; 0 for none.
        is_upload: Whether its sender's own connection brings its bytes, however slow that is.
        sent: When it was sent, where the platform tells; after an outage that was before it came.
        is_pending: Whether it was in hand when the process last ended, perhaps because of it.
        is_guessed: Whether everybody guesses about it first, as was settled before.
    """

    room: Room
    player: Player
    fetch: Fetch
    size: int | None = None
    key: str | None = None
    message: str | None = None
    reference: str | None = None
    caption: str = ""
    replies_to: str = ""
    is_spoiler: bool = False
    is_addressed: bool = False
    album: str | None = None
    round_id: int | None = None
    preview: int = 0
    is_upload: bool = False
    sent: datetime | None = None
    is_pending: bool = False
    is_guessed: bool = False


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What a room's admins chose.

    Attributes:
        language: The room's; None for each person's own.
        every_photo: In a group, whether every photo is classified or only those meant for the bot.
        quiet: Whether a sign at the photo is answer enough, unless the bot is fooled or asked.
        keep: Whether photos that fooled the bot are kept, for it to learn from.
        guess_every: Whether every photo is a guess round.
        timezone: The room's, an IANA name such as `Europe/Berlin`; None for the host's.
        daily: At which minute of the day the day's challenge is posted; None for never.
    """

    language: str | None = None
    every_photo: bool = True
    quiet: bool = False
    keep: bool = False
    guess_every: bool = False
    timezone: str | None = None
    daily: int | None = None


def initial_settings(room: Room) -> RoomSettings:
    """Return what counts in a room whose admins chose nothing.

    On Discord a server's channels are many, and only those that want it show the bot every photo.
    """
    return RoomSettings(every_photo=room.platform != "discord")


@dataclass(frozen=True, slots=True)
class StoredRound:
    """One photo's round as the store has it, without the photo.

    Attributes:
        id: The round's.
        room: Where the room is now.
        sent_to: Where the photo was sent; another id of the same room if that has moved since.
        player_id: The platform's id of who sent it; empty when they are forgotten.
        message: The message's id in `sent_to`.
        reference: What the platform needs to fetch the photo again.
        verdict: None while the photo is in hand, or when it was refused.
        arrived: When the photo was sent, see `Photo.sent`, or came.
        answered: When its answer went out.
        answer: The id of the bot's own message in `sent_to`.
        hidden: Whether who sent the photo does not want it shown again.
    """

    id: int
    room: Room
    sent_to: Room
    player_id: str
    message: str | None
    reference: str | None
    verdict: Verdict | None
    arrived: datetime
    answered: datetime | None
    answer: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a platform delivers, as it came, on its way to the process whose room it is about.

    Attributes:
        key: Tells it from all else that any platform delivers.
        room: What it is about.
        body: What came.
    """

    key: str
    room: Room
    body: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of the bot's that is to be deleted soon.

    Attributes:
        room: Where it is.
        message: Its id there.
        until: When it is to be deleted.
    """

    room: Room
    message: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Hello:
    """What a hello goes by, in a group that the bot was invited to.

    Attributes:
        name: The bot's own, as people write it there.
        hears_all: Whether every photo reaches the bot there.
        is_in_privacy_mode: Whether that is for want of a setting that can be explained.
    """

    name: str
    hears_all: bool
    is_in_privacy_mode: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """Another process on the same database, which has a room that people enter.

    Attributes:
        address: Where it is reached over HTTP, without a slash at the end; empty if not known.
        key: What is signed with that is passed on to it.
    """

    address: str = ""
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PendingPhoto:
    """A photo that was in hand when the process ended.

    Attributes:
        room: Where it was sent.
        player: Who sent it.
        message: The id of its message.
        reference: What the platform needs to fetch it again.
        key: Makes it known as the same photo.
        at: When it was sent, see `Photo.sent`, or came.
        album: What it shares with the other photos of its album.
        in_flight: Whether its answer was on its way: it may be there.
        is_guessed: Whether that was to ask everybody to guess.
    """

    room: Room
    player: Player
    message: str
    reference: str
    key: str
    at: datetime
    album: str | None = None
    in_flight: bool = False
    is_guessed: bool = False

    def to_answer(self, fetch: Fetch) -> Photo:
        """Return the photo itself, to be answered after all.

        Args:
            fetch: Fetches its bytes again.
        """
        return Photo(
            self.room,
            self.player,
            fetch,
            key=self.key,
            message=self.message,
            reference=self.reference,
            sent=self.at,
            is_pending=True,
            is_guessed=self.is_guessed,
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """A photo made small and harmless enough to be shown to others.

    Attributes:
        jpeg: The file: pixels only.
        width: In pixels.
        height: In pixels.
    """

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Button:
    """Something to tap under a message.

    Attributes:
        text: What it says.
        data: What comes back when it is tapped, 1 to 64 bytes of ASCII; see `services.buttons`.
    """

    text: str
    data: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the bot made.

    Attributes:
        png: The file.
        name: The file's name.
        description: What it shows, in words.
        is_spoiler: Whether it shows a photo that is hidden until somebody taps it, and so is it.
    """

    png: bytes
    name: str
    description: str
    is_spoiler: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A file that the bot made, for one person to keep.

    Attributes:
        data: The file.
        name: The file's name.
    """

    data: bytes
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a person for a while, besides what is stored.

    Attributes:
        record: All of it but pictures, ready for JSON; it names the files.
        files: The pictures, by name.
    """

    record: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastPhoto:
    """A photo of this room, to be shown again.

    Attributes:
        room: Where its message is; an earlier id of this room if that has moved since.
        message: The message's id there, as in Photo.
        reference: What the platform needs to fetch the photo again, as in Photo.
        caption: What to write under it.
    """

    room: Room
    message: str | None
    reference: str | None
    caption: str


@dataclass(slots=True)
class Timings:
    """Where one photo's time went.

    Attributes:
        bytes: How many it had.
        download: Milliseconds until its bytes were there.
        queue: Milliseconds that it waited for its turn.
        inference: Milliseconds for decoding and the network.
    """

    bytes: int = 0
    download: float = 0.0
    queue: float = 0.0
    inference: float = 0.0


@dataclass(frozen=True, slots=True)
class Classified:
    """A photo got a verdict.

    Attributes:
        room: Where it was sent.
        timings: Where its time went.
        verdict: What the bot saw.
        round_id: The round that it opened.
        fingerprint: What the photo is recognised by.
    """

    room: Room
    timings: Timings
    verdict: Verdict
    round_id: int
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Declined:
    """A photo got no verdict.

    Attributes:
        room: Where it was sent.
        timings: Where its time went.
        refusal: Why not.
        round_id: The round that it opened, if it came so far.
    """

    room: Room
    timings: Timings
    refusal: Refusal
    round_id: int | None


PhotoOutcome = Classified | Declined


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says, in plain text: to a photo, a button or a command.

    Attributes:
        text: The words.
        verdict: The verdict that the text tells, if it tells one.
        refusal: The refusal that the text tells, if it tells one.
        buttons: Rows of them.
        picture: Goes with the text.
        document: Goes with the text.
        past_photos: Shown again after the text, by the platform's own means.
        outcomes: One for each photo that is answered; `Service.mark_sent` wants them back.
        sign: What stands for all this where the room wants few words and the platform has signs.
        cheer: Whether the bot was fooled just now, and somebody has points for it.
        sound: Whether phones make a sound for it; None leaves that to the platform.
        until: When its question ends, where the platform itself counts down to that.
        revision: Of two edits of one message, the one with the higher number is the later one.
    """

    text: str
    verdict: Verdict | None = None
    refusal: Refusal | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    picture: Picture | None = None
    document: Document | None = None
    past_photos: tuple[PastPhoto, ...] = ()
    outcomes: tuple[PhotoOutcome, ...] = ()
    sign: Sign | None = None
    cheer: bool = False
    sound: bool | None = None
    until: datetime | None = None
    revision: int = 0


class Delivery(StrEnum):
    """What became of a message that the bot sent by itself."""

    # It is there.
    SENT = "sent"
    # The room does not want it, or is no more; another attempt would change nothing soon.
    REFUSED = "refused"
    # The platform cannot be reached at the moment, or does not answer.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a platform tells of a message that the bot sent by itself.

    Attributes:
        delivery: What became of it.
        message: Its id, for `Messenger.edit`; None where it is not there, or has none.
    """

    delivery: Delivery
    message: str | None = None


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """Somebody tapped a button.

    Attributes:
        room: Where.
        player: Who.
        data: The button's.
        is_admin: Whether they may decide for the room.
        bot: The bot's own name, as people write it there.
        alone: Whether nobody else sees what is sent in answer.
        hears_all: Whether photos that are not meant for the bot reach it, if the room wants that.
        server: The id of the server that the room is a channel of, where such may share a board.
    """

    room: Room
    player: Player
    data: str
    is_admin: IsAdmin
    bot: str = ""
    alone: bool = False
    hears_all: bool = True
    server: str | None = None


@dataclass(frozen=True, slots=True)
class ButtonOutcome:
    """What a tap leads to; any of these may be missing.

    Attributes:
        notice: A sentence for who tapped, and for nobody else; at most 200 characters.
        edit: What the message with the button becomes.
        send: A new message, in reply to that one.
    """

    notice: str = ""
    edit: Reply | None = None
    send: Reply | None = None


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """Somebody asked for something by its name.

    Attributes:
        room: Where.
        player: Who.
        name: The command's, without a slash.
        is_admin: Whether they may decide for the room.
        argument: What was written after the name.
        photo: The picture that came with it or that it replies to.
        bot: The bot's own name, as people write it there.
        alone: Whether only this person will see the answer.
        hears_all: Whether photos that are not meant for the bot reach it, if the room wants that.
        server: The id of the server that the room is a channel of, where such may share a board.
        topic: The id of the part of the room in which it was asked, where a room has such.
    """

    room: Room
    player: Player
    name: str
    is_admin: IsAdmin
    argument: str = ""
    photo: Photo | None = None
    bot: str = ""
    alone: bool = False
    hears_all: bool = True
    server: str | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class BotScore:
    """How the bot did in a party night.

    Attributes:
        points: What it earned.
        fooled: On how many photos that were to fool it it was wrong.
        judged: How many of those counted.
        recognised: How many that were made for it to recognise it did.
        shown: How many of those counted.
    """

    points: int
    fooled: int
    judged: int
    recognised: int
    shown: int


class AdminAction(StrEnum):
    """What an admin can have done; the room's log shows it."""

    RESET = "reset"
    KEEP_ON = "keep_on"
    KEEP_OFF = "keep_off"
    LANGUAGE = "language"
    EVERY_PHOTO = "every_photo"
    ONLY_CALLED = "only_called"
    QUIET = "quiet"
    ALOUD = "aloud"
    BOARD_SHARED = "board_shared"
    BOARD_PARTED = "board_parted"
    TRUTH = "truth"
    UNDO = "undo"
    GUESS_EVERY = "guess_every"
    GUESS_ASKED = "guess_asked"
    TIMEZONE = "timezone"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class LoggedAction:
    """Something that an admin did in a room.

    Attributes:
        at: When.
        name: Who; empty when they are forgotten.
        action: What.
    """

    at: datetime
    name: str
    action: AdminAction
