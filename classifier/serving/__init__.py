"""The classifier as a tier of its own: served over HTTP by Ray Serve, and asked by bots."""

from classifier.serving.client import Outcome, RemoteClassifier, TierError

__all__ = ["Outcome", "RemoteClassifier", "TierError"]
