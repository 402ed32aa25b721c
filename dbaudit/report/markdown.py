"""The report as Markdown: from what there is to what to do about it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from dbaudit.findings import DatabaseReport, Report
from dbaudit.report import markdown_findings, markdown_queries, outline, pictures, references, remedies, words
from dbaudit.report.markup import block, code, table, text
from dbaudit.report.next_steps import next_steps

APPLICATIONS = 50
PICTURES = 30
AREAS = 50
NAMES = 12


def render(report: Report) -> str:
    """The whole report as one Markdown text."""
    return "\n\n".join(_document(report)) + "\n"


def _document(report: Report) -> Iterator[str]:
    yield f"# {text(report.document.title)}"
    yield "\n".join(_metadata(report))
    several = len(report.databases) > 1
    for database in report.databases:
        if several:
            yield f"## Database {code(database.snapshot.alias)}"
        yield from _database(report, database, 3 if several else 2)
    if report.unaudited:
        yield "## Not audited"
        yield "\n".join(f"- {text(missing.reason)}" for missing in report.unaudited)
    if report.baseline and report.baseline.fixed:
        yield "## Fixed"
        yield from markdown_findings.fixed(report.baseline)
    if report.stale_suppressions:
        yield "## Stale suppressions"
        yield "\n".join(f"- {text(str(one))}" for one in report.stale_suppressions)
    yield "## How to reproduce"
    yield from _reproduction(report)


def _metadata(report: Report) -> Iterator[str]:
    yield f"- **Date**: {text(report.generated_at)}"
    document = report.document
    for name, value in (
        ("Category", document.category),
        ("Reference", document.reference),
        ("Version", document.version),
    ):
        if value:
            yield f"- **{name}**: {text(value)}"
    for database in report.databases:
        alias = f" of {code(database.snapshot.alias)}" if len(report.databases) > 1 else ""
        yield f"- **Status**{alias}: {outline.status(database)}"


def _database(report: Report, database: DatabaseReport, level: int) -> Iterator[str]:
    """One database's part; ``level`` is that of its section headings."""
    sections = (
        ("Summary", _summary(database)),
        ("Database structure", _structure(database)),
        ("Application distribution", _applications(database)),
        ("Top tables by records", _by_records(database)),
        ("Top tables by size", _by_size(database)),
        ("Query performance", markdown_queries.queries(database, level)),
        ("Foreign keys", _foreign_keys(database, level)),
        ("Indexes", _indexes(database, level)),
        ("Findings", markdown_findings.findings(report, database, level)),
        *([("Suppressed", markdown_findings.suppressed(database))] if database.suppressed else ()),
        ("Recommendations", markdown_findings.recommendations(database, level)),
        ("Implementation plan", markdown_findings.plan(database, level)),
        ("Scorecard", markdown_findings.scorecard(database)),
        *([("Trend", _trend(database))] if database.trend else ()),
        ("Next steps", _next_steps(report, database)),
        ("Not examined", markdown_findings.unexamined(database)),
        ("Schema by application", _pictures(database, level)),
    )
    for title, parts in sections:
        yield f"{'#' * level} {title}"
        yield from parts


def _summary(database: DatabaseReport) -> Iterator[str]:
    summary, snapshot = database.summary, database.snapshot
    yield f"{text(outline.server(snapshot))}, database {code(snapshot.alias)}. {outline.verdict(database)}"
    figures = [
        ("Models", f"{summary.models:,}"),
        ("Applications", f"{summary.applications:,}"),
        ("Tables", f"{summary.tables:,}"),
        ("Records", outline.records(summary)),
        ("Indexes", f"{summary.indexes:,}"),
        ("Foreign keys", f"{summary.foreign_keys:,}"),
        ("Errors", f"{summary.findings.get('error', 0):,}"),
        ("Warnings", f"{summary.findings.get('warning', 0):,}"),
        ("Info", f"{summary.findings.get('info', 0):,}"),
        ("Not examined", f"{len(outline.unexamined(database)):,}"),
    ]
    yield table(["Figure", "Value"], figures, "lr")
    if database.recommendations:
        yield "Most valuable first:"
        yield "\n".join(
            f"{one.rank}. {text(one.title)} ({text(remedies.facts(one)[0])})" for one in outline.first_things(database)
        )


