"""How the weights are made from labelled photos and a teacher."""

from classifier import torchvision_ops as _before_torchvision  # noqa: F401
