"""The tier as it is started, on Ray Serve: what it survives, and who can reach it."""

from __future__ import annotations

import asyncio
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from classifier.serving import Outcome, RemoteClassifier
from tests.support.pictures import draw_olaf, encoded
from tools.cluster_tier import TierProcess

LISTENS = "0A"
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def open_to_the_network(pid: int) -> int:
    """Return at how many ports a process listens that others than this computer reach."""
    links = (link for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink())
    own = {str(link.readlink()) for link in links}
    sockets = (
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    )
    return sum(
        state == LISTENS and address.split(":")[0] not in LOOPBACK and f"socket:[{inode}]" in own
        for _, address, _, state, _, _, _, _, _, inode, *_ in sockets
    )


@pytest.mark.slow
async def test_photos_are_looked_at_whatever_of_ray_is_killed() -> None:
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    photo = encoded(draw_olaf((320, 240)), "JPEG")
    counted: Counter[str] = Counter()
    async with (
        TierProcess.running() as tier,
        RemoteClassifier.load(
            tier.url, "small", engine="onnx", note=lambda outcome: counted.update([outcome])
        ) as classifier,
    ):
        # One of each copy's cannot be told where to listen; it asks for the secret.
        ports = {name: open_to_the_network(pid) for pid, name in tier.processes().items()}
        assert sum(ports.values()) <= 2, ports

        async def some(number: int) -> None:
            answers = (classifier.answer(photo, hashes=True) for _ in range(number))
            labels = {answer.prediction.label for answer in await asyncio.gather(*answers)}
            assert labels == {"olaf"}

        await some(10)
        assert counted == {Outcome.THERE: 10}
        tier.kill("ServeReplica")
        await some(10)
        assert counted[Outcome.THERE] == 20
        tier.kill_all()
        await some(10)
        assert counted[Outcome.HERE] == 10
        assert classifier.engine.startswith("onnx, as ray at")
