"""What Prometheus is told at /metrics: sums and times, and nothing of any one person or room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain import Classified, Label, PhotoOutcome, Refusal, Verdict

# As /healthz shows a platform: the state's name under `state`, numbers and reasons beside it.
States = Mapping[str, Mapping[str, str | int]]

# In seconds. A photo may wait behind others, and come by a slow network.
PHOTO_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DATABASE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Call(StrEnum):
    """What a platform is asked for; how often it takes another attempt is counted by these."""

    SEND = "send"
    EDIT = "edit"
    REACT = "react"
    # That a tap or a command has arrived.
    ACKNOWLEDGE = "acknowledge"
    # A photo.
    FETCH = "fetch"
    # A message, or what was said meanwhile.
    READ = "read"
    # Menus, greetings and so on.
    OTHER = "other"


class Look(StrEnum):
    """Why a photo was looked at; all but the last of these lead to an answer."""

    # It was sent to a room, and opened a round.
    ANSWERED = "answered"
    # It is of a chat in which nobody plays.
    GUEST = "guest"
    # It is a party night's.
    PARTY = "party"
    REFUSED = "refused"


class Tier(StrEnum):
    """What became of asking the classifier tier, as `classifier.serving` tells it."""

    THERE = "there"
    AGAIN = "again"
    HERE = "here"


class Metrics:
    """Counts what happens in one process; each has its own registry.

    Args:
        platforms: What is counted by platform is zero from the start for these, and not missing: a
            rate is the difference to a number before.
    """

    def __init__(self, platforms: Sequence[str] = ()) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._photos = Counter(
            "snowpeople_photos",
            "Photos that were looked at or refused; the label is what the bot said.",
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
            "Where a photo's time went; inference is decoding and the network, all is their sum.",
            ("stage",),
            buckets=PHOTO_SECONDS,
            registry=registry,
        )
        self._unsure_answers = Counter(
            "snowpeople_ambiguous_answers",
            "Messages that may be there twice, or not at all: no receipt came, or the process "
            "ended while they were on their way.",
            ("platform",),
            registry=registry,
        )
        self._retries = Counter(
            "snowpeople_retries",
            "Further attempts at what a platform did not do at the first.",
            ("platform", "call"),
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
        self._tier_photos = Counter(
            "snowpeople_tier_photos",
            "Photos for the classifier tier: looked at there, asked for again as a copy of the "
            "classifier failed, or looked at here as the tier did not.",
            ("outcome",),
            registry=registry,
        )
        for outcome in Tier:
            self._tier_photos.labels(outcome)
        for platform in platforms:
            self._begin(platform)

    def _begin(self, platform: str) -> None:
        for label in Label:
            self._photos.labels(platform, label, Look.ANSWERED)
        self._photos.labels(platform, "", Look.REFUSED)
        for reason in Refusal:
            self._refusals.labels(platform, reason)
        for call in Call:
            self._retries.labels(platform, call)
        for fooled in ("yes", "no"):
            self._truths.labels(platform, fooled)
        self._unsure_answers.labels(platform)

    def note_photo(self, outcome: PhotoOutcome, sending: float) -> None:
        """Note that the answer to a photo went out.

        Args:
            outcome: What became of the photo.
            sending: Milliseconds that sending the answer took; 0 where none was sent.
        """
        platform = outcome.room.platform
        if isinstance(outcome, Classified):
            self.note_verdict(platform, outcome.verdict, Look.ANSWERED)
        else:
            self.note_refusal(platform, outcome.refusal)
        timings = outcome.timings
        stages = {
            "download": timings.download,
            "queue": timings.queue,
            "inference": timings.inference,
            "send": sending,
        }
        stages["all"] = sum(stages.values())
        for stage, milliseconds in stages.items():
            if milliseconds:  # a photo that was seen before passes none of the first
                self._photo_seconds.labels(stage).observe(milliseconds / 1000)

    def note_verdict(self, platform: str, verdict: Verdict, look: Look) -> None:
        """Note what the bot says of a photo.

        Args:
            platform: Where it was sent.
            verdict: What the bot saw.
            look: Why it was looked at.
        """
        self._photos.labels(platform, verdict.call, look).inc()

    def note_refusal(self, platform: str, reason: Refusal) -> None:
        """Note that a photo was refused."""
        self._photos.labels(platform, "", Look.REFUSED).inc()
        self._refusals.labels(platform, reason).inc()

    def note_ambiguous(self, platform: str, answers: int = 1) -> None:
        """Note messages of which nobody knows whether they are there."""
        self._unsure_answers.labels(platform).inc(answers)

    def note_retry(self, platform: str, call: Call) -> None:
        """Note one further attempt at something."""
        self._retries.labels(platform, call).inc()

    def note_truth(self, platform: str, *, fooled: bool) -> None:
        """Note that somebody told who is on a photo; told anew, it counts anew."""
        self._truths.labels(platform, "yes" if fooled else "no").inc()

    def note_tier(self, outcome: str) -> None:
        """Note what became of asking the classifier tier about a photo."""
        self._tier_photos.labels(Tier(outcome)).inc()

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
        classifying: Callable[[], int],
    ) -> None:
        """Tell of these as well, as they are when Prometheus asks.

        Args:
            states: Returns how each platform is.
            in_hand: Returns how many photos have no answer yet.
            waiting: Returns how many of these wait for their turn.
            classifying: Returns how many of these are inside the classifier.
        """
        photos = {
            "photos_in_hand": ("Photos without an answer yet.", in_hand),
            "photos_waiting": ("Photos that wait for their turn.", waiting),
            "classifier_photos": ("Photos inside the classifier.", classifying),
        }
        self._registry.register(_Present(states, photos))

    def exposition(self) -> bytes:
        """Return everything, in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)


class _Present(Collector):
    def __init__(
        self,
        states: Callable[[], States],
        photos: Mapping[str, tuple[str, Callable[[], int]]],
    ) -> None:
        self._states = states
        self._photos = photos

    def collect(self) -> Iterable[Metric]:
        """Return how things are just now."""
        for name, (meaning, count) in self._photos.items():
            yield GaugeMetricFamily(f"snowpeople_{name}", meaning, count())
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
