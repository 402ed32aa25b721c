"""A report as it was written to a JSON file: what of it is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dbaudit.analysis.integers import ceiling
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import Severity
from dbaudit.report import stored
from dbaudit.report.stored import Row


@dataclass(frozen=True, slots=True)
class PastFinding:
    """A finding of a report."""

    key: str
    check: str
    severity: Severity
    subject: str
    place: str


@dataclass(frozen=True, slots=True)
class PastTable:
    """A table's rows (``estimated`` where the planner said so) and bytes, indexes included. None where unseen."""

    label: str
    rows: int | None
    estimated: bool
    bytes: int | None


@dataclass(frozen=True, slots=True)
class PastQuery:
    """A measured query: the median, fastest and slowest of its times in milliseconds, its statements and rows. None
    where unseen."""

    id: str
    label: str
    median_ms: float | None
    fastest_ms: float | None
    slowest_ms: float | None
    queries: int | None
    rows: int | None


@dataclass(frozen=True, slots=True)
class PastKey:
    """A column that a sequence feeds: the last number it gave, and the last that there is."""

    label: str
    used: int
    ceiling: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDatabase:
    """One database's part. ``ran`` are the checks that ran to their end, ``unexamined`` what was not examined."""

    alias: str
    ran: frozenset[str]
    unexamined: frozenset[str]
    findings: Mapping[str, PastFinding]
    suppressed: frozenset[str]
    tables: Mapping[str, PastTable]
    queries: Mapping[str, PastQuery]
    keys: Mapping[str, PastKey]

    def examined(self, finding: PastFinding, other: PastDatabase) -> bool:
        """Whether a finding of another report would be here, too: its check ran, and its query was measured."""
        queries = (one for id_, one in other.queries.items() if f":{id_}:" in f":{finding.key}:")
        ran = finding.check in self.ran and finding.check not in self.unexamined
        return ran and all(self._measured(one) for one in queries)

    def _measured(self, query: PastQuery) -> bool:
        """Whether a query of another report was measured here, at least as far as there."""
        mine = self.queries.get(query.id)
        return mine is not None and (mine.median_ms is not None or query.median_ms is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A report that was read from ``file``."""

    file: str
    at: datetime
    databases: tuple[PastDatabase, ...]


def read(path: str | Path) -> Past:
    """A report of this version.

    Raises `AuditError`, in one sentence, for a file that cannot be read, was cut short, is no report, or is one of
    another version.
    """
    data = stored.load(path)
    with stored.complete(path):
        at = datetime.fromisoformat(data["generated_at"])
        databases = tuple(_database(one) for one in data["databases"])
    return Past(file=str(path), at=at if at.tzinfo else at.replace(tzinfo=UTC), databases=databases)


def _database(data: Row) -> PastDatabase:
    return PastDatabase(
        alias=data["alias"],
        ran=frozenset(data["ran"]),
        unexamined=frozenset(one["what"] for one in data["skipped"]),
        findings={one.key: one for one in map(_finding, data["findings"])},
        suppressed=frozenset(one["finding"]["key"] for one in data["suppressed"]),
        tables={one.label: one for one in map(_table, data["tables"])},
        queries={one.id: one for one in map(_query, data["queries"])},
        keys={one.label: one for one in _keys(data)},
    )


def _finding(data: Row) -> PastFinding:
    place = data["location"]
    return PastFinding(
        key=data["key"],
        check=data["check"],
        severity=Severity(data["severity"]),
        subject=data["subject"],
        place=f"{place['file']}:{place['line']}" if place else "",
    )


def _table(data: Row) -> PastTable:
    sizes = [data[name] for name in ("bytes", "index_bytes") if data[name] is not None]
    return PastTable(_label(data["schema"], data["name"]), data["rows"], data["rows_are"] == "estimated", _sum(sizes))


def _sum(sizes: list[int]) -> int | None:
    return sum(sizes) if sizes else None


def _query(data: Row) -> PastQuery:
    return PastQuery(
        id=data["id"],
        label=data["label"],
        median_ms=data["median_ms"],
        fastest_ms=data["fastest_ms"],
        slowest_ms=data["slowest_ms"],
        queries=data["queries"],
        rows=data["rows"],
    )


def _keys(data: Row) -> Iterator[PastKey]:
    """The keys that have an end. Reports of the first days know of no sequences."""
    dialect = Dialect(data["vendor"])
    types = {
        (table["schema"], table["name"], column["name"]): column["type"]
        for table in data["tables"]
        for column in table["columns"]
    }
    for one in data.get("sequences", ()):
        ends = [one["maximum"]]
        kind = types.get((one["schema"], one["table"], one["column"]))
        if kind is not None:
            ends.append(ceiling(dialect, kind) or one["maximum"])
        if one["last_value"] is not None and one["increment"] > 0 and not one["cycles"]:
            name = f"{one['table']}.{one['column']}" if one["table"] else one["name"]
            yield PastKey(_label(one["schema"], name), one["last_value"], min(ends))


def _label(schema: str, name: str) -> str:
    return f"{schema}.{name}" if schema else name
