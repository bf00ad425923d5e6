from __future__ import annotations

import pytest

from bot.speech import LANGUAGES, Speaker, speaker_for


@pytest.fixture(params=LANGUAGES)
def speaker(request: pytest.FixtureRequest) -> Speaker:
    """The sentences in each language, one after the other."""
    return speaker_for(request.param)


@pytest.fixture
def english() -> Speaker:
    return speaker_for("en")
