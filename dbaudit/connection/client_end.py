"""What the client's end of a PostgreSQL connection knows: where it leads, whether it is encrypted, and whether it is
the server that answers there or a pooler."""

from __future__ import annotations

import select
from contextlib import closing
from ipaddress import ip_address
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.facts.posture import Pooling

# How long the probe of a pooler may wait for a connection and for an answer.
PATIENCE_SECONDS: Final = 2


def pooling(connection: BaseDatabaseWrapper, pid: int) -> Pooling | None:
    """Whether a pooler stands between: the process that the server names is then not the one that the client was told
    of when it connected."""
    told = getattr(getattr(connection.connection, "info", None), "backend_pid", None)
    if told is None:
        return None
    if told == pid:
        return "none"
    return "transaction" if _serves_another(connection, pid) else "unknown"


def _serves_another(connection: BaseDatabaseWrapper, pid: int) -> bool:
    """Whether a second session is given the server process that has just served ours, which is still open: only
    pooling by transaction does that. False proves nothing, because somebody else may have been quicker."""
    if connection.in_atomic_block or not hasattr(connection.connection, "pgconn"):
        return False
    parameters = {**connection.get_connection_params(), "connect_timeout": PATIENCE_SECONDS, "autocommit": True}
    driver = connection.Database  # type: ignore[attr-defined]
    try:
        with closing(driver.connect(**parameters)) as second:
            second.pgconn.send_query(b"SELECT pg_backend_pid()")
            answered, _, _ = select.select([second.fileno()], [], [], PATIENCE_SECONDS)
            return bool(answered) and int(second.pgconn.get_result().get_value(0, 0)) == pid
    except (driver.Error, TypeError):
        return False


def address(raw: Any) -> str | None:
    """Where the connection's socket leads, ``""`` for one in the file system; None where the driver does not tell."""
    info = getattr(raw, "info", None)
    host = getattr(info, "host", None)
    if host is None:
        return None
    if not host or host[0] in "/@":
        return ""
    for named in (getattr(info, "hostaddr", ""), "127.0.0.1" if host == "localhost" else host):
        try:
            return str(ip_address(named))
        except ValueError:
            continue
    return None


def encrypted(raw: Any, at_server: bool | None, between: Pooling | None) -> bool | None:
    """Whether the client's end of the connection is encrypted, by TLS or, where no pooler stands between, GSSAPI."""
    if between == "none":
        return at_server
    tls = getattr(getattr(raw, "pgconn", None) or getattr(raw, "info", None), "ssl_in_use", None)
    return None if tls is None else bool(tls)
