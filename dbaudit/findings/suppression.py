"""What the project does not want to be told, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal

from dbaudit.facts import Location
from dbaudit.findings.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A wish not to be told of the findings that have all that it names; what is empty admits every finding.

    ``table`` and ``app`` may hold ``*``, ``?`` and ``[...]``. ``models`` and ``field`` are those at which a comment
    stands. It holds through the day ``expires``. ``source`` is where it is written.
    """

    reason: str
    source: str
    checks: tuple[str, ...] = ()
    key: str = ""
    table: str = ""
    app: str = ""
    models: tuple[str, ...] = ()
    field: Location | None = None
    expires: date | None = None

    def matches(self, finding: Finding) -> bool:
        """Whether the finding is one of those, expired or not."""
        return (
            (not self.checks or finding.check in self.checks)
            and (not self.key or finding.key == self.key)
            and (not self.table or fnmatchcase(finding.table, self.table))
            and (not self.app or fnmatchcase(finding.app, self.app))
            and (not self.models or finding.model in self.models)
            and (not self.field or finding.location == self.field)
        )

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and self.expires < today


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that was kept out of the list, and by what."""

    finding: Finding
    suppression: Suppression


@dataclass(frozen=True, slots=True)
class StaleSuppression:
    """A suppression that should go: it expired, or nothing is left that it would suppress."""

    suppression: Suppression
    state: Literal["expired", "unused"]

    def __str__(self) -> str:
        """One sentence: ``expired suppression of 2026-01-31 at shop/models.py:12 (reason)``."""
        one = self.suppression
        of = f" of {one.expires}" if self.state == "expired" else ""
        return f"{self.state} suppression{of} at {one.source} ({one.reason})"
