"""What the services need of the outside: a platform to send through, and eyes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bot.domain import (
    Delivery,
    Features,
    Fetch,
    Fingerprint,
    Kept,
    Likeness,
    Preview,
    Receipt,
    Reply,
    Room,
    Timings,
    Verdict,
)

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Traits:
    """What a platform can do that not all can, as far as the services go by it.

    Attributes:
        edit_every: How long to wait between two edits of a message, where an edit counts as a
            message does; none elsewhere.
        has_forms: Whether a button can open a form with a place for a photo.
        plays_in_messages: Whether a party night is played in messages, and not on screens.
        shows_until: Whether it shows by itself how long it is until `Reply.until`.
        time_mark: Returns what it shows such a time by within a text; None where there is no such.
    """

    edit_every: timedelta = timedelta()
    has_forms: bool = False
    plays_in_messages: bool = True
    shows_until: bool = False
    time_mark: Callable[[datetime], str] | None = None

    @property
    def counts_down(self) -> bool:
        """Whether a countdown runs by itself, without edits."""
        return self.shows_until or self.time_mark is not None


class Messenger(Protocol):
    """A platform, as far as the services use it by themselves; each platform is one."""

    @property
    def traits(self) -> Traits:
        """What it can do that not all can."""

    def fetcher(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo again.

        Args:
            room: Where it was sent.
            reference: The photo's, as the platform gave it.

        Returns:
            What raises Refused: with GONE when the photo is no more, with OUT_OF_SIGHT when the bot
            may not look at it there any more.
        """

    def is_spoiler(self, reference: str) -> bool:
        """Return whether a photo is hidden until somebody taps it, and what shows it has to be.

        Args:
            reference: The photo's, as the platform gave it.
        """

    async def export(self, player: str) -> Kept:
        """Return what the platform's part of the bot itself keeps of somebody, to show it.

        Args:
            player: The platform's id of the person.
        """

    async def edit(self, room: Room, message: str, reply: Reply) -> Delivery:
        """Turn a message of the bot's into something else.

        Args:
            room: Where it is.
            message: Its id, as it was given to `Service.mark_sent`, or as `send` returned it.
            reply: What it becomes: text and buttons; a later revision is never undone.

        Returns:
            What became of it; REFUSED where it is no more.
        """

    async def send(
        self, room: Room, reply: Reply, to: str | None = None, topic: str | None = None
    ) -> Receipt:
        """Send a message.

        Args:
            room: Where to.
            reply: What to say.
            to: The id of the message that it replies to.
            topic: The id of the part of the room that it belongs to, where a room has such.

        Returns:
            What became of it; a platform's own trouble never leaves it as an exception.
        """


def traits_of(messengers: Mapping[str, Messenger], room: Room) -> Traits:
    """Return what a room's platform can do that not all can."""
    messenger = messengers.get(room.platform)
    return Traits() if messenger is None else messenger.traits


class PhotoClassifier(Protocol):
    """Whoever can look at a photo: `bot.vision`, or a test's stand-in."""

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side are of use."""

    async def classify(
        self, photo: bytes, timings: Timings, preview: int = 0
    ) -> tuple[Verdict, Fingerprint, Preview | None]:
        """Return who is on a photo, what to recognise it by, and a small copy where one is wanted.

        Args:
            photo: The file.
            timings: Where to note how long it took.
            preview: Longer side of the copy, in pixels; 0 for none.

        Raises:
            Refused: When the file cannot be judged, or too many others are waiting.
        """

    @property
    def model(self) -> str:
        """Tells what the network sees from what another would."""

    async def features(self, photo: bytes) -> Features:
        """Return what the network sees of a photo and of its likely disguises.

        Raises:
            Refused: As `classify` does.
        """

    async def likest(self, features: Features, foolings: Mapping[int, Features]) -> Likeness | None:
        """Return of which of some foolings a photo is a copy, or of which it reminds; None of none.

        Args:
            features: The photo's.
            foolings: What the network saw of others, by their rounds.
        """

    async def heatmap(self, photo: bytes) -> tuple[Verdict, Image.Image]:
        """Return who is on a photo, and an RGB picture of where that can be seen.

        Raises:
            Refused: As `classify` does.
        """

    async def preview(self, photo: bytes, side: int) -> Preview:
        """Return a photo shrunk to at most so many pixels on its longer side.

        Raises:
            Refused: When the file cannot be opened.
        """
