"""What stands in a build's way right now, told before it begins."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from typing import Final

from django.db import Error

from dbaudit.apply.postgresql import failures, locks
from dbaudit.apply.postgresql.catalogue import Relation
from dbaudit.apply.postgresql.sessions import Session

#: Seconds from which on a transaction is told of: a build waits for all that began before its last phase.
OLD: Final = 60

QUIET: Final = (
    "Nothing stands in the way: no old or prepared transaction, no replica, no other build, no invalid index, and "
    "nobody waits for these tables."
)

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
# Of a replica, a role that is no member of pg_read_all_stats sees that it is there, and nothing else.
LAG: Final = """
SELECT coalesce(nullif(application_name, ''), client_addr::text, 'a replica'),
    extract(epoch FROM coalesce(replay_lag, flush_lag, write_lag))::int, state IS NULL
FROM pg_stat_replication WHERE state IS NULL OR state IN ('streaming', 'catchup') ORDER BY 1
"""
HIDDEN: Final = """
SELECT count(*), current_user::text FROM pg_stat_activity
WHERE datname = current_database() AND query = '<insufficient privilege>'
"""
BUILDS: Final = """
SELECT pid, coalesce(relid::regclass::text, 'a table of another role'), phase
FROM pg_stat_progress_create_index WHERE datname = current_database() ORDER BY pid
"""
INVALID: Final = """
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, i.indrelid::bigint, c.relname::text, c.relkind = 'I',
    i.indisunique
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) ORDER BY 1
"""
QUEUED: Final = """
SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = ANY(%s::oid[])
"""


def look(session: Session, wanted: Iterable[tuple[Relation, str]], old: int = OLD) -> Iterator[str]:
    """Sentences on transactions (from ``old`` seconds on), replicas, builds, invalid indexes and queued statements;
    none where all is quiet. ``wanted`` are the tables and names of the indexes that are to be built or dropped."""
    wanted = tuple(wanted)
    own = {(relation.oid, name) for relation, name in wanted}
    questions: dict[str, Callable[[Session], Iterator[str]]] = {
        "transactions": partial(_transactions, old=old),
        "prepared transactions": _prepared,
        "replicas": _lag,
        "builds": _builds,
        "invalid indexes": partial(_invalid, own=own),
        "queued statements": partial(_queued, tables=[relation.oid for relation, _ in wanted]),
    }
    for what, question in questions.items():
        try:
            yield from question(session)
        except Error as error:
            session.recover()
            yield f"Other {what} were not looked for: {failures.sentence(error)}"


def _transactions(session: Session, old: int) -> Iterator[str]:
    pids = [pid for (pid,) in session.ask(TRANSACTIONS, [old])]
    if pids:
        yield f"Old transactions, which a build waits for: {locks.describe(session, pids)}."
    ((hidden, role),) = session.ask(HIDDEN)
    if hidden:
        yield (
            f"Sessions of other roles: {hidden}; how old their transactions are is hidden from {role} "
            f"(GRANT pg_read_all_stats TO {role} shows it)."
        )


def _prepared(session: Session) -> Iterator[str]:
    for gid, seconds in session.ask(PREPARED):
        yield f"The prepared transaction {gid!r} is {seconds} s old; a build waits for it if it wrote to the table."


def _lag(session: Session) -> Iterator[str]:
    for name, seconds, hidden in session.ask(LAG):
        if hidden:
            yield "There is a replica whose lag is hidden from this role, so --max-lag does not hold for it."
            continue
        lag = f"{seconds} s behind" if seconds is not None else "behind by an unknown time"
        yield f"Replica {name}: {lag}. Whether an index is read there cannot be seen from here."


def _builds(session: Session) -> Iterator[str]:
    for pid, table, phase in session.ask(BUILDS):
        yield f"Process {pid} is building an index of {table} ({phase})."


def _invalid(session: Session, own: Container[tuple[int, str]]) -> Iterator[str]:
    for index, table, oid, name, partitioned, unique in session.ask(INVALID):
        if (oid, name) in own:
            yield f"{index} on {table} is invalid; it is one of this plan, which sees to it."
            continue
        if partitioned:
            yield f"{index} on {table} is invalid: some partitions have no part of it."
            continue
        if unique:
            yield f"{index} on {table} is invalid: it serves nobody, and rows that are alike keep it from a rebuild."
            continue
        left = " (left by an interrupted REINDEX CONCURRENTLY)" if "_ccnew" in index or "_ccold" in index else ""
        drop = f"DROP INDEX CONCURRENTLY {index};"
        yield f"{index} on {table} is invalid{left}: it serves nobody. If nobody builds it: {drop}"


def _queued(session: Session, tables: list[int]) -> Iterator[str]:
    pids = [pid for (pid,) in session.ask(QUEUED, [tables])]
    if pids:
        yield f"Waiting for a lock on one of the tables: {locks.describe(session, pids)}."
