"""The command line: `python -m classifier PHOTO...` prints who is on each photo."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from classifier import Classifier, Heatmap, ModelError, PhotoError, Prediction
from classifier.images.decode import MAX_BYTES, SUFFIXES
from classifier.inference.heatmap import write_caption

# Enough to keep the decoders and the network busy, few enough to keep the memory small.
PHOTOS_AT_ONCE = 16
# From so many photos on, a person wants to see how far it is.
PROGRESS_FROM = 20


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; exit with 2, by way of argparse, for wrong usage.

    Args:
        arguments: Those of the command line, by default.

    Returns:
        The exit code: 0 when every photo was read, 1 when some were not.
    """
    parser = argparse.ArgumentParser(
        prog="python -m classifier",
        description="Say who is on each photo: Olaf or the abominable snowman.",
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", type=Path, help="a file or a folder")
    parser.add_argument("--model", default="full", help="small, full (default) or a weights file")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--heatmap", metavar="OUT.png", type=Path, help="draw where it looked (for one photo)"
    )
    options = parser.parse_args(arguments)
    photos = list(_files(options.photos))
    if not photos:
        parser.error("there are no pictures in " + ", ".join(map(str, options.photos)))
    if options.heatmap and len(photos) > 1:
        parser.error("--heatmap draws one photo, and these are " + str(len(photos)))
    try:
        classifier = Classifier.load(options.model)
    except ModelError as error:
        parser.error(str(error))
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may be in no encoding of today
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = asyncio.run(
            _print_answers(classifier, photos, as_json=options.json, heatmap=options.heatmap)
        )
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells count
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()
        return 1


async def _print_answers(
    classifier: Classifier, photos: list[Path], *, as_json: bool, heatmap: Path | None
) -> int:
    all_read = True
    show_progress = len(photos) >= PROGRESS_FROM and sys.stderr.isatty()
    async with classifier:
        with tqdm(total=len(photos), unit="photo", disable=not show_progress) as progress:
            async for photo, answer in _answers(classifier, photos, heatmap):
                line = _json_line(photo, answer) if as_json else _text_line(photo, answer)
                with progress.external_write_mode():
                    print(line, flush=show_progress)
                progress.update()
                all_read &= isinstance(answer, Prediction)
    return 0 if all_read else 1


async def _answers(
    classifier: Classifier, photos: Iterable[Path], heatmap: Path | None
) -> AsyncIterator[tuple[Path, Prediction | str]]:
    """Yield each photo in order, with its prediction or a sentence that says why there is none."""
    under_way: deque[tuple[Path, asyncio.Task[Prediction | str]]] = deque()
    for photo in photos:
        under_way.append((photo, asyncio.create_task(_answer(classifier, photo, heatmap))))
        if len(under_way) == PHOTOS_AT_ONCE:
            first, task = under_way.popleft()
            yield first, await task
    for first, task in under_way:
        yield first, await task


async def _answer(classifier: Classifier, photo: Path, heatmap: Path | None) -> Prediction | str:
    try:
        data = await asyncio.to_thread(_read, photo)
        if heatmap is None:
            return await classifier.classify(data)
        found = await classifier.heatmap(data)
        await asyncio.to_thread(_save_heatmap, found, heatmap)
        return found.prediction
    except PhotoError as error:
        return str(error)
    except OSError as error:
        return f"{error.strerror or error}."


def _save_heatmap(found: Heatmap, path: Path) -> None:
    """Write the photo under its heat map, with the answer on it, as a PNG."""
    write_caption(found.image, _answer_text(found.prediction))
    out = io.BytesIO()
    found.image.save(out, "PNG")  # whatever ending the path has
    path.write_bytes(out.getvalue())


def _read(photo: Path) -> bytes:
    with photo.open("rb") as file:
        return file.read(MAX_BYTES + 1)  # one more: the classifier then says that it is too large


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, and the pictures (by their ending) in the folders named."""
    for path in paths:
        if path.is_dir():
            found = (file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
            yield from sorted(file for file in found if file.is_file())
        else:
            yield path


def _text_line(photo: Path, answer: Prediction | str) -> str:
    if isinstance(answer, str):
        return f"{photo}: {answer}"
    doubt = " (looks like neither)" if answer.unfamiliar else ""
    return f"{photo}: {_answer_text(answer)}{doubt}"


def _answer_text(prediction: Prediction) -> str:
    return f"{prediction.label.capitalize()}! {prediction.confidence:.0%}"


def _json_line(photo: Path, answer: Prediction | str) -> str:
    if isinstance(answer, str):
        return json.dumps({"photo": str(photo), "error": answer})
    return json.dumps(
        {
            "photo": str(photo),
            "label": answer.label,
            "confidence": round(answer.confidence, 4),
            "probabilities": {k: round(p, 4) for k, p in answer.probabilities.items()},
            "unfamiliar": answer.unfamiliar,
            "sure": answer.sure,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
