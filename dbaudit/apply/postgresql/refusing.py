"""Where nothing may be begun: standbys, read-only transactions, servers with a known fault."""

from __future__ import annotations

from typing import Final

from dbaudit.apply.postgresql.sessions import Session
from dbaudit.errors import AuditError

#: Concurrent builds of these can miss rows (fixed in 14.4).
FAULTY: Final = range(140000, 140004)
OLDEST: Final = 140000


def refuse_version(version: int) -> None:
    """Raise `AuditError` for a server whose concurrent builds cannot be trusted. ``version`` as it numbers itself."""
    if version in FAULTY:
        raise AuditError(
            f"PostgreSQL 14.{version % 10000} builds indexes concurrently that can miss rows; "
            "update it to 14.4 or later."
        )
    if version < OLDEST:
        raise AuditError(f"PostgreSQL {version // 10000} is too old for apply-indexes, which needs 14.4 or later.")


def refuse(builder: Session) -> None:
    """Raise `AuditError` where this session must not build."""
    ((version, standby, read_only),) = builder.ask(
        "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(),"
        " current_setting('transaction_read_only')::bool"
    )
    if standby:
        raise AuditError("This server is a standby, which takes no index of its own; connect to the primary.")
    if read_only:
        raise AuditError(
            "Transactions are read-only here (default_transaction_read_only); use another role or database."
        )
    refuse_version(version)
