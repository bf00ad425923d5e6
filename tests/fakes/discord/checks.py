"""What the tests' Discord refuses, because the real one does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord.world import EPHEMERAL, NO_EMBEDS, SILENT, Refusal, bad

LOCALES = frozenset(
    "bg cs da de el en-GB en-US es-419 es-ES fi fr hi hr hu id it ja ko lt nl no "  # noqa: SIM905
    "pl pt-BR ro ru sv-SE th tr uk vi zh-CN zh-TW".split()
)


async def payload_of(request: web.Request) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    if not request.content_type.startswith("multipart/"):
        return await request.json(), []
    payload: dict[str, Any] = {}
    files = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        name, data = part.name or "", bytes(await part.read())
        if name == "payload_json":
            payload = json.loads(data)
        elif re.fullmatch(r"files\[\d+\]", name):
            files.append((part.filename or "file", data))
        else:
            raise bad(**{name: "Unknown field"})
    return payload, files


def check_message(
    payload: Mapping[str, Any], files: list[tuple[str, bytes]], *, is_edit: bool = False
) -> None:
    if len(payload.get("content") or "") > 2000:
        raise bad(content="Must be 2000 or fewer in length.")
    if len(payload.get("embeds") or []) > 10:
        raise bad(embeds="Must be 10 or fewer in length.")
    if len(files) > 10 or sum(len(data) for _, data in files) > 10 * 1024 * 1024:
        raise Refusal(413, 40005, "Request entity too large")
    if len(str(payload.get("nonce") or "")) > 25:
        raise bad(nonce="Must be 25 or fewer in length.")
    for attachment in payload.get("attachments") or []:
        if len(attachment.get("description") or "") > 1024:
            raise bad(attachments="Must be 1024 or fewer in length.")
    if payload.get("flags", 0) & ~(NO_EMBEDS | EPHEMERAL | SILENT):
        raise bad(flags="Only some flags can be set.")
    has_something = payload.get("content") or files or payload.get("embeds")
    if not is_edit and not has_something:
        raise Refusal(400, 50006, "Cannot send an empty message")
    rows = payload.get("components") or []
    ids = [button["custom_id"] for row in rows for button in row["components"]]
    if len(rows) > 5 or any(not 1 <= len(row["components"]) <= 5 for row in rows):
        raise bad(components="Must be between 1 and 5 in length.")
    if any(not 1 <= len(id_) <= 100 for id_ in ids) or len(set(ids)) < len(ids):
        raise bad(components="custom_id must be unique and between 1 and 100 in length.")
    if any(not 1 <= len(b.get("label") or "") <= 80 for row in rows for b in row["components"]):
        raise bad(components="label must be between 1 and 80 in length.")


def check_form(form: Mapping[str, Any]) -> None:
    if not 1 <= len(form["title"]) <= 45 or not 1 <= len(form["custom_id"]) <= 100:
        raise bad(title="Must be between 1 and 45 in length.")
    if not 1 <= len(form["components"]) <= 5:
        raise bad(components="Must be between 1 and 5 in length.")
    for label in form["components"]:
        if label["type"] != 18 or not 1 <= len(label["label"]) <= 45:
            raise bad(components="Must be a label of 1 to 45 characters.")
        place = label["component"]
        if place["type"] == 19 and not 1 <= place.get("max_values", 1) <= 10:
            raise bad(max_values="Must be between 1 and 10.")
        _check_file_types(place)


def check_command(command: Mapping[str, Any]) -> None:
    is_menu = command.get("type", 1) != 1
    names = [command["name"], *(command.get("name_localizations") or {}).values()]
    for name in names:
        if is_menu and not 1 <= len(name) <= 32:
            raise bad(name="Must be between 1 and 32 in length.")
        if not is_menu and (name != name.lower() or not re.fullmatch(r"[-_\w]{1,32}", name)):
            raise bad(name="Command name is invalid")
    _check_described(command, is_menu=is_menu)
    if not re.fullmatch(r"\d+|None", str(command.get("default_member_permissions"))):
        raise bad(default_member_permissions="Must be a bit set.")
    if not set(command.get("contexts") or [0, 1]) <= {0, 1, 2}:
        raise bad(contexts="Unknown context")
    if not set(command.get("integration_types") or [0]) <= {0, 1}:
        raise bad(integration_types="Unknown integration type")
    if len(command.get("options") or []) > 25:
        raise bad(options="Must be 25 or fewer in length.")
    for option in command.get("options") or []:
        if not re.fullmatch(r"[-_\w]{1,32}", option["name"]) or option["type"] not in range(1, 12):
            raise bad(options="Option is invalid")
        _check_described(option, is_menu=False)
        if "file_types" in option and option["type"] != 11:
            raise bad(file_types="Only attachments have a file type.")
        _check_file_types(option)


def _check_file_types(place: Mapping[str, Any]) -> None:
    """Check which files may be chosen: Discord's groups of them, or extensions."""
    types = place.get("file_types") or []
    known = [re.fullmatch(r"image|video|audio|\.[a-z0-9]{1,15}", each) for each in types]
    if len(types) > 10 or not all(known):
        raise bad(file_types="Must be 10 or fewer groups or extensions.")


def _check_described(thing: Mapping[str, Any], *, is_menu: bool) -> None:
    localized = thing.get("description_localizations") or {}
    for told in (thing.get("description", ""), *localized.values()):
        if is_menu and told:
            raise bad(description="Context menu commands cannot have description")
        if not is_menu and not 1 <= len(told) <= 100:
            raise bad(description="Must be between 1 and 100 in length.")
    if not {*localized, *(thing.get("name_localizations") or {})} <= LOCALES:
        raise bad(name_localizations="Unknown locale")
