"""The dashboard and the alarms ask for what the bot tells, by the names that it has there."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest

from bot.domain import Declined, Refusal, Room, Timings
from bot.metrics import Look, Metrics, States
from tests.fakes.vision import OLAF
from tests.support.metrics import samples

DEPLOY = Path(__file__).parents[2] / "deploy"
HOME = Room("web", "home")
# What Grafana fills in.
FILLED_IN = {"$__rate_interval": "1m", "$__range": "1h"}
# What Prometheus adds by itself.
ADDED = {"job": {"snowpeople"}, "instance": {"bot:8080"}}
# By name, the values of each label.
Told = Mapping[str, Mapping[str, set[str]]]


@pytest.fixture(scope="module")
def told() -> Told:
    """Everything that a bot tells to which everything has happened."""
    metrics = Metrics(["web"])
    states: States = {"web": {"state": "running", "faults": 1, "unreadable": 1}}
    metrics.watch(
        states=lambda: states, in_hand=lambda: 1, waiting=lambda: 1, classifying=lambda: 1
    )
    timings = Timings(bytes=1, download=1.0, queue=1.0, inference=1.0)
    metrics.note_photo(Declined(HOME, timings, Refusal.FAULT, 2), 1.0)
    for look in Look:
        metrics.note_verdict("web", OLAF, look)
    for stage in ("wait", "read", "write"):
        metrics.note_transaction(stage, 0.001)
    found: dict[str, dict[str, set[str]]] = {"up": dict(ADDED)}
    for name, labels in samples(metrics):
        full = name if name.startswith("process_") else f"snowpeople_{name}"
        values = found.setdefault(full, defaultdict(set, ADDED))
        for label, value in labels:
            values[label].add(value)
    return found


def dashboard() -> Iterator[str]:
    """Return each expression of the dashboard."""
    panels = json.loads((DEPLOY / "grafana/snowpeople.json").read_text())["panels"]
    for panel in panels:
        for target in panel.get("targets", []):
            yield target["expr"]


def alarms() -> list[str]:
    """Return each expression of the alarms."""
    return re.findall(r"expr: (?:\|\s+)?(.+)", (DEPLOY / "prometheus/alarms.yml").read_text())


def parsed(expression: str) -> tuple[list[Any], set[str]]:
    """Return what an expression selects, and by which labels it groups."""
    for name, value in FILLED_IN.items():
        expression = expression.replace(name, value)
    selected: list[Any] = []
    labels: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, promql.MatrixSelector):
            selected.append(node.vector_selector)
        elif isinstance(node, promql.VectorSelector):
            selected.append(node)
        elif isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            labels.update(node.modifier.labels)

    promql.walk(promql.parse(expression), visit)
    return selected, labels


@pytest.mark.parametrize("expression", [*dashboard(), *alarms()])
def test_an_expression_asks_for_what_there_is(told: Told, expression: str) -> None:
    selected, labels = parsed(expression)
    assert selected
    for one in selected:
        assert one.name in told, one.name
        known = told[one.name]
        assert labels <= known.keys()
        for matcher in one.matchers.matchers:
            is_regex = matcher.op in (promql.MatchOp.Re, promql.MatchOp.NotRe)
            pattern = matcher.value if is_regex else re.escape(matcher.value)
            values = known.get(matcher.name, set())
            assert any(re.fullmatch(pattern, value) for value in values), matcher.value


def test_a_platform_that_another_process_runs_is_no_alarm() -> None:
    asked = [each for each in (*dashboard(), *alarms()) if "snowpeople_platform_running" in each]
    assert len(asked) == 2
    assert all("max by (platform) (snowpeople_platform_running)" in each for each in asked)


def test_nothing_that_is_counted_is_left_out_of_the_dashboard(told: Told) -> None:
    shown = {one.name for expression in dashboard() for one in parsed(expression)[0]}
    families = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in shown}
    counted = {re.sub(r"_(bucket|sum|count|total|created)$", "", name) for name in told}
    assert {name for name in counted if name.startswith("snowpeople")} <= families
