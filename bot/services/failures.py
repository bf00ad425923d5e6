"""What fails again and again: how long to wait, and what of it is worth a line in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

# The database, or a platform, may be there by then; what fails each time waits longer and longer.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
# From then on the wait is the longest in any case.
DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class _Failing:
    times: int
    until: datetime


class Failures:
    """Knows what has failed, by its key, and how often in a row.

    A fault is logged in full when it is new, and in one line the second time, the fourth, the
    eighth and so on. It is new again when nothing has failed meanwhile.

    Args:
        what: The log's words for it, such as "a podium could not be shown".
        now: The time, with its zone.
    """

    def __init__(self, what: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._what = what
        self._now = now
        self._failing: dict[Hashable, _Failing] = {}
        # Faults that are logged already: their class, and where they came from.
        self._told: set[tuple[type[Exception], str, int]] = set()

    def holds_back(self, key: Hashable) -> bool:
        """Return whether something failed so lately that it is not to be tried again yet."""
        failing = self._failing.get(key)
        return failing is not None and self._now() < failing.until

    def note(self, key: Hashable, fault: Exception) -> datetime:
        """Note that something has failed; return when to try it again."""
        times = self._failing[key].times + 1 if key in self._failing else 1
        wait = min(FIRST_WAIT * 2 ** min(times - 1, DOUBLINGS), LONGEST_WAIT)
        self._failing[key] = _Failing(times, self._now() + wait)
        if (kind := _kind_of(fault)) not in self._told:
            self._told.add(kind)
            log.error("%s; it is tried again", self._what, exc_info=fault)
        elif times & (times - 1) == 0:  # a power of two
            log.warning("%s, %d times in a row (%s)", self._what, times, type(fault).__name__)
        return self._failing[key].until

    def end(self, key: Hashable) -> None:
        """Note that something has gone well, or is not to be done any more."""
        self._failing.pop(key, None)
        if not self._failing:
            self._told.clear()

    @contextmanager
    def caught(self, key: Hashable) -> Iterator[None]:
        """Note how the block goes, whose faults end here."""
        try:
            yield
        except Exception as fault:
            self.note(key, fault)
        else:
            self.end(key)


def _kind_of(fault: Exception) -> tuple[type[Exception], str, int]:
    """Return what tells a fault from others: its class, and the line that raised it."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = ("", 0) if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return (type(fault), *where)
