"""The distortions under which models are evaluated."""

from __future__ import annotations

import pytest
from PIL import ImageChops

from classifier.evaluation.distortions import DISTORTIONS, Distortion
from tests.support.pictures import draw_olaf


@pytest.mark.parametrize("distortion", DISTORTIONS.values(), ids=list(DISTORTIONS))
def test_each_distortion_leaves_a_different_rgb_picture(distortion: Distortion) -> None:
    photo = draw_olaf((320, 240))
    before = photo.copy()
    distorted = distortion(photo)
    assert distorted.mode == "RGB"
    assert distorted != before
    assert ImageChops.difference(photo, before).getbbox() is None, "the original was changed"
