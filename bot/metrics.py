"""What Prometheus is told at /metrics: sums and times, and nothing of any one person or room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain import Classified, PhotoOutcome

# As /healthz shows a platform: the state's name under `state`, numbers and reasons beside it.
States = Mapping[str, Mapping[str, str | int]]

# In seconds. A photo may wait behind others, and come by a slow network.
PHOTO_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DATABASE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """Counts what happens in one process; each has its own registry."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._photos = Counter(
            "snowpeople_photos",
            "Photos that were answered or refused; the label is what the bot answered.",
            ("platform", "label", "outcome"),
            registry=registry,
        )
        self._refusals = Counter(
            "snowpeople_refusals",
            "Why photos were refused.",
            ("platform", "reason"),
            registry=registry,
        )
        self._photo_seconds = Histogram(
            "snowpeople_photo_seconds",
            "Where a photo's time went; inference is decoding and the network.",
            ("stage",),
            buckets=PHOTO_SECONDS,
            registry=registry,
        )
        self._unsure_answers = Counter(
            "snowpeople_ambiguous_answers",
            "Answers that were on their way when the process last ended: they may be there twice.",
            ("platform",),
            registry=registry,
        )
        self._truths = Counter(
            "snowpeople_truths",
            "Rounds whose truth was told, and whether the bot was fooled.",
            ("platform", "fooled"),
            registry=registry,
        )
        self._database_seconds = Histogram(
            "snowpeople_database_seconds",
            "Time of transactions: waiting for their turn, reading, writing.",
            ("stage",),
            buckets=DATABASE_SECONDS,
            registry=registry,
        )

    def note_photo(self, outcome: PhotoOutcome, sending: float) -> None:
        """Note that the answer to a photo went out.

        Args:
            outcome: What became of the photo.
            sending: Milliseconds that sending the answer took; 0 where none was sent.
        """
        platform = outcome.room.platform
        if isinstance(outcome, Classified):
            self._photos.labels(platform, outcome.verdict.call, "answered").inc()
        else:
            self._photos.labels(platform, "", "refused").inc()
            self._refusals.labels(platform, outcome.refusal).inc()
        timings = outcome.timings
        stages = {
            "download": timings.download,
            "queue": timings.queue,
            "inference": timings.inference,
            "send": sending,
        }
        for stage, milliseconds in stages.items():
            if milliseconds:  # a photo that was seen before passes none of the first
                self._photo_seconds.labels(stage).observe(milliseconds / 1000)

    def note_ambiguous(self, platform: str, answers: int) -> None:
        """Note answers that were on their way when the process last ended."""
        self._unsure_answers.labels(platform).inc(answers)

    def note_truth(self, platform: str, *, fooled: bool) -> None:
        """Note that somebody told who is on a photo; told anew, it counts anew."""
        self._truths.labels(platform, "yes" if fooled else "no").inc()

    def note_transaction(self, stage: str, seconds: float) -> None:
        """Note how long a transaction of the database took.

        Args:
            stage: `wait`, `read` or `write`.
            seconds: How long.
        """
        self._database_seconds.labels(stage).observe(seconds)

    def watch(
        self,
        *,
        states: Callable[[], States],
        in_hand: Callable[[], int],
        waiting: Callable[[], int],
    ) -> None:
        """Tell of these as well, as they are when Prometheus asks.

        Args:
            states: Returns how each platform is.
            in_hand: Returns how many photos have no answer yet.
            waiting: Returns how many photos are inside the classifier.
        """
        self._registry.register(_Present(states, in_hand, waiting))

    def exposition(self) -> bytes:
        """Return everything, in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)


class _Present(Collector):
    def __init__(
        self, states: Callable[[], States], in_hand: Callable[[], int], waiting: Callable[[], int]
    ) -> None:
        self._states = states
        self._in_hand = in_hand
        self._waiting = waiting

    def collect(self) -> Iterable[Metric]:
        """Return how things are just now."""
        yield GaugeMetricFamily(
            "snowpeople_photos_in_hand", "Photos without an answer yet.", self._in_hand()
        )
        yield GaugeMetricFamily(
            "snowpeople_classifier_photos", "Photos inside the classifier.", self._waiting()
        )
        running = GaugeMetricFamily(
            "snowpeople_platform_running", "Whether a platform runs.", labels=("platform",)
        )
        state = GaugeMetricFamily(
            "snowpeople_platform_state", "A platform's state.", labels=("platform", "state")
        )
        reports = GaugeMetricFamily(
            "snowpeople_platform_reports",
            "Numbers that a platform tells at /healthz.",
            labels=("platform", "what"),
        )
        for platform, told in self._states().items():
            if told["state"] == "off":
                continue
            running.add_metric((platform,), told["state"] == "running")
            state.add_metric((platform, str(told["state"])), 1)
            for what, number in told.items():
                if isinstance(number, int):
                    reports.add_metric((platform, what), number)
        yield from (running, state, reports)
