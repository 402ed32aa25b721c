"""What the server counted: ``pg_stat_statements``, where it can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.errors import sqlstate
from dbaudit.connection.own_statements import has_comment
from dbaudit.facts import Counted, Plan, QueryRun, Skipped, Snapshot, Statement
from dbaudit.workload.execution import RolledBack
from dbaudit.workload.limits import Limits
from dbaudit.workload.plans import postgresql_plan
from dbaudit.workload.recording.template import Template, template
from dbaudit.workload.sampling import status
from dbaudit.workload.sources import sqlcommenter

WHAT = "Statements of the server"
ABSENT = (
    "The extension pg_stat_statements is not installed in this database; add it to shared_preload_libraries, restart "
    "the server and run CREATE EXTENSION pg_stat_statements."
)
NOT_LOADED = (
    "The extension pg_stat_statements is installed but counts nothing: the server was started without it in "
    "shared_preload_libraries."
)
NO_PERMISSION = "The role may not read pg_stat_statements; GRANT pg_read_all_stats to it."
OTHERS_HIDDEN = (
    "{count} statements of other roles in pg_stat_statements are hidden from this role; GRANT pg_read_all_stats to it."
)
#: The statements that took most time in all.
KEPT = 100
_LABEL = 100
_HIDDEN = "<insufficient privilege>"
_NUMBERED = re.compile(r"\$(\d+)")

_SCHEMA = """
SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
_READ = """
SELECT s.queryid, s.query, sum(s.calls), sum(s.total_exec_time), sum(s.rows),
    sum(s.temp_blks_read + s.temp_blks_written) * pg_catalog.current_setting('block_size')::bigint, sum(s.wal_bytes)
FROM {schema}.pg_stat_statements s
WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
GROUP BY s.queryid, s.query ORDER BY sum(s.total_exec_time) DESC, s.queryid
"""


def read(
    connection: BaseDatabaseWrapper, snapshot: Snapshot, limits: Limits
) -> tuple[tuple[QueryRun, ...], tuple[Skipped, ...]]:
    """The statements on the tables of the snapshot that took most time, with generic plans, and what was not seen.

    Those of audits are left out, also of earlier ones: they carry a comment. To be called before anything is measured,
    so that nothing of this audit is among them. Empty and silent on a vendor that has nothing of the kind. All is read
    and planned in a read-only transaction.
    """
    if connection.vendor != "postgresql":
        return (), ()
    with RolledBack(connection, limits, writes=False).open():
        answer = _rows(connection)
        if isinstance(answer, str):
            return (), (Skipped(WHAT, answer),)
        hidden = sum(text == _HIDDEN for _, text, *_ in answer)
        skipped = (Skipped(WHAT, OTHERS_HIDDEN.format(count=hidden)),) if hidden else ()
        tables = {table.name for table in snapshot.tables}
        foreign = [row for row in answer if not has_comment(row[1] or "")]
        total = sum(float(row[3]) for row in foreign)
        chosen = list(_of_project(foreign, tables))[:KEPT]
        views = sqlcommenter.views() if any(sqlcommenter.tags(row[1]) for row, _ in chosen) else {}
        return tuple(_run(connection, row, what, total, views) for row, what in chosen), skipped


def _rows(connection: BaseDatabaseWrapper) -> list[tuple[Any, ...]] | str:
    """The counters, or the sentence that says why there are none."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(_SCHEMA)
            schema = cursor.fetchone()
            if schema is None:
                return ABSENT
            cursor.execute(_READ.format(schema=schema[0]))
            return list(cursor.fetchall())
    except DatabaseError as error:
        state = sqlstate(error)
        if state == "42501":
            return NO_PERMISSION
        if state == "55000":
            return NOT_LOADED
        return f"pg_stat_statements could not be read (SQLSTATE {state})."


def _of_project(rows: list[tuple[Any, ...]], tables: set[str]) -> Iterator[tuple[tuple[Any, ...], Template]]:
    for row in rows:
        what = template(row[1] or "")
        if what.kind in ("transaction", "other") or row[1] == _HIDDEN:
            continue
        if what.tables and {name.rpartition(".")[2] for name in what.tables} <= tables:
            yield row, what


def _run(
    connection: BaseDatabaseWrapper,
    row: tuple[Any, ...],
    what: Template,
    total: float,
    views: Mapping[str, sqlcommenter.View],
) -> QueryRun:
    number, text, calls, spent, rows, temporary, log = row
    mean = float(spent) / int(calls) if calls else 0.0
    plan = _generic(connection, text, what) if what.kind == "select" else None
    tags = sqlcommenter.tags(text)
    view = sqlcommenter.view(tags, views)
    run = QueryRun(
        id=f"statements:{number}",
        label=what.text if len(what.text) <= _LABEL else f"{what.text[: _LABEL - 3]}...",
        origin="statements",
        alias=connection.alias,
        status="not timed",
        samples_ms=(mean,),
        queries=1,
        calls=int(calls),
        statements=(
            Statement(
                sql=text,
                template=what.text,
                fingerprint=what.fingerprint,
                alias=connection.alias,
                kind=what.kind,
                duration_ms=mean,
                rows=round(int(rows) / int(calls)) if calls else None,
                tables=what.tables,
            ),
        ),
        plans=(plan,) if plan is not None else (),
        source="pg_stat_statements",
        counted=Counted(
            calls=int(calls),
            total_ms=float(spent),
            share=float(spent) / total if total else 0.0,
            rows_per_call=int(rows) / int(calls) if calls else 0.0,
            temp_bytes=int(temporary or 0),
            wal_bytes=int(log or 0),
            route=tags.get("route", ""),
            controller=tags.get("controller", ""),
        ),
    )
    if view is not None:
        run = replace(run, owner=view.owner, location=view.location, app=view.app)
    return replace(run, status=status(run))


def _generic(connection: BaseDatabaseWrapper, text: str, what: Template) -> Plan | None:
    """The plan for any values. Before PostgreSQL 16: of a prepared statement that may only be planned generically."""
    count = max((int(number) for number in _NUMBERED.findall(text)), default=0)
    modern = getattr(connection, "pg_version", 0) >= 160_000
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            if modern or not count:
                source = f"EXPLAIN ({'GENERIC_PLAN, ' if count else ''}FORMAT JSON)"
                cursor.execute(f"{source} {text}")
                answer = cursor.fetchone()
            else:
                source = "EXPLAIN (FORMAT JSON) EXECUTE"
                answer = _prepared(cursor, source, text, count)
    except DatabaseError:
        # `INTERVAL $1` and the like are no SQL once the value is gone.
        return None
    if answer is None:
        return None
    return postgresql_plan(answer[0], what.fingerprint, connection.alias, source, generic=bool(count))


def _prepared(cursor: Any, source: str, text: str, count: int) -> Any:
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(f"PREPARE dbaudit_generic AS {text}")
    try:
        # A savepoint of its own: prepared statements outlive the transaction, and a failed one lets none be removed.
        with transaction.atomic(using=cursor.db.alias):
            cursor.execute(f"{source} dbaudit_generic ({', '.join(['NULL'] * count)})")
            return cursor.fetchone()
    finally:
        cursor.execute("DEALLOCATE dbaudit_generic")
