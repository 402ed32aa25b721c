"""The SQLite reader, on databases made for it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import models, transaction
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext, isolate_apps

from dbaudit.catalog.database.sqlite import _before_table_list, read
from dbaudit.catalog.rows import counting
from dbaudit.connection.read_only import read_only
from dbaudit.facts import Column, Constraint, ForeignKey, Index, IndexKey, Skipped, Table

if TYPE_CHECKING:
    from tests.scratch import Scratch

HOSTILE = (
    'a"b',
    "it's",
    "line\nbreak",
    "[bracket]",
    "back`tick",
    "ünï→☃",
    "</script><b>",
    "semi;--x",
    "100%s",
    "order",
)


def read_table(database: Scratch, name: str) -> Table:
    table = read(database.connection).table(name)
    assert table is not None
    return table


def read_column(database: Scratch, table: str, name: str) -> Column:
    column = read_table(database, table).column(name)
    assert column is not None
    return column


def read_index(database: Scratch, name: str) -> Index:
    tables = read(database.connection).tables
    return next(index for table in tables for index in table.indexes if index.name == name)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# -- tables and views -----------------------------------------------------------------------------------------------


def test_an_empty_database_has_no_tables_and_nothing_skipped(sqlite: Scratch) -> None:
    snapshot = read(sqlite.connection)
    assert (snapshot.tables, snapshot.skipped) == ((), ())
    assert (snapshot.alias, snapshot.vendor) == (sqlite.alias, "sqlite")
    assert snapshot.server_version.startswith("3.")


def test_tables_of_sqlite_itself_are_left_out(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT); INSERT INTO t DEFAULT VALUES; ANALYZE")
    assert [table.name for table in read(sqlite.connection).tables] == ["t"]


def test_temporary_and_attached_tables_are_left_out(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a); ATTACH ':memory:' AS other; CREATE TABLE other.elsewhere (b)")
    sqlite.execute("CREATE TEMPORARY TABLE passing (c); CREATE TEMPORARY TABLE t (shadowed, by, this)")
    assert [(table.name, len(table.columns)) for table in read(sqlite.connection).tables] == [("t", 1)]


def test_of_a_virtual_table_the_tables_behind_it_are_left_out(sqlite: Scratch) -> None:
    sqlite.execute("CREATE VIRTUAL TABLE search USING fts5(title, body); CREATE TABLE search_log (a)")
    found = [(table.name, table.kind, table.stores_rows) for table in read(sqlite.connection).tables]
    assert found == [("search", "virtual table", False), ("search_log", "table", True)]
    assert [column.name for column in read_table(sqlite, "search").columns] == ["title", "body"]


def test_a_view_has_columns_and_holds_no_rows(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a integer, b text); CREATE VIEW v AS SELECT b, a + 1 AS more FROM t")
    view = read_table(sqlite, "v")
    assert (view.kind, view.stores_rows, [column.name for column in view.columns]) == ("view", False, ["b", "more"])


def test_a_view_without_its_table_is_there_by_name_and_stops_no_other(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE gone (a); CREATE TABLE t (a)")
    sqlite.execute("CREATE VIEW broken AS SELECT a FROM gone; CREATE VIEW whole AS SELECT a FROM t; DROP TABLE gone")
    snapshot = read(sqlite.connection)
    assert snapshot.skipped == (Skipped("broken", "No such table: main.gone.", "table"),)
    assert {table.name: len(table.columns) for table in snapshot.tables} == {"broken": 0, "t": 1, "whole": 1}


def test_a_virtual_table_of_an_unknown_module_is_there_by_name(sqlite: Scratch) -> None:
    with sqlite.connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a)")
        cursor.execute("PRAGMA writable_schema = 1")
        sql = "CREATE VIRTUAL TABLE lost USING nosuch(x)"
        cursor.execute("INSERT INTO sqlite_master VALUES ('table', 'lost', 'lost', 0, %s)", [sql])
    sqlite.connection.close()
    snapshot = read(sqlite.connection)
    assert snapshot.skipped == (Skipped("lost", "No such module: nosuch.", "table"),)
    assert [(table.name, table.kind) for table in snapshot.tables] == [("lost", "virtual table"), ("t", "table")]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_any_characters_are_read_as_they_are(sqlite: Scratch, name: str) -> None:
    with sqlite.connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {quoted(name)} ({quoted(name)} integer PRIMARY KEY, up integer REFERENCES {quoted(name)},"
            f" CHECK ({quoted(name)} <> ')'), UNIQUE (up))"
        )
        cursor.execute(f"CREATE INDEX {quoted('i' + name)} ON {quoted(name)} (up, abs({quoted(name)})) WHERE up > 0")
    table = read_table(sqlite, name)
    assert (table.primary_key, [column.name for column in table.columns]) == ((name,), [name, "up"])
    assert table.foreign_keys[0].target_columns == (name,)
    assert [one.columns for one in table.constraints] == [(name,), (name,), ("up",)]
    index = next(index for index in table.indexes if not index.constraint)
    assert (index.name, index.predicate) == ("i" + name, "up > 0")
    assert index.keys == (IndexKey(column="up"), IndexKey(expression=f"abs({quoted(name)})"))


# -- columns and primary keys ---------------------------------------------------------------------------------------


def test_a_column_says_type_default_and_whether_it_takes_null(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a varchar(30) NOT NULL DEFAULT 'it''s', b, c decimal DEFAULT (1 + 1))")
    assert read_table(sqlite, "t").columns == (
        Column(name="a", type="varchar(30)", nullable=False, default="'it''s'", collation="", comment=""),
        Column(name="b", type="", nullable=True, default="", collation="", comment=""),
        Column(name="c", type="decimal", nullable=True, default="1 + 1", collation="", comment=""),
    )


def test_a_column_says_its_collation_and_its_generating_expression(sqlite: Scratch) -> None:
    sqlite.execute(
        "CREATE TABLE t (a text COLLATE nocase, b integer GENERATED ALWAYS AS (length( a ) + 1) STORED, c AS (b * 2))"
    )
    columns = read_table(sqlite, "t").columns
    assert [column.collation for column in columns] == ["NOCASE", "", ""]
    assert [column.generated for column in columns] == ["", "length(a) + 1", "b * 2"]


def test_a_rowid_key_has_no_index_and_is_never_null(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY, a)")
    table = read_table(sqlite, "t")
    assert (table.primary_key, table.indexes) == (("id",), ())
    assert (table.columns[0].nullable, table.columns[0].identity) == (False, "rowid")


@pytest.mark.parametrize("declared", ["id text PRIMARY KEY", "id integer PRIMARY KEY DESC"])
def test_a_key_that_is_not_the_rowid_has_an_index_and_may_be_null(sqlite: Scratch, declared: str) -> None:
    sqlite.execute(f"CREATE TABLE t ({declared}, a)")
    table = read_table(sqlite, "t")
    assert (table.primary_key, [index.primary for index in table.indexes]) == (("id",), [True])
    assert (table.columns[0].nullable, table.columns[0].identity) == (True, "")


def test_a_composite_key_is_in_the_order_of_the_key(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a integer, b integer, c integer, CONSTRAINT main PRIMARY KEY (c, a))")
    table = read_table(sqlite, "t")
    assert (table.primary_key, table.indexes[0].columns) == (("c", "a"), ("c", "a"))
    assert (table.indexes[0].constraint, table.indexes[0].constraint_name) == ("primary key", "main")


def test_the_key_of_a_table_without_rowid_is_an_index_without_a_size_of_its_own(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a text, b integer, PRIMARY KEY (b, a)) WITHOUT ROWID")
    table = read_table(sqlite, "t")
    assert (table.primary_key, table.indexes[0].columns) == (("b", "a"), ("b", "a"))
    assert (table.columns[0].nullable, table.indexes[0].bytes, table.index_bytes) == (False, None, 0)


def test_a_strict_table_is_a_table(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY, a any) STRICT")
    assert [column.type for column in read_table(sqlite, "t").columns] == ["INTEGER", "ANY"]


# -- indexes --------------------------------------------------------------------------------------------------------


def test_a_plain_index_has_its_columns_in_order_and_its_text(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a, b, c); CREATE INDEX i ON t (c, a)")
    assert read_index(sqlite, "i") == Index(
        name="i",
        table="t",
        keys=(IndexKey(column="c"), IndexKey(column="a")),
        definition="CREATE INDEX i ON t (c, a)",
        bytes=4096,
    )


def test_an_index_key_says_direction_and_a_collation_that_is_not_the_columns(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a text COLLATE NOCASE, b text)")
    sqlite.execute("CREATE INDEX i ON t (a, b DESC); CREATE INDEX j ON t (a COLLATE BINARY, b COLLATE nocase)")
    assert read_index(sqlite, "i").keys == (IndexKey(column="a"), IndexKey(column="b", descending=True))
    assert read_index(sqlite, "j").keys == (
        IndexKey(column="a", collation="BINARY"),
        IndexKey(column="b", collation="NOCASE"),
    )


def test_expressions_are_read_without_direction_collation_outer_parentheses_and_layout(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a text, b integer)")
    with sqlite.connection.cursor() as cursor:
        cursor.execute(
            "CREATE UNIQUE INDEX i ON t ( /* ( */ ((lower(\n a )) COLLATE NOCASE) DESC, "
            "b, (b+1)*(b), a || ', )' -- )\n)"
        )
    assert read_index(sqlite, "i").keys == (
        IndexKey(expression="lower(a)", collation="NOCASE", descending=True),
        IndexKey(column="b"),
        IndexKey(expression="(b+1)*(b)"),
        IndexKey(expression="a || ', )'"),
    )


def test_a_predicate_is_read_without_outer_parentheses_and_layout(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a, [where] integer)")
    sqlite.execute("CREATE INDEX i ON t (a) WHERE ( [where] IS\n NOT NULL AND a <> ' WHERE ')")
    assert read_index(sqlite, "i").predicate == "[where] IS NOT NULL AND a <> ' WHERE '"


def test_unique_constraints_are_told_from_unique_indexes(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a UNIQUE, b, c, CONSTRAINT pair UNIQUE (B, c)); CREATE UNIQUE INDEX i ON t (b)")
    found = [(one.columns, one.constraint, one.constraint_name) for one in read_table(sqlite, "t").indexes]
    assert found == [(("b",), "", ""), (("a",), "unique", ""), (("b", "c"), "unique", "pair")]
    assert all(index.unique for index in read_table(sqlite, "t").indexes)


def test_the_indexes_of_django_are_read_as_declared(sqlite: Scratch) -> None:
    with isolate_apps("tests"):

        class Book(models.Model):
            title = models.CharField(max_length=9)
            code = models.CharField(max_length=9, unique=True)
            pages = models.PositiveIntegerField()

            class Meta:
                app_label = "tests"
                db_table = "book"
                constraints = [
                    models.UniqueConstraint(Lower("title"), "pages", name="lower"),
                    models.UniqueConstraint(fields=["title"], condition=models.Q(pages__gt=1), name="partly"),
                ]
                indexes = [models.Index(models.F("pages").desc(), "title", name="ordered")]

        sqlite.create(Book)
    assert read_index(sqlite, "lower").keys == (IndexKey(expression='LOWER("title")'), IndexKey(column="pages"))
    assert read_index(sqlite, "partly").predicate == '"pages" > 1'
    assert read_index(sqlite, "ordered").keys == (IndexKey(column="pages", descending=True), IndexKey(column="title"))
    table = read_table(sqlite, "book")
    assert [one for one in table.constraints if one.kind == "check"] == [
        Constraint(name="", kind="check", columns=("pages",), definition='CHECK ("pages" >= 0)')
    ]


# -- constraints ----------------------------------------------------------------------------------------------------


def test_constraints_are_read_with_or_without_names_and_commas(sqlite: Scratch) -> None:
    sqlite.execute(
        "CREATE TABLE t (a integer CONSTRAINT big CHECK (a > 0) NOT NULL DEFAULT (0), b text, "
        "CONSTRAINT named UNIQUE (a, b) ON CONFLICT IGNORE CHECK (length(b) > (a)), PRIMARY KEY (b COLLATE NOCASE))"
    )
    assert read_table(sqlite, "t").constraints == (
        Constraint(name="big", kind="check", columns=("a",), definition="CHECK (a > 0)"),
        Constraint(name="named", kind="unique", columns=("a", "b"), definition="UNIQUE (a, b)"),
        Constraint(name="", kind="check", columns=("a", "b"), definition="CHECK (length(b) > (a))"),
        Constraint(name="", kind="primary key", columns=("b",), definition="PRIMARY KEY (b COLLATE NOCASE)"),
    )


def test_a_foreign_key_says_its_actions_and_whether_it_waits(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE parent (id integer PRIMARY KEY)")
    sqlite.execute(
        "CREATE TABLE child (a integer REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED NOT NULL, "
        "b integer REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE NOT DEFERRABLE INITIALLY DEFERRED, "
        "c integer CONSTRAINT named REFERENCES parent (id) DEFERRABLE)"
    )
    first, second, third = read_table(sqlite, "child").foreign_keys
    assert first == ForeignKey(
        name="",
        table="child",
        columns=("a",),
        target_table="parent",
        target_columns=("id",),
        deferrable=True,
        deferred=True,
        enforced=True,
    )
    at_once = replace(first, deferrable=False, deferred=False)
    assert second == replace(at_once, columns=("b",), on_delete="SET NULL", on_update="CASCADE")
    assert third == replace(at_once, name="named", columns=("c",))


def test_a_foreign_key_without_target_columns_points_at_the_primary_key(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE Parent (a, B, PRIMARY KEY (B, a))")
    sqlite.execute("CREATE TABLE child (x, y, z REFERENCES PARENT (b), FOREIGN KEY (x, y) REFERENCES parent)")
    found = [(one.columns, one.target_table, one.target_columns) for one in read_table(sqlite, "child").foreign_keys]
    assert found == [(("x", "y"), "Parent", ("B", "a")), (("z",), "Parent", ("B",))]


def test_a_foreign_key_may_point_at_no_table(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE child (x REFERENCES nowhere, y REFERENCES nowhere (Id))")
    found = [(one.target_table, one.target_columns) for one in read_table(sqlite, "child").foreign_keys]
    assert found == [("nowhere", ()), ("nowhere", ("Id",))]


def test_the_unique_index_that_a_foreign_key_relies_on_is_referenced(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE parent (id integer PRIMARY KEY, code text UNIQUE, other text)")
    sqlite.execute("CREATE UNIQUE INDEX again ON parent (code); CREATE UNIQUE INDEX alone ON parent (other)")
    sqlite.execute("CREATE TABLE child (a REFERENCES parent (code), b REFERENCES parent (id))")
    found = {index.name: index.referenced for index in read_table(sqlite, "parent").indexes}
    assert found == {"again": False, "alone": False, "sqlite_autoindex_parent_1": True}


def test_foreign_keys_that_this_connection_does_not_check_are_not_enforced(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a REFERENCES t (a)); PRAGMA foreign_keys = OFF")
    assert read_table(sqlite, "t").foreign_keys[0].enforced is False


# -- sizes, statistics, settings ------------------------------------------------------------------------------------


def test_sizes_are_those_of_the_pages(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a); CREATE INDEX i ON t (a); INSERT INTO t VALUES (zeroblob(10000))")
    table = read_table(sqlite, "t")
    pages = dict(sqlite.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    assert (table.bytes, table.index_bytes, table.indexes[0].bytes) == (pages["t"], pages["i"], pages["i"])


def test_sizes_of_a_larger_file_are_skipped_with_the_reason(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a); CREATE INDEX i ON t (a)")
    snapshot = read(sqlite.connection, sizes_up_to_bytes=3 * 4096 - 1)
    (table,) = snapshot.tables
    assert (table.bytes, table.index_bytes, table.indexes[0].bytes) == (None, None, None)
    assert [one.what for one in snapshot.skipped] == ["table sizes"]
    assert read(sqlite.connection, sizes_up_to_bytes=3 * 4096).skipped == ()


def test_before_analyze_nothing_is_analyzed(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    statistics = read_table(sqlite, "t").statistics
    assert statistics is not None
    assert (statistics.analyzed, statistics.live_rows) == (False, None)


def test_analyze_tells_rows_and_distinct_values_of_leading_columns(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer, c integer)")
    sqlite.execute("CREATE INDEX i ON t (a, b); CREATE INDEX p ON t (c) WHERE c > 90")
    sqlite.execute("CREATE TABLE w (k text PRIMARY KEY, a integer) WITHOUT ROWID")
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
    sqlite.execute(f"{numbers} INSERT INTO t SELECT i, i % 4, i, i FROM n; {numbers} INSERT INTO w SELECT i, i FROM n")
    sqlite.execute("ANALYZE")
    table, other = read_table(sqlite, "t"), read_table(sqlite, "w")
    for one in (table, other):
        assert one.statistics is not None
        assert (one.statistics.analyzed, one.statistics.live_rows) == (True, 100)
    distinct = {column.name: column.statistics.distinct for column in table.columns if column.statistics}
    assert distinct == {"a": 4}
    assert {column.name: column.statistics.distinct for column in other.columns if column.statistics} == {"k": 100}


def test_settings_are_those_of_the_connection(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a); PRAGMA busy_timeout = 1234")
    assert dict(read(sqlite.connection).settings) == {
        "auto_vacuum": "0",
        "busy_timeout": "1234",
        "encoding": "UTF-8",
        "foreign_keys": "1",
        "freelist_count": "0",
        "journal_mode": "delete",
        "page_count": "2",
        "page_size": "4096",
        "synchronous": "2",
    }


# -- how it reads ---------------------------------------------------------------------------------------------------


def test_two_hundred_tables_take_as_many_statements_as_five(sqlite: Scratch) -> None:
    counts = []
    for first, last in ((0, 5), (5, 200)):
        with transaction.atomic(using=sqlite.alias), sqlite.connection.cursor() as cursor:
            for number in range(first, last):
                cursor.execute(
                    f"CREATE TABLE t{number} (id integer PRIMARY KEY, a text, up REFERENCES t{number // 2} (id), "
                    "UNIQUE (a), CHECK (a <> ''))"
                )
                cursor.execute(f"CREATE INDEX i{number} ON t{number} (lower(a), up) WHERE up > 0")
                cursor.execute(f"CREATE VIEW v{number} AS SELECT a FROM t{number}")
                cursor.execute(f"INSERT INTO t{number} (a) VALUES ('x')")
        sqlite.execute("ANALYZE")
        with CaptureQueriesContext(sqlite.connection) as captured:
            snapshot = read(sqlite.connection)
        assert len(snapshot.tables) == 2 * last
        counts.append(len(captured))
    assert counts == [8, 8]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_reading_and_counting_leave_the_file_as_it_is(sqlite: Scratch, journal: str) -> None:
    sqlite.execute(
        f"PRAGMA journal_mode = {journal}; CREATE TABLE t (id integer PRIMARY KEY, a); CREATE INDEX i ON t (a)"
    )
    sqlite.execute("INSERT INTO t (a) VALUES (1), (2); ANALYZE; CREATE VIEW v AS SELECT a FROM t")
    file = Path(sqlite.connection.settings_dict["NAME"])

    def state() -> dict[str, str]:
        # The index of a write-ahead log (-shm) is shared memory: readers mark there how far they read.
        files = [one for one in file.parent.glob(f"{file.name}*") if not one.name.endswith("-shm")]
        return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in files}

    before = state()
    with read_only(sqlite.connection, statement_timeout_ms=0, lock_timeout_ms=0):
        snapshot = read(sqlite.connection)
        counting.count(sqlite.connection, snapshot.tables, limit_bytes=0, exact=True)
    assert state() == before


def test_an_older_sqlite_is_read_by_introspection_without_its_own_tables(sqlite: Scratch) -> None:
    sqlite.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, a int); CREATE INDEX i ON t (a); INSERT INTO t (a) VALUES (2)"
    )
    sqlite.execute("ANALYZE")
    (table,) = _before_table_list(sqlite.connection).tables
    assert (table.name, table.primary_key, [index.columns for index in table.indexes]) == ("t", ("id",), [("a",)])
