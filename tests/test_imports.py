"""Who may import whom: the house rules, kept by reading every import statement."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

STDLIB = frozenset(sys.stdlib_module_names)
SPEECH = {"bot.speech", "bot.speech_rooms"}
WORDS = {f"bot.speech_{part}" for part in ("challenges", "game", "memory", "rooms", "standings")}
RULES = {"bot.game", "bot.standings"}
STORE = {
    f"bot.store_{part}"
    for part in ("rows", "rooms", "rounds", "turns", "game", "seasons", "people")
}
# What each module of the bot may import besides the standard library. `__main__` wires, so it may
# import everything of ours; nobody imports it.
BOT = {
    "bot/domain.py": set(),
    "bot/limits.py": {"bot.domain"},
    "bot/captions.py": {"bot.domain"},
    "bot/speech.py": {"bot.domain", "bot.tongues", *WORDS},
    **{f"{name.replace('.', '/')}.py": {"bot.domain", "bot.tongues", *WORDS} for name in WORDS},
    "bot/tongues.py": {"babel"},
    "bot/logs.py": set(),
    "bot/game.py": {"bot.domain"},
    "bot/standings.py": {"bot.domain", "bot.game"},
    "bot/tables.py": {"sqlalchemy"},
    "bot/database.py": {"aiosqlite", "alembic", "asyncpg", "sqlalchemy"},
    "bot/store.py": {"bot.database", *STORE},
    **{
        f"{name.replace('.', '/')}.py": {
            *{"bot.database", "bot.domain", "bot.ledger", "bot.tables", "sqlalchemy"},
            *{*RULES, *STORE},
        }
        for name in STORE
    },
    "bot/settings.py": {"pydantic", "pydantic_settings"},
    "bot/parts.py": {"bot.domain", "bot.ledger", *RULES},
    "bot/guesses.py": {"bot.domain", "bot.ledger", "bot.parts", "bot.play", *RULES, *SPEECH},
    "bot/keeper.py": {"bot.domain"},
    "bot/office.py": {
        *{"bot.boards", "bot.domain", "bot.keeper", "bot.ledger", "bot.parts"},
        *{*RULES, *SPEECH, "bot.speech_memory"},
    },
    "bot/play.py": {
        *{"bot.captions", "bot.domain", "bot.learning", "bot.parts", *RULES, *SPEECH},
        *{"bot.speech_game", "bot.speech_memory"},
    },
    "bot/ledger.py": {"bot.domain", *RULES},
    "bot/boards.py": {"bot.ledger", "bot.colours", "bot.domain", "bot.pictures", *RULES, *SPEECH},
    "bot/door.py": {"bot.domain", "bot.limits"},
    "bot/desk.py": {"bot.domain", "bot.keeper", "bot.parts", *SPEECH, "bot.speech_memory"},
    "bot/gaze.py": {"bot.domain", "bot.door", "bot.ledger", "bot.parts", "cachetools"},
    "bot/learning.py": {"bot.domain", "bot.door", "bot.keeper", "bot.parts", *RULES},
    "bot/podiums.py": {"bot.boards", "bot.guesses", "bot.parts", *RULES},
    "bot/host.py": {
        *{"bot.captions", "bot.desk", "bot.domain", "bot.door", "bot.gaze", "bot.guesses"},
        *{"bot.keeper", "bot.learning", "bot.office", "bot.parts", "bot.play", "bot.podiums"},
        *{*RULES, *SPEECH, "bot.boards", "bot.pictures", "cachetools"},
    },
    "bot/supervisor.py": {"bot.domain"},
    "bot/eye.py": {"bot.domain", "bot.ledger", "classifier"},
    "bot/fonts.py": {"PIL", "regex", "uharfbuzz"},
    "bot/colours.py": set(),
    "bot/drawing.py": {"bot.colours", "bot.fonts", "PIL"},
    "bot/pictures.py": {"bot.colours", "bot.domain", "bot.drawing", "bot.fonts", "PIL"},
}
# What draws; people's photos come to it decoded, through the classifier.
DRAWING = {"bot/fonts.py", "bot/drawing.py", "bot/pictures.py"}
PLATFORMS = {"bot.domain", "bot.host", "bot.limits", "bot.speech", "bot.platforms"}
PLATFORM_LIBRARIES = {"aiohttp", "yarl", "telegram", "discord"}
SEGNO = {"segno"}


def modules(folder: str) -> list[str]:
    found = (PROJECT / folder).rglob("*.py")
    return sorted(str(path.relative_to(PROJECT)) for path in found)


def imports(module: str) -> set[str]:
    """Every module that a file imports, `from bot import speech` as `bot.speech`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(PROJECT / module).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            whole = node.module or ""
            if whole in ("bot", "classifier", "bot.platforms"):
                found |= {f"{whole}.{alias.name}" for alias in node.names}
            else:
                found.add(whole)
    return {name for name in found if name.split(".")[0] not in STDLIB}


def outside(module: str, allowed: set[str]) -> set[str]:
    def is_allowed(name: str) -> bool:
        return any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)

    return {name for name in imports(module) if not is_allowed(name)}


@pytest.mark.parametrize("module", modules("classifier"))
def test_the_classifier_knows_nothing_of_the_bot(module: str) -> None:
    assert not {name for name in imports(module) if name.split(".")[0] == "bot"}


@pytest.mark.parametrize("module", modules("bot"))
def test_torch_stays_inside_the_classifier(module: str) -> None:
    tops = {name.split(".")[0] for name in imports(module)}
    assert not tops & {"torch", "torchvision", "safetensors"}


@pytest.mark.parametrize("module", [m for m in modules("bot") if m not in DRAWING])
def test_only_the_drawing_imports_pillow(module: str) -> None:
    assert "PIL" not in {name.split(".")[0] for name in imports(module)}


@pytest.mark.parametrize("module", [m for m in modules("bot") if m.startswith("bot/platforms/")])
def test_a_platform_knows_the_domain_and_the_host_only(module: str) -> None:
    assert not outside(module, PLATFORMS | PLATFORM_LIBRARIES | SEGNO)


@pytest.mark.parametrize("module", [m for m in modules("bot") if m.count("/") == 1])
def test_the_core_imports_downwards_and_no_platform_library(module: str) -> None:
    if module in ("bot/__init__.py", "bot/__main__.py"):
        assert not outside(module, {"bot", "classifier", *SEGNO})
    else:
        assert module in BOT, f"say in this test what {module} may import"
        assert not outside(module, BOT[module])


@pytest.mark.parametrize("module", modules("bot") + modules("classifier"))
def test_nothing_imports_the_wiring(module: str) -> None:
    assert "bot.__main__" not in imports(module)


@pytest.mark.parametrize("module", modules("bot") + modules("classifier"))
def test_modules_stay_small(module: str) -> None:
    assert len((PROJECT / module).read_text().splitlines()) <= 300
