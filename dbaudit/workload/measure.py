"""The query audit of one database: every source in turn, each run measured, each gap told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.progress import Progress, counted, silent
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording import capture_file
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import automatic, canned, crawl, server
from dbaudit.workload.sources.routing import routed_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The runs in order of origin and id, and what was not measured."""

    runs: tuple[QueryRun, ...]
    skipped: tuple[Skipped, ...]


def measure(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    *,
    apps: Apps,
    limits: Limits | None = None,
    crawl_routes: bool = False,
    crawl_exclude: tuple[str, ...] = (),
    workload_files: tuple[Path, ...] = (),
    progress: Progress = silent,
) -> Measured:
    """Measure the workload on this connection, against the tables of the snapshot.

    Canned and automatic queries always; the GET routes where ``crawl_routes`` asks for them, without those of
    ``crawl_exclude``; what the ``workload_files`` hold; and the server's own statistics. Nothing stays in the database:
    canned queries and pages run in transactions that are rolled back, the automatic workload in read-only ones.

    Raises: `AuditError` for a workload file that cannot be read. What the project's code does wrong is a failed run.
    """
    limits = limits or Limits()
    skipped: list[Skipped] = []
    runs: list[QueryRun] = []
    with routed_to(connection.alias, {table.name for table in snapshot.tables}):
        own = canned.own(apps, connection.alias)
        mine = canned.runs(own, Bench(connection, limits, writes=True))
        runs += own.broken
        runs += counted(
            progress, f"Measuring the project's own queries on {connection.alias!r}", mine, len(own.queries)
        )
        unasked = _in_time(automatic.runs(apps, snapshot, Bench(connection, limits)), limits, skipped)
        most = f"{limits.automatic_ms / 1000:g} s at most"
        runs += counted(progress, f"Measuring admin, models and relations on {connection.alias!r}, {most}", unasked)
        if crawl_routes:
            pages = crawl.runs(apps, Bench(connection, limits, writes=True), crawl_exclude)
            runs += counted(progress, f"Asking for the project's GET routes on {connection.alias!r}", pages)
    for path in workload_files:
        captured, unread = capture_file.read(path, connection.alias)
        runs += captured
        skipped += unread
    remembered, unseen = server.read(connection, snapshot, limits)
    runs += remembered
    skipped += unseen
    return Measured(runs=tuple(runs), skipped=tuple(skipped))


def _in_time(found: Iterator[QueryRun], limits: Limits, skipped: list[Skipped]) -> Iterator[QueryRun]:
    end = time.monotonic() + limits.automatic_ms / 1000
    for run in found:
        yield run
        if time.monotonic() > end:
            reason = (
                f"The automatic workload was stopped after {limits.automatic_ms / 1000:g} s; the last was {run.id}."
            )
            skipped.append(Skipped("Automatic queries", reason))
            return
