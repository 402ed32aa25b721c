"""The findings as a Code Quality report, which GitLab shows on merge requests.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from typing import Any

from dbaudit.facts import Location
from dbaudit.findings import DatabaseReport, Report, Severity
from dbaudit.report import hosting, outline, words

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}
NAMED = 12


def render(report: Report) -> str:
    """The findings as JSON in ASCII. Suppressed ones are left out: the format has no word for them.

    What was not examined is an entry, too, so that an empty list means that everything was.
    """
    rows = [row for database in report.databases for row in _rows(report, database)]
    return json.dumps(rows, indent=1, allow_nan=False) + "\n"


def _rows(report: Report, database: DatabaseReport) -> list[dict[str, Any]]:
    alias = database.snapshot.alias
    rows = [
        _row(
            finding.check,
            hosting.message(finding),
            hosting.fingerprint(alias, finding.key),
            SEVERITIES.get(finding.severity, "minor"),
            hosting.place(report, finding),
        )
        for finding in sorted(database.findings, key=lambda one: one.order)
    ]
    settings = hosting.in_repository(report, report.code.settings)
    for gap in outline.gaps(outline.unexamined(database)):
        told = words.printable(f"Not examined on {alias}: {words.listing(gap.what, NAMED)}: {gap.reason}")
        key = hosting.fingerprint(alias, f"not_examined:{gap.reason}")
        rows.append(_row("not_examined", told, key, "info", settings))
    return rows


def _row(check: str, description: str, fingerprint: str, severity: str, place: Location) -> dict[str, Any]:
    return {
        "type": "issue",
        "check_name": check,
        "description": description,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": words.printable(place.file), "lines": {"begin": place.line}},
    }
