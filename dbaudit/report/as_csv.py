"""The findings as a table of comma-separated values (RFC 4180, lines ending as in other text), for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from dbaudit.facts import Skipped
from dbaudit.findings import DatabaseReport, Finding, Report
from dbaudit.report import outline, remedies, words

COLUMNS = (
    "database",
    "state",
    "severity",
    "confidence",
    "check",
    "owner",
    "category",
    "app",
    "model",
    "table",
    "file",
    "line",
    "subject",
    "detail",
    "remedy",
    "orm",
    "sql",
    "undo_sql",
    "verification",
    "reason",
    "key",
)
# A spreadsheet takes a cell that begins so for a formula, and runs it (OWASP, CSV injection); the last four are what
# it makes of the first four where the keyboard is Chinese, Japanese or Korean.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render(report: Report) -> str:
    """A line for every finding, and for everything that was not examined; ``state`` tells which it is.

    ``found`` where there was no baseline, otherwise ``new`` or ``known``; ``suppressed``, ``not examined``,
    ``crashed``. No cell acts as a formula.
    """
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for database in report.databases:
        for row in _rows(database):
            writer.writerow({name: _safe(value) for name, value in row.items()})
    return file.getvalue()


def _rows(database: DatabaseReport) -> Iterator[dict[str, str]]:
    alias = {"database": database.snapshot.alias}
    for finding in sorted(database.findings, key=lambda one: one.order):
        yield {**alias, **_finding(finding), "state": outline.known_or_new(finding) or "found"}
    for one in sorted(database.suppressed, key=lambda one: one.finding.order):
        yield {**alias, **_finding(one.finding), "state": "suppressed", "reason": one.suppression.reason}
    yield from ({**alias, **_skipped(one), "state": "not examined"} for one in database.skipped)
    yield from ({**alias, **_skipped(one), "state": "crashed"} for one in database.crashed)


def _finding(finding: Finding) -> dict[str, str]:
    remedy, place = finding.remedy, finding.location
    return {
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "check": finding.check,
        "owner": finding.owner,
        "category": finding.category,
        "app": finding.app,
        "model": finding.model,
        "table": finding.table,
        "file": place.file if place else "",
        "line": str(place.line) if place else "",
        "subject": finding.subject,
        "detail": finding.detail,
        "remedy": "" if remedy.failed else f"{remedies.action(remedy.action)}.",
        "orm": "" if remedy.failed else remedy.orm,
        "sql": "" if remedy.failed else remedy.sql,
        "undo_sql": remedy.undo_sql,
        "verification": remedies.verification(remedy) if remedy.attempt else remedy.verification,
        "key": finding.key,
    }


def _skipped(one: Skipped) -> dict[str, str]:
    return {"subject": one.what, "reason": one.reason}


def _safe(value: str) -> str:
    """The cell without characters that act, its lines kept, and behind an apostrophe where it would be a formula.

    Spaces before a formula do not keep every spreadsheet from running it.
    """
    shown = "\n".join(words.printable(line.expandtabs(4)) for line in value.splitlines())
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA) else shown
