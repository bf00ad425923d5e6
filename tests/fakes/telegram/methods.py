"""The methods of the tests' Bot API: what they take, what they do, what they refuse."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.given import Given, Refuse, Upload
from tests.fakes.telegram.things import CONTENT, Json, Message
from tests.fakes.telegram.world import World

LARGEST_FILE = 20 * 1024 * 1024
# As the library's InlineKeyboardMarkupLimit has it; Telegram's own pages tell no number.
MOST_BUTTONS = 100
SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
# Some of those that Telegram allows.
REACTIONS = {"👍", "👎", "❤", "🔥", "☃", "👻", "🤷"}
CHAT_SCOPES = {"chat", "chat_administrators", "chat_member"}


class Methods:
    """Does what the bot asks for. What it does not know is no method."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.menus: dict[tuple[str, str], list[Json]] = {}

    def find(self, name: str) -> Callable[[Given], Any] | None:
        """Return a method by the name that it is called by, whatever its case."""
        methods = {m.lower(): getattr(self, m) for m in dir(self) if re.match(r"[a-z]+[A-Z]", m)}
        if not self._world.has_ephemeral_messages:
            methods = {name: do for name, do in methods.items() if "ephemeral" not in name}
        return methods.get(name.lower())

    def getMe(self, given: Given) -> Json:  # noqa: N802
        return self._world.bot.json() | {
            "can_join_groups": True,
            "can_read_all_group_messages": not self._world.privacy,
            "supports_inline_queries": False,
            "supports_guest_queries": self._world.has_guest_mode,
        }

    def setMyCommands(self, given: Given) -> bool:  # noqa: N802
        scope = given.parsed("scope", dict) or {"type": "default"}
        if scope.get("type") not in SCOPES | CHAT_SCOPES:
            raise Refuse("Bad Request: can't parse BotCommandScope: Unsupported type specified")
        if scope["type"] in CHAT_SCOPES and "chat_id" not in scope:
            raise Refuse("Bad Request: can't parse BotCommandScope: chat_id is missing")
        language = given.text("language_code")
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise Refuse("Bad Request: invalid language code specified")
        commands = given.parsed("commands", list) or []
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command"))):
                raise Refuse("Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(str(command.get("description", ""))) <= 256:
                raise Refuse("Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands) > 100:
            raise Refuse("Bad Request: BOT_COMMANDS_TOO_MUCH")
        self.menus[scope["type"], language] = commands
        return True

    def sendMessage(self, given: Given) -> Json:  # noqa: N802
        chat = self._to(given)
        text = given.text("text").strip()
        if not text:
            raise Refuse("Bad Request: message text is empty")
        if len(text) > 4096:
            raise Refuse("Bad Request: message is too long")
        receiver = given.parsed("ephemeral_message_parameters", dict)
        if receiver and self._world.has_ephemeral_messages:  # who does not know it ignores it
            about = given.parsed("reply_parameters", dict) or {}
            return self._whisper(chat, receiver, text, _markup(given), about)
        return self._add(chat, given, {"text": text}).raw

    def deleteEphemeralMessage(self, given: Given) -> bool:  # noqa: N802
        self._chat(given)
        raise Refuse("Bad Request: message to delete not found")

    def editEphemeralMessageText(self, given: Given) -> bool:  # noqa: N802
        chat, text = self._to(given), given.text("text")
        number, receiver = given.number("ephemeral_message_id"), given.number("receiver_user_id")
        whisper = next((w for w in chat.whispered if w.raw["ephemeral_message_id"] == number), None)
        if whisper is None or whisper.raw["receiver_user"]["id"] != receiver:
            raise Refuse("Bad Request: message to edit not found")
        markup = _markup(given)
        if (whisper.raw["text"], whisper.raw.get("reply_markup")) == (text, markup):
            raise Refuse("Bad Request: message is not modified")
        whisper.raw |= {"text": text, "reply_markup": markup or {}}
        self._world.notify()
        return True

    def sendPhoto(self, given: Given) -> Json:  # noqa: N802
        chat = self._to(given)
        given_photo = given.file("photo")
        if given_photo is None:
            raise Refuse("Bad Request: there is no photo in the request")
        is_new = isinstance(given_photo, Upload)
        photo = self._data(given_photo, "photo")
        if chat.no_photos:
            raise Refuse("Bad Request: not enough rights to send photos to the chat")
        sizes = [size.json(sides=True) for size in self._world.photo(photo)]
        caption = _caption(given)
        content = {"photo": sizes} | ({"caption": caption} if caption else {})
        message = self._add(chat, given, content)
        message.picture = photo if is_new else None
        return message.raw

    def sendDocument(self, given: Given) -> Json:  # noqa: N802
        chat = self._to(given)
        document = given.file("document")
        if document is None:
            raise Refuse("Bad Request: there is no document in the request")
        file = self._world.file(self._data(document, "document"), "document")
        caption = _caption(given)
        name = {"file_name": document.name} if isinstance(document, Upload) else {}
        content = {"document": file.json() | name}
        return self._add(chat, given, content | ({"caption": caption} if caption else {})).raw

    def sendSticker(self, given: Given) -> Json:  # noqa: N802
        chat = self._to(given)
        sticker = given.file("sticker")
        if sticker is None:
            raise Refuse("Bad Request: there is no sticker in the request")
        file = self._world.file(self._data(sticker, "sticker"), "sticker", width=512, height=512)
        about = {"type": "regular", "is_animated": False, "is_video": False}
        return self._add(chat, given, {"sticker": file.json(sides=True) | about}).raw

    def copyMessage(self, given: Given) -> Json:  # noqa: N802
        chat = self._to(given)
        source = self._world.chats.get(given.number("from_chat_id") or 0)
        message = source.find(given.number("message_id") or 0) if source else None
        if message is None:
            raise Refuse("Bad Request: message to copy not found")
        if chat.protected:
            raise Refuse("Bad Request: message can't be copied")
        content = {name: message.raw[name] for name in (*CONTENT, "text") if name in message.raw}
        caption = _caption(given) or message.raw.get("caption", "")
        copy = self._add(chat, given, content | ({"caption": caption} if caption else {}))
        return {"message_id": copy.id}

    def editMessageText(self, given: Given) -> Json:  # noqa: N802
        return self._edit(given, "text")

    def editMessageCaption(self, given: Given) -> Json:  # noqa: N802
        return self._edit(given, "caption")

    def editMessageReplyMarkup(self, given: Given) -> Json:  # noqa: N802
        return self._edit(given, None)

    def deleteMessage(self, given: Given) -> bool:  # noqa: N802
        message = self._chat(given).find(given.number("message_id") or 0)
        if message is None:
            raise Refuse("Bad Request: message to delete not found")
        message.deleted = True
        return True

    def setMessageReaction(self, given: Given) -> bool:  # noqa: N802
        chat = self._to(given)
        message = chat.find(given.number("message_id") or 0)
        if message is None:
            raise Refuse("Bad Request: message to react not found")
        reactions = given.parsed("reaction", list) or []
        if len(reactions) > 1:
            raise Refuse("Bad Request: REACTIONS_TOO_MANY")
        emoji = [reaction.get("emoji") for reaction in reactions]
        if chat.no_reactions or any(each not in REACTIONS for each in emoji):
            raise Refuse("Bad Request: REACTION_INVALID")
        message.reaction = "".join(emoji)
        self._world.notify()
        return True

    def sendChatAction(self, given: Given) -> bool:  # noqa: N802
        self._to(given)
        if given.text("action") != "typing":
            raise Refuse("Bad Request: wrong parameter action in request")
        return True

    def answerCallbackQuery(self, given: Given) -> bool:  # noqa: N802
        text = given.text("text")
        if len(text) > 200:
            raise Refuse("Bad Request: MESSAGE_TOO_LONG")
        tap = self._world.taps.get(given.text("callback_query_id"))
        if tap is None or tap.is_old or tap.notice is not None:
            raise Refuse(
                "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        tap.notice = text
        self._world.notify()
        return True

    def answerGuestQuery(self, given: Given) -> Json:  # noqa: N802
        query = self._world.guest_queries.get(given.text("guest_query_id"))
        if query is None or query.answer is not None:
            raise Refuse(
                "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        result = given.parsed("result", dict) or {}
        if result.get("type") != "article" or not 1 <= len(str(result.get("id", ""))) <= 64:
            raise Refuse("Bad Request: can't parse inline query result")
        if not result.get("title") or not result["input_message_content"].get("message_text"):
            raise Refuse("Bad Request: message text is empty")
        markup = Given({"reply_markup": result.get("reply_markup")})
        query.answer = {
            "text": result["input_message_content"]["message_text"],
            "reply_markup": _markup(markup),
        }
        self._world.notify()
        return {"inline_message_id": f"inline-{query.id}"}

    def getFile(self, given: Given) -> Json:  # noqa: N802
        file = self._world.files.get(given.text("file_id"))
        if file is None:
            raise Refuse("Bad Request: invalid file_id")
        if file.size > LARGEST_FILE:
            raise Refuse("Bad Request: file is too big")
        return file.json() | ({"file_path": file.path} if file.path else {})

    def getChat(self, given: Given) -> Json:  # noqa: N802
        return self._chat(given).json() | {"accent_color_id": 0, "max_reaction_count": 0}

    def getChatMember(self, given: Given) -> Json:  # noqa: N802
        chat, user = self._chat(given), given.number("user_id")
        if chat.bot_status in ("left", "kicked"):
            raise Refuse("Forbidden: bot is not a member of the chat", 403)
        status = "creator" if user in chat.admins else "left" if user in chat.gone else "member"
        about = {"id": user, "is_bot": False, "first_name": "Somebody"}
        return {"status": status, "user": about, "is_anonymous": False}

    def getChatAdministrators(self, given: Given) -> list[Json]:  # noqa: N802
        chat = self._chat(given)
        return [
            {
                "status": "creator",
                "user": {"id": user, "is_bot": False, "first_name": "Somebody"},
                "is_anonymous": False,
            }
            for user in chat.admins
        ]

    def leaveChat(self, given: Given) -> bool:  # noqa: N802
        self._chat(given).bot_status = "left"
        return True

    def _whisper(
        self, chat: Chat, receiver: Json, text: str, markup: Json | None, about: Json
    ) -> Json:
        tap = self._world.taps.get(receiver.get("callback_query_id", ""))
        heard = self._world.heard.get(about.get("ephemeral_message_id", 0))
        is_asked = tap is not None or heard == receiver["receiver_user_id"]
        if chat.bot_status != "administrator" and not is_asked:
            raise Refuse("Bad Request: BOT_NOT_ADMIN")
        raw: Json = {
            "message_id": 0,
            "ephemeral_message_id": len(chat.whispered) + 1,
            "date": int(time.time()),
            "chat": chat.json(),
            "from": self._world.bot.json(),
            "receiver_user": {"id": receiver["receiver_user_id"]},
            "text": text,
        }
        raw |= {"reply_markup": markup} if markup else {}
        chat.whispered.append(Message(chat, raw))
        self._world.notify()
        return raw

    def _data(self, given: Upload | str, kind: str) -> bytes:
        """Return the bytes of an upload, or of a file that may be sent again as this kind."""
        if isinstance(given, Upload):
            return given.data
        file = self._world.files.get(given)
        if file is None:
            raise Refuse("Bad Request: wrong remote file identifier specified")
        # "It is not possible to change the file type when resending by file_id", nor to resend
        # thumbnails.
        is_one = file.name.split()[0]
        if is_one != kind:
            raise Refuse(f"Bad Request: can't use file of type {is_one.title()} as {kind.title()}")
        return file.data

    def _chat(self, given: Given) -> Chat:
        id_ = given.number("chat_id")
        if id_ is None:
            raise Refuse("Bad Request: chat_id is empty")
        chat = self._world.chats.get(id_)
        if chat is None:
            raise Refuse("Bad Request: chat not found")
        if chat.migrated_to is not None:
            raise Refuse(
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        return chat

    def _to(self, given: Given) -> Chat:
        chat = self._chat(given)
        if chat.blocked:
            raise Refuse("Forbidden: bot was blocked by the user", 403)
        if chat.bot_status == "kicked":
            raise Refuse("Forbidden: bot was kicked from the supergroup chat", 403)
        if chat.bot_status == "left":
            raise Refuse("Forbidden: bot is not a member of the supergroup chat", 403)
        if chat.read_only:
            raise Refuse("Bad Request: not enough rights to send text messages to the chat")
        return chat

    def _add(self, chat: Chat, given: Given, content: Json) -> Message:
        markup = _markup(given)
        about = given.parsed("reply_parameters", dict) or {}
        topic = given.number("message_thread_id")
        reply_to = None
        if about:
            if not isinstance(about.get("message_id"), int):
                raise Refuse("Bad Request: can't parse reply parameters JSON object")
            reply_to = chat.find(about["message_id"])
            # In a topic the server insists, whatever it is told to allow.
            may_lack = about.get("allow_sending_without_reply") and topic is None
            if reply_to is None and not may_lack:
                raise Refuse("Bad Request: message to be replied not found")
        if topic is not None and topic not in chat.topics:
            raise Refuse("Bad Request: message thread not found")
        if chat.forum and (topic or (reply_to and reply_to.topic)) in chat.closed:
            raise Refuse("Bad Request: TOPIC_CLOSED")
        if markup:
            content = content | {"reply_markup": markup}
        return chat.send(self._world.bot, deliver=False, reply_to=reply_to, topic=topic, **content)

    def _edit(self, given: Given, what: str | None) -> Json:
        chat = self._chat(given)
        message = chat.find(given.number("message_id") or 0)
        if message is None:
            raise Refuse("Bad Request: message to edit not found")
        if not message.is_bots:
            raise Refuse("Bad Request: message can't be edited")
        if what == "text" and "text" not in message.raw:
            raise Refuse("Bad Request: there is no text in the message to edit")
        if what == "caption" and "text" in message.raw:
            raise Refuse("Bad Request: there is no caption in the message to edit")
        text = given.text("text") if what == "text" else _caption(given)
        if what == "text" and not text:
            raise Refuse("Bad Request: message text is empty")
        if len(text) > 4096:
            raise Refuse("Bad Request: MESSAGE_TOO_LONG")
        after = {**message.raw, "reply_markup": _markup(given)}
        if what is not None:
            after[what] = text
        after = {name: value for name, value in after.items() if value}
        if after == message.raw:
            raise Refuse(
                "Bad Request: message is not modified: specified new message content and reply "
                "markup are exactly the same as a current content and reply markup of the message"
            )
        message.raw = after | {"edit_date": int(time.time())}
        message.edits += 1
        self._world.notify()
        return message.raw


def _caption(given: Given) -> str:
    caption = given.text("caption")
    if len(caption) > 1024:
        raise Refuse("Bad Request: message caption is too long")
    return caption


def _markup(given: Given) -> Json | None:
    markup: Json | None = given.parsed("reply_markup", dict)
    if markup is None or markup.get("force_reply"):
        return None
    rows = markup.get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refuse(
            'Bad Request: field "inline_keyboard" of the InlineKeyboardMarkup must be '
            "an Array of Arrays"
        )
    if sum(len(row) for row in rows) > MOST_BUTTONS:
        raise Refuse("Bad Request: reply markup is too long")
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise Refuse("Bad Request: inline keyboard button text must be non-empty")
        actions = [name for name in ("callback_data", "url") if name in button]
        if len(actions) != 1:
            raise Refuse("Bad Request: text buttons are unallowed in the inline keyboard")
        if "url" in button and not re.match(r"(https?|tg)://\S+", button["url"]):
            raise Refuse("Bad Request: inline keyboard button URL is invalid: Wrong HTTP URL")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise Refuse("Bad Request: BUTTON_DATA_INVALID")
    return markup
