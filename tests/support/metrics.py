"""What Prometheus reads of a bot."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Metrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(metrics: Metrics) -> Samples:
    """Return what is told, by name and labels."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name.removeprefix("snowpeople_"), frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    """Return one number; 0 where there is none."""
    return samples(metrics).get((name, frozenset(labels.items())), 0.0)
