"""The tier on Ray Serve: copies of the classifier behind one address."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from classifier.serving.server import Replica

NAME = "snowpeople"
# Two batches of a copy's; what waits beyond that may go to any copy.
PHOTOS_IN_A_COPY = 16
# Beyond that the bots hear 503, and look by themselves.
PHOTOS_WAITING = 256
# Longer than a bot waits.
REQUEST_SECONDS = 30
# Longer than a bot keeps a connection that it does not use.
KEEP_ALIVE_SECONDS = 60
# No photo is kept in Ray's store of objects, which cannot be smaller.
STORE_BYTES = 80 * 1024 * 1024
# Ray reads these when it is imported. It tells nobody of its use.
QUIETLY = {"RAY_USAGE_STATS_ENABLED": "0"}
# Of a Ray of our own. Whoever talks to its ports has to know a secret of this run; and the second
# one, named for the systems where that is the usual, keeps these ports from the network. In Ray
# 2.60 one of each copy cannot be kept from it, and is protected by the secret alone.
ALONE = {"RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@dataclass(frozen=True, slots=True)
class Tier:
    """What to serve, and where.

    Attributes:
        model: `small`, `full` or the absolute path of a weights file.
        engine: What computes it.
        replicas: How many copies, each in a process of its own.
        host: The address to listen at.
        port: Likewise.
    """

    model: str
    engine: str
    replicas: int
    host: str
    port: int


def is_joined() -> bool:
    """Return whether Ray is already there, and RAY_ADDRESS says where."""
    return bool(os.environ.get("RAY_ADDRESS"))


@contextmanager
def running(tier: Tier) -> Iterator[None]:
    """Serve while the block lasts, in a Ray of our own or in the one that RAY_ADDRESS names.

    Raises:
        RuntimeError: The tier did not start, for the reason in Ray's log.
    """
    os.environ.update(QUIETLY)
    if not is_joined():
        os.environ.update(ALONE, RAY_AUTH_TOKEN=secrets.token_hex(32))
    import ray
    from ray import serve

    if is_joined():
        ray.init(logging_level=logging.WARNING)
    else:
        ray.init(
            address="local",
            num_cpus=max(tier.replicas, os.cpu_count() or 1),
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            logging_level=logging.WARNING,
        )
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    quiet = {"enable_access_log": False, "log_level": "WARNING"}
    try:
        serve.start(
            proxy_location="EveryNode",
            logging_config=quiet,
            http_options={
                "host": tier.host,
                "port": tier.port,
                "request_timeout_s": REQUEST_SECONDS,
                "keep_alive_timeout_s": KEEP_ALIVE_SECONDS,
            },
        )
        deployment = serve.deployment(Replica).options(
            name="classifier",
            num_replicas=tier.replicas,
            user_config={"model": tier.model, "engine": tier.engine},
            max_ongoing_requests=PHOTOS_IN_A_COPY,
            max_queued_requests=PHOTOS_WAITING,
            health_check_period_s=5,
            logging_config=quiet,
        )
        serve.run(deployment.bind(), name=NAME, route_prefix="/")
        yield
    finally:
        serve.shutdown()
        ray.shutdown()


def is_served() -> bool:
    """Return whether Ray still says that the tier is there."""
    from ray import serve

    return NAME in serve.status().applications
