"""A setting: whether this server or this Django knows it. None is changed, but options of SQLite are connected with."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.findings import Remedy
from dbaudit.gate.bench import Bench, RefusedError, UntriedError
from dbaudit.gate.statements import Passed

_OF_THE_SERVER: Final = re.compile(r"(?:\bSET|-c) (?P<name>[a-z_][\w.]*) ?=")
_OPTIONS: Final = re.compile(r"\.update\((?P<options>\{.*\})\)\s*$", re.DOTALL)
NONE_CHANGED: Final = "An audit changes no settings."


def tried(bench: Bench, remedy: Remedy) -> Passed:
    """What was done with options that were connected with.

    Raises:
        RefusedError: the server or Django knows no such setting.
        UntriedError: it is known, or nobody can ask.
    """
    names = sorted({found["name"] for found in _OF_THE_SERVER.finditer(f"{remedy.sql}\n{remedy.orm}")})
    if names and bench.snapshot.vendor == "postgresql":
        _ask_server(bench, names)
        raise UntriedError(f"The server knows the {'setting' if len(names) == 1 else 'settings'}. {NONE_CHANGED}")
    options = _OPTIONS.search(remedy.orm)
    if options and bench.snapshot.vendor == "sqlite":
        _connect(bench.connection, ast.literal_eval(options["options"]))
        return Passed("Connected to a database in memory with these options.")
    raise UntriedError(NONE_CHANGED)


def _ask_server(bench: Bench, names: list[str]) -> None:
    row = bench.ask("SELECT array_agg(name) FROM pg_catalog.pg_settings WHERE name = ANY(%s)", [names])
    unknown = [name for name in names if name not in ((row and row[0]) or ())]
    if unknown:
        raise RefusedError(f"The server knows no setting {', '.join(unknown)}.")


def _connect(connection: BaseDatabaseWrapper, options: dict[str, Any]) -> None:
    """Open a database in memory as Django would open this one."""
    copy = connection.copy(f"{connection.alias} (options)")
    copy.settings_dict["NAME"] = ":memory:"
    copy.settings_dict["OPTIONS"] = {**copy.settings_dict.get("OPTIONS", {}), **options}
    try:
        copy.connect()
        with copy.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        raise RefusedError(f"Django cannot connect with these options ({type(error).__name__}).") from error
    finally:
        BaseDatabaseWrapper.close(copy)  # that of SQLite leaves databases in memory open
