"""The page: templates filled from the report, with styles, scripts and the figures of its charts inside."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe

from dbaudit.facts import Location, QueryRun
from dbaudit.findings import OWNERS, DatabaseReport, Finding, Priority, Recommendation, Report, Severity
from dbaudit.report import outline, pictures, plans, references, remedies
from dbaudit.report.html import charts
from dbaudit.report.next_steps import next_steps

ASSETS = Path(__file__).parent / "assets"
TEMPLATES = Path(__file__).parents[2] / "templates"
#: Well-kept libraries, in the order in which they are loaded; their licences lie beside them.
VENDORED = ("chart", "datatables", "dagre")

#: Findings with all that they carry; those beyond are rows of a table. The JSON has all of everything.
DETAILED = 400
RUNS = 400
#: Recommendations with all that they carry, of all priorities together.
RECOMMENDED = 200
RECOMMENDED_ROWS = 1_000
LISTED = 10_000
PICTURES = 60
PRIORITIES: tuple[Priority, ...] = ("high", "medium", "low")


def render(report: Report) -> str:
    """The whole report as one HTML document."""
    several = len(report.databases) > 1
    drawn = [
        {**_database(report, database), "prefix": f"d{number}-" if several else "", "level": 3 if several else 2}
        for number, database in enumerate(report.databases, 1)
    ]
    context = {
        "report": report,
        "databases": drawn,
        "several": several,
        "commands": _commands(report),
        "figures": {f"{one['prefix']}{name}": chart for one in drawn for name, chart in one["charts"].items()},
        "graphs": {f"{one['prefix']}{n}": _graph(each) for one in drawn for n, each in enumerate(one["pictures"])},
        "css": _asset("report.css"),
        "scripts": [*(_asset(f"vendor/{name}.js") for name in VENDORED), _asset("report.js")],
    }
    return str(_engine().get_template("dbaudit/report/page.html").render(Context(context)))


def _database(report: Report, database: DatabaseReport) -> dict[str, Any]:
    """What the templates show of one database."""
    snapshot = database.snapshot
    drawn = pictures.pictures(snapshot)
    runs = _runs(snapshot.runs)
    return {
        "database": database,
        "snapshot": snapshot,
        "summary": database.summary,
        "server": outline.server(snapshot),
        "status": outline.status(database),
        "verdict": outline.verdict(database),
        "first_things": list(_first_things(database)),
        "shares": [(outline.OWNER_NAMES[one.owner], one) for one in outline.shares(snapshot)],
        "tables": [(one, outline.rows(one), outline.whole_size(one)) for one in outline.by_size(snapshot.tables)],
        "enforced": references.enforced(snapshot),
        "pictures": drawn[:PICTURES],
        "more_pictures": len(drawn) - PICTURES,
        "runs": runs[:RUNS],
        "more_runs": len(runs) - RUNS,
        "plans": [(run, statement, plan, plans.excerpt(plan)) for run, statement, plan in plans.slowest(snapshot.runs)],
        "failed_runs": [run for run in snapshot.runs if not run.audited],
        "fixes": [
            (run, one)
            for run in snapshot.runs
            for one in run.trials
            if one.worked and one.before and one.after != one.before
        ],
        **_findings(report, database),
        **_recommendations(database),
        "nothing_to_recommend": outline.nothing_to_recommend(database),
        "phases": _phases(database),
        "next_steps": next_steps(report, database),
        "index_plan": remedies.index_plan(database.index_plan) if database.index_plan else "",
        "unexamined": outline.gaps(outline.unexamined(database)),
        "unexamined_count": len(outline.unexamined(database)),
        "charts": charts.charts(database),
    }


def _first_things(database: DatabaseReport) -> Iterator[tuple[Recommendation, str, Location | None]]:
    """The most valuable recommendations, with what to do and where."""
    places = {finding.key: finding.location for finding in database.findings}
    for one in outline.first_things(database):
        yield one, remedies.deed(one), next(filter(None, map(places.get, one.findings)), None)


def _runs(runs: Iterable[QueryRun]) -> list[tuple[QueryRun, str]]:
    """The project's own queries first, then the others, the slowest of each first."""
    audited = [run for run in runs if run.audited]
    timed = outline.slowest(audited)
    rest = [run for run in audited if run.median_ms is None]
    return [(run, outline.spread(run)) for run in sorted([*timed, *rest], key=lambda run: run.origin != "canned")]


