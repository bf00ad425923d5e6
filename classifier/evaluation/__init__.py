"""How good a model is: metrics, distortions, the report."""

from classifier import torchvision_ops as _before_torchvision  # noqa: F401
