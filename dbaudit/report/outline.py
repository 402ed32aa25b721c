"""What a report for people shows and in which order, so that every such format tells the same story."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from dbaudit.analysis import inventory
from dbaudit.facts import Owner, QueryRun, RunStatus, Skipped, Snapshot, Table
from dbaudit.findings import (
    OWNERS,
    DatabaseReport,
    Finding,
    Recommendation,
    Summary,
)
from dbaudit.report import words

TOP_TABLES = 10
#: The states of a measured query, the best first.
RUN_STATES: tuple[RunStatus, ...] = (
    "excellent",
    "good",
    "slow",
    "over budget",
    "failed",
    "not audited",
    "not timed",
)
FIRST_THINGS = 5

OWNER_TITLES: dict[Owner, str] = {
    "project": "In this project",
    "third-party": "In third-party packages",
    "django": "In Django",
}
OWNER_NAMES: dict[Owner, str] = {"project": "project", "third-party": "third-party", "django": "Django"}
_VENDORS = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL or MariaDB", "oracle": "Oracle"}


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one check with one owner, the worst first."""

    owner: Owner
    check: str
    findings: tuple[Finding, ...]

    @property
    def causes(self) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
        """The findings that stand alone under ``""``, then those that share a cause under its sentence."""
        found: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            found[finding.group].append(finding)
        return tuple((sentence, tuple(found[sentence])) for sentence in sorted(found))


@dataclass(frozen=True, slots=True)
class Share:
    """An owner's part of the database; ``bytes`` includes the indexes."""

    owner: Owner
    models: int
    tables: int
    records: int | None
    bytes: int | None


def server(snapshot: Snapshot) -> str:
    """The database server in words: ``PostgreSQL 15.4``."""
    return f"{_VENDORS.get(snapshot.vendor, snapshot.vendor)} {snapshot.server_version}".rstrip()


def status(database: DatabaseReport) -> str:
    """The audit's outcome in one line: findings by severity, and how much was not examined."""
    found = database.summary.findings
    text = (
        f"{words.count(found.get('error', 0), 'error')}, {words.count(found.get('warning', 0), 'warning')}, "
        f"{found.get('info', 0):,} info"
    )
    known = sum(one.new is False for one in database.findings)
    if known:
        text += f"; {len(database.findings) - known:,} new, {known:,} known"
    if database.suppressed:
        text += f"; {len(database.suppressed):,} suppressed"
    missing = len(unexamined(database))
    return f"{text}; {words.count(missing, 'thing')} not examined" if missing else f"{text}; everything examined"


def verdict(database: DatabaseReport) -> str:
    """What the checks found, in one or two sentences in which clean and not examined never look alike."""
    ran = len(database.ran)
    if database.findings:
        checks = len({finding.check for finding in database.findings})
        found = words.count(len(database.findings), "finding")
        return f"{found} by {checks:,} of the {words.count(ran, 'check')} that ran."
    if not ran:
        return "No check ran, so this says nothing about the database."
    none = "it found nothing" if ran == 1 else "none found anything"
    return f"No findings: {words.count(ran, 'check')} ran, {none}."


def unexamined(database: DatabaseReport) -> tuple[Skipped, ...]:
    """All that was not examined: what was skipped, then the checks that crashed."""
    crashed = (Skipped(one.what, f"The check crashed: {one.reason}", "check") for one in database.crashed)
    return (*database.skipped, *crashed)


@dataclass(frozen=True, slots=True)
class Gap:
    """What one reason kept from being examined. ``other_vendors``: checks for other vendors' databases, which the list
    of checks names too."""

    reason: str
    what: tuple[str, ...]
    other_vendors: bool


def gaps(skipped: Iterable[Skipped]) -> tuple[Gap, ...]:
    """Each reason once, in order of first appearance, with all that was not examined for it."""
    found: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for one in skipped:
        found[one.reason, one.kind == "vendor"].append(one.what)
    return tuple(Gap(reason, tuple(what), vendor) for (reason, vendor), what in found.items())


