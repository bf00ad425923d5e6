"""What runs in the cell: a process that decodes one photo after another, and has nothing else."""

from __future__ import annotations

import os
import signal
import sys

from classifier.images.look import look_at
from classifier.images.messages import read_question, write_answer, write_ready, write_refusal
from classifier.types import HugePhoto, PhotoError

# The largest picture that is opened at all, of 50 megapixels, takes 800 MB as an HEIC.
MEMORY_BYTES = 1_200_000_000
# Of computing for one photo; who waits for it gives it up sooner, but may be gone.
SECONDS = 20


def main() -> None:
    """Answer questions until there are no more."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the bot, which finishes its photos
        signal.signal(number, signal.SIG_IGN)
    _limit_memory()
    write_ready(answers)
    while question := read_question(questions):
        _limit_time()
        photo, wanted = question
        try:
            look = look_at(photo, wanted)
        except (PhotoError, HugePhoto) as error:
            write_refusal(answers, error)
        else:
            write_answer(answers, look)
            del look
        del photo, question  # while it waits for the next


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":  # elsewhere it is not kept
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _limit_time() -> None:
    if sys.platform != "win32":
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        limit = int(used.ru_utime + used.ru_stime) + SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


if __name__ == "__main__":
    main()
