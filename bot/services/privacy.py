"""Everybody's rights: to know what is stored, to have all of it, and to be forgotten."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from zipfile import ZipFile

from bot.domain import (
    ButtonOutcome,
    ButtonPress,
    CommandRequest,
    Document,
    Kept,
    Player,
    Reply,
    Room,
)
from bot.services.buttons import AskToForget, ExportMine, ForgetMe, ShowAbout, button
from bot.services.party import Parties
from bot.services.photo_archive import KEPT_DAYS, ArchiveJobs
from bot.services.ports import Messenger
from bot.speech import Speaker
from bot.storage import Store

# The name of the file with all that is no picture.
WORDS = "snowpeople.json"


class Privacy:
    """Answers what people ask about their own data.

    Args:
        store: Remembers them.
        archive: Keeps photos that fooled the bot.
        parties: Know who plays in a party night.
        messengers: The platforms, by name: some show photos for a while.
    """

    def __init__(
        self,
        store: Store,
        archive: ArchiveJobs,
        parties: Parties,
        messengers: Mapping[str, Messenger],
    ) -> None:
        self._store = store
        self._archive = archive
        self._parties = parties
        self._messengers = messengers
        self._listeners: dict[str, Callable[[Player], Awaitable[None]]] = {}

    def listen(self, platform: str, listener: Callable[[Player], Awaitable[None]]) -> None:
        """Have a platform told of who is forgotten there, in whatever process."""
        self._listeners[platform] = listener

    async def tell(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell what is stored and what is not."""
        keeps = (await self._store.rooms.settings(request.room)).keep
        buttons = (
            (button(speaker.privacy.about_button(), ShowAbout()),),
            (button(speaker.privacy.export_button(), ExportMine()),),
            (button(speaker.privacy.forget_me_button(), AskToForget()),),
        )
        return Reply(
            speaker.privacy.privacy(
                keeps=keeps, days=KEPT_DAYS, shows_photos=request.room.platform == "web"
            ),
            buttons=buttons,
        )

    async def export(self, room: Room, player: Player, speaker: Speaker, *, alone: bool) -> Reply:
        """Hand out everything about a person, as a file for their eyes only.

        Args:
            room: Where it is asked for.
            player: Who asks.
            speaker: The sentences.
            alone: Whether only this person will see the answer.
        """
        if not alone:
            return Reply(speaker.privacy.export_how())
        whose = room.platform, player.id
        found = dict(await self._store.people.export(*whose))
        if to_learn_from := await self._archive.rounds(*whose):
            found["kept_to_learn_from"] = to_learn_from
        messenger = self._messengers.get(room.platform)
        played = await self._parties.export(*whose)
        shown = await messenger.export(player.id) if messenger else Kept()
        found |= {**played.record, **shown.record}
        if not found:
            return Reply(speaker.privacy.export_nothing())
        text = json.dumps(found, ensure_ascii=False, indent=2).encode()
        pictures = {**shown.files, **played.files}
        document = Document(text, WORDS)
        if pictures:
            zipped = await asyncio.to_thread(_zip, {WORDS: text, **pictures})
            document = Document(zipped, "snowpeople.zip")
        return Reply(speaker.privacy.export(), document=document)

    def ask_whether_to_forget(self, player: Player, speaker: Speaker) -> Reply:
        """Ask a person whether to be forgotten."""
        id_ = player.id
        buttons = (
            (button(speaker.privacy.forget_button(), ForgetMe(player_id=id_, confirmed=True)),),
            (
                button(
                    speaker.privacy.forget_not_button(), ForgetMe(player_id=id_, confirmed=False)
                ),
            ),
        )
        return Reply(speaker.privacy.forget_ask(), buttons=buttons)

    async def forget(self, press: ButtonPress, action: ForgetMe, speaker: Speaker) -> ButtonOutcome:
        """Forget a person everywhere, or not after all."""
        # What anonymous admins did is the group's own, and they tap as themselves.
        is_rooms_own = action.player_id == press.room.id and await press.is_admin()
        if press.player.id != action.player_id and not is_rooms_own:
            return ButtonOutcome(speaker.rooms.not_yours_to_decide())
        if not action.confirmed:
            return ButtonOutcome(edit=Reply(speaker.privacy.forgot_not()))
        is_own = press.player.id == action.player_id
        await self.drop(
            press.room.platform, press.player if is_own else Player(action.player_id, "")
        )
        await self._store.people.forget(press.room.platform, action.player_id)
        return ButtonOutcome(edit=Reply(speaker.privacy.forgot()))

    async def drop(self, platform: str, player: Player) -> None:
        """Forget what this process itself has of a person, wherever they asked for that."""
        await self._archive.forget(platform, player.id)
        await self._parties.forget(platform, player.id)
        if (listener := self._listeners.get(platform)) is not None:
            await listener(player)


def _zip(files: Mapping[str, bytes]) -> bytes:
    """Return files in one."""
    zipped = io.BytesIO()
    with ZipFile(zipped, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return zipped.getvalue()
