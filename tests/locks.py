"""Which locks a PostgreSQL database sees its clients hold, looked at after each of their statements."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

HELD = """
    SELECT l.locktype, l.mode, coalesce(l.relation::regclass::text, '')
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
        AND l.locktype <> 'virtualxid'
"""


@dataclass
class Watch:
    """What was seen: ``held`` are the relations of each kind and mode of lock (``""`` for a transaction's own),
    ``statements`` after how many the server was asked, ``outside`` those of them that stood in no transaction,
    ``slowest`` the seconds and the text of the longest."""

    held: defaultdict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    statements: int = 0
    outside: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


@contextmanager
def watched(connection: BaseDatabaseWrapper) -> Iterator[Watch]:
    """Look at the locks of all clients of the database after each statement of this connection.

    A transaction keeps the locks of its statements until it ends, and a savepoint until it is rolled back, which takes
    a statement of its own: so no lock of a transaction is missed, however briefly it is held.
    """
    settings = connection.get_connection_params()
    known = {name: settings[name] for name in ("dbname", "user", "password", "host", "port") if name in settings}
    seen = Watch()
    with psycopg.connect(**known, autocommit=True) as observer:

        def look(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
            begin = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                seen.slowest = max(seen.slowest, (time.perf_counter() - begin, str(sql)))
                seen.statements += 1
                if context["connection"].get_autocommit():
                    seen.outside.append(str(sql))
                for kind, mode, relation in observer.execute(HELD):
                    seen.held[kind, mode].add(relation)

        with connection.execute_wrapper(look):
            yield seen