def _structure(database: DatabaseReport) -> Iterator[str]:
    summary, snapshot = database.summary, database.snapshot
    if not snapshot.tables:
        yield "The database has no tables."
        return
    stored = words.count(summary.tables + summary.other_tables, "table")
    sentence = f"{stored} in all: {summary.tables:,} of models"
    if summary.other_tables:
        others = words.count(summary.other_tables, "other")
        sentence += f", {others} (many-to-many tables, Django's own, tables without a model)"
    sentence += "".join(f", {kind}" for kind in outline.kinds(snapshot)) + "."
    uncounted = outline.uncounted(snapshot)
    if uncounted:
        sentence += f" The rows of {words.count(uncounted, 'model table')} were not counted; the sum lacks them."
    yield sentence
    rows = [
        (
            outline.OWNER_NAMES[share.owner],
            f"{share.models:,}",
            f"{share.tables:,}",
            words.counted(share.records),
            words.size(share.bytes),
        )
        for share in outline.shares(snapshot)
    ]
    yield table(["Owner", "Models", "Tables", "Records", "Size with indexes"], rows, "lrrrr")


def _applications(database: DatabaseReport) -> Iterator[str]:
    if not database.applications:
        yield "No application has a model on this database."
        return
    rows = [
        (
            code(one.label),
            outline.OWNER_NAMES[one.owner],
            f"{one.models:,}",
            words.counted(one.records),
            words.size(one.bytes),
        )
        for one in database.applications[:APPLICATIONS]
    ]
    yield table(["Application", "Owner", "Models", "Records", "Size with indexes"], rows, "llrrr")
    if len(database.applications) > APPLICATIONS:
        yield words.more(len(database.applications) - APPLICATIONS)


def _by_records(database: DatabaseReport) -> Iterator[str]:
    tables = outline.largest_by_records(database.snapshot)
    if not tables:
        yield "No table of a model was counted."
        return
    rows = [
        (f"{rank}", code(one.ownership.model), code(one.label), outline.rows(one), words.size(outline.whole_size(one)))
        for rank, one in enumerate(tables, 1)
    ]
    yield table(["#", "Model", "Table", "Records", "Size with indexes"], rows, "rllrr")


def _by_size(database: DatabaseReport) -> Iterator[str]:
    tables = outline.largest_by_size(database.snapshot)
    if not tables:
        yield "The size of no table was seen."
        return
    rows = [
        (f"{rank}", code(one.label), words.size(one.bytes), words.size(one.index_bytes), outline.rows(one))
        for rank, one in enumerate(tables, 1)
    ]
    yield table(["#", "Table", "Table size", "Index size", "Records"], rows, "rlrrr")


def _foreign_keys(database: DatabaseReport, level: int) -> Iterator[str]:
    total = database.summary.foreign_keys
    if not total:
        yield "No model has a foreign key."
        return
    enforced = references.enforced(database.snapshot)
    yield f"The models have {words.count(total, 'foreign key')}; the database enforces {enforced:,} of them."
    relations = database.relations
    rows = [(code(name), f"{count:,}", f"{count / total:.0%}") for name, count in relations.on_delete]
    yield table(["On delete", "Foreign keys", "Share"], rows, "lrr")
    yield f"{'#' * (level + 1)} Most referenced models"
    yield table(["Model", "Foreign keys to it"], [(code(to), f"{n:,}") for to, n in relations.most_referenced], "lr")
    yield f"{'#' * (level + 1)} Critical relationships"
    yield "What deleting one row reaches (`CASCADE`) or is kept from (`PROTECT`, `RESTRICT`), the widest first."
    critical = [(code(to), code(how), f"{n:,}", text(which)) for to, how, n, which in relations.critical]
    yield table(["Model", "On delete", "Referring models", "Which"], critical, "llrl")


