"""What a look at a platform brings to light, for the operator: fine, or what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `snowpeople check`.

    Attributes:
        subject: What was looked at.
        text: How it is; where it is not fine, what to do.
        is_fine: Whether nothing is to be done.
    """

    subject: str
    text: str
    is_fine: bool = True

    def __str__(self) -> str:
        return f"{'fine ' if self.is_fine else 'TO DO'}  {self.subject}: {self.text}"


@dataclass(frozen=True, slots=True)
class Examination:
    """A look at a platform, with the bot's own token.

    Attributes:
        findings: What there is to say.
        links: What brings the bot to others, and what each is for.
        clock: The platform's time, where it answered.
    """

    findings: tuple[Finding, ...]
    links: tuple[tuple[str, str], ...] = ()
    clock: datetime | None = None
