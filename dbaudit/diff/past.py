"""A report as it was written to a JSON file: what of it is compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbaudit.analysis.integers import ceiling
from dbaudit.errors import AuditError
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import REPORT_VERSION, Severity

Row = dict[str, Any]


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
    given = str(path)
    try:
        data = json.loads(Path(path).read_bytes())
    except FileNotFoundError as error:
        raise AuditError(f"Cannot read {given!r}: there is no such file; write one with report --output.") from error
    except OSError as error:
        raise AuditError(f"Cannot read {given!r}: {error.strerror or error}; name a file that you may read.") from error
    except (ValueError, RecursionError) as error:
        raise AuditError(
            f"{given!r} is not whole JSON: it was cut short, or is no report; write it anew with report --output."
        ) from error
    version = data.get("version") if isinstance(data, dict) else None
    if version is None:
        raise AuditError(f"{given!r} is no report of dbaudit; write one with report --output {given!r}.")
    if version != REPORT_VERSION:
        raise AuditError(
            f"{given!r} is a report of version {version!r}, and this dbaudit compares those of version "
            f"{REPORT_VERSION}; write it anew."
        )
    try:
        at = datetime.fromisoformat(data["generated_at"])
        databases = tuple(_database(one) for one in data["databases"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AuditError(f"{given!r} lacks what a report of version {version} has; write it anew.") from error
    return Past(file=given, at=at if at.tzinfo else at.replace(tzinfo=UTC), databases=databases)


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