def _pictures(database: DatabaseReport, level: int) -> Iterator[str]:
    """Mermaid's pictures, which GitHub and GitLab draw."""
    drawn = pictures.pictures(database.snapshot)
    if not drawn:
        yield "There is no foreign key to draw."
        return
    yield (
        "An arrow is a foreign key, a dashed one has no index; round boxes are tables of another application or part."
    )
    for one in drawn[:PICTURES]:
        without = f", {one.unindexed:,} without index" if one.unindexed else ""
        yield f"{'#' * (level + 1)} {text(one.title)}: {words.count(len(one.edges), 'foreign key')}{without}"
        yield block(pictures.mermaid(one), "mermaid")
    if len(drawn) > PICTURES:
        yield words.more(len(drawn) - PICTURES)


def _indexes(database: DatabaseReport, level: int) -> Iterator[str]:
    total, kinds = database.summary.indexes, database.index_kinds
    if not total:
        yield "The tables of the models have no index."
        return
    yield f"The tables of the models have {words.count(total, 'index', 'indexes')}. One index may be of several kinds."
    rows = [
        ("Primary key", f"{kinds.primary:,}"),
        ("Unique, not primary", f"{kinds.unique:,}"),
        ("On one foreign key", f"{kinds.foreign_key:,}"),
        ("Django's pattern (`LIKE`) twins", f"{kinds.framework:,}"),
        ("Composite", f"{kinds.composite:,}"),
        ("Partial", _seen(kinds.partial)),
        ("On an expression", f"{kinds.expression:,}"),
        ("Declared by no model", _seen(kinds.undeclared)),
    ]
    yield table(["Kind", "Indexes"], rows, "lr")
    yield f"{'#' * (level + 1)} Named indexes of the project"
    if not kinds.named:
        yield "The project has named no index, unique ones aside."
        return
    yield "Unique ones, whose constraints must have names, are left out."
    named = [(code(area), _names(names)) for area, names in kinds.named[:AREAS]]
    yield table(["Model", "Indexes"], named, "ll")
    if len(kinds.named) > AREAS:
        yield words.more(len(kinds.named) - AREAS)


def _next_steps(report: Report, database: DatabaseReport) -> Iterator[str]:
    for one in next_steps(report, database):
        yield f"{text(one.why)}:"
        yield block(one.command, "sh")


def _trend(database: DatabaseReport) -> Iterator[str]:
    rows = [
        (
            text(one.at),
            words.counted(one.records),
            words.size(one.bytes),
            *(f"{one.findings.get(severity, 0):,}" for severity in ("error", "warning", "info")),
            words.milliseconds(one.average_ms),
        )
        for one in database.trend
    ]
    headers = [
        "Report of",
        "Records",
        "Size with indexes",
        "Errors",
        "Warnings",
        "Info",
        "Mean of the queries' medians",
    ]
    yield table(headers, rows, "lrrrrrr")


def _reproduction(report: Report) -> Iterator[str]:
    command = ["python", "manage.py", "dbaudit", "report"]
    for database in report.databases:
        command += ["--database", database.snapshot.alias]
    commands = [[*command, *report.arguments, "--output", "report.md"]]
    checks = [finding.check for database in report.databases for finding in database.findings]
    if checks:
        commands.append(["python", "manage.py", "dbaudit", "explain", checks[0]])
    yield block("\n".join(map(shlex.join, commands)), "sh")
    snapshots = [database.snapshot for database in report.databases]
    servers = [(f"Server of {code(one.alias)}", text(outline.server(one))) for one in snapshots]
    facts = [
        ("dbaudit", text(report.dbaudit)),
        ("Django", text(report.django)),
        *servers,
        ("Generated", text(report.generated_at)),
        ("Took", f"{report.duration_seconds:.1f} s"),
    ]
    yield table(["What", "Value"], facts, "ll")


def _seen(count: int | None) -> str:
    return "not known" if count is None else f"{count:,}"


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(code, names[:NAMES]))
    return f"{shown} and {len(names) - NAMES:,} more" if len(names) > NAMES else shown
