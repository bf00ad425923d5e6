"""Two real processes on one PostgreSQL: one is killed, the database restarted, nothing lost."""

from __future__ import annotations

import pytest

from tests.support.postgres import binaries, running_cluster
from tools.cluster import faults


@pytest.mark.slow
async def test_each_photo_is_answered_once_whatever_fails() -> None:
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with running_cluster(programs) as cluster:
        outcome = await faults(cluster, 24)
    assert outcome.faults == [], outcome.log
