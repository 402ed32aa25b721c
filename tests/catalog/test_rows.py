"""Row counts: which are exact, which estimated, and what becomes of tables that cannot be counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from dbaudit.catalog.database import postgresql
from dbaudit.catalog.database import sqlite as sqlite_reader
from dbaudit.catalog.rows import asking, counting
from dbaudit.connection.read_only import read_only
from dbaudit.connection.reasons import LOCKED
from dbaudit.facts import Column, Skipped, Table
from tests.postgres import main_server
from tests.scratch import connected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

    from dbaudit.facts import Snapshot
    from tests.scratch import Scratch

READERS: dict[str, Callable[[BaseDatabaseWrapper], Snapshot]] = {
    "postgresql": postgresql.read,
    "sqlite": sqlite_reader.read,
}
MIB = 2**20
COLUMNS = (Column(name="a", type="integer", nullable=True),)


def read(database: Scratch) -> tuple[Table, ...]:
    return READERS[database.vendor](database.connection).tables


def counted(
    connection: BaseDatabaseWrapper, tables: Sequence[Table], *, limit_bytes: int = MIB, exact: bool = False
) -> tuple[dict[str, tuple[int | None, str]], tuple[Skipped, ...]]:
    found, skipped = counting.count(connection, tables, limit_bytes=limit_bytes, exact=exact)
    assert [table.name for table in found] == [table.name for table in tables]
    return {table.name: (table.rows, table.rows_are) for table in found}, skipped


def fill(database: Scratch, table: str, number: int) -> None:
    numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) SELECT i FROM n"
    database.execute(f"INSERT INTO {table} {numbers}")


# -- on both vendors ------------------------------------------------------------------------------------------------


def test_no_tables_need_no_count(scratch: Scratch) -> None:
    assert counted(scratch.connection, ()) == ({}, ())


def test_small_tables_are_counted_exactly(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE empty (a int); CREATE TABLE few (a int); INSERT INTO few VALUES (1), (2), (NULL)")
    assert counted(scratch.connection, read(scratch)) == ({"empty": (0, "exact"), "few": (3, "exact")}, ())


def test_views_are_not_counted(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t")
    assert counted(scratch.connection, read(scratch), exact=True) == ({"t": (0, "exact"), "v": (None, "")}, ())


def test_names_of_any_characters_are_counted(scratch: Scratch) -> None:
    with scratch.connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "a""b); DROP TABLE t; --%s\n" (a int)')
    assert counted(scratch.connection, read(scratch)) == ({'a"b); DROP TABLE t; --%s\n': (0, "exact")}, ())


def test_a_table_above_the_limit_has_the_planners_estimate(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE t (a int); CREATE INDEX i ON t (a)")
    fill(scratch, "t", 1000)
    scratch.execute("ANALYZE; DELETE FROM t WHERE a <= 100")
    assert counted(scratch.connection, read(scratch), limit_bytes=64)[0] == {"t": (1000, "estimated")}
    assert counted(scratch.connection, read(scratch), limit_bytes=64, exact=True)[0] == {"t": (900, "exact")}


def test_a_table_that_is_gone_is_skipped_and_the_others_are_counted(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE a (a int); CREATE TABLE gone (a int); CREATE TABLE z (a int)")
    tables = read(scratch)
    scratch.execute("DROP TABLE gone")
    with read_only(scratch.connection, statement_timeout_ms=0, lock_timeout_ms=0):
        found, skipped = counted(scratch.connection, tables)
    assert (found["a"], found["z"]) == ((0, "exact"), (0, "exact"))
    assert found["gone"][1] != "exact"
    assert [one.what for one in skipped] == ["gone"]
    assert "gone" in skipped[0].reason


def test_two_hundred_tables_take_as_many_statements_as_five(scratch: Scratch) -> None:
    statements = []
    for first, last in ((0, 5), (5, 200)):
        with transaction.atomic(using=scratch.alias), scratch.connection.cursor() as cursor:
            for number in range(first, last):
                cursor.execute(f"CREATE TABLE t{number} (a int UNIQUE)")
        tables = read(scratch)
        with CaptureQueriesContext(scratch.connection) as captured:
            found, skipped = counted(scratch.connection, tables)
        assert (set(found.values()), len(found), skipped) == ({(0, "exact")}, last, ())
        statements.append(len(captured))
    assert statements == [2, 2]


def test_more_tables_than_one_statement_may_select_take_several(sqlite: Scratch) -> None:
    with transaction.atomic(using=sqlite.alias), sqlite.connection.cursor() as cursor:
        for number in range(asking.PER_STATEMENT + 1):
            cursor.execute(f"CREATE TABLE t{number} (a int)")
    tables = read(sqlite)
    with CaptureQueriesContext(sqlite.connection) as captured:
        found, skipped = counted(sqlite.connection, tables, exact=True)
    assert (set(found.values()), len(captured), skipped) == ({(0, "exact")}, 2, ())


def test_a_vendor_without_sizes_and_estimates_is_counted_only_on_demand(
    sqlite: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "CHOICES", {})
    sqlite.execute("CREATE TABLE a (a int); CREATE TABLE b (a int)")
    tables = read(sqlite)
    assert counted(sqlite.connection, tables) == (
        {"a": (None, ""), "b": (None, "")},
        (Skipped("row counts", "There is no estimate of a, b; --exact-counts counts them."),),
    )
    assert counted(sqlite.connection, tables, exact=True) == ({"a": (0, "exact"), "b": (0, "exact")}, ())


# -- PostgreSQL -----------------------------------------------------------------------------------------------------


def test_a_large_table_that_was_never_analyzed_has_no_figure_and_says_so(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE t (a int)")
    fill(postgres, "t", 1000)
    assert counted(postgres.connection, read(postgres), limit_bytes=64) == (
        {"t": (None, "")},
        (Skipped("row counts", "There is no estimate of t; --exact-counts counts them."),),
    )


def test_a_table_that_the_role_may_not_read_is_skipped_with_the_reason(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE secret (a int); CREATE TABLE open (a int)")
    settings = postgres.role("reader")
    postgres.execute("GRANT SELECT ON open TO reader")
    with connected("reader", settings) as connection:
        found, skipped = counted(connection, postgresql.read(connection).tables, exact=True)
    assert found["open"] == (0, "exact")
    assert found["secret"][1] != "exact"
    assert skipped == (Skipped("secret", "The role may not read its rows.", "table"),)


def test_a_table_that_another_session_locks_is_skipped_and_the_others_are_counted(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE busy (a int); CREATE TABLE free (a int)")
    tables = read(postgres)
    with main_server().connect("scratch") as other, other.transaction():
        other.execute("LOCK TABLE busy IN ACCESS EXCLUSIVE MODE")
        with read_only(postgres.connection, statement_timeout_ms=0, lock_timeout_ms=50):
            found, skipped = counted(postgres.connection, tables)
    assert found["free"] == (0, "exact")
    assert found["busy"][1] != "exact"
    assert skipped == (Skipped("busy", LOCKED, "table"),)


def test_the_locks_of_counting_are_given_back_before_the_transaction_ends(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE t (a int UNIQUE); INSERT INTO t VALUES (1)")
    tables = read(postgres)
    with read_only(postgres.connection, statement_timeout_ms=0, lock_timeout_ms=0):
        assert counted(postgres.connection, tables)[0] == {"t": (1, "exact")}
        held = postgres.rows("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 't'::regclass")
    assert held == [(0,)]


def test_a_partitioned_table_is_counted_with_its_partitions(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE whole (a int) PARTITION BY LIST (a)")
    postgres.execute("CREATE TABLE one PARTITION OF whole FOR VALUES IN (1); INSERT INTO whole VALUES (1), (1)")
    assert counted(postgres.connection, read(postgres)) == ({"whole": (2, "exact")}, ())


def test_tables_of_other_schemas_are_counted_where_they_are(postgres: Scratch) -> None:
    postgres.execute("CREATE SCHEMA other; CREATE TABLE t (a int); CREATE TABLE other.t (a int)")
    postgres.execute("INSERT INTO other.t VALUES (1); SET search_path = public, other")
    found, _ = counting.count(postgres.connection, read(postgres), limit_bytes=MIB, exact=False)
    assert {table.label: table.rows for table in found} == {"t": 0, "other.t": 1}


def test_no_statement_takes_more_than_its_share_of_the_lock_table(postgres: Scratch) -> None:
    ((locks,),) = postgres.rows(asking.LOCKS)
    share = int(asking.LOCK_SHARE * locks)
    plain = [Table(name=f"t{number}", columns=COLUMNS) for number in range(3)]
    wide = Table(name="wide", columns=COLUMNS, partitions=share - 2)
    questions = [asking.Question(None, (table,), "") for table in (*plain, wide, *plain, wide, wide)]
    batches = asking.batches(postgres.connection, questions)
    assert [len(batch) for batch in batches] == [3, 2, 2, 1, 1]


def test_only_the_smallest_tables_are_counted_where_there_are_too_many() -> None:
    sizes = reversed(range(counting.TABLES + 10))
    tables = [Table(name=f"t{number}", columns=COLUMNS, bytes=number) for number in sizes]
    chosen = counting._smallest(tables, MIB)
    assert [table.bytes for table in chosen] == list(range(counting.TABLES))


def test_together_the_counted_tables_have_a_limited_size() -> None:
    tables = [Table(name=f"t{number:02}", columns=COLUMNS, bytes=MIB) for number in range(counting.TOGETHER + 2)]
    assert len(counting._smallest(tables, MIB)) == counting.TOGETHER


# -- SQLite, where no size was read ---------------------------------------------------------------------------------


def unsized(database: Scratch) -> tuple[Table, ...]:
    return sqlite_reader.read(database.connection, sizes_up_to_bytes=0).tables


TEN_ROWS = 10 * counting.ROW_BYTES


def test_the_highest_rowid_tells_a_small_table(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE empty (a int); CREATE TABLE t (a int)")
    fill(sqlite, "t", 10)
    sqlite.execute("DELETE FROM t WHERE a = 1")
    found = counted(sqlite.connection, unsized(sqlite), limit_bytes=TEN_ROWS)
    assert found == ({"empty": (0, "exact"), "t": (9, "exact")}, ())


def test_the_highest_rowid_is_the_estimate_of_a_large_table(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a int)")
    fill(sqlite, "t", 11)
    sqlite.execute("DELETE FROM t WHERE a = 1")
    assert counted(sqlite.connection, unsized(sqlite), limit_bytes=TEN_ROWS) == ({"t": (11, "estimated")}, ())
    assert counted(sqlite.connection, unsized(sqlite), exact=True) == ({"t": (10, "exact")}, ())


def test_the_figure_of_analyze_is_a_better_estimate(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (a int); CREATE INDEX i ON t (a)")
    fill(sqlite, "t", 20)
    sqlite.execute("DELETE FROM t WHERE a = 1; ANALYZE")
    assert counted(sqlite.connection, unsized(sqlite), limit_bytes=TEN_ROWS) == ({"t": (19, "estimated")}, ())


@pytest.mark.parametrize("column", ["rowid", "_rowid_", "oid"])
def test_a_column_may_be_called_like_the_rowid(sqlite: Scratch, column: str) -> None:
    sqlite.execute(f"CREATE TABLE t ({column} int); INSERT INTO t VALUES (1000)")
    assert counted(sqlite.connection, unsized(sqlite), limit_bytes=TEN_ROWS) == ({"t": (1, "exact")}, ())


@pytest.mark.parametrize("table", ["t (k int PRIMARY KEY) WITHOUT ROWID", "t (k int, rowid int, _rowid_ int, oid int)"])
def test_a_table_without_a_rowid_to_read_is_counted_up_to_the_limit(sqlite: Scratch, table: str) -> None:
    sqlite.execute(f"CREATE TABLE {table}")
    fill(sqlite, "t (k)", 10)
    assert counted(sqlite.connection, unsized(sqlite), limit_bytes=TEN_ROWS) == ({"t": (10, "exact")}, ())
    sqlite.execute("INSERT INTO t (k) VALUES (11)")
    assert counted(sqlite.connection, unsized(sqlite), limit_bytes=TEN_ROWS) == (
        {"t": (None, "")},
        (Skipped("row counts", "There is no estimate of t; --exact-counts counts them."),),
    )
    sqlite.execute("CREATE INDEX i ON t (k); ANALYZE; DELETE FROM t WHERE k = 1; INSERT INTO t (k) VALUES (12), (13)")
    assert counted(sqlite.connection, unsized(sqlite), limit_bytes=TEN_ROWS) == ({"t": (11, "estimated")}, ())


def test_a_virtual_table_is_not_counted(sqlite: Scratch) -> None:
    sqlite.execute("CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('x')")
    assert counted(sqlite.connection, read(sqlite), exact=True) == ({"f": (None, "")}, ())
