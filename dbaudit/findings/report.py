"""The report: the figures, findings and recommendations of each database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from dbaudit.facts import Location, Owner, Skipped, Snapshot
from dbaudit.findings.finding import Finding, Severity
from dbaudit.findings.recommendation import IndexPlan, Phase, Recommendation, ScoreLine
from dbaudit.findings.suppression import StaleSuppression, Suppressed

REPORT_VERSION = 1
MANAGE = Location("manage.py", 1)
RecordsAre = Literal["exact", "estimated", "mixed", ""]


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

    ``unique`` leaves out the primary keys' own. ``undeclared`` counts those that no model declares. None where that
    was not seen. ``named`` lists the project's indexes that someone gave a name: (model, names); unique ones,
    whose constraints must have names, are left out.
    """

    primary: int
    unique: int
    foreign_key: int
    framework: int
    composite: int
    partial: int | None
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
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The figures of one report of several, for their course: rows, bytes with indexes, findings by severity, and the
    mean of the measured queries' medians in milliseconds. None where unseen."""

    at: str
    records: int | None
    bytes: int | None
    findings: dict[str, int]
    average_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseReport:
    """All that is said of one database. ``ran`` holds the ids of the checks that ran to their end, ``suppressed`` the
    findings that the project does not want to be told: no figure and no recommendation counts them. ``trend`` has
    earlier reports and this one, where earlier ones were given."""

    snapshot: Snapshot
    summary: Summary
    applications: tuple[Application, ...]
    index_kinds: IndexKinds
    relations: Relations
    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    plan: tuple[Phase, ...] = ()
    index_plan: IndexPlan | None = None
    scorecard: tuple[ScoreLine, ...] = ()
    trend: tuple[TrendPoint, ...] = ()
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


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that a baseline knows: its database's alias, its key, and its sentence when that was written."""

    alias: str
    key: str
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the findings were held against: the file as it was given, and what it knows that is no longer found."""

    file: str
    fixed: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Where a code host finds the project. ``prefix`` leads from the root of the repository to the files that findings
    name (``backend/``, empty where it is the root); ``settings`` is the place that stands for what no line of code
    causes, because it names the databases."""

    prefix: str = ""
    settings: Location = MANAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The audit's result, from which every format is drawn. Times in seconds, ``generated_at`` in ISO 8601 UTC.

    ``unaudited`` are the databases of several that could not be audited, each with one sentence.
    ``rules`` are the pages of the checks that the findings name; ``arguments`` those of the command that makes this
    report again, without its outputs (``("--app", "erp")``). ``baseline`` is None where none was given.
    """

    generated_at: str
    duration_seconds: float
    django: str
    dbaudit: str
    document: Document
    databases: tuple[DatabaseReport, ...]
    unaudited: tuple[Skipped, ...] = ()
    rules: tuple[Rule, ...] = ()
    arguments: tuple[str, ...] = ()
    stale_suppressions: tuple[StaleSuppression, ...] = ()
    baseline: Baseline | None = None
    code: Code = field(default_factory=Code)
    version: int = REPORT_VERSION
