"""Admission: places, draining, and that heat maps are photos like all others."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain import Refusal, Refused, Timings
from bot.services.admission import AT_ONCE, Admission
from bot.services.rate_limit import RateLimits
from tests.fakes.vision import FakeVision
from tests.support.table import HOME, MIA, Table


async def never(_: int) -> bytes:
    await asyncio.Event().wait()
    return b""


async def test_draining_leaves_a_time_out_alone_that_is_just_expiring() -> None:
    admission = Admission(RateLimits(), fetch_seconds=0.0)

    async def fetch() -> Refusal:
        with pytest.raises(Refused) as refused:
            async with admission.fetched(never, Timings()):
                pass
        return refused.value.reason

    fetching = [asyncio.create_task(fetch()) for _ in range(3)]
    await asyncio.sleep(0)
    # Their time-outs have fired, but the tasks were not told so yet.
    asyncio.get_running_loop().call_soon(lambda: None)
    for _ in range(3):
        await admission.drain(0.01)
        await asyncio.sleep(0)
    assert set(await asyncio.gather(*fetching)) <= {Refusal.TOO_SLOW, Refusal.CLOSING}


async def test_heat_maps_wait_for_a_place_as_photos_do(table: Table, vision: FakeVision) -> None:
    vision.may_answer.clear()
    photos = table.service.photos

    async def heatmap(number: int) -> None:
        async def fetch(_: int) -> bytes:
            return bytes([number])

        await photos.heatmap(HOME, MIA, fetch)

    asked = [asyncio.create_task(heatmap(number)) for number in range(AT_ONCE + 8)]
    for _ in range(200):
        await asyncio.sleep(0)
    assert vision.heatmaps == AT_ONCE
    vision.may_answer.set()
    await asyncio.gather(*asked)


async def test_draining_waits_for_heat_maps_and_lets_no_new_ones_in(
    table: Table, vision: FakeVision
) -> None:
    vision.may_answer.clear()

    async def fetch(_: int) -> bytes:
        return b"snow"

    in_hand = asyncio.create_task(table.service.photos.heatmap(HOME, MIA, fetch))
    while not vision.heatmaps:
        await asyncio.sleep(0)
    draining = asyncio.create_task(table.service.drain(60))
    await asyncio.sleep(0)
    with pytest.raises(Refused) as refused:
        await table.service.photos.heatmap(HOME, MIA, fetch)
    assert refused.value.reason is Refusal.CLOSING
    assert not draining.done()
    vision.may_answer.set()
    await draining
    await in_hand
