"""What party nights in chats are played with: tasks, eyes, and a way to wait for what goes on."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from bot.domain import Preview
from bot.game.party_prompts import Goal, Place, Prompt
from tests.fakes.vision import FakeVision
from tests.support.pictures import draw_olaf

# The sender says who it was; the task does; or all others vote.
KITCHEN = Prompt("kitchen-olaf", Place.KITCHEN, Goal.SAY_OLAF)
DRAWING = Prompt("drawing-hidden-yeti", Place.DRAWING, Goal.HIDE_YETI)
WHITE = Prompt("home-white", Place.HOME, Goal.FOOL)
# What goes on beside the answers, and is over soon.
WORK = {"_draw", "_look", "_save", "_end", "_guarded"}


class Eyes(FakeVision):
    """Shrinks whatever it is shown to a picture that can be drawn with."""

    async def preview(self, photo: bytes, side: int) -> Preview:
        jpeg = io.BytesIO()
        draw_olaf((40, 30)).save(jpeg, "JPEG")
        return Preview(jpeg.getvalue(), 40, 30)


async def settled() -> None:
    """Wait until all that goes on is done."""
    async with asyncio.timeout(20):
        while any(map(_is_work, asyncio.all_tasks())):
            await asyncio.sleep(0.005)


def _is_work(task: asyncio.Task[object]) -> bool:
    """Return whether a task is done soon: not so that of a notice, which vanishes after a while."""
    coro: Any = task.get_coro()
    is_fading = "_delete_later" in repr(getattr(coro, "cr_await", None))
    return coro.__name__ in WORK and not is_fading
