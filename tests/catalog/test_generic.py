"""The generic reader: what it makes of introspection, and how it says what introspection hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbaudit.catalog.database.generic import read
from dbaudit.checks.duplicate_index import duplicate_index
from dbaudit.connection.read_only import read_only
from dbaudit.facts import Index, Skipped, Table
from dbaudit.sql.equivalence import covers_foreign_key
from tests.scratch import connected

if TYPE_CHECKING:
    from tests.scratch import Scratch

TABLES = """
CREATE TABLE "parent" ("id" integer NOT NULL PRIMARY KEY, "name" varchar(9));
CREATE TABLE "child" ("id" integer NOT NULL PRIMARY KEY, "up" integer REFERENCES "parent" ("id") ON DELETE CASCADE);
"""


def read_table(database: Scratch, name: str) -> Table:
    table = read(database.connection).table(name)
    assert table is not None
    return table


def read_index(database: Scratch, name: str) -> Index:
    return next(index for table in read(database.connection).tables for index in table.indexes if index.name == name)


def test_what_introspection_hides_is_named_as_skipped(scratch: Scratch) -> None:
    snapshot = read(scratch.connection)
    assert (snapshot.tables, snapshot.sequences, snapshot.settings) == ((), (), ())
    assert [one.what for one in snapshot.skipped] == [
        "sequences",
        "server settings",
        "table sizes",
        "usage statistics",
        "comparison of indexes",
    ]


def test_the_snapshot_says_where_it_comes_from(scratch: Scratch) -> None:
    snapshot = read(scratch.connection)
    version = ".".join(map(str, scratch.connection.get_database_version()))
    assert (snapshot.alias, snapshot.vendor, snapshot.server_version) == (scratch.alias, scratch.vendor, version)


def test_a_table_has_no_size_and_no_statistics(scratch: Scratch) -> None:
    scratch.execute(TABLES)
    table = read_table(scratch, "parent")
    assert (table.bytes, table.index_bytes, table.rows, table.statistics) == (None, None, None, None)


def test_a_foreign_key_has_its_target_and_no_actions(scratch: Scratch) -> None:
    scratch.execute(TABLES)
    (key,) = read_table(scratch, "child").foreign_keys
    assert (key.columns, key.target_table, key.target_columns) == (("up",), "parent", ("id",))
    assert (key.on_delete, key.on_update, key.deferrable, key.validated) == (None, None, None, None)


def test_a_composite_foreign_key_hides_its_target_columns(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b))")
    postgres.execute("CREATE TABLE child (x int, y int, FOREIGN KEY (x, y) REFERENCES parent)")
    (key,) = read_table(postgres, "child").foreign_keys
    assert (key.columns, key.target_table, key.target_columns) == (("x", "y"), "parent", ())


def test_a_hidden_expression_leaves_a_key_with_neither_column_nor_expression(scratch: Scratch) -> None:
    scratch.execute(TABLES)
    scratch.execute('CREATE INDEX "computed" ON "parent" (lower("name"))')
    scratch.execute('CREATE INDEX "mixed" ON "parent" ("id", lower("name"))')
    for name, columns in (("computed", ("",)), ("mixed", ("id", ""))):
        index = read_index(scratch, name)
        assert (index.columns, [key.expression for key in index.keys]) == (columns, [""] * len(columns))


def test_no_index_counts_as_complete_so_none_is_called_a_duplicate(scratch: Scratch) -> None:
    scratch.execute(TABLES)
    scratch.execute('CREATE INDEX "one" ON "parent" ("name"); CREATE INDEX "two" ON "parent" ("name") WHERE "id" > 0')
    assert {index.complete for index in read_table(scratch, "parent").indexes} == {False}
    assert list(duplicate_index(read(scratch.connection))) == []


def test_an_index_still_covers_a_foreign_key(scratch: Scratch) -> None:
    scratch.execute(TABLES)
    assert not covers_foreign_key(read_table(scratch, "child"), ["up"])
    scratch.execute('CREATE INDEX "of_up" ON "child" ("up")')
    assert covers_foreign_key(read_table(scratch, "child"), ["up"])


def test_unique_constraints_and_primary_keys_are_told_from_unique_indexes(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, b int); CREATE UNIQUE INDEX i ON t (b)")
    found = {index.name: (index.unique, index.constraint) for index in read_table(postgres, "t").indexes}
    assert found == {"i": (True, ""), "t_a_key": (True, "unique"), "t_pkey": (True, "primary key")}


def test_a_type_is_the_servers_word_or_empty(scratch: Scratch) -> None:
    scratch.execute(TABLES)
    types = [column.type for column in read_table(scratch, "parent").columns]
    assert types == {"sqlite": ["INTEGER", "varchar(9)"], "postgresql": ["", ""]}[scratch.vendor]


def test_partitions_are_folded_into_their_parent(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE whole (a int) PARTITION BY LIST (a)")
    postgres.execute("CREATE TABLE part PARTITION OF whole FOR VALUES IN (1)")
    assert [table.name for table in read(postgres.connection).tables] == ["whole"]


def test_a_table_that_cannot_be_described_stops_no_other(scratch: Scratch) -> None:
    scratch.execute(TABLES)
    scratch.execute('CREATE TABLE "odd""name" ("id" integer NOT NULL PRIMARY KEY)')  # Django quotes it wrongly
    with read_only(scratch.connection, statement_timeout_ms=0, lock_timeout_ms=0):
        snapshot = read(scratch.connection)
    assert [(table.name, bool(table.columns)) for table in snapshot.tables] == [
        ("child", True),
        ('odd"name', False),
        ("parent", True),
    ]
    assert snapshot.skipped[0].what == 'odd"name'


def test_a_table_that_the_role_may_not_read_is_there_by_name_with_the_reason(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE secret (a int); CREATE TABLE open (a int)")
    settings = postgres.role("reader")
    postgres.execute("GRANT SELECT ON open TO reader")
    with connected("reader", settings) as connection:
        snapshot = read(connection)
    assert [(table.name, table.readable) for table in snapshot.tables] == [("open", True), ("secret", False)]
    assert snapshot.skipped[0] == Skipped("secret", "Permission denied for table secret.", "table")
