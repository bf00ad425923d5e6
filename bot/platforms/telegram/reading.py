"""Reads updates one by one, so that one that the library cannot read costs nobody else's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from telegram import Bot, Update

log = logging.getLogger(__name__)

Json = dict[str, Any]

# What the bot looks at in a message, and in one that is replied to. Servers older or newer than the
# library leave out or add fields elsewhere; what they say there is of no use here.
NEEDED = frozenset(
    {
        *("message_id", "ephemeral_message_id", "date", "chat", "from", "sender_chat"),
        *("media_group_id",),
        *("message_thread_id", "is_topic_message", "is_automatic_forward", "via_bot"),
        *("text", "entities", "caption", "caption_entities", "has_media_spoiler"),
        *("photo", "live_photo", "document", "animation", "sticker", "video", "video_note"),
        *("migrate_to_chat_id", "migrate_from_chat_id", "guest_query_id"),
    }
)


class UpdateReader:
    """Makes the library's objects of what Telegram sends.

    Attributes:
        unreadable: How many updates could not be read at all.
    """

    def __init__(self) -> None:
        self.unreadable = 0

    def read(self, raw: object, bot: Bot) -> Update | None:
        """Return an update; None when it cannot be read, which is counted and logged.

        Args:
            raw: What Telegram sent.
            bot: The library's.
        """
        fault = ""
        # The second attempt is for what an old server leaves out, or the library knows otherwise.
        for simplify in _all_of_it, _simple_update:
            try:
                return Update.de_json(simplify(raw), bot)
            except Exception as why:
                # Its text holds what people wrote, and who they are.
                fault = type(why).__name__
        self.unreadable += 1
        kinds = sorted(raw.keys() - {"update_id"}) if isinstance(raw, dict) else []
        log.warning("telegram: update %s cannot be read: %s %s", update_id_of(raw), fault, kinds)
        return None


def update_id_of(raw: object) -> int | None:
    """Return an update's id, if it is one at all."""
    id_ = raw.get("update_id") if isinstance(raw, dict) else None
    return id_ if isinstance(id_, int) else None


def chat_of(raw: object) -> str:
    """Return the id of the chat that an update is about; 0 where it is about none."""
    if isinstance(raw, dict):
        for kind in raw.values():
            if isinstance(kind, dict):
                about = kind.get("message") if "data" in kind else kind
                chat = about.get("chat") if isinstance(about, dict) else None
                chat = chat if isinstance(chat, dict) else kind.get("from")
                if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                    return str(chat["id"])
    return "0"


def _all_of_it(update: Any) -> Json:
    return dict(update)


def _simple_update(update: Any) -> Json:
    """Return an update with no more in it than the bot looks at."""
    simplify: dict[str, Callable[[Json], Json]] = {
        "message": _simple_message,
        "guest_message": _simple_message,
        "callback_query": _simple_query,
        "my_chat_member": _simple_change,
    }
    return {
        name: simplify[name](value) if name in simplify else value for name, value in update.items()
    }


def _simple_message(message: Json) -> Json:
    simple = {name: value for name, value in message.items() if name in NEEDED}
    if replied := message.get("reply_to_message"):
        simple["reply_to_message"] = {n: value for n, value in replied.items() if n in NEEDED}
    return simple


def _simple_query(query: Json) -> Json:
    return query | {"message": _simple_message(query["message"])} if "message" in query else query


def _simple_change(change: Json) -> Json:
    """Return who came or went, without their rights, of which the library wants all."""
    return change | {
        name: {"user": change[name]["user"], "is_anonymous": False, "status": _status(change[name])}
        for name in ("old_chat_member", "new_chat_member")
    }


def _status(member: Json) -> str:
    """Return a status that says as much of a member, and comes without rights."""
    match member["status"]:
        case "restricted":
            return "member" if member.get("is_member") else "left"
        case "administrator":
            return "creator"
        case "kicked":
            return "left"
    return str(member["status"])
