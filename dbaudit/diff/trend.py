"""The course of a database over several reports."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from dbaudit.analysis import inventory
from dbaudit.diff.past import Past, PastDatabase
from dbaudit.findings import DatabaseReport, Report, Severity, TrendPoint


def traced(report: Report, past: Sequence[Past]) -> Report:
    """The report with the figures of earlier ones before its own, in order of their times. Earlier reports of other
    databases say nothing of this one."""
    if not past:
        return report
    return replace(report, databases=tuple(_traced(report, one, past) for one in report.databases))


def _traced(report: Report, database: DatabaseReport, past: Sequence[Past]) -> DatabaseReport:
    earlier = [
        _past(one, each)
        for one in sorted(past, key=lambda each: each.at)
        for each in one.databases
        if each.alias == database.snapshot.alias
    ]
    return replace(database, trend=(*earlier, _now(report, database))) if earlier else database


def _past(report: Past, database: PastDatabase) -> TrendPoint:
    tables = database.tables.values()
    return TrendPoint(
        at=report.at.isoformat(timespec="seconds"),
        records=inventory.total(one.rows for one in tables),
        bytes=inventory.total(one.bytes for one in tables),
        findings=_severities(one.severity for one in database.findings.values()),
        average_ms=_mean(one.median_ms for one in database.queries.values()),
    )


def _now(report: Report, database: DatabaseReport) -> TrendPoint:
    tables = database.snapshot.tables
    return TrendPoint(
        at=report.generated_at,
        records=inventory.total(one.rows for one in tables),
        bytes=inventory.total(inventory.total((one.bytes, one.index_bytes)) for one in tables),
        findings=_severities(one.severity for one in database.findings),
        average_ms=_mean(run.median_ms for run in database.snapshot.runs),
    )


def _severities(found: Iterable[Severity]) -> dict[str, int]:
    counts = Counter(found)
    return {str(one): counts[one] for one in reversed(Severity) if one is not Severity.DEFAULT}


def _mean(times: Iterable[float | None]) -> float | None:
    known = [one for one in times if one is not None]
    return round(statistics.fmean(known), 3) if known else None
