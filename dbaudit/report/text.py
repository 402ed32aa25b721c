"""The report for a terminal: the first screen has the figures and what to do first, the rest says what was found."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.core.management.color import Style, no_style

from dbaudit.findings import (
    Baseline,
    ChangeQuery,
    DatabaseReport,
    Finding,
    Recommendation,
    Remedy,
    Report,
    Rule,
    Severity,
    worst,
)
from dbaudit.report import outline, remedies, words

NARROWEST = 40
DETAILED = 10
LISTED = 10
SKIPPED = 6
CODE_LINES = 8

Paint = Callable[[str], str]


def render(report: Report, style: Style | None = None, width: int = 80) -> str:
    """The whole report, wrapped at ``width`` columns except for code; ``style`` is Django's, plain by default."""
    page = _Page(style or no_style(), max(width, NARROWEST))
    lines = list(page.document(report))
    return "\n".join(line.rstrip() for line in lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Page:
    """Lays out lines of one width in one style. Colours are put on after wrapping, so that they take no room."""

    style: Style
    width: int

    def document(self, report: Report) -> Iterator[str]:
        document = report.document
        yield from self.wrap(document.title, paint=self.style.MIGRATE_HEADING)
        details = filter(None, (document.category, document.reference, document.version, report.generated_at))
        yield from self.wrap(", ".join(details))
        for database in report.databases:
            yield ""
            yield from self.database(report, database)
        if report.unaudited:
            yield ""
            yield self.style.MIGRATE_HEADING("Not audited")
            for missing in report.unaudited:
                yield from self.wrap(f"- {missing.reason}", hanging="  ")
        if report.baseline and report.baseline.fixed:
            yield ""
            yield self.style.MIGRATE_HEADING("Fixed")
            yield from self.fixed(report.baseline)
        if report.stale_suppressions:
            yield ""
            yield self.style.MIGRATE_HEADING("Stale suppressions")
            for one in report.stale_suppressions:
                yield from self.wrap(f"- {one}", hanging="  ")
        yield ""
        yield "Tables, evidence, undo and the plan: manage.py dbaudit report --output report.md"

    def database(self, report: Report, database: DatabaseReport) -> Iterator[str]:
        server = outline.server(database.snapshot)
        yield from self.wrap(f"Database {database.snapshot.alias}: {server}", paint=self.style.MIGRATE_HEADING)
        yield from self.wrap(outline.status(database), paint=self.severity(worst(database.findings)))
        yield ""
        yield from self.figures(database)
        yield ""
        yield from self.first_things(database)
        yield ""
        yield self.style.MIGRATE_HEADING("Findings")
        yield from self.wrap(outline.verdict(database))
        yield from self.findings(report, database)
        if database.suppressed:
            yield ""
            yield self.style.MIGRATE_HEADING("Suppressed")
            yield from self.suppressed(database)
        if database.snapshot.runs:
            yield ""
            yield self.style.MIGRATE_HEADING("Queries")
            yield from self.queries(database)
        yield ""
        yield self.style.MIGRATE_HEADING("Not examined")
        yield from self.unexamined(database)

    def figures(self, database: DatabaseReport) -> Iterator[str]:
        """The summary's figures in two columns."""
        summary = database.summary
        left = (("Models", summary.models), ("Applications", summary.applications), ("Tables", summary.tables))
        right = (
            ("Records", outline.records(summary)),
            ("Indexes", f"{summary.indexes:,}"),
            ("Foreign keys", f"{summary.foreign_keys:,}"),
        )
        for (name, value), (other, figure) in zip(left, right, strict=True):
            yield f"  {name:<13}{value:<11,}{other:<13}{figure}"

    def queries(self, database: DatabaseReport) -> Iterator[str]:
        """The slowest runs, and how many there are in each state."""
        runs = database.snapshot.runs
        states = Counter(run.status for run in runs)
        told = ", ".join(f"{states[state]:,} {state}" for state in outline.RUN_STATES if states[state])
        yield from self.wrap(f"{words.count(len(runs), 'query', 'queries')}: {told}. The slowest:")
        for run in outline.slowest(runs)[:LISTED]:
            taken = f"{words.milliseconds(run.median_ms):>10}  {words.count(run.queries or 0, 'query', 'queries'):>12}"
            yield f"  {taken}  {textwrap.shorten(run.label, max(20, self.width - 30), placeholder='…')}"

    def first_things(self, database: DatabaseReport) -> Iterator[str]:
        things = outline.first_things(database)
        if not things:
            yield outline.nothing_to_recommend(database)
            return
        yield self.style.MIGRATE_HEADING("Do first")
        for one in things:
            yield from self.thing(one)
        if len(database.recommendations) > len(things):
            left = words.count(len(database.recommendations) - len(things), "more recommendation")
            yield f"     … and {left}."
        if database.index_plan:
            yield ""
            yield self.style.MIGRATE_HEADING("Indexes")
            yield from self.wrap(remedies.index_plan(database.index_plan))
            for refused in database.index_plan.refused:
                yield from self.wrap(f"- refused: {refused.table} {refused.index}: {refused.reason}", hanging="  ")

    def thing(self, one: Recommendation) -> Iterator[str]:
        """A recommendation in two lines, so that five fit on the first screen: its title, which may take both, then as
        many facts as there is room for."""
        margin = "     "
        first, *rest = self.wrap(f"{one.rank:>3}. {one.title}", hanging=margin)
        facts = [words.printable(each) for each in remedies.facts(one)]
        yield first
        if not rest:
            fitting = [each for each in facts if len(margin) + len(each) <= self.width]
            yield self.cut(f"{margin}{(fitting or facts[-1:])[0]}")
            return
        fitting = [each for each in facts if len(rest) == 1 and len(rest[0]) + len(each) + 3 <= self.width]
        told = f" ({fitting[0] if fitting else facts[-1]})"
        yield self.cut(" ".join([rest[0], *(line.strip() for line in rest[1:])]), self.width - len(told)) + told

    def findings(self, report: Report, database: DatabaseReport) -> Iterator[str]:
        rules = {rule.id: rule for rule in report.rules}
        for owner, groups in groupby(outline.groups(database.findings), key=lambda group: group.owner):
            yield ""
            yield self.style.MIGRATE_LABEL(outline.OWNER_TITLES[owner])
            for group in groups:
                yield ""
                yield from self.heading(group, rules.get(group.check))
                for sentence, members in group.causes:
                    yield from self.cause(sentence, members, own=owner == "project")

    def heading(self, group: outline.Group, rule: Rule | None) -> Iterator[str]:
        severity = group.findings[0].severity
        name = f"{rule.title} ({group.check})" if rule else group.check
        about = ", about operations" if group.findings[0].category == "operations" else ""
        title = f"{severity.upper()}: {name}, {words.count(len(group.findings), 'finding')}{about}"
        yield from self.wrap(title, paint=self.severity(severity))
        if rule and group.owner == "project":
            yield from self.prose("Why", rule.why)
            yield from self.prose("Fix", rule.fix)

    def cause(self, sentence: str, members: tuple[Finding, ...], *, own: bool) -> Iterator[str]:
        """Findings that share a cause under its sentence, or each by itself where they share nothing.

        Only those in the project's own code come with their remedies.
        """
        detailed = DETAILED if own and not sentence else 0
        for finding in members[:detailed]:
            yield ""
            yield from self.finding(finding)
        if sentence:
            yield ""
            yield from self.wrap(f"{sentence} ({len(members):,})", "  ")
        yield from self.listing(members[detailed:], "    " if sentence else "  ")
        if sentence and own:
            if len(members) > 1:
                yield "    For the first of them:"
            yield from self.remedy(members[0].remedy, "    ")

    def finding(self, finding: Finding) -> Iterator[str]:
        yield from self.wrap(finding.subject, "  ", paint=self.style.MIGRATE_LABEL)
        yield from self.wrap(finding.detail, "    ")
        place = f"{finding.location.file}:{finding.location.line}" if finding.location else ""
        facts = [place, finding.severity, f"{finding.confidence} confidence", outline.known_or_new(finding)]
        yield from self.wrap(", ".join(filter(None, facts)), "    ")
        yield from self.remedy(finding.remedy, "    ")

    def listing(self, members: tuple[Finding, ...], margin: str) -> Iterator[str]:
        for finding in members[:LISTED]:
            yield from self.wrap(f"- {finding.subject}", margin, hanging="  ")
        if len(members) > LISTED:
            yield f"{margin}{words.more(len(members) - LISTED)}"

    def remedy(self, remedy: Remedy, margin: str) -> Iterator[str]:
        if remedy.failed:
            yield from self.wrap(remedies.verification(remedy), margin)
            return
        yield from self.wrap(f"{remedies.action(remedy.action)}.", margin)
        if remedy.orm and not remedies.is_code(remedy.orm):
            yield from self.wrap(remedy.orm, margin)
        else:
            change = remedy.action.after if isinstance(remedy.action, ChangeQuery) else ""
            yield from self.code(remedy.orm or change or remedy.sql, f"{margin}  ")
        yield from self.wrap(remedies.verification(remedy), margin)

    def suppressed(self, database: DatabaseReport) -> Iterator[str]:
        """What the project does not want to be told, with its reasons."""
        for one in database.suppressed[:LISTED]:
            until = f", until {one.suppression.expires}" if one.suppression.expires else ""
            said = f"{one.finding.subject} ({one.finding.check}): {one.suppression.reason}{until}"
            yield from self.wrap(f"- {said}", hanging="  ")
        if len(database.suppressed) > LISTED:
            yield words.more(len(database.suppressed) - LISTED)

    def fixed(self, baseline: Baseline) -> Iterator[str]:
        """What the baseline knows that is no longer found."""
        for one in baseline.fixed[:LISTED]:
            yield from self.wrap(f"- {one.sentence or one.key}", hanging="  ")
        if len(baseline.fixed) > LISTED:
            yield words.more(len(baseline.fixed) - LISTED)

    def unexamined(self, database: DatabaseReport) -> Iterator[str]:
        gaps = outline.gaps(outline.unexamined(database))
        if not gaps:
            yield "Everything that this audit looks at was examined."
        for gap in gaps:
            line = f"{words.listing(gap.what, SKIPPED)}: {gap.reason}"
            if len(gap.what) > SKIPPED and gap.other_vendors:
                line = f"{len(gap.what):,} checks: {gap.reason} manage.py dbaudit checks lists them."
            yield from self.wrap(f"- {line}", hanging="  ")

    def prose(self, label: str, value: str) -> Iterator[str]:
        """A part of a check's page; its paragraphs stay apart."""
        for number, paragraph in enumerate(value.replace("``", "`").split("\n\n")):
            shown = " ".join(paragraph.split())
            yield from self.wrap(f"{label}: {shown}" if number == 0 else shown, "  ")

    def code(self, value: str, margin: str) -> Iterator[str]:
        """Lines as they are, the first few."""
        lines = value.strip("\n").splitlines()
        yield from (f"{margin}{words.printable(line.expandtabs(4))}" for line in lines[:CODE_LINES])
        if len(lines) > CODE_LINES:
            yield f"{margin}{words.more(len(lines) - CODE_LINES)}"

    def wrap(self, value: str, margin: str = "", *, hanging: str = "", paint: Paint = str) -> Iterator[str]:
        """Running text, wrapped: ``margin`` before every line, ``hanging`` too before all but the first."""
        for line in textwrap.wrap(
            words.printable(value),
            self.width,
            initial_indent=margin,
            subsequent_indent=f"{margin}{hanging}",
            break_on_hyphens=False,
        ):
            yield paint(line)

    def cut(self, line: str, width: int = 0) -> str:
        """The line, cut at ``width``, by default the page's."""
        width = width or self.width
        return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"

    def severity(self, severity: Severity | None) -> Paint:
        """The colour of a severity, that of success for none."""
        match severity:
            case Severity.ERROR:
                return self.style.ERROR
            case Severity.WARNING:
                return self.style.WARNING
            case None:
                return self.style.SUCCESS
        return self.style.NOTICE
