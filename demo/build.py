"""`make demo`: the bot in a browser alone, as a folder that any static host can serve.

    python -m demo.build site

The page, its words and its looks are the room's (`bot/platforms/web/static`), the sentences the
bot's (`bot/speech`), the network is written by `classifier.export`'s code. What is the demo's own
lies in `demo/page`. ONNX Runtime for browsers comes from npm (`npm ci` in this folder).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bot.domain import Label, Refusal, Verdict, Voice
from bot.speech import LANGUAGES, Speaker, speaker_for
from bot.speech.photos import CLEARLY
from bot.speech.rounds import SURE_ENOUGH_TO_LAUGH
from classifier.images import decode
from classifier.inference import heatmap, interpolation
from classifier.inference.engines import onnx_graph
from classifier.inference.predictor import HEATMAP_INPUT_SIZE
from classifier.types import ModelError
from classifier.weights import Weights, read

HERE = Path(__file__).parent
PAGE = HERE / "page"
ROOM = HERE.parent / "bot" / "platforms" / "web" / "static"
RUNTIME = HERE / "node_modules" / "onnxruntime-web" / "dist"
# Of the runtime's many shapes WebAssembly alone, which every browser has, under names whose type
# every host knows.
RUNTIME_FILES = {
    "ort.wasm.bundle.min.mjs": "runtime.js",
    "ort-wasm-simd-threaded.wasm": "runtime.wasm",
}
# What the demo's page takes of the room's.
SHARED = (
    *("bubbles.js", "confetti.js", "elements.js", "memory.js", "scroll.js", "ways.js", "words.js"),
    *("icon.svg", "style.css"),
)
# They are loaded when the page is open, and kept until they change.
LARGE = {".onnx", ".wasm"}
# More than there are ways to say anything.
MANY = 20
LOW, HIGH = 50, 99
# How a verdict is spoken, and of what an example.
MANNERS = {
    "sure": (Voice.SURE, LOW),
    "unsure": (Voice.UNSURE, LOW),
    "clearly": (Voice.UNSURE, HIGH),
    "unfamiliar": (Voice.UNFAMILIAR, LOW),
}
# Why a photo gets no verdict, where no server can be too busy or too slow.
REFUSALS = (
    *(Refusal.EMPTY, Refusal.NOT_A_PICTURE, Refusal.DAMAGED),
    *(Refusal.TOO_MANY_BYTES, Refusal.TOO_MANY_PIXELS),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; exit with 2, by way of argparse, for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m demo.build", description="Build the demo.")
    parser.add_argument("out", metavar="FOLDER", type=Path, nargs="?", default=Path("site"))
    parser.add_argument("--model", default="small", help="small (default), full or a weights file")
    options = parser.parse_args(arguments)
    if not has_runtime():
        parser.error("onnxruntime-web is not there; `npm ci --prefix demo` brings it")
    try:
        build(options.out, read(options.model))
    except ModelError as error:
        parser.error(str(error))
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    print(f"{options.out}: {size / 1e6:.0f} MB; python -m http.server -d {options.out} shows it")
    return 0


def has_runtime() -> bool:
    """Return whether ONNX Runtime for browsers is there."""
    return all((RUNTIME / name).is_file() for name in RUNTIME_FILES)


def build(out: Path, weights: Weights) -> None:
    """Write the site anew.

    Args:
        out: Its folder; what an earlier build left there is removed.
        weights: The network's.
    """
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(PAGE, out)
    for name in SHARED:
        shutil.copyfile(ROOM / name, out / name)
    for name, copied in RUNTIME_FILES.items():
        shutil.copyfile(RUNTIME / name, out / copied)
    (out / "network.onnx").write_bytes(onnx_graph.onnx_file(weights))
    (out / "index.html").write_text(_page((PAGE / "index.html").read_text(encoding="utf-8")))
    for language in LANGUAGES:
        _write(out / f"words.{language}.json", words(language))
    sizes = {path.name: path.stat().st_size for path in out.iterdir() if path.suffix in LARGE}
    _write(out / "demo.json", {"languages": LANGUAGES, "bytes": sizes, **network(weights)})
    _write_worker(out)


def network(weights: Weights) -> dict[str, Any]:
    """Return all that the page has to know about the network, and about how pictures are made."""
    card = weights.card
    weight, bias = weights.last_layer()
    return {
        "card": {
            "size": card.size,
            "mean": card.mean,
            "std": card.std,
            "temperature": card.temperature,
            "pairTemperature": card.pair_temperature,
            "surePair": card.sure_pair,
            "sureLabel": card.sure_label,
            "unfamiliarAbove": card.unfamiliar_above,
        },
        "lastLayer": {"weight": weight.tolist(), "bias": bias.tolist()},
        "heat": {
            "size": max(card.size, HEATMAP_INPUT_SIZE),
            "colours": heatmap.COLOURS,
            "dimmed": heatmap.DIMMED,
            "greyed": heatmap.GREYED,
            "veil": heatmap.VEIL,
            "sharpness": interpolation.SHARPNESS,
        },
        "speech": {"clearly": CLEARLY, "laugh": SURE_ENOUGH_TO_LAUGH},
        "photo": {
            "mostBytes": decode.MAX_BYTES,
            "mostPixels": decode.MAX_PIXELS,
            "mostAspect": decode.MAX_ASPECT,
            "backdrop": decode.BACKDROP,
        },
    }


def words(language: str) -> dict[str, Any]:
    """Return the page's words in a language: the room's, the demo's own, and the bot's."""
    room = json.loads((ROOM / f"words.{language}.json").read_text(encoding="utf-8"))
    own = json.loads((HERE / "words.json").read_text(encoding="utf-8"))
    return {**room, **own[language], "bot": sentences(speaker_for(language))}


def sentences(speaker: Speaker) -> dict[str, Any]:
    """Return what the bot says, with `{percent}` where the page puts a percentage.

    `answers` and `captions` are by label and manner: one of a voice, or `clearly` where it is not
    sure but the percentage so high that doubt is not which of the two it is.
    """
    photos, rounds = speaker.photos, speaker.rounds

    def ways(say: Callable[[int], str], percent: int = LOW) -> list[str]:
        """Return every way to say something, each once."""
        shown = speaker.text.percentage(percent)
        return list(dict.fromkeys(say(n).replace(shown, "{percent}") for n in range(MANY)))

    def by_label(say: Callable[[Verdict, int], str]) -> dict[Label, dict[str, list[str]]]:
        return {
            label: {
                manner: ways(partial(say, verdict_of(label, voice, percent)), percent)
                for manner, (voice, percent) in MANNERS.items()
            }
            for label in (Label.OLAF, Label.ABOMINABLE)
        }

    return {
        "answers": by_label(photos.answer),
        "captions": by_label(lambda verdict, _: photos.heatmap_caption(verdict)),
        "percents": {n: speaker.text.percentage(n) for n in range(LOW, HIGH + 1)},
        "where": photos.where_button(),
        "whereDone": photos.where_done(),
        "heat": photos.heatmap_description(),
        "refusals": {reason: photos.refusal(reason) for reason in REFUSALS},
        "ask": rounds.truth_ask(),
        "truths": {label: rounds.truth_button(label) for label in Label},
        "undo": rounds.change_button(),
        "right": {voice: ways(partial(rounds.right, voice=voice)) for voice in Voice},
        "lost": ways(partial(rounds.lost, LOW)),
        "surelyLost": ways(partial(rounds.lost, HIGH), HIGH),
        "overlooked": ways(rounds.overlooked),
    }


def verdict_of(label: Label, voice: Voice, percent: int) -> Verdict:
    """Return a verdict that is spoken in a voice."""
    share = percent / 100
    return Verdict(
        label=label,
        confidence=share,
        probabilities={label: share},
        unfamiliar=voice is Voice.UNFAMILIAR,
        sure=voice is Voice.SURE,
    )


def _page(page: str) -> str:
    """Return the demo's page with the room's drawings."""
    room = (ROOM / "index.html").read_text(encoding="utf-8")
    for name, drawing in {
        "symbols": r'<svg class="symbols".*?</svg>\n(?=\n)',
        "scenery": r'<div class="scenery".*?</div>\n(?=\n)',
    }.items():
        found = re.search(drawing, room, re.DOTALL)
        assert found is not None, name
        page = page.replace(f"<!-- {name} -->", found[0].strip())
    return page


def _write_worker(out: Path) -> None:
    """Tell the service worker which files there are, and which have changed since."""
    versions = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(out.iterdir())
        if path.name != "service.js"
    }
    versions[""] = versions.pop("index.html")
    large = [name for name in versions if Path(name).suffix in LARGE]
    service = out / "service.js"
    told = f"const FILES = {json.dumps(versions)};\nconst LARGE = {json.dumps(large)};\n"
    service.write_text(told + service.read_text(encoding="utf-8"), encoding="utf-8")


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
