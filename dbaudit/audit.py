"""The one file that walks through all the rooms: read, check, advise, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import django
from django.apps import apps
from django.db import connections

import dbaudit
from dbaudit import catalog, checks, conf, inventory
from dbaudit.advisor.recommend import plan, recommend
from dbaudit.advisor.scorecard import scorecard
from dbaudit.errors import AuditError
from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import DatabaseReport, Finding, Report
from dbaudit.registry import Check

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an audit is asked for. Empty ``apps`` and ``checks`` mean all; ``progress`` is told what is being done."""

    databases: tuple[str, ...] = ("default",)
    apps: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    exact_counts: bool = False
    progress: Progress = lambda _: None


def audit(alias: str = "default", **options: object) -> Report:
    """Audit one database and return the `Report` that the command renders. Options are those of `Options`.

    Raises `AuditError` for an unknown alias, application or check, and where the database cannot be reached.
    """
    return run(Options(databases=(alias,), **options))  # type: ignore[arg-type]


def run(options: Options) -> Report:
    """Audit every database that the options name."""
    started = time.perf_counter()
    settings = conf.load()
    selected = _selected(checks.load(apps), settings, options)
    _known("application", options.apps, (config.label for config in apps.get_app_configs()))
    _known("database", options.databases, connections)
    databases = tuple(_audit(alias, settings, selected, options) for alias in dict.fromkeys(options.databases))
    return Report(
        generated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_seconds=round(time.perf_counter() - started, 3),
        django=django.get_version(),
        dbaudit=dbaudit.__version__,
        document=settings.document,
        databases=databases,
    )


def _audit(alias: str, settings: conf.Settings, selected: tuple[Check, ...], options: Options) -> DatabaseReport:
    options.progress(f"Reading the catalog of {alias!r}")
    snapshot = catalog.read(
        connections[alias],
        apps=apps,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
        count_limit_bytes=settings.count_limit_bytes,
        exact_counts=options.exact_counts,
    )
    snapshot = _restricted(snapshot, options.apps)
    options.progress(f"Running {len(selected)} checks on {alias!r}")
    outcome = checks.run(snapshot, selected)
    recommendations = recommend(outcome.findings)
    return DatabaseReport(
        snapshot=snapshot,
        summary=inventory.summary(snapshot, outcome.findings),
        applications=inventory.applications(snapshot),
        index_kinds=inventory.index_kinds(snapshot),
        relations=inventory.relations(snapshot),
        findings=outcome.findings,
        recommendations=recommendations,
        plan=plan(recommendations),
        scorecard=scorecard(snapshot, outcome.findings),
        skipped=(*snapshot.skipped, *outcome.skipped, *_unread(snapshot), *_not_run(selected)),
        crashed=outcome.crashed,
    )


def _restricted(snapshot: Snapshot, labels: tuple[str, ...]) -> Snapshot:
    """Only these applications' tables and models, where any are named."""
    if not labels:
        return snapshot
    return replace(
        snapshot,
        tables=tuple(table for table in snapshot.tables if table.ownership.app in labels),
        models=tuple(model for model in snapshot.models if model.app in labels),
        skipped=(*snapshot.skipped, Skipped("Other applications", f"The audit was asked for {', '.join(labels)} only.")),
    )
