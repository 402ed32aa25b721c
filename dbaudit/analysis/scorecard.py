"""Success criteria against what was measured; what was not measured says why."""

from __future__ import annotations

from collections.abc import Iterable

from dbaudit.facts import Snapshot
from dbaudit.findings import CreateIndex, Finding, IndexPlan, Recommendation, ScoreLine, Severity, Targets

#: Rows from which a table is read by index, scans from which their shares mean something, days that they span.
ROWS, SCANS, DAYS = 1_000, 1_000, 1


def scorecard(
    snapshot: Snapshot,
    findings: Iterable[Finding],
    recommendations: Iterable[Recommendation] = (),
    index_plan: IndexPlan | None = None,
    targets: Targets = Targets(),  # noqa: B008 - a frozen value
) -> tuple[ScoreLine, ...]:
    """The criteria in a fixed order. A criterion without figures is "not measured", never met."""
    findings = tuple(findings)
    return (
        *_queries(snapshot, targets),
        _index_hits(snapshot, targets),
        _critical_indexes(recommendations, index_plan),
        _findings("Schema errors", "0 errors", findings, Severity.ERROR),
        _findings("Schema warnings", "0 warnings", findings, Severity.WARNING),
    )


def _queries(snapshot: Snapshot, targets: Targets) -> tuple[ScoreLine, ScoreLine]:
    """The mean time of the measured statements in the driver, and the share of those over the target."""
    limit, most = targets.average_query_ms, targets.slow_query_percent
    average, slow = f"< {limit} ms", f"< {most} % over {limit} ms"
    statements = (statement for run in snapshot.runs if run.audited for statement in run.statements)
    times = [statement.duration_ms for statement in statements if statement.kind != "transaction"]
    if not times:
        why = "No query was measured in this audit."
        return (
            ScoreLine(criterion="Average query time", target=average, why=why),
            ScoreLine(criterion="Slow queries", target=slow, why=why),
        )
    mean = sum(times) / len(times)
    over = sum(time > limit for time in times)
    percent = 100 * over / len(times)
    return (
        ScoreLine(
            criterion="Average query time",
            target=average,
            measured=f"{mean:.2f} ms over {len(times):,} statements",
            state="met" if mean < limit else "missed",
            percent=_percent(mean, limit),
        ),
        ScoreLine(
            criterion="Slow queries",
            target=slow,
            measured=f"{over:,} of {len(times):,} ({percent:.1f} %)",
            state="met" if percent < most else "missed",
            percent=_percent(percent, most),
        ),
    )


def _index_hits(snapshot: Snapshot, targets: Targets) -> ScoreLine:
    """Row reads started by an index rather than by a sequential scan, since the statistics were reset. Small tables are
    read whole for good reasons and do not count."""
    criterion, target = "Index hits", f"> {targets.index_hit_percent} % of scans"
    counted = [table for table in snapshot.stored_tables() if table.statistics]
    if not counted:
        return ScoreLine(criterion=criterion, target=target, why="This database keeps no count of scans.")
    seen = [table.statistics for table in counted if table.statistics and (table.rows or 0) >= ROWS]
    by_index = sum(one.index_scans or 0 for one in seen)
    total = by_index + sum(one.sequential_scans or 0 for one in seen)
    days = snapshot.days_since(snapshot.statistics_since or "")
    young = days is not None and days < DAYS
    if total < SCANS or young:
        scans = f"{total:,} scan{'' if total == 1 else 's'} of tables of {ROWS:,} rows or more"
        since = f", counted since {(snapshot.statistics_since or '').partition('T')[0]}" if young else ""
        why = f"Too little traffic to say: {scans}{since}."
        return ScoreLine(criterion=criterion, target=target, why=why)
    percent = 100 * by_index / total
    return ScoreLine(
        criterion=criterion,
        target=target,
        measured=f"{percent:.1f} % of {total:,} scans",
        state="met" if percent > targets.index_hit_percent else "missed",
        percent=_percent(percent, 100),
    )


def _critical_indexes(recommendations: Iterable[Recommendation], index_plan: IndexPlan | None) -> ScoreLine:
    """Indexes that the measured queries call for: those of low priority are left to taste."""
    criterion, target = "Critical indexes", "all built"
    if index_plan is None:
        return ScoreLine(criterion=criterion, target=target, why="No advice on indexes was made.")
    builds = [one for one in recommendations if isinstance(one.remedy.action, CreateIndex) and one.gain]
    later = sum(one.projected for one in builds)
    missing = sum(one.priority != "low" and not one.projected for one in builds)
    grown = f", {later} when tables have grown" if later else ""
    return ScoreLine(
        criterion=criterion,
        target=target,
        measured=f"{f'{missing} to build' if missing else 'none is missing'}{grown}",
        state="missed" if missing else "met",
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


def _percent(value: float, whole: float) -> int:
    return min(100, round(100 * value / whole)) if whole else 100
