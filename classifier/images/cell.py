"""The cell: strangers' files are decoded in processes of their own.

A decoder is a hundred thousand lines of C that read whatever is sent. In here a fault of theirs
ends, hangs or bloats a process that holds no token, no game and no other photo; the bot goes on.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

from classifier.images.look import Look, Wanted
from classifier.images.messages import read_answer, read_ready, write_question
from classifier.types import HugePhoto, PhotoError, UnreadablePhoto

WORKERS = 2
# The slowest photo of all that are let through takes two on a small computer.
SECONDS = 10.0
# Half a second where nothing else runs.
START_SECONDS = 60.0
# Its own, and what a system needs to start a process: no token, no password of the bot's.
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMPDIR", "LD_LIBRARY_PATH")
# Threads and arenas each reserve address space, of which there is little.
FRUGAL = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from classifier.images.worker import main; main()"
)

log = logging.getLogger(__name__)


class Cell:
    """Decodes photos in worker processes, which are replaced when they die or take too long.

    Args:
        workers: How many processes; as many photos are decoded at once.
        seconds: How long each photo may take.
    """

    def __init__(self, workers: int = WORKERS, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._workers = workers
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._started = False
        self._huge = threading.Lock()  # they are decoded one at a time

    def start(self) -> None:
        """Start the workers, which then get ready by themselves."""
        if not self._started:
            self._started = True
            for _ in range(self._workers):
                self._free.put(_Worker())

    def look(self, photo: bytes, wanted: Wanted) -> Look:
        """Return what is wanted of a photo. Blocking; waits for a free worker.

        Args:
            photo: The bytes of its file.
            wanted: What.

        Raises:
            PhotoError: As decode_photo does; UnreadablePhoto as well when the worker died of it, or
                had to be killed.
        """
        try:
            return self._look(photo, replace(wanted, huge=False))
        except HugePhoto:
            with self._huge:
                return self._look(photo, wanted)

    def _look(self, photo: bytes, wanted: Wanted) -> Look:
        worker = self._free.get()
        try:
            return worker.look(photo, wanted, self._seconds)
        except (PhotoError, HugePhoto):
            raise
        except Exception as error:
            log.warning("a decoder ended over a photo (%s), and is replaced", worker.end())
            worker = _Worker()  # started now, so that it is ready for the next
            raise UnreadablePhoto("damaged") from error
        finally:
            self._free.put(worker)

    def processes(self) -> list[int]:
        """Return the ids of the processes that wait for a photo."""
        return [worker.id for worker in list(self._free.queue)]

    def close(self) -> None:
        """End the workers; who still has a photo in here must have waited for it."""
        while True:
            try:
                self._free.get_nowait().end()
            except queue.Empty:
                return


class _Worker:
    """One process, and the pipes to and from it."""

    def __init__(self) -> None:
        own = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", CODE, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=own | FRUGAL,
        )
        self._is_ready = False

    @property
    def id(self) -> int:
        """The process's."""
        return self._process.pid

    def look(self, photo: bytes, wanted: Wanted, seconds: float) -> Look:
        """Return what is wanted of a photo; raise anything when the process fails over it."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        if not self._is_ready:
            with self._deadline(START_SECONDS):
                read_ready(process.stdout)
            self._is_ready = True
        with self._deadline(seconds):
            write_question(process.stdin, photo, wanted)
            return read_answer(process.stdout)

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Kill the process if the block lasts longer: reading from it then ends."""
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def end(self) -> int:
        """End the process; return its exit code."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # the rest of a photo that it does not want
                pipe.close()
        return self._process.wait()
