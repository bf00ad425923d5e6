"""How a photo goes into the cell, and what comes out of it: a line of JSON, then the bytes.

What comes out was made of a stranger's file, perhaps by a decoder that the file has taken over, so
it is read as warily: plain numbers and pixels of checked sizes, nothing that could be run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import IO, Any

from PIL import Image

from classifier.images.fingerprint import PhotoHashes
from classifier.images.look import Look, SmallCopy, Wanted
from classifier.types import HugePhoto, PhotoError, photo_error

# The squares of all disguises, a picture and a preview are a few megabytes.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 65536
READY = b"ready\n"


def write_ready(pipe: IO[bytes]) -> None:
    """Write that all is loaded."""
    pipe.write(READY)
    pipe.flush()


def read_ready(pipe: IO[bytes]) -> None:
    """Wait until all is loaded; raise EOFError if that never comes."""
    if pipe.readline(MAX_LINE_BYTES) != READY:
        raise EOFError("it did not start")


def write_question(pipe: IO[bytes], photo: bytes, wanted: Wanted) -> None:
    """Write what is wanted of a photo."""
    _write(pipe, asdict(wanted), [photo])


def read_question(pipe: IO[bytes]) -> tuple[bytes, Wanted] | None:
    """Return a photo and what is wanted of it; None when there are no more."""
    line = pipe.readline()
    if not line:
        return None
    told = json.loads(line)
    (photo,) = (pipe.read(length) for length in told.pop("bytes"))
    return photo, Wanted(**told)


def write_answer(pipe: IO[bytes], look: Look) -> None:
    """Write what came of a photo."""
    told: dict[str, Any] = {"squares": [square.size for square in look.squares]}
    parts = [square.tobytes() for square in look.squares]
    if look.hashes is not None:
        told["hashes"] = look.hashes.stored, look.hashes.queries
    if look.preview is not None:
        told["preview"] = look.preview.width, look.preview.height
        parts.append(look.preview.jpeg)
    if look.picture is not None:
        told["picture"] = look.picture.size
        parts.append(look.picture.tobytes())
    _write(pipe, told, parts)


def write_refusal(pipe: IO[bytes], error: PhotoError | HugePhoto) -> None:
    """Write why nothing came of a photo."""
    _write(pipe, {"refused": error.reason if isinstance(error, PhotoError) else "huge"}, [])


def read_answer(pipe: IO[bytes]) -> Look:
    """Return what came of a photo.

    Raises:
        PhotoError, HugePhoto: Nothing came of it.
        ValueError, TypeError, KeyError, OSError: The answer ended, or makes no sense.
    """
    line = pipe.readline(MAX_LINE_BYTES)
    told = json.loads(line)
    if "refused" in told:
        raise _refusal(told["refused"])
    lengths = told["bytes"]
    if sum(lengths) > MAX_ANSWER_BYTES or min(lengths, default=0) < 0:
        raise ValueError("an answer is too long")
    parts = (_exactly(pipe, length) for length in lengths)
    squares = tuple(_picture(size, parts) for size in told["squares"])
    hashes = preview = picture = None
    if "hashes" in told:
        stored, queries = (tuple(map(int, some)) for some in told["hashes"])
        whole, middle = stored
        hashes = PhotoHashes((whole, middle), queries)
    if "preview" in told:
        width, height = map(int, told["preview"])
        preview = SmallCopy(next(parts), width, height)
    if "picture" in told:
        picture = _picture(told["picture"], parts)
    return Look(squares, hashes, preview, picture)


def _write(pipe: IO[bytes], told: dict[str, Any], parts: Sequence[bytes]) -> None:
    line = json.dumps({**told, "bytes": [len(part) for part in parts]})
    pipe.write(line.encode() + b"\n")
    for part in parts:
        pipe.write(part)
    pipe.flush()


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    part = pipe.read(length)
    if len(part) < length:
        raise EOFError("an answer ended")
    return part


def _picture(size: Sequence[int], parts: Iterator[bytes]) -> Image.Image:
    width, height = map(int, size)
    return Image.frombytes("RGB", (width, height), next(parts))


def _refusal(reason: str) -> PhotoError | HugePhoto:
    return HugePhoto() if reason == "huge" else photo_error(reason)
