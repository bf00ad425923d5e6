"""What a process takes of the machine, by Linux' own books in `/proc`: proc(5)."""

from __future__ import annotations

import os
from pathlib import Path

MEGABYTE = 1024 * 1024


def children(pid: int) -> list[int]:
    """Return the processes that one has started: of the bot, its decoders."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def shared_bytes(pid: int) -> int:
    """Return how much memory a process holds, its part only of what others hold as well."""
    rolled_up = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(rolled_up.partition("\nPss:")[2].split()[0])


def processor_seconds(pid: int) -> float:
    """Return how much processor time a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
