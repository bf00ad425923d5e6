"""Let torchvision be imported beside a torch that its compiled operators were not built for.

This must run before torchvision's first import, so what imports that imports this module first.

torchvision's wheels on PyPI are built for CUDA. Beside the much smaller CPU build of torch their
operators cannot be loaded, and `import torchvision` then fails while it describes two of them
(nms and qnms), although resnet18 and the transforms are plain Python and need none. Declaring the
two by name is enough; where the operators do load, as in a matching pair of builds, this module
does nothing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch


def _compiled_operators_load() -> bool:
    """Return whether torchvision's own operators fit this torch."""
    package = importlib.util.find_spec("torchvision")
    if package is None or package.origin is None:
        return False
    for library in Path(package.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            return False
    return True


if not _compiled_operators_load():
    # Kept for the life of the process: torch forgets the declarations with the object.
    _declarations = torch.library.Library("torchvision", "DEF")
    for _name in ("nms", "qnms"):
        _declarations.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
