"""Write what models rehearse while they learn: `python -m classifier.rehearse --photos DIR`.

A file beside each model, NAME.rehearsal.safetensors, holds 512 numbers and the label of each photo
that it was trained on, and no picture. It ships with the weights, for owners who learn from what
fooled their bot; it has to be made anew when they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from classifier import model as model_file
from classifier.training.dataset import DatasetError, read_folder
from classifier.training.rehearsal import SUFFIX, Rehearsal
from classifier.types import ModelError
from classifier.weights import find


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.rehearse", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument(
        "--model", nargs="+", default=["full", "small"], help="small, full or weights files"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        rows = read_folder(options.photos)
        for name in options.model:
            path = find(name)
            network, card = model_file.load(path)
            out = path.with_name(f"{path.stem}{SUFFIX}")
            Rehearsal.of_rows(network, card, rows).save(out, network)
            print(f"{out}: {len(rows)} photos, {out.stat().st_size / 1e6:.1f} MB")
    except (ModelError, DatasetError) as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
