"""One build a table: an advisory lock that is polled, and waiting for others outside the server's lock queue.

A session that is *blocked* on a lock holds a snapshot, and a concurrent build waits for old snapshots: two of ours
would wait for each other. And a lock request that waits in the queue makes everybody wait behind it.

The advisory lock belongs to the session that watches, so that it can be let go while the other one builds: when
somebody blocks on it and the build has to wait for that session. The build's own lock on the table keeps a second run
out, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from django.db import Error

from dbaudit.apply.postgresql.catalogue import Relation
from dbaudit.apply.postgresql.sessions import Session
from dbaudit.apply.steps import Limits, StepError

Tell = Callable[[str], None]

#: The first key of our advisory locks; the second is the table's OID.
NAMESPACE: Final = 0x64626175

# Held or asked for, these do not get along with a concurrent build: other builds, VACUUM, ANALYZE, ALTER TABLE.
CONFLICTING: Final = (
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
# A prepared transaction has no session; it holds its locks until somebody ends it. A build waits for its writes.
HOLDERS: Final = """
SELECT DISTINCT l.pid, l.mode
FROM pg_locks l
WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.relation = %s::oid AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND (l.mode = ANY(%s) OR l.pid IS NULL AND l.mode = 'RowExclusiveLock')
ORDER BY 1, 2
"""
SESSIONS: Final = """
SELECT pid, coalesce(usename, ''), coalesce(application_name, ''), coalesce(state, ''), backend_type,
    extract(epoch FROM clock_timestamp() - coalesce(xact_start, query_start))::int
FROM pg_stat_activity
WHERE pid = ANY(%s)
ORDER BY xact_start NULLS LAST, pid
"""
PREPARED: Final = """
SELECT p.gid, extract(epoch FROM clock_timestamp() - p.prepared)::int
FROM pg_prepared_xacts p
JOIN pg_locks own ON own.locktype = 'transactionid' AND own.transactionid = p.transaction AND own.pid IS NULL
JOIN pg_locks l ON l.virtualtransaction = own.virtualtransaction AND l.pid IS NULL
WHERE p.database = current_database() AND l.locktype = 'relation' AND l.relation = %s::oid
GROUP BY 1, 2
ORDER BY 2 DESC
"""


@contextmanager
def held(session: Session, relation: Relation, limits: Limits, tell: Tell) -> Iterator[None]:
    """A block in which no other run of dbaudit works on the table; ``session`` is the one that watches.

    Raises:
        StepError: another session has held it for longer than ``max_wait``.
    """
    acquire(session, relation, limits, tell)
    try:
        yield
    finally:
        with suppress(Error):  # a session that is lost has lost the lock
            let_go(session)


def acquire(session: Session, relation: Relation, limits: Limits, tell: Tell) -> None:
    """Take the advisory lock, which this session may hold already; polling it.

    Raises:
        StepError: another session has held it for longer than ``max_wait``.
    """

    def holder() -> str:
        ((ours,),) = session.ask(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " AND classid = %s AND objid = %s::oid AND objsubid = 2) OR pg_try_advisory_lock(%s, %s)",
            [NAMESPACE, relation.oid, *_key(relation)],
        )
        if ours:
            return ""
        pids = session.ask(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s::oid AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [NAMESPACE, relation.oid],
        )
        by = describe(session, [pid for (pid,) in pids]) or "another session"
        return f"another run works on {relation.label}: {by}"

    until_clear(holder, limits, tell)


def let_go(session: Session) -> None:
    """Release the advisory lock, if it is held."""
    session.ask("SELECT pg_advisory_unlock_all()")


def wait_outside(session: Session, relation: Relation, limits: Limits, tell: Tell) -> None:
    """Wait until nobody holds or asks for a lock on the table that does not get along with a build.

    Raises:
        StepError: somebody has for longer than ``max_wait``; the sentence names who.
    """

    def holder() -> str:
        found = session.ask(HOLDERS, [relation.oid, list(CONFLICTING)])
        if not found:
            return ""
        pids = [pid for pid, _ in found if pid]
        words = [describe(session, pids)] if pids else []
        if any(pid is None for pid, _ in found):
            words += prepared(session, relation)
        return f"{relation.label} is locked by {'; '.join(filter(None, words)) or 'a session that has just ended'}"

    until_clear(holder, limits, tell)


def describe(session: Session, pids: Sequence[int]) -> str:
    """Sessions in words: process, role, program, what it does and for how long; never the text of a query."""
    words = []
    for pid, role, program, state, kind, seconds in session.ask(SESSIONS, [list(pids)]):
        who = ", ".join(filter(None, (role or kind, program, state, f"for {seconds} s" if seconds is not None else "")))
        words.append(f"process {pid} ({who})")
    return "; ".join(words)


def prepared(session: Session, relation: Relation) -> list[str]:
    """The prepared transactions that hold a lock on the table, in words."""
    return [
        f"the prepared transaction {gid!r}, {seconds} s old (end it by COMMIT PREPARED or ROLLBACK PREPARED)"
        for gid, seconds in session.ask(PREPARED, [relation.oid])
    ]


def until_clear(obstacle: Callable[[], str], limits: Limits, tell: Tell) -> None:
    """Ask again and again until nothing stands in the way; an obstacle is the middle of a sentence.

    Raises:
        StepError: something has for longer than ``max_wait``.
    """
    deadline = time.monotonic() + limits.max_wait
    told = False
    while found := obstacle():
        if time.monotonic() > deadline:
            raise StepError(
                f"Nothing was begun: for longer than {limits.max_wait:g} s {found}. "
                "Run again when that has ended, or wait longer by --max-wait."
            )
        if not told:
            tell(f"waiting: {found}")
            told = True
        time.sleep(limits.poll)


def _key(relation: Relation) -> list[int]:
    """Advisory locks take two signed numbers; an OID is unsigned."""
    return [NAMESPACE, relation.oid - 2**32 if relation.oid >= 2**31 else relation.oid]
