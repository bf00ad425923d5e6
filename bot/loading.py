"""Which classifier looks at photos, and its loading: by a thread, while the rest is imported."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from bot.metrics import Metrics
from bot.settings import Settings, without_slash
from classifier import Cell, Classifier, EngineError, ModelError

if TYPE_CHECKING:
    from classifier.serving import RemoteClassifier

__all__ = ["EngineError", "ModelError", "begin_loading", "classifier_of"]


def begin_loading(settings: Settings, metrics: Metrics) -> Future[Classifier | RemoteClassifier]:
    """Load what is to look at photos, and go on meanwhile: most of that is not Python's.

    Args:
        settings: The operator's.
        metrics: Told what becomes of photos that another machine is asked about.

    Raises:
        ModelError: The file is missing, damaged or not one of ours.
        EngineError: The engine is not installed.
    """
    Classifier.check(settings.model, engine=settings.engine)
    with_one_thread = ThreadPoolExecutor(1, "loading")
    loading = with_one_thread.submit(classifier_of, settings, metrics)
    with_one_thread.shutdown(wait=False)
    return loading


def classifier_of(settings: Settings, metrics: Metrics) -> Classifier | RemoteClassifier:
    """Return what is to look at photos, loaded. Blocking; raises as `begin_loading` does."""
    url = without_slash(settings.classifier_url)
    if url is None:
        return Classifier.load(settings.model, engine=settings.engine, decoder=Cell())
    from classifier.serving import RemoteClassifier

    note = metrics.note_tier
    return RemoteClassifier.load(url, settings.model, engine=settings.engine, note=note)
