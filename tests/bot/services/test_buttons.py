"""Buttons: what platforms carry comes back as the action that it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Label
from bot.services.buttons import (
    Action,
    ChooseLanguage,
    ChoosePhotos,
    ForgetMe,
    GuessAtParty,
    JoinParty,
    JudgeAtParty,
    MakeGuess,
    ObjectToTruth,
    OpenLanguages,
    OpenSettings,
    ResetSeason,
    ShowHeatmap,
    StarAtParty,
    StartParty,
    TellAtParty,
    TellTruth,
    decode,
    encode,
)
from bot.speech import LANGUAGES

ROUND_IDS = st.integers(0, 10**18 - 1)
LABELS = st.sampled_from(Label)
# Telegram's are numbers, Discord's are snowflakes, the browser's sixteen hexadecimal digits.
PLAYER_IDS = st.from_regex(r"[0-9a-f]{1,20}", fullmatch=True)
PARTY_IDS = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(TellTruth, ROUND_IDS, LABELS),
    st.builds(ObjectToTruth, ROUND_IDS),
    st.builds(ShowHeatmap, ROUND_IDS),
    st.builds(MakeGuess, ROUND_IDS, LABELS),
    st.builds(ForgetMe, PLAYER_IDS, st.booleans()),
    st.builds(ResetSeason, st.booleans()),
    st.builds(OpenSettings),
    st.builds(OpenLanguages),
    st.builds(ChooseLanguage, st.sampled_from([None, *LANGUAGES])),
    st.builds(ChoosePhotos, st.booleans()),
    st.builds(JoinParty, PARTY_IDS),
    st.builds(StartParty, PARTY_IDS, st.integers(1, 99)),
    st.builds(GuessAtParty, PARTY_IDS, LABELS),
    st.builds(TellAtParty, PARTY_IDS, LABELS),
    st.builds(JudgeAtParty, PARTY_IDS, st.booleans()),
    st.builds(StarAtParty, PARTY_IDS),
)


@given(ACTIONS)
def test_every_action_fits_every_platform_and_comes_back(action: Action) -> None:
    data = encode(action)
    assert 1 <= len(data.encode("ascii")) <= 64
    assert decode(data) == action


@pytest.mark.parametrize(
    ("data", "action"),
    [
        ("truth:12:abominable", TellTruth(12, Label.ABOMINABLE)),
        ("object:12", ObjectToTruth(12)),
        ("where:12", ShowHeatmap(12)),
        ("guess:12:olaf", MakeGuess(12, Label.OLAF)),
        ("forget:yes:7", ForgetMe("7", confirmed=True)),
        ("reset:no", ResetSeason(confirmed=False)),
        ("set", OpenSettings()),
        ("set:language:auto", ChooseLanguage(None)),
        ("set:photos:called", ChoosePhotos(every=False)),
        (f"party:fair:{'5a' * 16}:no", JudgeAtParty("5a" * 16, fair=False)),
    ],
)
def test_buttons_of_old_messages_still_work(data: str, action: Action) -> None:
    assert decode(data) == action


@given(st.text(max_size=100))
def test_whatever_else_comes_back_is_no_action_or_one_of_ours(data: str) -> None:
    action = decode(data)
    assert action is None or decode(encode(action)) == action


@pytest.mark.parametrize(
    "data",
    [
        "",
        "where:",
        "where:x",
        "where:-1",
        f"where:{10**19}",
        "truth:1:snow",
        "forget:maybe:7",
        "set:language:xx",
        "set:photos:none",
        "frobnicate:1",
        "where:1:2",
    ],
)
def test_a_text_without_sense_is_no_action(data: str) -> None:
    assert decode(data) is None
