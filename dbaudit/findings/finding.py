"""A defect with its evidence, its owner and its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from dbaudit.facts import Declaration, Location, ModelField, Owner, Table
from dbaudit.findings.remedy import Remedy

#: What a finding is about: the schema and the code that uses it, or how the database is run and connected to.
Category = Literal["schema", "operations"]

OWNERS: tuple[Owner, ...] = ("project", "third-party", "django")


class Severity(StrEnum):
    """How much a finding matters if it is true."""

    DEFAULT = "default"  # what a check leaves to its registration; the runner replaces it
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for the mildest; for comparing and sorting."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure we are that it is true, apart from how much it would matter."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for the least sure; for comparing and sorting."""
        return list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed fact: ``value`` in ``unit``, where it was read (``source``), and the SQL that shows it again."""

    what: str
    value: str | int | float
    unit: str = ""
    source: str = ""
    sql: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A defect that a check saw. ``identity`` tells it from the check's other findings on the same table.

    ``check``, ``category`` and a severity left at ``DEFAULT`` are filled in by the runner from the check's
    registration. Findings of one cause share a ``group``, a sentence that renderers show once for all of them; each
    keeps its own key. ``new`` is False where a baseline knows it, True where the baseline does not or a suppression of
    it expired, None where there was nothing to hold it against.
    """

    subject: str
    detail: str
    identity: tuple[str, ...]
    remedy: Remedy
    evidence: tuple[Evidence, ...] = ()
    severity: Severity = Severity.DEFAULT
    confidence: Confidence = Confidence.HIGH
    owner: Owner = "project"
    app: str = ""
    model: str = ""
    table: str = ""
    location: Location | None = None
    group: str = ""
    check: str = ""
    category: Category = "schema"
    new: bool | None = None

    @classmethod
    def about(
        cls,
        table: Table,
        *,
        subject: str,
        detail: str,
        identity: Iterable[str],
        remedy: Remedy,
        evidence: Iterable[Evidence] = (),
        severity: Severity = Severity.DEFAULT,
        confidence: Confidence = Confidence.HIGH,
        location: Location | None = None,
        written: ModelField | Declaration | None = None,
        owner: Owner | None = None,
        group: str = "",
    ) -> Finding:
        """A finding on a table, owned by whoever owns the table and placed at its model unless told otherwise.

        ``written`` is the field or the entry of ``Meta`` that it is about, which gives the place. Where a package put
        that on a model of the project's, the finding is the package's, and a remark.
        """
        who = table.ownership
        if written and written.owner and who.owner == "project":
            owner = owner or written.owner
        if owner not in (None, "project") and who.owner == "project" and severity is Severity.DEFAULT:
            severity = Severity.INFO
        location = location or (written.location if written else None)
        return cls(
            subject=subject,
            detail=detail,
            identity=tuple(identity),
            remedy=remedy,
            evidence=tuple(evidence),
            severity=severity,
            confidence=confidence,
            owner=owner or who.owner,
            app=who.app,
            model=who.model,
            table=table.label,
            location=location or who.location,
            group=group,
        )

    @property
    def key(self) -> str:
        """Stable across machines, line moves and row counts: check, table where it is about one, and what tells it
        apart."""
        return ":".join((self.check, *([self.table] if self.table else []), *self.identity))

    @property
    def order(self) -> tuple[int, bool, int, int, str]:
        """Sorts the worst first: own code before others', schema before operations, then severity, confidence, key."""
        owner, operations = OWNERS.index(self.owner), self.category == "operations"
        return (owner, operations, -self.severity.rank, -self.confidence.rank, self.key)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among the findings, None where there are none."""
    return max((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)
