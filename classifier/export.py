"""The command line: write a model down as an ONNX file, for other programs and for browsers.

The bot needs no such file: it makes the same out of the weights as it starts, so that there is one
file for each model and none that could be older than another.

    python -m classifier.export --model small small.onnx
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from classifier.inference.engines.onnx_graph import onnx_file
from classifier.types import ModelError
from classifier.weights import read


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; exit with 2, by way of argparse, for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m classifier.export",
        description="Write a model as an ONNX file, with its card in the metadata.",
    )
    parser.add_argument("out", metavar="OUT.onnx", type=Path)
    parser.add_argument("--model", default="full", help="small, full (default) or a weights file")
    options = parser.parse_args(arguments)
    try:
        content = onnx_file(read(options.model))
        options.out.write_bytes(content)
    except ModelError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{options.out} cannot be written: {error.strerror or error}")
    print(f"{options.out}: {len(content) / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
