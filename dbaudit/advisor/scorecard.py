"""Success criteria against what was measured; what was not measured says why."""

from __future__ import annotations

from collections.abc import Iterable

from dbaudit.facts import Snapshot
from dbaudit.findings import Finding, ScoreLine, Severity

#: The targets of the Context7 analysis of 13 July 2025.
AVERAGE_QUERY_MS = 50
SLOW_QUERY_PERCENT = 1
INDEX_HIT_PERCENT = 90


def scorecard(snapshot: Snapshot, findings: Iterable[Finding]) -> tuple[ScoreLine, ...]:
    """The criteria in a fixed order. A criterion without figures is "not measured", never met."""
    return (
        *_queries(snapshot),
        _index_hits(snapshot),
        _findings("Schema errors", "0 errors", findings, Severity.ERROR),
        _findings("Schema warnings", "0 warnings", findings, Severity.WARNING),
    )


def _queries(snapshot: Snapshot) -> tuple[ScoreLine, ScoreLine]:
    """The mean time of the measured statements in the driver, and the share of those over the target."""
    average, slow = f"< {AVERAGE_QUERY_MS} ms", f"< {SLOW_QUERY_PERCENT} % over {AVERAGE_QUERY_MS} ms"
    statements = (statement for run in snapshot.runs if run.audited for statement in run.statements)
    times = [statement.duration_ms for statement in statements if statement.kind != "transaction"]
    if not times:
        why = "No query was measured in this audit."
        return (
            ScoreLine(criterion="Average query time", target=average, why=why),
            ScoreLine(criterion="Slow queries", target=slow, why=why),
        )
    mean = sum(times) / len(times)
    over = sum(time > AVERAGE_QUERY_MS for time in times)
    percent = 100 * over / len(times)
    return (
        ScoreLine(
            criterion="Average query time",
            target=average,
            measured=f"{mean:.2f} ms over {len(times):,} statements",
            state="met" if mean < AVERAGE_QUERY_MS else "missed",
        ),
        ScoreLine(
            criterion="Slow queries",
            target=slow,
            measured=f"{over:,} of {len(times):,} ({percent:.1f} %)",
            state="met" if percent < SLOW_QUERY_PERCENT else "missed",
        ),
    )


def _index_hits(snapshot: Snapshot) -> ScoreLine:
    """Row reads started by an index rather than by a sequential scan, over all tables since the statistics were
    reset."""
    criterion, target = "Index hits", f"> {INDEX_HIT_PERCENT} % of scans"
    seen = [table.statistics for table in snapshot.stored_tables() if table.statistics]
    by_index = sum(one.index_scans or 0 for one in seen)
    total = by_index + sum(one.sequential_scans or 0 for one in seen)
    if not total:
        return ScoreLine(criterion=criterion, target=target, why="This database keeps no count of scans.")
    percent = 100 * by_index / total
    return ScoreLine(
        criterion=criterion,
        target=target,
        measured=f"{percent:.1f} % of {total:,} scans",
        state="met" if percent > INDEX_HIT_PERCENT else "missed",
    )


def _findings(criterion: str, target: str, findings: Iterable[Finding], severity: Severity) -> ScoreLine:
    count = sum(
        finding.severity is severity and finding.owner == "project" and finding.category == "schema"
        for finding in findings
    )
    return ScoreLine(
        criterion=criterion,
        target=target,
        measured=f"{count} in the project's own apps",
        state="missed" if count else "met",
    )
