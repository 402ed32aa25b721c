"""SQLite: the whole schema of the main database, in a constant number of statements.

No pragma is asked table by table: each statement joins ``sqlite_master`` to a pragma's table-valued function. What the
pragmas do not tell comes out of the CREATE texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.database import generic
from dbaudit.catalog.database.sqlite.table_rows import Row, Rows, columns_of_other, grouped, resolved, table
from dbaudit.catalog.database.sqlite.text import fold
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Skipped, Snapshot, Table, TableKind
from dbaudit.facts.dialect import Dialect

# ``pragma_table_list``, which knows the tables behind a virtual table, came with this version.
NEEDS_VERSION = (3, 37, 0)
# Reading sizes walks the whole file, so it stops at files of this size.
MIB = 2**20
SIZES_UP_TO_BYTES = 64 * MIB

_SETTINGS = """
    SELECT sqlite_version(), EXISTS (SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'), {}
    FROM pragma_auto_vacuum, pragma_busy_timeout, pragma_encoding, pragma_foreign_keys, pragma_freelist_count,
         pragma_journal_mode, pragma_page_count, pragma_page_size, pragma_synchronous
"""
_PRAGMAS = {
    "auto_vacuum": "auto_vacuum",
    "busy_timeout": "timeout",
    "encoding": "encoding",
    "foreign_keys": "foreign_keys",
    "freelist_count": "freelist_count",
    "journal_mode": "journal_mode",
    "page_count": "page_count",
    "page_size": "page_size",
    "synchronous": "synchronous",
}
_KINDS = "SELECT name, type FROM pragma_table_list WHERE schema = 'main'"
_COLUMNS = """
    SELECT m.name, CASE WHEN x.cid = 0 THEN m.sql END, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
    FROM main.sqlite_master AS m JOIN pragma_table_xinfo(m.name, 'main') AS x
    WHERE m.type IN ('table', 'view') AND {which}
    ORDER BY x.cid
"""
# Tables have pages of their own; views and virtual tables have none.
_OF_TABLES, _OF_OTHERS, _OF_ONE = "m.rootpage > 0", "m.rootpage = 0", "m.name = %s"
_OTHERS = f"SELECT m.name FROM main.sqlite_master AS m WHERE m.type IN ('table', 'view') AND {_OF_OTHERS} ORDER BY 1"
_KEYS = """
    SELECT m.name, l.name, i.sql, l."unique", l.origin, l.partial, x.name, x."desc", x.coll
    FROM main.sqlite_master AS m JOIN pragma_index_list(m.name, 'main') AS l
         JOIN pragma_index_xinfo(l.name, 'main') AS x
         LEFT JOIN main.sqlite_master AS i ON i.name = l.name AND x.seqno = 0
    WHERE m.type = 'table' AND m.rootpage > 0 AND x."key"
    ORDER BY l.name, x.seqno
"""
_REFERENCES = """
    SELECT m.name, f.id, f."table", f."from", f."to", f.on_delete, f.on_update
    FROM main.sqlite_master AS m JOIN pragma_foreign_key_list(m.name, 'main') AS f
    WHERE m.type = 'table' AND m.rootpage > 0
    ORDER BY f.id, f.seq
"""
_STATISTICS = "SELECT tbl, idx, stat FROM main.sqlite_stat1"
_SIZES = "SELECT name, pgsize FROM dbstat('main', 1)"

_OTHER_KINDS: dict[str, TableKind] = {"view": "view", "virtual": "virtual table"}


def read(connection: BaseDatabaseWrapper, *, sizes_up_to_bytes: int = SIZES_UP_TO_BYTES) -> Snapshot:
    """The schema of the main database, without models, row counts and owners.

    Sizes are read from files of at most ``sizes_up_to_bytes``. A view that SQLite can no longer compile (its table is
    gone) is there by name; it costs one statement more for each view. SQLite before 3.37 is read table by table.

    Raises:
        django.db.DatabaseError: the schema could not be read.
    """
    if connection.Database.sqlite_version_info < NEEDS_VERSION:  # type: ignore[attr-defined]
        return _before_table_list(connection)
    [(version, has_dbstat, *values)] = _rows(connection, _SETTINGS.format(", ".join(_PRAGMAS.values())))
    settings = dict(zip(_PRAGMAS, map(str, values), strict=True))
    kinds: dict[str, str] = dict(_rows(connection, _KINDS))
    columns = grouped(_rows(connection, _COLUMNS.format(which=_OF_TABLES)))
    others, skipped = _columns_of_others(connection)
    sizes, unsized = _sizes(connection, settings, sizes_up_to_bytes, has_dbstat=bool(has_dbstat))
    rows = Rows(
        columns=columns | others,
        keys=grouped(_rows(connection, _KEYS)),
        references=grouped(_rows(connection, _REFERENCES)),
        statistics=grouped(_rows(connection, _STATISTICS) if "sqlite_stat1" in kinds else ()),
        sizes=sizes,
        enforced=settings["foreign_keys"] == "1",
    )
    tables = []
    for name, kind in sorted(kinds.items()):
        if fold(name).startswith("sqlite_"):
            continue
        if kind in _OTHER_KINDS:
            own = columns_of_other(rows.columns.get(name, ()))
            tables.append(Table(name=name, kind=_OTHER_KINDS[kind], columns=own, comment=""))
        elif kind == "table" and name in columns:
            tables.append(table(name, rows))
        elif kind == "table":
            skipped.append(Skipped(name, "It was dropped while the catalog was being read.", "table"))
    return Snapshot(
        alias=connection.alias,
        vendor=connection.vendor,
        server_version=version,
        dialect=Dialect.of(connection),
        tables=tuple(resolved(tables)),
        settings=tuple(settings.items()),
        skipped=(*skipped, *unsized),
    )


def _rows(connection: BaseDatabaseWrapper, sql: str, parameters: list[str] | None = None) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _before_table_list(connection: BaseDatabaseWrapper) -> Snapshot:
    """What introspection sees, without SQLite's own tables."""
    snapshot = generic.read(connection)
    return replace(snapshot, tables=tuple(one for one in snapshot.tables if not fold(one.name).startswith("sqlite_")))


def _columns_of_others(connection: BaseDatabaseWrapper) -> tuple[dict[str, list[Row]], list[Skipped]]:
    """The columns of views and virtual tables, which SQLite compiles for it; where one fails, of each by itself."""
    try:
        with attempt(connection):
            return grouped(_rows(connection, _COLUMNS.format(which=_OF_OTHERS))), []
    except DatabaseError:
        found: dict[str, list[Row]] = {}
        skipped = []
    for (name,) in _rows(connection, _OTHERS):
        try:
            with attempt(connection):
                found |= grouped(_rows(connection, _COLUMNS.format(which=_OF_ONE), [name]))
        except DatabaseError as error:
            skipped.append(Skipped(name, reason(error), "table"))
    return found, skipped


def _sizes(
    connection: BaseDatabaseWrapper, settings: Mapping[str, str], limit: int, *, has_dbstat: bool
) -> tuple[Mapping[str, int] | None, list[Skipped]]:
    """The bytes of each table and index by name, None with the reason where they are not read."""
    size = int(settings["page_count"]) * int(settings["page_size"])
    if not has_dbstat:
        return None, [Skipped("table sizes", "This SQLite was built without dbstat.")]
    if size > limit:
        reason = (
            f"They take a walk through the file, and it has {size / MIB:,.0f} MiB; the limit is {limit / MIB:,.0f}."
        )
        return None, [Skipped("table sizes", reason)]
    return dict(_rows(connection, _SIZES)), []
