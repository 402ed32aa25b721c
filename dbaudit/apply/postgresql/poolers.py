"""Whether a pooler stands between, asked before anything is set: it might hand on whatever this run sets or locks.

Two idle sessions ask in turn which process serves them. A process of its own that never changes is a session of its
own; one that changes, or that serves both, is shared by transaction or by statement. Nothing is set meanwhile.
"""

from __future__ import annotations

import select
from contextlib import ExitStack, closing
from typing import Any, Final, Literal

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.errors import AuditError

#: ``session``: a pooler that gives each client a process until it goes. ``shared``: one that does not.
Pooler = Literal["none", "session", "shared", "unknown"]

#: Which of the two sessions asks. Twice each, so that one that is served in rotation is seen, too.
TURNS: Final = (0, 0, 1, 1) * 5
#: Seconds for a connection and for an answer: a pooler without a free process lets clients wait.
PATIENCE: Final = 5
QUESTION: Final = "SELECT pg_backend_pid()"
DIRECT: Final = (
    "Give --database an alias that leads to the server itself: a copy of this entry of DATABASES with the server's own "
    "HOST and PORT."
)


def pooler(connection: BaseDatabaseWrapper) -> Pooler:
    """What stands between this client and the server. Raises `django.db.Error` where no connection comes about."""
    driver: Any = connection.Database  # type: ignore[attr-defined]
    with connection.wrap_database_errors, ExitStack() as stack:
        raws = [stack.enter_context(closing(_connected(connection, driver))) for _ in range(2)]
        try:
            answers = [(turn, _served_by(raws[turn])) for turn in TURNS]
        except TimeoutError:
            return "unknown"
        told = [getattr(getattr(raw, "info", None), "backend_pid", None) for raw in raws]
    return judged(answers, told)


def judged(answers: list[tuple[int, int]], told: list[int | None]) -> Pooler:
    """What the answers mean: pairs of the session that asked and the process that served it. ``told`` are the processes
    that the sessions were promised when they connected, None where the driver does not tell."""
    processes = [{process for asked, process in answers if asked == session} for session in (0, 1)]
    if any(len(one) > 1 for one in processes) or processes[0] & processes[1]:
        return "shared"
    if None in told or not all(processes):
        return "unknown"
    return "none" if [{one} for one in told] == processes else "session"


def refuse(found: Pooler) -> None:
    """Raise `AuditError` where what a run sets or locks could go to other clients."""
    if found == "shared":
        raise AuditError(
            "A pooler stands between that shares sessions (transaction or statement mode): settings and locks of this "
            f"run would go to other clients. {DIRECT}"
        )
    if found == "unknown":
        raise AuditError(
            "It is unknown whether a pooler stands between that shares sessions, and then settings and locks of this "
            f"run would go to other clients. {DIRECT}"
        )


def _connected(connection: BaseDatabaseWrapper, driver: Any) -> Any:
    """A connection as the alias asks for it, apart from Django: that would set the time zone and the role."""
    parameters = {"connect_timeout": PATIENCE, **connection.get_connection_params()}
    raw = driver.connect(**parameters)
    raw.autocommit = True
    return raw


def _served_by(raw: Any) -> int:
    """The process that serves the session now. Raises `TimeoutError` where nobody answers."""
    if not hasattr(raw, "pgconn"):  # psycopg2 has no way to stop waiting
        with raw.cursor() as cursor:
            cursor.execute(QUESTION)
            return int(cursor.fetchone()[0])
    raw.pgconn.send_query(QUESTION.encode())
    found = None
    while True:
        while raw.pgconn.is_busy():
            if not select.select([raw.fileno()], [], [], PATIENCE)[0]:
                raise TimeoutError
            raw.pgconn.consume_input()
        result = raw.pgconn.get_result()
        if result is None:
            break
        found = result.get_value(0, 0) if result.ntuples else None
    if found is None:
        raise TimeoutError  # an error in place of an answer: as little is known
    return int(found)
