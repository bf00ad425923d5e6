"""What a call to the tests' Bot API gives, checked as it is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    name: str
    data: bytes


class Refuse(Exception):
    """The error that a call is answered with."""

    def __init__(self, description: str, code: int = 400, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class Given:
    """A call's parameters: strings, as forms have them, or files; each is checked when taken."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str):
            raise Refuse(f"Bad Request: {name} must be a string")
        return value

    def number(self, name: str) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d+", str(value)):
            raise Refuse(f"Bad Request: {name} must be an Integer")
        return int(str(value))

    def flag(self, name: str) -> bool:
        value = str(self._values.get(name, "false")).lower()
        if value not in ("true", "false"):
            raise Refuse(f"Bad Request: {name} must be a Boolean")
        return value == "true"

    def parsed(self, name: str, kind: type) -> Any:
        value = self._values.get(name)
        if value is None:
            return None
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            found = None
        if not isinstance(found, kind):
            raise Refuse(f"Bad Request: can't parse {name} JSON object")
        return found

    def file(self, name: str) -> Upload | str | None:
        """Return an upload, or the id of a file that is there already."""
        value = self._values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            value = self._values.get(value.removeprefix("attach://"))
        return value if isinstance(value, Upload | str) else None
