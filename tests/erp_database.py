"""The reference ERP's tables, freshly migrated: once in a process for each kind of server, then copied.

Django renders the models anew for each of the 96 that a migration creates, which takes seconds.
"""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from django.core.management import call_command

from tests.postgres import server
from tests.scratch import Scratch, connected, sqlite_scratch

TEMPLATE = "erp_template"


def migrate(scratch: Scratch) -> None:
    """Make an empty database what ``manage.py migrate`` would make of it."""
    if scratch.vendor == "sqlite":
        scratch.connection.close()
        Path(scratch.connection.settings_dict["NAME"]).write_bytes(_sqlite_template())
        return
    [(version,)] = scratch.rows("SELECT current_setting('server_version_num')::int")
    major = version // 10_000
    scratch.connection.close()
    make_template(major)
    with server(major).connect() as maintenance:
        maintenance.execute("DROP DATABASE scratch WITH (FORCE)")
        maintenance.execute(f"CREATE DATABASE scratch TEMPLATE {TEMPLATE}")


@functools.cache
def make_template(major: int) -> None:
    """Create the database ``TEMPLATE`` on the server with this major version."""
    with server(major).connect() as maintenance:
        maintenance.execute(f"CREATE DATABASE {TEMPLATE}")
    with connected(TEMPLATE, server(major).settings(TEMPLATE)):
        call_command("migrate", database=TEMPLATE, verbosity=0)


def in_memory(name: str) -> closing[sqlite3.Connection]:
    """Fill a database in memory, which connections of this process share by its name until this one is closed."""
    keeper = sqlite3.connect(name, uri=True)
    with closing(sqlite3.connect(":memory:")) as source:
        source.deserialize(_sqlite_template())
        source.backup(keeper)
    return closing(keeper)


@functools.cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder, sqlite_scratch(Path(folder)) as database:
        call_command("migrate", database=database.alias, verbosity=0)
        database.connection.close()
        return Path(database.connection.settings_dict["NAME"]).read_bytes()
