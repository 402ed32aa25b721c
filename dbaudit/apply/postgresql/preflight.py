"""What stands in a build's way right now, told before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from django.db import Error

from dbaudit.apply.postgresql import locks
from dbaudit.apply.postgresql.catalogue import Relation
from dbaudit.apply.postgresql.sessions import Session

#: Seconds from which on a transaction is told of: a build waits for all that began before its last phase.
OLD: Final = 60

TRANSACTIONS: Final = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    AND xact_start < clock_timestamp() - %s * interval '1 s'
ORDER BY xact_start
"""
PREPARED: Final = """
SELECT gid, extract(epoch FROM clock_timestamp() - prepared)::int FROM pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared
"""
LAG: Final = """
SELECT coalesce(nullif(application_name, ''), client_addr::text, 'a replica'),
    extract(epoch FROM coalesce(replay_lag, flush_lag, write_lag))::int
FROM pg_stat_replication WHERE state IN ('streaming', 'catchup') ORDER BY 1
"""
BUILDS: Final = """
SELECT pid, coalesce(relid::regclass::text, 'a table of another role'), phase
FROM pg_stat_progress_create_index WHERE datname = current_database() ORDER BY pid
"""
INVALID: Final = """
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND c.relkind = 'i' ORDER BY 1
"""
QUEUED: Final = """
SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = ANY(%s::oid[])
"""


def look(session: Session, relations: Iterable[Relation], old: int = OLD) -> Iterator[str]:
    """Sentences on transactions (from ``old`` seconds on), replicas, builds, invalid indexes and queued statements;
    none where all is quiet."""
    for question in (partial(_transactions, old=old), _prepared, _lag, _builds, _invalid):
        try:
            yield from question(session)
        except Error:
            session.recover()  # a view that this role may not read
    pids = [pid for (pid,) in session.ask(QUEUED, [[one.oid for one in relations]])]
    if pids:
        yield f"Waiting for a lock on one of the tables: {locks.describe(session, pids)}."


def _transactions(session: Session, old: int) -> Iterator[str]:
    pids = [pid for (pid,) in session.ask(TRANSACTIONS, [old])]
    if pids:
        yield f"Old transactions, which a build waits for: {locks.describe(session, pids)}."


def _prepared(session: Session) -> Iterator[str]:
    for gid, seconds in session.ask(PREPARED):
        yield f"The prepared transaction {gid!r} is {seconds} s old; a build waits for it if it wrote to the table."


def _lag(session: Session) -> Iterator[str]:
    for name, seconds in session.ask(LAG):
        lag = f"{seconds} s behind" if seconds is not None else "behind by an unknown time"
        yield f"Replica {name}: {lag}. Whether an index is read there cannot be seen from here."


def _builds(session: Session) -> Iterator[str]:
    for pid, table, phase in session.ask(BUILDS):
        yield f"Process {pid} is building an index of {table} ({phase})."


def _invalid(session: Session) -> Iterator[str]:
    for index, table in session.ask(INVALID):
        left = " (left by an interrupted REINDEX CONCURRENTLY)" if "_ccnew" in index or "_ccold" in index else ""
        drop = f"DROP INDEX CONCURRENTLY {index};"
        yield f"{index} on {table} is invalid{left}: it serves nobody. If nobody builds it: {drop}"
