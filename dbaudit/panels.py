"""django-debug-toolbar's panel: what the request at hand asks once for each row, plans badly, asks beyond its budget.

In ``settings.py``, with django-debug-toolbar 6 to 8 set up::

    DEBUG_TOOLBAR_PANELS = ["dbaudit.panels.AuditPanel", *debug_toolbar.settings.PANELS_DEFAULTS]
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from debug_toolbar.panels import Panel
from django.http import HttpRequest, HttpResponseBase

from dbaudit import capture, conf
from dbaudit.conf import Budget
from dbaudit.errors import AuditError
from dbaudit.facts import TARGET_MS, Location, QueryRun, Skipped
from dbaudit.findings import Finding, Severity
from dbaudit.live.examine import Examined, examine
from dbaudit.report import words
from dbaudit.workload.recording import requests

#: The sections of the panel, in order; what is in none of them goes under the last heading.
SECTIONS = {
    "Asked once for each row (N+1)": ("n_plus_one", "defeated_prefetch"),
    "Plans that an index would help": ("bad_plan", "lookup_index_mismatch", "lookup_without_possible_index"),
    "Over budget": ("slow_query",),
}
OTHERS = "Also found"


class AuditPanel(Panel):
    """The findings of one request, by the checks of a report that need no second run.

    Works in synchronous and asynchronous requests. Of a streaming response it sees what ran before the first chunk.
    What it stores is text and numbers and holds no values of parameters.
    """

    is_async = True
    template = "dbaudit/panel.html"
    nav_title = title = "Database audit"
    nav_icon = "dbaudit/panel.svg"  # type: ignore[assignment]  # declared as None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._capture = capture(threads=False)
        self._began = 0.0
        self._ms = 0.0

    @property
    def nav_subtitle(self) -> str:
        """In the toolbar: what was found."""
        stats: dict[str, Any] = self.get_stats()  # type: ignore[no-untyped-call]
        if not stats:
            return ""
        if stats["problems"]:
            found = words.count(stats["problems"], "problem")
        else:
            found = words.count(stats["remarks"], "remark") if stats["remarks"] else "nothing found"
        examined = ", not all examined" if stats["skipped"] else ""
        return f"{found} in {words.count(stats['queries'], 'query', 'queries')}{examined}"

    def enable_instrumentation(self) -> None:
        """Begin to record: this thread or task, for another one may serve another request."""
        if not self._began:
            self._began = time.perf_counter()
            self._capture.__enter__()

    def disable_instrumentation(self) -> None:
        """End it."""
        if self._began and not self._ms:
            self._ms = (time.perf_counter() - self._began) * 1000
            self._capture.__exit__(None, None, None)

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Judge what was recorded."""
        problems: tuple[Skipped, ...] = ()
        try:
            settings = conf.load()
        except AuditError as error:
            settings, problems = conf.Settings(), (Skipped("DBAUDIT", str(error)),)
        run = self._run(request, settings)
        examined = examine(run, settings)
        self.record_stats(  # type: ignore[no-untyped-call]
            {
                **statistics(run, replace(examined, skipped=(*problems, *examined.skipped))),
                "label": requests.label(request),
                "streaming": response.streaming,
            }
        )

    def _run(self, request: HttpRequest, settings: conf.Settings) -> QueryRun:
        """The recorded statements as a run of the request's route, with its budget."""
        route = requests.route(request)
        budget = settings.budget(requests.view_name(request), route) or Budget()
        return replace(
            self._capture.run,
            id=f"captured:{route}",
            label=route,
            location=requests.written(request),
            samples_ms=(self._ms,),
            budget_ms=budget.budget_ms,
            max_queries=budget.max_queries,
        )


def statistics(run: QueryRun, examined: Examined) -> dict[str, Any]:
    """What the panel stores and its template shows: text, numbers, lists and dictionaries only."""
    titles = {check: title for title, checks in SECTIONS.items() for check in checks}
    sections: dict[str, list[Finding]] = {title: [] for title in (*SECTIONS, OTHERS)}
    for finding in examined.findings:
        sections[titles.get(finding.check, OTHERS)].append(finding)
    return {
        "queries": run.queries or 0,
        "problems": sum(one.severity is not Severity.INFO for one in examined.findings),
        "remarks": sum(one.severity is Severity.INFO for one in examined.findings),
        "limits": list(_limits(run)),
        "sections": [
            {"title": title, "findings": [_shown(one, run) for one in found]}
            for title, found in sections.items()
            if found
        ],
        "skipped": [{"what": one.what, "reason": one.reason} for one in examined.skipped],
        "dropped": run.statements_dropped,
    }


def _limits(run: QueryRun) -> Iterator[dict[str, Any]]:
    """Each measure of the request beside its budget."""
    queries, allowed = run.queries or 0, run.max_queries
    yield {
        "what": "Queries",
        "measured": words.number(queries),
        "allowed": "no limit" if allowed is None else words.number(allowed),
        "over": allowed is not None and queries > allowed,
    }
    limit = TARGET_MS if run.budget_ms is None else run.budget_ms
    yield {
        "what": "Time in the database",
        "measured": words.milliseconds(run.database_ms),
        "allowed": f"{words.number(limit)} ms{' (target)' if run.budget_ms is None else ''}",
        "over": run.database_ms > limit,
    }
    yield {
        "what": "Time of the request, toolbar included",
        "measured": words.milliseconds(run.median_ms),
        "allowed": "",
        "over": False,
    }


def _shown(finding: Finding, run: QueryRun) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": str(finding.severity),
        "subject": finding.subject,
        "detail": finding.detail,
        "place": _place(finding.location, run.location),
        "fix": finding.remedy.orm,
        "sql": finding.remedy.sql,
        "tried": finding.remedy.verification,
        "evidence": [
            {
                "what": one.what,
                "value": words.measure(one.value, one.unit),
                "source": "" if one.source == run.label else one.source,
            }
            for one in finding.evidence
        ],
    }


def _place(asked: Location | None, view: Location | None) -> str:
    """The line that asked; where that is a template of Django, the project's view or admin before it."""
    if asked is None or (view is not None and asked.file.startswith("django/")):
        through = f", through {asked.file}:{asked.line}" if asked else ""
        return f"{view.file}:{view.line}{through}" if view else ""
    return f"{asked.file}:{asked.line}"