def slowest(runs: Iterable[QueryRun]) -> list[QueryRun]:
    """The runs that have a time, the slowest first."""
    return sorted((run for run in runs if run.median_ms is not None), key=lambda run: (-(run.median_ms or 0), run.id))


def spread(run: QueryRun) -> str:
    """The fastest and slowest warm sample."""
    return f"{run.spread_ms[0]:.2f}-{run.spread_ms[1]:.2f}" if run.spread_ms else ""


def groups(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """The findings by owner and check: the project's own first, then the group with the worst finding."""
    found: defaultdict[tuple[Owner, str], list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=lambda one: one.order):
        found[finding.owner, finding.check].append(finding)
    return tuple(Group(owner, check, tuple(members)) for (owner, check), members in found.items())


def shares(snapshot: Snapshot) -> tuple[Share, ...]:
    """What the project, third-party packages and Django each hold; owners of nothing are left out."""
    models = inventory.counted_models(snapshot)
    found = []
    for owner in OWNERS:
        tables = [table for table in snapshot.stored_tables() if table.ownership.owner == owner]
        count = sum(model.owner == owner for model in models)
        if tables or count:
            records = inventory.total(table.rows for table in tables)
            found.append(Share(owner, count, len(tables), records, inventory.total(map(whole_size, tables))))
    return tuple(found)


def records(summary: Summary) -> str:
    """The number of records and how it was come by: ``1,123 (exact)``."""
    how = f" ({summary.records_are})" if summary.records is not None and summary.records_are else ""
    return f"{words.counted(summary.records)}{how}"


def rows(table: Table) -> str:
    """A table's rows: ``about 1,200,000`` where they are the planner's estimate, ``not counted`` where unseen."""
    return f"about {table.rows:,}" if table.rows_are == "estimated" and table.rows else words.counted(table.rows)


def kinds(snapshot: Snapshot) -> tuple[str, ...]:
    """What there is beside tables that store rows: ``2 views``, ``1 foreign table``."""
    found = Counter(table.kind for table in snapshot.tables if not table.stores_rows)
    return tuple(words.count(found[kind], kind) for kind in sorted(found))


def uncounted(snapshot: Snapshot) -> int:
    """How many of the models' tables have no number of rows."""
    return sum(table.rows is None for table in inventory.model_tables(snapshot))


def first_things(database: DatabaseReport) -> tuple[Recommendation, ...]:
    """The most valuable recommendations."""
    return tuple(sorted(database.recommendations, key=lambda one: one.rank)[:FIRST_THINGS])


def largest_by_records(snapshot: Snapshot) -> tuple[Table, ...]:
    """The models' tables with most rows; of equal ones those with more bytes, then more columns, go first."""
    counted = (table for table in inventory.model_tables(snapshot) if table.rows is not None)
    return tuple(
        sorted(
            counted,
            key=lambda one: (-(one.rows or 0), -_known(whole_size(one)), -len(one.columns), one.label),
        )[:TOP_TABLES]
    )


def largest_by_size(snapshot: Snapshot) -> tuple[Table, ...]:
    """All stored tables that take most bytes, indexes included."""
    return by_size(table for table in snapshot.stored_tables() if whole_size(table) is not None)[:TOP_TABLES]


def by_size(tables: Iterable[Table]) -> tuple[Table, ...]:
    """The tables that take most bytes first, those whose size was not seen last."""
    return tuple(sorted(tables, key=lambda one: (-_known(whole_size(one)), one.label)))


def whole_size(table: Table) -> int | None:
    """Bytes of a table with its indexes, None where neither was seen."""
    return inventory.total((table.bytes, table.index_bytes))


def nothing_to_recommend(database: DatabaseReport) -> str:
    """Why there is no recommendation."""
    if database.findings:
        return "No recommendation: what was found is not the project's to change."
    return "No recommendation: there is no finding to answer."


def known_or_new(finding: Finding) -> str:
    """``new`` or ``known`` as a baseline has it, empty where the finding was held against none."""
    return {None: "", True: "new", False: "known"}[finding.new]


def _known(value: int | None) -> int:
    """For sorting in falling order: what was not seen comes last."""
    return -1 if value is None else value