def _findings(report: Report, database: DatabaseReport) -> dict[str, Any]:
    """The findings by owner and check, those after `DETAILED` as rows."""
    rules = {rule.id: rule for rule in report.rules}
    groups: list[dict[str, Any]] = []
    rest: list[Finding] = []
    left = DETAILED
    for group in outline.groups(database.findings):
        whole = group.findings[: max(0, left)]
        left -= len(whole)
        rest += group.findings[len(whole) :]
        if whole:
            causes = outline.Group(group.owner, group.check, whole).causes
            shown = [(sentence, _shown(members, shared=bool(sentence))) for sentence, members in causes]
            groups.append({"group": group, "rule": rules.get(group.check), "causes": shown})
    return {
        "owners": [
            {"title": outline.OWNER_TITLES[owner], "owner": owner, "groups": members}
            for owner in OWNERS
            if (members := [one for one in groups if one["group"].owner == owner])
        ],
        "rest": rest[:LISTED],
        "rest_more": len(rest) - LISTED,
        "filters": {
            "severity": [str(one) for one in reversed(Severity) if one is not Severity.DEFAULT],
            "owner": [one for one in OWNERS if any(finding.owner == one for finding in database.findings)],
            "app": sorted({finding.app for finding in database.findings if finding.app}),
            "check": sorted({finding.check for finding in database.findings}),
        },
    }


def _shown(findings: Iterable[Finding], *, shared: bool) -> list[dict[str, Any]]:
    """Findings with their remedies; of those that share a cause, the first has the remedy of all."""
    return [
        {
            "finding": finding,
            "action": remedies.action(finding.remedy.action),
            "verification": remedies.verification(finding.remedy),
            "orm_is_code": remedies.is_code(finding.remedy.orm),
            "remedied": not (shared and number),
        }
        for number, finding in enumerate(findings)
    ]


def _recommendations(database: DatabaseReport) -> dict[str, Any]:
    """The recommendations by priority, those whose rank is beyond `RECOMMENDED` as rows."""
    by_key = {finding.key: finding for finding in database.findings}
    ordered = sorted(database.recommendations, key=lambda one: one.rank)
    whole, rest = ordered[:RECOMMENDED], ordered[RECOMMENDED:]
    every = Counter(one.priority for one in ordered)
    return {
        "priorities": [
            (priority, every[priority], [_recommendation(one, by_key) for one in whole if one.priority == priority])
            for priority in PRIORITIES
            if every[priority]
        ],
        "detailed": {one.rank for one in whole},
        "further": [(one, remedies.deed(one)) for one in rest[:RECOMMENDED_ROWS]],
        "further_more": len(rest) - RECOMMENDED_ROWS,
    }


def _recommendation(one: Recommendation, by_key: dict[str, Finding]) -> dict[str, Any]:
    return {
        "one": one,
        "deed": remedies.deed(one),
        "price": remedies.price(one),
        "helps": [(remedies.helped(each), each.statement) for each in one.helps],
        "action": remedies.action(one.remedy.action),
        "verification": remedies.verification(one.remedy),
        "orm_is_code": remedies.is_code(one.remedy.orm),
        "findings": [by_key[key] for key in one.findings if key in by_key],
    }


def _phases(database: DatabaseReport) -> list[tuple[Any, list[Recommendation]]]:
    by_rank = {one.rank: one for one in database.recommendations}
    return [(phase, [by_rank[rank] for rank in phase.recommendations]) for phase in database.plan]


def _graph(picture: pictures.Picture) -> dict[str, Any]:
    """What the page's script lays out and draws."""
    return {
        "nodes": [[node.table, node.outside] for node in picture.nodes],
        "edges": [[edge.source, edge.target, edge.label, edge.indexed is False] for edge in picture.edges],
    }


def _commands(report: Report) -> str:
    command = ["python", "manage.py", "dbaudit", "report"]
    for database in report.databases:
        command += ["--database", database.snapshot.alias]
    return shlex.join([*command, *report.arguments, "--output", "report.html"])


@cache
def _engine() -> Engine:
    """Our own, so that a project's template settings make no difference."""
    return Engine(dirs=[str(TEMPLATES)], libraries={"dbaudit_report": "dbaudit.report.html.filters"})


@cache
def _asset(name: str) -> SafeString:
    """A file of ours to stand inside a script or style element, which nothing in it may end."""
    text = re.sub(r"^//# sourceMappingURL=.*$", "", (ASSETS / name).read_text(), flags=re.MULTILINE)
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError(f"{name} would end the element that it stands in.")
    return mark_safe(text)  # noqa: S308 - no value of a report is in it
