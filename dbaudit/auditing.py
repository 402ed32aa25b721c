"""The one file that walks through all the rooms: read, check, advise, report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import django
from django.apps import apps
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

import dbaudit
from dbaudit import amounts, catalog, checks, conf, places
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.recommend import index_plan, plan, recommend
from dbaudit.advisor.trials.run import Wishes, advised
from dbaudit.analysis import inventory
from dbaudit.analysis.scorecard import scorecard
from dbaudit.connection.opening import of_alias
from dbaudit.connection.own_statements import marked
from dbaudit.connection.parallel import on_each
from dbaudit.connection.reasons import reason
from dbaudit.errors import AuditError
from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import MANAGE, Code, DatabaseReport, Report, StaleSuppression, Suppression
from dbaudit.gate.passing import Gate
from dbaudit.memory import uncollected
from dbaudit.options import Options, listed
from dbaudit.policy import selection, suppression
from dbaudit.progress import Progress, silent
from dbaudit.registry import Check
from dbaudit.workload.limits import Limits
from dbaudit.workload.measure import Crawl, measure, recorded

NO_QUERIES = Skipped("Query performance", "The audit was asked to measure no queries.")


def audit(
    alias: str = "default",
    *,
    apps: Iterable[str] | str = (),
    checks: Iterable[str] | str = (),
    skip: Iterable[str] | str = (),
    exact_counts: bool = False,
    read_data: bool = False,
    queries: bool = True,
    crawl: bool = False,
    crawl_exclude: Iterable[str] | str = (),
    workload: Iterable[str | Path] | str | Path = (),
    index_budget: str = "",
    advise_for: str = "",
    quick: bool = False,
    what_if: str = "",
    explain_rejected: bool = False,
    progress: Progress = silent,
) -> Report:
    """Audit one database and return the `Report` that the command renders. The options are those of `Options`.

    A lone name may stand for a list of one. Raises `AuditError` for an unknown alias, application or check, and where
    the database cannot be reached.
    """
    return run(
        Options(
            databases=(alias,),
            apps=listed(apps),
            checks=listed(checks),
            skip=listed(skip),
            exact_counts=exact_counts,
            read_data=read_data,
            queries=queries,
            crawl=crawl,
            crawl_exclude=listed(crawl_exclude),
            workload=tuple(map(Path, (workload,) if isinstance(workload, str | Path) else workload)),
            index_budget=index_budget,
            advise_for=advise_for,
            quick=quick,
            what_if=what_if,
            explain_rejected=explain_rejected,
            progress=progress,
        )
    )


def run(options: Options) -> Report:
    """Audit every database that the options name."""
    started = time.perf_counter()
    settings = conf.load()
    known = checks.load(apps)
    selected = selection.selected(known, settings, options.checks, options.skip)
    selection.verified("application", options.apps, (config.label for config in apps.get_app_configs()))
    selection.verified("database", options.databases, connections)
    ids = {check.id for check in known}
    settings = replace(settings, suppress=suppression.verified(settings.suppress, ids))
    _wishes(settings, options)
    if options.crawl_exclude and not options.crawl:
        raise AuditError("--crawl-exclude leaves routes out of the crawl; add --crawl.")
    now = _now()
    aliases = tuple(dict.fromkeys(options.databases))
    options.progress(
        f"Reading the catalog of {aliases[0]!r}" if len(aliases) == 1 else f"Reading {len(aliases)} databases"
    )
    found = on_each(aliases, lambda connection: _read(connection, settings, selected, options, now.date()))
    snapshots = {alias: one for alias, one in found.items() if isinstance(one, Snapshot)}
    refused = {alias: one for alias, one in found.items() if isinstance(one, AuditError)}
    databases: list[DatabaseReport] = []
    for alias, snapshot in snapshots.items():
        try:
            databases.append(
                _audit(snapshot, settings, selected, selection.not_run(known, selected), options, ids, now.date())
            )
        except Error as error:
            refused[alias] = AuditError(f"Database {alias!r}: the audit did not come to its end. {reason(error)}")
    if not databases:
        raise AuditError(" ".join(map(str, refused.values()))) from next(iter(refused.values()))
    return Report(
        generated_at=now.isoformat(timespec="seconds"),
        duration_seconds=round(time.perf_counter() - started, 3),
        django=django.get_version(),
        dbaudit=dbaudit.__version__,
        document=settings.document,
        databases=tuple(databases),
        unaudited=tuple(Skipped(alias, str(error)) for alias, error in refused.items()),
        rules=tuple(selection.rule(check) for check in selected),
        arguments=options.arguments,
        stale_suppressions=_stale(settings, databases, options, now.date()),
        code=Code(prefix=places.prefix(), settings=places.of_settings() or MANAGE),
    )


def _read(
    connection: BaseDatabaseWrapper,
    settings: conf.Settings,
    selected: tuple[Check, ...],
    options: Options,
    today: date,
) -> Snapshot:
    """What is read of one database; of several this is done in parallel, all that follows is done one by one."""
    with uncollected():
        return catalog.read(
            connection,
            apps=apps,
            statement_timeout_ms=settings.statement_timeout_ms,
            lock_timeout_ms=settings.lock_timeout_ms,
            count_limit_bytes=settings.count_limit_bytes,
            exact_counts=options.exact_counts,
            today=today,
            read_data=options.read_data or settings.read_data,
            data_for=[check.id for check in selected if "data" in check.needs],
        )


def _audit(
    snapshot: Snapshot,
    settings: conf.Settings,
    selected: tuple[Check, ...],
    not_run: tuple[Skipped, ...],
    options: Options,
    ids: set[str],
    today: date,
) -> DatabaseReport:
    """Measure, judge and advise on what was read. Here project code runs and is timed, so nothing else does."""
    alias = snapshot.alias
    with marked(of_alias(alias)):
        snapshot = selection.restricted(snapshot, options.apps)
        snapshot = _measured(snapshot, settings, options)
        options.progress(f"Running {len(selected)} checks on {alias!r}")
        with uncollected():
            outcome = checks.run(snapshot, selected)
        advice, unadvised = _advised(snapshot, settings, options)
        snapshot = replace(snapshot, skipped=(*snapshot.skipped, *unadvised))
        with uncollected():
            return _concluded(snapshot, settings, outcome, not_run, options, advice, ids, today)


def _advised(
    snapshot: Snapshot, settings: conf.Settings, options: Options
) -> tuple[Advised | None, tuple[Skipped, ...]]:
    """What the index advisor says of the measured queries."""
    if not options.queries:
        return None, ()
    return advised(
        of_alias(snapshot.alias),
        snapshot,
        _wishes(settings, options),
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
        progress=options.progress,
    )


def _wishes(settings: conf.Settings, options: Options) -> Wishes:
    """How the advice is wanted. Raises `AuditError` for an amount or a way that is none."""
    what_if = options.what_if or settings.what_if
    selection.verified("way to try indexes", [what_if], conf.WORDS["what_if"])
    return Wishes(
        budget=amounts.budget(options.index_budget or settings.index_budget),
        seconds=amounts.seconds(options.advise_for or settings.advise_for),
        floor=settings.floor,
        quick=options.quick or settings.quick,
        what_if="build" if what_if == "build" else "sample",
    )


def _concluded(
    snapshot: Snapshot,
    settings: conf.Settings,
    outcome: checks.Outcome,
    not_run: tuple[Skipped, ...],
    options: Options,
    advice: Advised | None,
    ids: set[str],
    today: date,
) -> DatabaseReport:
    comments = suppression.verified(suppression.of_comments(snapshot.ignores), ids)
    told = suppression.apply(outcome.findings, (*settings.suppress, *comments), today)
    options.progress(f"Trying every remedy on {snapshot.alias!r}")
    gate = Gate(of_alias(snapshot.alias), snapshot, apps, lock_timeout_ms=settings.lock_timeout_ms)
    kept, advice = gate.findings(told.kept), gate.advised(advice)
    recommendations = gate.recommendations(recommend(kept, snapshot, advice, settings.floor))
    indexes = (
        index_plan(recommendations, kept, snapshot, advice, explain_rejected=options.explain_rejected)
        if advice
        else None
    )
    return DatabaseReport(
        snapshot=snapshot,
        summary=inventory.summary(snapshot, kept),
        applications=inventory.applications(snapshot),
        index_kinds=inventory.index_kinds(snapshot),
        relations=inventory.relations(snapshot),
        findings=kept,
        suppressed=told.suppressed,
        recommendations=recommendations,
        plan=plan(recommendations),
        index_plan=indexes,
        scorecard=scorecard(snapshot, kept, recommendations, indexes, settings.targets),
        skipped=(*snapshot.skipped, *outcome.skipped, *not_run),
        crashed=outcome.crashed,
        ran=tuple(check.id for check in outcome.ran),
    )


def _measured(snapshot: Snapshot, settings: conf.Settings, options: Options) -> Snapshot:
    """With the workload measured on this database, unless it was asked not to be."""
    read = recorded(snapshot.alias, options.workload)
    if not options.queries:
        return replace(snapshot, runs=read.runs, skipped=(NO_QUERIES, *snapshot.skipped, *read.skipped))
    found = measure(
        of_alias(snapshot.alias),
        snapshot,
        apps=apps,
        limits=Limits(
            statement_timeout_ms=settings.statement_timeout_ms,
            lock_timeout_ms=settings.lock_timeout_ms,
            automatic_statements=settings.automatic_statements,
            crawl_statements=settings.crawl_statements,
        ),
        crawl_routes=Crawl(exclude=options.crawl_exclude, samples=settings.crawl) if options.crawl else None,
        progress=options.progress,
    )
    return replace(
        snapshot,
        runs=(*found.runs, *read.runs),
        query_budgets=None
        if options.budgets is None
        else tuple(one for one in options.budgets if one.alias == snapshot.alias),
        skipped=(*snapshot.skipped, *found.skipped, *read.skipped),
    )


def _stale(
    settings: conf.Settings, databases: Iterable[DatabaseReport], options: Options, today: date
) -> tuple[StaleSuppression, ...]:
    """The suppressions that should go. One that any of the databases needs is in use."""
    wishes: list[Suppression] = [*settings.suppress]
    used, ran = set(), set()
    for database in databases:
        wishes += suppression.of_comments(database.snapshot.ignores)
        used |= {one.suppression for one in database.suppressed}
        ran |= {*database.ran} - {one.what for one in database.skipped}
    whole = options.queries and not (options.apps or options.checks or options.skip)
    whole = whole and {*options.databases} >= {*connections}
    return suppression.stale(wishes, used, today, ran=ran, whole=whole)


def _now() -> datetime:
    """The time of the report; ``SOURCE_DATE_EPOCH`` fixes it, as in other reproducible output."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch and epoch.isdigit() else datetime.now(UTC)
