"""The figures of the page's charts. Every one of them is also in a table, for those who see no chart."""

from __future__ import annotations

from typing import Any

from dbaudit.findings import DatabaseReport
from dbaudit.report import outline
from dbaudit.report.words import printable

MOST = 12
_SHORT = 44


def charts(database: DatabaseReport) -> dict[str, dict[str, Any]]:
    """Charts by name: a title, labels, series (name and a value for each label) and the unit. Empty ones are left out.

    Bytes, milliseconds and counts are given as they are; the page's script writes them for people.
    """
    drawn = {
        "models": _models(database),
        "sizes": _sizes(database),
        "records": _records(database),
        "queries": _queries(database),
        "fixes": _fixes(database),
        "times": _times(database),
        "gains": _gains(database),
        "findings_trend": _findings_trend(database),
        "size_trend": _size_trend(database),
    }
    return {name: chart for name, chart in drawn.items() if chart["labels"]}


def _models(database: DatabaseReport) -> dict[str, Any]:
    apps = [one for one in database.applications if one.models][:MOST]
    return _chart("Models per application", "", [one.label for one in apps], models=[one.models for one in apps])


def _sizes(database: DatabaseReport) -> dict[str, Any]:
    tables = outline.largest_by_size(database.snapshot)
    return _chart(
        "Largest tables: rows and indexes",
        "bytes",
        [one.label for one in tables],
        table=[one.bytes for one in tables],
        indexes=[one.index_bytes for one in tables],
    )


def _records(database: DatabaseReport) -> dict[str, Any]:
    tables = outline.largest_by_records(database.snapshot)
    return _chart("Tables with most records", "", [one.label for one in tables], records=[one.rows for one in tables])


def _queries(database: DatabaseReport) -> dict[str, Any]:
    runs = outline.slowest(run for run in database.snapshot.runs if run.audited)[:MOST]
    return _chart("Slowest queries, median", "ms", [run.label for run in runs], median=[run.median_ms for run in runs])


def _fixes(database: DatabaseReport) -> dict[str, Any]:
    tried = [(run, one) for run in database.snapshot.runs for one in run.trials if one.worked and one.queries_before]
    tried = sorted(tried, key=lambda pair: (-(pair[1].queries_before or 0), pair[0].id))[:MOST]
    return _chart(
        "Verified changes to queries: statements",
        "",
        [run.label for run, _ in tried],
        before=[one.queries_before for _, one in tried],
        after=[one.queries_after for _, one in tried],
    )


def _times(database: DatabaseReport) -> dict[str, Any]:
    tried = [(run, one) for run in database.snapshot.runs for one in run.trials if one.worked and one.ms_before]
    tried = sorted(tried, key=lambda pair: (-(pair[1].ms_before or 0), pair[0].id))[:MOST]
    return _chart(
        "Verified changes to queries: time",
        "ms",
        [run.label for run, _ in tried],
        before=[one.ms_before for _, one in tried],
        after=[one.ms_after for _, one in tried],
    )


def _gains(database: DatabaseReport) -> dict[str, Any]:
    """What the recommendations leave of what was before, in per cent: their units differ."""
    gained = [one for one in database.recommendations if one.gain and one.gain.before][:MOST]
    return _chart(
        "Recommendations: what is left of 100 % cost or time",
        "%",
        [f"{one.rank}. {one.title}" for one in gained],
        left=[round(100 * (one.gain.ratio or 0), 1) for one in gained if one.gain],
    )


def _findings_trend(database: DatabaseReport) -> dict[str, Any]:
    severities = ("error", "warning", "info")
    found = {one: [point.findings.get(one, 0) for point in database.trend] for one in severities}
    return _chart("Findings, report by report", "", [point.at[:16] for point in database.trend], **found)


def _size_trend(database: DatabaseReport) -> dict[str, Any]:
    return _chart(
        "Size with indexes, report by report",
        "bytes",
        [point.at[:16] for point in database.trend],
        bytes=[point.bytes for point in database.trend],
    )


def _chart(title: str, unit: str, labels: list[str], **series: list[Any]) -> dict[str, Any]:
    return {
        "title": title,
        "unit": unit,
        "labels": [_short(printable(label)) for label in labels],
        "series": [{"name": name, "values": values} for name, values in series.items()],
    }


def _short(label: str) -> str:
    return label if len(label) <= _SHORT else f"{label[: _SHORT - 1]}…"
