"""The chats of the tests' Telegram, and what people do there."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram.things import File, GuestQuery, Json, Message, Tap, User, entities_of

if TYPE_CHECKING:
    from tests.fakes.telegram.world import World

SUPERGROUPS = -1_000_000_000_000
ADMIN_RIGHTS = (
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)


@dataclass(eq=False)
class Chat:
    """A private chat, a group or a supergroup, and what its members do.

    protected: nothing may be copied. gone: who was a member. topics: of a forum, besides General.
    closed: those of them, None for General, where nobody but admins may write. whispered:
    what the bot let one member alone see.
    """

    world: World
    id: int
    kind: str
    title: str
    bot_status: str = "left"
    forum: bool = False
    blocked: bool = False
    read_only: bool = False
    no_photos: bool = False
    no_reactions: bool = False
    migrated_to: int | None = None
    protected: bool = False
    admins: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    topics: set[int] = field(default_factory=set)
    closed: set[int | None] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    whispered: list[Message] = field(default_factory=list)

    def json(self) -> Json:
        if self.kind == "private":
            return {"id": self.id, "type": "private", "first_name": self.title}
        forum = {"is_forum": True} if self.forum else {}
        return {"id": self.id, "type": self.kind, "title": self.title, **forum}

    @property
    def whispers(self) -> list[tuple[int, str]]:
        """Whom the bot whispered what, as it reads now."""
        return [(each.raw["receiver_user"]["id"], each.text) for each in self.whispered]

    @property
    def bots(self) -> list[Message]:
        """What the bot said and did not delete, in its order."""
        return [message for message in self.messages if message.is_bots and not message.deleted]

    def find(self, id_: int) -> Message | None:
        return next((m for m in self.messages if m.id == id_ and not m.deleted), None)

    async def answers(self, to: Message, at_least: int = 1) -> list[Message]:
        """Wait until the bot replied to a message."""
        found: list[Message] = []

        def are_there() -> bool:
            found[:] = [message for message in self.bots if message.reply_to == to.id]
            return len(found) >= at_least

        await self.world.until(are_there)
        return found

    async def answer(self, to: Message) -> Message:
        return (await self.answers(to))[0]

    # What people do

    def send(
        self, sender: User, *, age: float = 0, deliver: bool = True, **content: Any
    ) -> Message:
        """Send anything. reply_to: a Message; more: fields of the message itself."""
        reply_to = content.pop("reply_to", None)
        topic = content.pop("topic", None)
        raw: Json = {
            "message_id": self.world.next_message_id(self),
            "date": int(time.time() - age),
            "chat": self.json(),
            "from": sender.json(),
            **{name: value for name, value in content.items() if value not in (None, "")},
        }
        for name, entities in (("text", "entities"), ("caption", "caption_entities")):
            if found := entities_of(raw.get(name, "")):
                raw[entities] = found
        if reply_to is not None:
            raw["reply_to_message"] = {
                k: v for k, v in reply_to.raw.items() if k != "reply_to_message"
            }
            topic = topic or (reply_to.topic if self.forum else None)
        if topic is not None:
            raw |= {"message_thread_id": topic, "is_topic_message": True}
        message = Message(self, raw)
        self.messages.append(message)
        if deliver and self.world.reaches_bot(message):
            self.world.deliver("message", raw)
        return message

    def send_text(self, sender: User, text: str, **more: Any) -> Message:
        return self.send(sender, text=text, **more)

    def whisper(self, sender: User, text: str, **more: Any) -> Message:
        """Send a command that the menu says the bot alone is to see."""
        message = self.send(sender, deliver=False, text=text, **more)
        self.messages.remove(message)  # nobody else sees it
        number = next(self.world.numbers)
        message.raw |= {"message_id": 0, "ephemeral_message_id": number}
        self.world.heard[number] = sender.id
        self.world.deliver("message", message.raw)
        return message

    def send_photo(self, sender: User, photo: bytes | list[File], **more: Any) -> Message:
        sizes = self.world.photo(photo) if isinstance(photo, bytes) else photo
        return self.send(sender, photo=[size.json(sides=True) for size in sizes], **more)

    def send_album(
        self, sender: User, photos: Iterable[bytes], caption: str = "", **more: Any
    ) -> list[Message]:
        group = str(next(self.world.numbers))
        return [
            self.send_photo(
                sender, photo, media_group_id=group, caption="" if number else caption, **more
            )
            for number, photo in enumerate(photos)
        ]

    def send_document(
        self,
        sender: User,
        data: bytes,
        *,
        name: str | None = None,
        mime: str | None = None,
        size: int | None = None,
        thumbnail: bytes | None = None,
        **more: Any,
    ) -> Message:
        file = self.world.file(data, "document", size=size)
        document = file.json() | {"file_name": name, "mime_type": mime}
        document |= self._thumbnail(thumbnail)
        document = {key: value for key, value in document.items() if value is not None}
        return self.send(sender, document=document, **more)

    def send_sticker(
        self,
        sender: User,
        data: bytes,
        *,
        animated: bool = False,
        video: bool = False,
        thumbnail: bytes | None = None,
        **more: Any,
    ) -> Message:
        file = self.world.file(data, "sticker", width=512, height=512)
        sticker = file.json(sides=True) | self._thumbnail(thumbnail)
        sticker |= {"type": "regular", "is_animated": animated, "is_video": video}
        return self.send(sender, sticker=sticker, **more)

    def send_moving(
        self, sender: User, kind: str, thumbnail: bytes | None = None, **more: Any
    ) -> Message:
        """Send an `animation`, a `video` or a `video_note`."""
        file = self.world.file(b"moving", kind, width=640, height=480)
        moving = file.json(sides=True) | {"duration": 3} | self._thumbnail(thumbnail)
        if kind == "video_note":
            moving["length"] = 384
        if kind == "animation":
            moving["mime_type"] = "video/mp4"
            more["document"] = {**file.json(), "mime_type": "video/mp4"}
        return self.send(sender, **more | {kind: moving})

    def mention_guest(self, message: Message) -> GuestQuery:
        """Show the bot a message that mentions it, here where it is no member."""
        query = GuestQuery(self.world, f"guest-{next(self.world.numbers)}")
        self.world.guest_queries[query.id] = query
        self.world.deliver("guest_message", message.raw | {"guest_query_id": query.id})
        return query

    def edit(self, message: Message, **content: Any) -> None:
        """Change one's own message."""
        message.raw = message.raw | content | {"edit_date": int(time.time())}
        self.world.deliver("edited_message", message.raw)

    def delete(self, message: Message) -> None:
        message.deleted = True
        self.world.notify()

    def press(self, user: User, message: Message, button: str | int = 0) -> Tap:
        """Tap a button, by its text or by its number."""
        all_ = [each for row in message.keyboard for each in row]
        chosen = all_[button] if isinstance(button, int) else None
        chosen = chosen or next(each for each in all_ if each["text"] == button)
        return self.tap(user, message, chosen["callback_data"])

    def tap(
        self, user: User, message: Message | None, data: str, *, inaccessible: bool = False
    ) -> Tap:
        """Tap whatever sends this data, even a button of an older version."""
        tap = Tap(self.world, str(next(self.world.numbers)))
        self.world.taps[tap.id] = tap
        query: Json = {"id": tap.id, "from": user.json(), "chat_instance": "1", "data": data}
        if message is not None and inaccessible:
            query["message"] = {"chat": self.json(), "message_id": message.id, "date": 0}
        elif message is not None:
            query["message"] = message.raw
        self.world.deliver("callback_query", query)
        return tap

    def invite_bot(self, by: User, status: str = "member") -> None:
        """Add the bot to the group, or make it an admin of it."""
        self._bot_becomes(by, status)

    def remove_bot(self, by: User, status: str = "kicked") -> None:
        """Remove the bot from the group, or block it in private."""
        self.blocked = self.kind == "private"
        self._bot_becomes(by, status)

    def migrate(self, *, announced: bool = True, members_first: bool = False) -> Chat:
        """Become a supergroup; not announced: only who writes to the old one is told.

        members_first: The bot hears that it left one group and joined another before it hears why.
        """
        new = self.world.chat(
            SUPERGROUPS - next(self.world.numbers), "supergroup", self.title, self.bot_status
        )
        new.admins = set(self.admins)
        if members_first:
            self._bot_becomes(self.world.bot, "left")
            new.bot_status = "left"
            new.invite_bot(self.world.bot, "administrator")
        self.migrated_to = new.id
        if announced:
            someone = self.world.person("Somebody")
            self.send(someone, migrate_to_chat_id=new.id)
            new.send(someone, migrate_from_chat_id=self.id)
        return new

    def transcript(self) -> str:
        """Return the chat as people read it."""
        return "\n".join(message.line for message in self.messages if not message.deleted)

    def _thumbnail(self, data: bytes | None) -> Json:
        if data is None:
            return {}
        file = self.world.file(data, "thumbnail", width=320, height=240)
        return {"thumbnail": file.json(sides=True)}

    def _bot_becomes(self, by: User, status: str) -> None:
        old, self.bot_status = self.bot_status, status
        bot = self.world.bot.json()
        rights = dict.fromkeys(ADMIN_RIGHTS, False) if status == "administrator" else {}
        until = {"until_date": 0} if status == "kicked" else {}
        was = {"until_date": 0} if old == "kicked" else {}
        was |= dict.fromkeys(ADMIN_RIGHTS, False) if old == "administrator" else {}
        self.world.deliver(
            "my_chat_member",
            {
                "chat": self.json(),
                "from": by.json(),
                "date": int(time.time()),
                "old_chat_member": {"status": old, "user": bot, **was},
                "new_chat_member": {"status": status, "user": bot, **rights, **until},
            },
        )
