"""The report as SARIF 2.1.0, which code scanning on GitHub, Azure DevOps and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; section numbers below are those of that text.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from dbaudit.facts import Location
from dbaudit.findings import DatabaseReport, Finding, Report, Rule, Severity, Suppression
from dbaudit.report import hosting, outline
from dbaudit.report.words import printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
# GitHub reads no other fingerprint than this one.
GITHUB_FINGERPRINT = "primaryLocationLineHash"

Row = dict[str, Any]


def render(report: Report) -> str:
    """The report as SARIF text, in ASCII. The same report gives the same bytes."""
    return json.dumps(as_data(report), indent=1, allow_nan=False) + "\n"


def as_data(report: Report) -> Row:
    """The report as one run: GitHub refuses several runs of one tool in a file."""
    aliases = [database.snapshot.alias for database in report.databases]
    positions = {rule.id: number for number, rule in enumerate(report.rules)}
    run = {
        "tool": {
            "driver": {
                "name": "dbaudit",
                "semanticVersion": report.dbaudit,
                "rules": [_rule(rule) for rule in report.rules],
            }
        },
        "automationDetails": {"id": f"dbaudit/{'+'.join(map(printable, aliases))}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [result for database in report.databases for result in _results(report, database, positions)],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> Row:
    parts = (("Why", rule.why), ("Fix", rule.fix), ("Silent when", rule.silent_when))
    told = [(name, value) for name, value in parts if value]
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("_")),
        "shortDescription": {"text": f"{printable(rule.title)}."},
        "fullDescription": {"text": _plain(rule.why or rule.title)},
        "help": {
            "text": "\n\n".join(f"{name}: {_plain(value)}" for name, value in told) or rule.title,
            # Docstrings are written by hand, in reStructuredText's way to mark code.
            "markdown": "\n\n".join(
                [f"# {rule.title}", *(f"**{name}**: {value.replace('``', '`')}" for name, value in told)]
            ),
        },
        "defaultConfiguration": {"level": LEVELS.get(rule.severity, "warning")},
        "properties": {"tags": ["database", "django", "performance"]},
    }


def _plain(value: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in value.replace("``", "'").split("\n\n"))


def _invocation(report: Report) -> Row:
    """How the audit went: checks that crashed are errors of the tool, what was not examined is a note."""
    notes = []
    for database in report.databases:
        alias = database.snapshot.alias
        notes += [_note("error", f"{alias}: {one.what}: {one.reason}") for one in database.crashed]
        for gap in outline.gaps(database.skipped):
            notes.append(_note("note", f"{alias}: not examined: {', '.join(gap.what)}: {gap.reason}"))
    return {
        "executionSuccessful": not any(database.crashed for database in report.databases),
        "startTimeUtc": report.generated_at.replace("+00:00", "Z"),
        "toolExecutionNotifications": notes,
    }


def _note(level: str, told: str) -> Row:
    return {"level": level, "message": {"text": _unlinked(printable(told))}}


def _results(report: Report, database: DatabaseReport, positions: dict[str, int]) -> list[Row]:
    alias = database.snapshot.alias
    found = [_result(report, alias, one, positions) for one in sorted(database.findings, key=lambda one: one.order)]
    for one in sorted(database.suppressed, key=lambda one: one.finding.order):
        suppression = _suppression(report, one.suppression)
        found.append({**_result(report, alias, one.finding, positions), "suppressions": [suppression]})
    return found


def _result(report: Report, alias: str, finding: Finding, positions: dict[str, int]) -> Row:
    digest = hosting.fingerprint(alias, finding.key)
    row: Row = {
        "ruleId": finding.check,
        **({"ruleIndex": positions[finding.check]} if finding.check in positions else {}),
        "level": LEVELS.get(finding.severity, "warning"),
        "message": {"text": _unlinked(hosting.message(finding))},
        "locations": [_location(report, alias, finding)],
        "partialFingerprints": {
            "dbauditKey/v1": printable(f"{alias} {finding.key}"),
            GITHUB_FINGERPRINT: f"{digest}:1",
        },
        "properties": {
            "key": printable(finding.key),
            "database": printable(alias),
            "confidence": finding.confidence.value,
            "owner": finding.owner,
            "category": finding.category,
        },
    }
    if finding.new is not None:
        row["baselineState"] = "new" if finding.new else "unchanged"
    return row


def _location(report: Report, alias: str, finding: Finding) -> Row:
    row: Row = {"physicalLocation": _physical(hosting.place(report, finding))}
    if finding.table:
        row["logicalLocations"] = [{"fullyQualifiedName": printable(f"{alias}.{finding.table}"), "kind": "table"}]
    return row


def _physical(place: Location) -> Row:
    uri = quote(place.file.encode("utf-8", "surrogateescape"), safe="/")
    return {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": {"startLine": place.line}}


def _suppression(report: Report, one: Suppression) -> Row:
    """A comment is a suppression in the source, with its place; an entry of the settings is an external one."""
    file, _, line = one.source.rpartition(":")
    until = f" (until {one.expires})" if one.expires else ""
    row: Row = {"kind": "external", "status": "accepted", "justification": printable(f"{one.reason}{until}")}
    if file and line.isdigit():
        row["kind"] = "inSource"
        row["location"] = {"physicalLocation": _physical(hosting.in_repository(report, Location(file, int(line))))}
    return row


def _unlinked(message: str) -> str:
    """The message without what would be a link in it (3.11.6)."""
    return message.replace("](", "]\\(")
