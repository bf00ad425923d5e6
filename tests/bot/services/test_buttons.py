"""Buttons: what platforms carry comes back as the action that it was."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Label
from bot.services.buttons import (
    Action,
    AskForPhoto,
    AskToForget,
    CastBallot,
    ChooseBoard,
    ChooseLanguage,
    ChooseManner,
    ChoosePhotos,
    ChooseTimezone,
    ConfirmTruth,
    ExplainPrivacyMode,
    ExportMine,
    ForgetMe,
    GuessAtParty,
    HidePhoto,
    JoinParty,
    JudgeAtParty,
    MakeGuess,
    MarkMade,
    ObjectToTruth,
    OpenLanguages,
    OpenSettings,
    OpenTimezones,
    ResetSeason,
    ShowAbout,
    ShowCard,
    ShowCommands,
    ShowHeatmap,
    StarAtParty,
    StartParty,
    TellAtParty,
    TellTruth,
    UndoReset,
    UndoTruth,
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
    st.builds(ForgetMe, player_id=PLAYER_IDS, confirmed=st.booleans()),
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


# Every action as it was first written. Old messages keep their buttons: lines are added here, and
# none is ever changed.
PARTY = "5a" * 16
WRITTEN = {
    "truth:12:abominable": TellTruth(12, Label.ABOMINABLE),
    "truth:12:neither": TellTruth(12, Label.NEITHER),
    "undo:12": UndoTruth(12),
    "true:12": ConfirmTruth(12),
    "object:12": ObjectToTruth(12),
    "vote:12:neither": CastBallot(12, Label.NEITHER),
    "made:12": MarkMade(12),
    "where:999999999999999999": ShowHeatmap(10**18 - 1),
    "card:0": ShowCard(0),
    "hide:12": HidePhoto(12),
    "guess:12:olaf": MakeGuess(12, Label.OLAF),
    "photo": AskForPhoto(),
    "commands": ShowCommands(),
    "about": ShowAbout(),
    "export": ExportMine(),
    "forget": AskToForget(),
    "forget:yes:7": ForgetMe(player_id="7", confirmed=True),
    "forget:no:8f": ForgetMe(player_id="8f", confirmed=False),
    "reset:yes": ResetSeason(confirmed=True),
    "reset:no": ResetSeason(confirmed=False),
    "unreset": UndoReset(),
    "seeall": ExplainPrivacyMode(),
    "set": OpenSettings(),
    "set:language": OpenLanguages(),
    "set:language:auto": ChooseLanguage(None),
    "set:language:de": ChooseLanguage("de"),
    "set:photos:every": ChoosePhotos(every=True),
    "set:photos:called": ChoosePhotos(every=False),
    "set:manner:quiet": ChooseManner(quiet=True),
    "set:manner:aloud": ChooseManner(quiet=False),
    "set:board:server": ChooseBoard(shared=True),
    "set:board:channel": ChooseBoard(shared=False),
    "set:zone": OpenTimezones(),
    "set:zone:auto": ChooseTimezone(None),
    "set:zone:America/Argentina/Buenos_Aires": ChooseTimezone("America/Argentina/Buenos_Aires"),
    f"party:join:{PARTY}": JoinParty(PARTY),
    f"party:start:{PARTY}:45": StartParty(PARTY, 45),
    f"party:guess:{PARTY}:olaf": GuessAtParty(PARTY, Label.OLAF),
    f"party:tell:{PARTY}:abominable": TellAtParty(PARTY, Label.ABOMINABLE),
    f"party:fair:{PARTY}:yes": JudgeAtParty(PARTY, fair=True),
    f"party:fair:{PARTY}:no": JudgeAtParty(PARTY, fair=False),
    f"party:star:{PARTY}": StarAtParty(PARTY),
}


@pytest.mark.parametrize(("data", "action"), WRITTEN.items())
def test_a_button_of_an_old_message_still_works_and_new_ones_are_written_alike(
    data: str, action: Action
) -> None:
    assert decode(data) == action
    assert encode(action) == data


def test_every_action_is_among_those_that_were_written() -> None:
    assert {type(action) for action in WRITTEN.values()} == set(get_args(Action))


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
        "where",
        "set:",
        "set:zone:Atlantis",
        "forget:yes:7:8",
        "forget:7:yes",
        "reset:",
        f"party:join:{PARTY[1:]}",
        f"party:start:{PARTY}:0",
        f"party:start:{PARTY}:100",
        f"party:{PARTY}:join",
        f"party:fair:{PARTY}:olaf",
        f"party:star:{PARTY}:",
    ],
)
def test_a_text_without_sense_is_no_action(data: str) -> None:
    assert decode(data) is None
