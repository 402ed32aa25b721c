"""Disk space, where it can be known."""

from __future__ import annotations

import shutil
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection import client_end

# Where a new index goes: the tablespace that is set, otherwise the database's. The data directory is hidden from
# ordinary roles: then there is no row.
DIRECTORY: Final = """
SELECT coalesce(
    nullif(pg_tablespace_location(coalesce(
        (SELECT t.oid FROM pg_tablespace t WHERE t.spcname = current_setting('default_tablespace')), d.dattablespace
    )), ''),
    (SELECT s.setting FROM pg_settings s WHERE s.name = 'data_directory' AND s.setting <> '')
)
FROM pg_database d
WHERE d.datname = current_database()
"""


def folder(connection: BaseDatabaseWrapper) -> Path | None:
    """Where the files of new indexes lie, None where this machine cannot see them."""
    if connection.vendor == "sqlite":
        if connection.is_in_memory_db():  # type: ignore[attr-defined]
            return None
        return Path(str(connection.settings_dict["NAME"])).absolute().parent
    if connection.vendor != "postgresql" or not _is_here(connection):
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute(DIRECTORY)
            row = cursor.fetchone()
    except Error:
        return None
    return Path(row[0]) if row and row[0] and free(Path(row[0])) is not None else None


def free(place: Path | None) -> int | None:
    """Bytes that are free there, None where that cannot be known."""
    try:
        return None if place is None else shutil.disk_usage(place).free
    except OSError:
        return None


def _is_here(connection: BaseDatabaseWrapper) -> bool:
    """Whether the server runs on this machine: a socket in the file system, or the loopback interface."""
    connection.ensure_connection()
    where = client_end.address(connection.connection)
    return where == "" or (where is not None and ip_address(where).is_loopback)
