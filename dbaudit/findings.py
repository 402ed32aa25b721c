"""What was concluded: findings with their evidence and remedy, recommendations, and the report that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal

from dbaudit.facts import Location, Owner, Skipped, Snapshot, Table

REPORT_VERSION = 1


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
class CreateIndex:
    """Build an index. ``columns`` in order, ``-`` before a descending one."""

    kind: ClassVar = "create_index"
    table: str
    columns: tuple[str, ...] = ()
    name: str = ""
    include: tuple[str, ...] = ()
    condition: str = ""
    expressions: tuple[str, ...] = ()
    method: str = ""
    opclasses: tuple[str, ...] = ()
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex:
    """Drop an index; ``definition`` is what the database says of it, for the undo."""

    kind: ClassVar = "drop_index"
    table: str
    name: str
    definition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditModel:
    """Change a model; ``change`` is one sentence."""

    kind: ClassVar = "edit_model"
    model: str
    change: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuery:
    """Change code that asks the database."""

    kind: ClassVar = "change_query"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint:
    """Let the database enforce something."""

    kind: ClassVar = "add_constraint"
    table: str
    columns: tuple[str, ...]
    constraint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSql:
    """Something that neither a model nor an index says; ``purpose`` is one sentence."""

    kind: ClassVar = "run_sql"
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetting:
    """Change a setting of Django or of the server; ``where`` says whose."""

    kind: ClassVar = "change_setting"
    setting: str
    value: str
    where: str


Action = CreateIndex | DropIndex | EditModel | ChangeQuery | AddConstraint | RunSql | ChangeSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do: the action as data, its text in Django's words and in SQL, and how it is taken back.

    ``verification`` says how the remedy was tried; empty means that it was not, and every renderer says so.
    """

    action: Action
    orm: str = ""
    sql: str = ""
    undo_sql: str = ""
    verification: str = ""

    @property
    def kind(self) -> str:
        """The action's name in the JSON contract."""
        return self.action.kind

    def facts(self) -> dict[str, Any]:
        """The action's own fields, as the JSON contract lists them."""
        return asdict(self.action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A defect that a check saw. ``identity`` tells it from the check's other findings on the same table.

    ``check`` and a severity left at ``DEFAULT`` are filled in by the runner from the check's registration. Findings of
    one cause share a ``group``, a sentence that renderers show once for all of them; each keeps its own key.
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
        group: str = "",
    ) -> Finding:
        """A finding on a table, owned by whoever owns the table and placed at its model unless ``location`` says."""
        who = table.ownership
        return cls(
            subject=subject,
            detail=detail,
            identity=tuple(identity),
            remedy=remedy,
            evidence=tuple(evidence),
            severity=severity,
            confidence=confidence,
            owner=who.owner,
            app=who.app,
            model=who.model,
            table=table.label,
            location=location or who.location,
            group=group,
        )

    @property
    def key(self) -> str:
        """Stable across machines, line moves and row counts: check, table, and what tells it apart."""
        return ":".join((self.check, self.table, *self.identity))

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Sorts the worst first: own code before others', then severity, confidence, key."""
        return (OWNERS.index(self.owner), -self.severity.rank, -self.confidence.rank, self.key)


OWNERS: tuple[Owner, ...] = ("project", "third-party", "django")

RecordsAre = Literal["exact", "estimated", "mixed", ""]
Priority = Literal["high", "medium", "low"]
Risk = Literal["safe", "review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What was measured or planned before and after, in ``unit``; ``source`` says by what."""

    before: float
    after: float
    unit: str
    source: str

    @property
    def ratio(self) -> float | None:
        """After divided by before; None where there was nothing before."""
        return self.after / self.before if self.before else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a recommendation takes: bytes on disk (negative when it frees them), and the writes that it slows."""

    bytes: int | None = None
    writes_slowed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One thing to do, with the findings that it answers (their keys). ``rank`` counts from 1, the best first."""

    rank: int
    priority: Priority
    phase: int
    title: str
    remedy: Remedy
    findings: tuple[str, ...]
    gain: Gain | None = None
    cost: Cost | None = None
    risk: Risk = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A step of the implementation plan: the ranks of its recommendations."""

    number: int
    title: str
    recommendations: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One success criterion; ``why`` says why it was not measured."""

    criterion: str
    target: str
    measured: str = ""
    state: Literal["met", "missed", "not measured"] = "not measured"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application's share: its models, and the rows and bytes (indexes included) of their tables."""

    label: str
    owner: Owner
    models: int
    records: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexKinds:
    """How many indexes of each kind, on the models' own tables. One index may be of several kinds.

    ``unique`` leaves out the primary keys' own. ``undeclared`` counts those that no model declares, None where
    that was not compared. ``named`` lists the project's indexes that someone gave a name: (model, names).
    """

    primary: int
    unique: int
    foreign_key: int
    framework: int
    composite: int
    partial: int
    expression: int
    undeclared: int | None
    named: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """The relations that the models declare.

    ``on_delete`` counts relation fields by behaviour, ``most_referenced`` by target model. ``critical`` lists a target
    model, the behaviour, how many models refer to it so, and the first of them in words.
    """

    on_delete: tuple[tuple[str, int], ...]
    most_referenced: tuple[tuple[str, int], ...]
    critical: tuple[tuple[str, str, int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The first figures of a report. Tables, records and indexes are those of the models' own tables;
    ``other_tables`` counts the rest (many-to-many tables, ``django_migrations``, tables without a model)."""

    models: int
    applications: int
    tables: int
    other_tables: int
    records: int | None
    records_are: RecordsAre
    indexes: int
    foreign_keys: int
    findings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check's page, for readers of a report: renderers know no check."""

    id: str
    title: str
    why: str
    fix: str
    silent_when: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseReport:
    """All that is said of one database. ``ran`` holds the ids of the checks that ran to their end."""

    snapshot: Snapshot
    summary: Summary
    applications: tuple[Application, ...]
    index_kinds: IndexKinds
    relations: Relations
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    plan: tuple[Phase, ...] = ()
    scorecard: tuple[ScoreLine, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    crashed: tuple[Skipped, ...] = ()
    ran: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """How the report names itself; from settings, empty where they say nothing."""

    title: str = "Database performance audit"
    category: str = ""
    reference: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The audit's result, from which every format is drawn. Times in seconds, ``generated_at`` in ISO 8601 UTC.

    ``rules`` are the pages of the checks that the findings name; ``arguments`` those of the command that makes this
    report again, without its outputs (``("--app", "erp")``).
    """

    generated_at: str
    duration_seconds: float
    django: str
    dbaudit: str
    document: Document
    databases: tuple[DatabaseReport, ...]
    rules: tuple[Rule, ...] = ()
    arguments: tuple[str, ...] = ()
    version: int = REPORT_VERSION


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among the findings, None where there are none."""
    return max((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)
