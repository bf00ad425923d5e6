"""A kill -9 at any moment loses nothing that was acknowledged, and leaves nothing half done."""

from __future__ import annotations

from tools.kill import kill_writers


async def test_kills_under_load_lose_nothing(new_url: str) -> None:
    tally = await kill_writers(new_url, kills=15, seed=20261224)
    assert (tally.kills, tally.lost, tally.halves, tally.damaged) == (15, 0, 0, 0)
    assert tally.acknowledged > 15
