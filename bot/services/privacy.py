"""Everybody's rights: to know what is stored, to have all of it, and to be forgotten."""

from __future__ import annotations

import json

from bot.domain import ButtonOutcome, ButtonPress, CommandRequest, Document, Reply
from bot.services.buttons import ForgetMe, button
from bot.services.photo_archive import KEPT_DAYS, ArchiveJobs
from bot.speech import Speaker
from bot.storage import Store


class Privacy:
    """Answers what people ask about their own data.

    Args:
        store: Remembers them.
        archive: Keeps photos that fooled the bot.
    """

    def __init__(self, store: Store, archive: ArchiveJobs) -> None:
        self._store = store
        self._archive = archive

    async def tell(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Tell what is stored and what is not."""
        keeps = (await self._store.rooms.settings(request.room)).keep
        return Reply(
            speaker.privacy.privacy(
                keeps=keeps, days=KEPT_DAYS, shows_photos=request.room.platform == "web"
            )
        )

    async def export(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Hand out everything about a person, as a file for their eyes only."""
        if not request.alone:
            return Reply(speaker.privacy.export_how())
        found = await self._store.people.export(request.room.platform, request.player.id)
        if not found:
            return Reply(speaker.privacy.export_nothing())
        text = json.dumps(found, ensure_ascii=False, indent=2)
        document = Document(text.encode(), "snowpeople.json")
        return Reply(speaker.privacy.export(), document=document)

    def ask_whether_to_forget(self, request: CommandRequest, speaker: Speaker) -> Reply:
        """Ask a person whether to be forgotten."""
        id_ = request.player.id
        buttons = (
            (button(speaker.privacy.forget_button(), ForgetMe(id_, confirmed=True)),),
            (button(speaker.privacy.forget_not_button(), ForgetMe(id_, confirmed=False)),),
        )
        return Reply(speaker.privacy.forget_ask(), buttons=buttons)

    async def forget(self, press: ButtonPress, action: ForgetMe, speaker: Speaker) -> ButtonOutcome:
        """Forget a person everywhere, or not after all."""
        if press.player.id != action.player_id:
            return ButtonOutcome(speaker.rooms.not_yours_to_decide())
        if not action.confirmed:
            return ButtonOutcome(edit=Reply(speaker.privacy.forgot_not()))
        await self._archive.forget(press.room.platform, press.player.id)
        await self._store.people.forget(press.room.platform, press.player.id)
        return ButtonOutcome(edit=Reply(speaker.privacy.forgot()))
