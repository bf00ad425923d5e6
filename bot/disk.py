"""Files with what is people's own: for nobody else to read, and whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written_whole(path: Path, half: Path | None = None) -> Iterator[IO[bytes]]:
    """Yield a file to write; it has its name, in place of an earlier one, when the block ends well.

    A kill leaves nothing half written under that name. Only this process's user may read it.

    Args:
        path: The file's; its folder is made when it is needed.
        half: Where it is until it is whole; beside it if left out.

    Raises:
        OSError: When the disk takes none.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = half or path.with_name(f"{path.name}.half")
    half.unlink(missing_ok=True)  # of a process that was killed
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
