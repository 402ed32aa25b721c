"""The query audit of one database: every source in turn, each run measured, each gap told."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.own_statements import marked
from dbaudit.errors import AuditError
from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.progress import Progress, counted, silent
from dbaudit.workload.counts import Counts
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording import capture_file
from dbaudit.workload.sampling import Bench, raised
from dbaudit.workload.shares import Tally
from dbaudit.workload.sources import automatic, canned, crawl, server
from dbaudit.workload.sources.routing import routed_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The runs in order of origin and id, and what was not measured."""

    runs: tuple[QueryRun, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """That the GET routes are asked for, without those that ``exclude`` patterns meet, with ``samples`` of values."""

    exclude: tuple[str, ...] = ()
    samples: Mapping[str, Any] = field(default_factory=dict)


def measure(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    *,
    apps: Apps,
    limits: Limits | None = None,
    crawl_routes: Crawl | None = None,
    progress: Progress = silent,
) -> Measured:
    """Measure the workload on this connection, against the tables of the snapshot.

    Canned and automatic queries always; the GET routes where they are asked for; and the server's own statistics, read
    before anything is measured. Nothing stays in the database: canned queries and pages run in transactions that are
    rolled back, the rest of the automatic workload in read-only ones.

    Raises: `AuditError` for a pattern or a sample of the crawl that meets no route. What the project's code does wrong
    is a failed run.
    """
    limits = limits or Limits()
    skipped: list[Skipped] = []
    runs: list[QueryRun] = []
    counts = Counts(snapshot)
    tally = Tally()
    with routed_to(connection.alias, {table.name for table in snapshot.tables}):
        plan = _planned(crawl_routes, skipped)
        remembered, unseen = server.read(connection, snapshot, limits)
        own = canned.own(apps, connection.alias)
        mine = canned.runs(own, Bench(connection, limits, writes=True, tally=tally))
        runs += own.broken
        runs += counted(
            progress, f"Measuring the project's own queries on {connection.alias!r}", mine, len(own.queries)
        )
        bench = Bench(connection, limits, counts=counts, tally=tally)
        unasked = automatic.runs(
            apps, snapshot, bench, lambda reason: skipped.append(Skipped("Automatic queries", reason))
        )
        most = f"{limits.automatic_statements:,} statements at most"
        runs += counted(progress, f"Measuring admin, models and relations on {connection.alias!r}, {most}", unasked)
        if plan is not None:
            pages = crawl.runs(apps, bench, plan, lambda found: skipped.append(Skipped("Crawled pages", found)))
            runs += counted(progress, f"Asking for the project's GET routes on {connection.alias!r}", pages)
    return Measured(runs=(*runs, *remembered), skipped=(*skipped, *unseen))


def own(
    connection: BaseDatabaseWrapper, snapshot: Snapshot, wanted: Container[str], *, apps: Apps, limits: Limits
) -> tuple[QueryRun, ...]:
    """The project's own queries of these ids, measured as `measure` does it."""
    found = canned.own(apps, connection.alias)
    chosen = replace(found, queries=tuple(one for one in found.queries if f"canned:{one.id}" in wanted))
    with routed_to(connection.alias, {table.name for table in snapshot.tables}), marked(connection):
        return tuple(canned.runs(chosen, Bench(connection, limits, writes=True, tally=Tally())))


def recorded(alias: str, workload_files: tuple[Path, ...]) -> Measured:
    """The runs that workload files hold of this alias. Nothing is executed.

    Raises: `AuditError` for a file that cannot be read.
    """
    found = [capture_file.read(path, alias) for path in workload_files]
    return Measured(
        runs=tuple(run for captured, _ in found for run in captured),
        skipped=tuple(one for _, unread in found for one in unread),
    )


def _planned(wanted: Crawl | None, skipped: list[Skipped]) -> crawl.Plan | None:
    if wanted is None:
        return None
    try:
        return crawl.planned(wanted.exclude, wanted.samples)
    except AuditError:
        raise
    except Exception as error:  # noqa: BLE001 - importing the URL configuration runs the project's code
        reason = f"The URL configuration could not be read ({raised(error)})."
        skipped.append(Skipped("Crawled pages", reason))
        return None
