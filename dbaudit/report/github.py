"""For GitHub Actions: annotations on standard output, and the summary of the job.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator

from dbaudit.findings import DatabaseReport, Finding, Report, Severity
from dbaudit.report import hosting, outline, remedies, words
from dbaudit.report.markup import code, table, text

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
#: GitHub shows no more annotations of one kind for a step, and drops the others without a word.
SHOWN = 10
#: GitHub refuses the whole summary of a step that is longer, in bytes.
SUMMARY_LIMIT = 1024 * 1024

_HEADING = "| Severity | What | Check | Where |\n| --- | --- | --- | --- |"
_Placed = tuple[str, Finding]


def render(report: Report) -> str:
    """The annotations as workflow commands, the worst findings first; without those that a baseline knows.

    Of each kind as many as GitHub shows; the last notice counts the others.
    """
    told = _told(report)
    lines = []
    hidden = 0
    for severity, command in COMMANDS.items():
        chosen = [one for one in told if one[1].severity is severity]
        room = SHOWN - 1 if command == "notice" else SHOWN
        lines += [_annotation(command, report, *one) for one in chosen[:room]]
        hidden += max(0, len(chosen) - room)
    if hidden:
        lines.append(f"::notice title=dbaudit::{words.count(hidden, 'more finding')}, in the summary of this job.")
    lines += [words.printable(f"dbaudit: {one.snapshot.alias}: {outline.status(one)}") for one in report.databases]
    return "\n".join(lines) + "\n"


def summary(report: Report, room: int = SUMMARY_LIMIT) -> str:
    """The report as Markdown for the job's summary, of at most ``room`` bytes: figures, then findings as many as fit.

    Empty where not even the figures fit.
    """
    several = len(report.databases) > 1
    parts = [f"# {text(report.document.title)}"]
    parts += [part for database in report.databases for part in _head(database, several=several)]
    if report.baseline:
        parts.append(f"{words.count(len(report.baseline.fixed), 'known finding')} fixed.")
    rows = [_row(report, *one) for one in _told(report)]
    if rows:
        parts += [f"## {'New findings' if report.baseline else 'Findings'}", _HEADING]
    head = "\n\n".join(parts)
    kept = _fitting(rows, room - len(head.encode()) - len(words.more(len(rows)).encode()) - 4)
    if kept is None:
        return ""
    more = f"\n\n{words.more(len(rows) - len(kept))}" if len(kept) < len(rows) else ""
    return "\n".join([head, *kept]) + f"{more}\n"


def _told(report: Report) -> list[_Placed]:
    """Every finding that is not known, with its database, the worst first."""
    found = [
        (database.snapshot.alias, finding)
        for database in report.databases
        for finding in database.findings
        if finding.new is not False
    ]
    return sorted(found, key=lambda one: one[1].order)


def _annotation(command: str, report: Report, alias: str, finding: Finding) -> str:
    properties = []
    if finding.location and finding.owner == "project":
        place = hosting.place(report, finding)
        properties += [f"file={_property(place.file)}", f"line={place.line}"]
    properties.append(f"title={_property(f'dbaudit: {finding.check}')}")
    where = f"{alias}: " if len(report.databases) > 1 else ""
    return f"::{command} {','.join(properties)}::{_data(words.printable(where) + hosting.message(finding))}"


def _data(value: str) -> str:
    """A value behind the second pair of colons. Line breaks were written out before."""
    return words.printable(value).replace("%", "%25")


def _property(value: str) -> str:
    """A value between the pairs of colons."""
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def _head(database: DatabaseReport, *, several: bool) -> Iterator[str]:
    summary = database.summary
    if several:
        yield f"## Database {code(database.snapshot.alias)}"
    yield f"{text(outline.server(database.snapshot))}: {outline.status(database)}. {outline.verdict(database)}"
    figures = (summary.models, summary.applications, summary.tables, summary.indexes, summary.foreign_keys)
    yield table(
        ["Models", "Applications", "Tables", "Indexes", "Foreign keys", "Records"],
        [[*(f"{figure:,}" for figure in figures), outline.records(summary)]],
        "rrrrrr",
    )
    if database.recommendations:
        yield "Most valuable first:"
        yield "\n".join(
            f"{one.rank}. {text(one.title)} ({text(remedies.facts(one)[0])})" for one in outline.first_things(database)
        )
    for one in database.crashed:
        yield f"The check {code(one.what)} crashed: {text(one.reason)}"


def _row(report: Report, alias: str, finding: Finding) -> str:
    place = f"{finding.location.file}:{finding.location.line}" if finding.location else finding.table
    where = code(place) if len(report.databases) == 1 else f"{code(alias)} {code(place)}"
    cells = (finding.severity.value, text(finding.subject), code(finding.check), where)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _fitting(rows: list[str], room: int) -> list[str] | None:
    """The first rows that fit into so many bytes, with a line break each; None where less than nothing is left."""
    if room < 0:
        return None
    for number, row in enumerate(rows):
        room -= len(row.encode()) + 1
        if room < 0:
            return rows[:number]
    return rows
