"""What a web room shows: photos with their answers, and what the bot says by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.domain import Player, Preview, Reply


@dataclass(frozen=True, slots=True)
class ShownAgain:
    """A photo of an earlier entry."""

    entry: str
    preview: Preview
    caption: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Something the bot said, as everyone in the room sees it: to a photo, or by itself.

    player: who showed the photo; None where the bot speaks by itself.
    preview: the photo, or the bot's own picture where there is one.
    message: under which id the photo came. caption: what was written beside it.
    to: the entry that it is in reply to. shown: photos of the room that it shows again.
    """

    id: str
    at: float
    reply: Reply
    player: Player | None = None
    preview: Preview | None = None
    message: str | None = None
    caption: str = ""
    to: str | None = None
    shown: tuple[ShownAgain, ...] = ()

    def as_json(self, room: str) -> dict[str, Any]:
        """Return what the page gets to know of it."""
        shown = {"id": self.id, "at": self.at, "to": self.to, "answer": said(self.reply)}
        if self.player:
            shown["player"] = {"id": self.player.id, "name": self.player.name}
            shown["caption"] = self.caption
        if self.preview:
            shown |= _photo(room, self.id, self.preview)
        if picture := self.reply.picture:
            shown["description"] = picture.description
        if self.reply.shown:
            shown["shown"] = [
                {"entry": again.entry, "caption": again.caption}
                | _photo(room, again.entry, again.preview)
                for again in self.shown
            ]
        return shown

    @property
    def asks(self) -> bool:
        """Whether it is a photo that the room is still guessing about."""
        return bool(self.player and self.reply.verdict is None and self.reply.buttons)

    def has_button(self, data: str) -> bool:
        """Return whether this is what somebody tapped a button under."""
        return any(button.data == data for row in self.reply.buttons for button in row)

    @property
    def size(self) -> int:
        """How many bytes its picture holds."""
        return len(self.preview.jpeg) if self.preview else 0


def _photo(room: str, entry: str, preview: Preview) -> dict[str, Any]:
    size = {"width": preview.width, "height": preview.height}
    return {"photo": f"/r/{room}/photos/{entry}", **size}


def said(reply: Reply) -> dict[str, Any]:
    """Return a reply's words and buttons as the page gets to know them."""
    answer: dict[str, Any] = {
        "text": reply.text,
        "buttons": [[{"text": b.text, "data": b.data} for b in row] for row in reply.buttons],
    }
    if verdict := reply.verdict:
        answer |= {
            "label": verdict.label,
            "confidence": round(verdict.confidence, 4),
            "unfamiliar": verdict.unfamiliar,
        }
    return answer
