"""The simulated months: the issue's targets on fewer of them, and answers from a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import Label
from bot.game import rules
from tools import season
from tools.season import (
    FOOLING_RATE,
    LIAR,
    MOST_RATIO,
    MOST_WON,
    RATIO_BASE,
    Report,
    draw,
    least_ratio,
    load,
    main,
    simulate,
)

MONTHS = 30


@pytest.fixture(scope="module")
def report() -> Report:
    return simulate(draw(1000, 7), MONTHS, 7)


def test_no_type_of_player_wins_more_than_half_of_the_months(report: Report) -> None:
    assert sum(report.won.values()) == pytest.approx(1)
    assert all(share <= MOST_WON for share in report.won.values())


def test_three_times_as_many_photos_bring_at_most_twice_the_points(report: Report) -> None:
    assert report.ratios[RATIO_BASE] <= MOST_RATIO
    # Of one photo a day no shares could do that; by how much is arithmetic.
    assert least_ratio(1) == pytest.approx(3 - 3 * FOOLING_RATE + FOOLING_RATE**2)
    assert all(report.ratios[photos] > least_ratio(photos) for photos in report.ratios)


def test_lying_brings_less_than_honest_fooling_when_somebody_is_awake(report: Report) -> None:
    assert set(report.lying) == set(report.honest)
    assert all(report.lying[photos] < report.honest[photos] for photos in report.lying)
    assert report.missed == []


def test_a_missed_target_is_named(report: Report) -> None:
    bad = replace(report, won={LIAR.name: 0.6}, ratios={RATIO_BASE: 2.1}, lying={3: 1e6})
    assert len(bad.missed) == 3


def test_lying_would_pay_if_nobody_could_object(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(season, "object_to", lambda *_, **__: rules.Denied.ENOUGH)
    assert simulate(draw(1000, 7), 1, 7).missed[-1] == "lying pays with 9 photos a day"


def test_the_table_is_the_same_for_the_same_seed(capsys: pytest.CaptureFixture[str]) -> None:
    tables = []
    for _ in range(2):
        main(["--months", "2", "--seed", "3"])
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    assert "drawn, no pictures" in tables[0]


def test_answers_come_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = draw(300, 1)
    path = tmp_path / "answers.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {
                    "truth": answer.truth,
                    "probabilities": answer.verdict.probabilities,
                    "confidence": answer.verdict.confidence,
                    "unfamiliar": answer.verdict.unfamiliar,
                    "sure": answer.verdict.sure,
                }
            )
            + "\n"
            for answer in answers
        )
    )
    assert load(path) == answers
    main([str(path), "--months", "1"])
    assert "answers.jsonl, 300 of them" in capsys.readouterr().out


def test_drawn_answers_are_verdicts_as_they_may_be() -> None:
    for answer in draw(500, 2):
        verdict = answer.verdict
        assert sum(verdict.probabilities.values()) == pytest.approx(1)
        named = 1 - verdict.probabilities[Label.NEITHER]
        assert verdict.confidence == pytest.approx(verdict.probabilities[verdict.label] / named)
        assert 0.5 <= verdict.confidence < 1
