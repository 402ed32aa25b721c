"""Reading a scratch PostgreSQL database as an audit does, by the reader alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbaudit.catalog.database import postgresql
from dbaudit.connection.read_only import read_only

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from dbaudit.facts import Index, Snapshot, Table
    from tests.scratch import Scratch


def read(connection: BaseDatabaseWrapper, *, lock_timeout_ms: int = 2_000) -> Snapshot:
    """What the reader sees through this connection."""
    with read_only(connection, statement_timeout_ms=30_000, lock_timeout_ms=lock_timeout_ms):
        return postgresql.read(connection)


def table(scratch: Scratch, name: str, schema: str = "") -> Table:
    """One table as the reader sees it."""
    found = read(scratch.connection).table(name, schema)
    assert found is not None, f"the reader does not see {name}"
    return found


def index(scratch: Scratch, name: str) -> Index:
    """One index as the reader sees it."""
    return next(one for table in read(scratch.connection).tables for one in table.indexes if one.name == name)
