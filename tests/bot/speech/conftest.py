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


@pytest.fixture(
    params=["A" * 64, "مريم بنت خالد", "👨‍👩‍👧‍👦❄️ Omi", "{name}\u202e%s", ""],
    ids=["long", "right-to-left", "emoji", "tricky", "empty"],
)
def name(request: pytest.FixtureRequest) -> str:
    """Names of every kind, one after the other."""
    return str(request.param)
