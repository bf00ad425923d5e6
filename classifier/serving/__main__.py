"""The command line: `python -m classifier.serving` starts the tier, until a signal ends it."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from classifier.inference.engines import chosen_engine
from classifier.serving.deployment import Tier, is_joined, is_served, running
from classifier.types import EngineError, ModelError
from classifier.weights import read

# Between two looks whether Ray is still there.
LOOK_SECONDS = 10.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; exit with 2, by way of argparse, for wrong usage.

    Args:
        arguments: Those of the command line, by default.

    Returns:
        The exit code: 0 after a signal, 1 when the tier did not start or ended by itself.
    """
    parser = argparse.ArgumentParser(
        prog="python -m classifier.serving",
        description="Look at photos for bots whose CLASSIFIER_URL is this address.",
    )
    parser.add_argument("--model", default="full", help="small, full (default) or a weights file")
    parser.add_argument("--engine", default="auto", choices=("auto", "torch", "onnx"))
    parser.add_argument("--replicas", type=int, default=2, help="copies of the network (2)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen at: 127.0.0.1 (the default) is this computer's alone; in the "
        "network of another, anybody may ask",
    )
    parser.add_argument("--port", type=int, default=8000, help="8000 by default")
    options = parser.parse_args(arguments)
    if options.replicas < 1:
        parser.error("there must be one replica at the least")
    try:
        name = read(options.model).card.name
        engine = chosen_engine(options.engine)
    except (ModelError, EngineError) as error:
        parser.error(str(error))
    # The copies start elsewhere, in folders of Ray's.
    model = str(Path(options.model).resolve()) if Path(options.model).is_file() else options.model
    tier = Tier(model, engine, options.replicas, options.host, options.port)
    if find_spec("ray") is None:
        print("Ray is not installed: pip install '.[cluster]'", file=sys.stderr)
        return 1
    if not is_joined():  # there, this address may be a former tier's, which is taken over
        try:
            socket.create_server((options.host, options.port)).close()
        except OSError as error:
            parser.error(f"{options.host}, port {options.port}: {error.strerror}")
    ending = threading.Event()
    try:
        with running(tier):
            for number in (signal.SIGINT, signal.SIGTERM):  # after Ray, which wants them as well
                signal.signal(number, lambda *_: ending.set())
            print(
                f"{tier.replicas} x {name}, computed by {engine}, at "
                f"http://{tier.host}:{tier.port}   (Ctrl-C ends it)",
                flush=True,
            )
            while not ending.wait(LOOK_SECONDS):
                if not is_served():
                    print("The tier is gone.", file=sys.stderr)
                    return 1
    except (RuntimeError, ConnectionError) as error:
        reason = str(error).strip().rpartition("\n")[2]  # Ray's own way there comes before it
        print(f"The tier did not start: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
