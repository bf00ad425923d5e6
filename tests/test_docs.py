"""What the pages for readers name is there: links, make's targets, commands, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.services.commands import COMMANDS
from bot.settings import Settings
from tests.conftest import PROJECT

PAGES = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
# In a line of code, or marked as code in a sentence.
MAKE = re.compile(r"(?:^    |`)make ([a-z][\w-]*)", re.MULTILINE)
COMMAND = re.compile(r"(?:-m bot|snowpeople) ([a-z][\w-]*)\b(?! *=)")
# In the bot's own chats.
CHAT_COMMAND = re.compile(r"`/([a-z]+)")


def anchors(page: Path) -> set[str]:
    """Return what links to a page may have behind the #."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_leads_to_what_is_there(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_what_is_typed_after_make_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in MAKE.findall(page.read_text())}
    assert {"run", "test", "lint", "party"} <= named <= targets


def test_what_is_typed_after_the_bots_name_is_a_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    known = set(re.findall(r"^    ([a-z-]+)\b", capsys.readouterr().out, re.MULTILINE))
    code = (
        line
        for page in PAGES
        for line in re.findall(r"^    .+$|`[^`\n]+`", page.read_text(), re.MULTILINE)
    )
    named = {name for line in code for name in COMMAND.findall(line)}
    assert {"check", "backup", "restore"} <= named <= known


def test_the_page_on_the_game_names_commands_that_there_are() -> None:
    named = set(CHAT_COMMAND.findall((PROJECT / "docs/game.md").read_text()))
    known = {command.name for command in COMMANDS}
    assert {"rules", "hall"} <= named <= known | {"r"}  # of a room's address


def test_readme_names_each_setting() -> None:
    settings = (PROJECT / "README.md").read_text().split("### Settings")[1].split("\n## ")[0]
    rows = (row.split("|")[1] for row in settings.splitlines() if row.startswith("| `"))
    named = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert named == {name.upper() for name in Settings.model_fields}
