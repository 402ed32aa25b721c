"""Sessions: what holds one read-only, and how its errors are told."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError, transaction

from dbaudit.connection import read_only as guard
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.workload.execution import RolledBack
from dbaudit.workload.limits import Limits
from tests.scratch import Scratch, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper


FOREVER = """
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n
"""


@contextmanager
def read_only(connection: BaseDatabaseWrapper, statement: int = 30_000, lock: int = 2_000) -> Iterator[None]:
    with guard.read_only(connection, statement_timeout_ms=statement, lock_timeout_ms=lock):
        yield


def posture(scratch: Scratch) -> list[tuple[Any, ...]]:
    """The settings of the session that a trace would be left in."""
    if scratch.vendor == "sqlite":
        return scratch.rows("SELECT query_only, timeout FROM pragma_query_only, pragma_busy_timeout")
    names = ("transaction_read_only", "statement_timeout", "lock_timeout", "transaction_isolation")
    return [row for name in names for row in scratch.rows(f"SHOW {name}")]


# -- read-only ------------------------------------------------------------------------------------------------------


def test_a_write_fails_and_nothing_is_left_behind(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer PRIMARY KEY)")
    before = posture(scratch)
    with read_only(scratch.connection):
        assert scratch.rows("SELECT count(*) FROM item") == [(0,)]
        for statement in ("INSERT INTO item VALUES (1)", "CREATE TABLE other (id integer)", "DROP TABLE item"):
            with pytest.raises(DatabaseError), attempt(scratch.connection):
                scratch.execute(statement)
        assert scratch.rows("SELECT count(*) FROM item") == [(0,)]
    assert posture(scratch) == before
    assert scratch.connection.get_autocommit()
    assert scratch.connection.introspection.table_names() == ["item"]
    scratch.execute("INSERT INTO item VALUES (1)")
    assert scratch.rows("SELECT id FROM item") == [(1,)]


def test_the_surrounding_transaction_goes_on_writing_afterwards(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer PRIMARY KEY)")
    with transaction.atomic(using=scratch.alias):
        scratch.execute("INSERT INTO item VALUES (1)")
        before = posture(scratch)
        with read_only(scratch.connection):
            assert scratch.rows("SELECT id FROM item") == [(1,)]
            with pytest.raises(DatabaseError), attempt(scratch.connection):
                scratch.execute("INSERT INTO item VALUES (2)")
        assert posture(scratch) == before
        scratch.execute("INSERT INTO item VALUES (3)")
    assert scratch.rows("SELECT id FROM item ORDER BY id") == [(1,), (3,)]


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "inside a transaction"])
def test_an_error_in_the_block_leaves_no_trace_and_goes_on(scratch: Scratch, inside: bool) -> None:
    scratch.execute("CREATE TABLE item (id integer PRIMARY KEY)")

    def fail() -> None:
        before = posture(scratch)
        with pytest.raises(DatabaseError, match="nowhere"), read_only(scratch.connection):
            scratch.rows("SELECT * FROM nowhere")
        assert posture(scratch) == before
        scratch.execute("INSERT INTO item VALUES (1)")

    if inside:
        with transaction.atomic(using=scratch.alias):
            fail()
    else:
        fail()
    assert scratch.rows("SELECT id FROM item") == [(1,)]
    assert scratch.connection.get_autocommit()


def test_blocks_may_stand_in_each_other(scratch: Scratch) -> None:
    before = posture(scratch)
    with read_only(scratch.connection):
        with read_only(scratch.connection), pytest.raises(DatabaseError), attempt(scratch.connection):
            scratch.execute("CREATE TABLE item (id integer)")
        with pytest.raises(DatabaseError), attempt(scratch.connection):
            scratch.execute("CREATE TABLE item (id integer)")
    assert posture(scratch) == before


def test_nobody_commits_out_of_the_block_on_postgresql(postgres: Scratch) -> None:
    with read_only(postgres.connection):
        with pytest.raises(transaction.TransactionManagementError):
            postgres.connection.commit()
        with pytest.raises(DatabaseError, match="read-write mode"), attempt(postgres.connection):
            postgres.execute("SET transaction_read_only = off")


def test_an_open_transaction_of_someone_elses_is_left_to_them(postgres: Scratch) -> None:
    postgres.connection.set_autocommit(False)
    postgres.execute("CREATE TABLE item (id integer)")
    with read_only(postgres.connection):
        assert postgres.rows("SELECT count(*) FROM item") == [(0,)]
    postgres.execute("INSERT INTO item VALUES (1)")
    postgres.connection.commit()
    postgres.connection.set_autocommit(True)
    assert postgres.rows("SELECT id FROM item") == [(1,)]


def test_a_connection_that_is_lost_in_the_block_is_found_again(postgres: Scratch) -> None:
    with pytest.raises(OperationalError) as caught, read_only(postgres.connection):
        postgres.rows("SELECT pg_terminate_backend(pg_backend_pid())")
    assert reason(caught.value) == "The connection to the server was lost."
    assert postgres.rows("SELECT 1") == [(1,)]


def test_a_connection_that_its_alias_does_not_name_is_refused(postgres: Scratch) -> None:
    stranger = postgres.connection.copy()
    with pytest.raises(ValueError, match=f"not the connection {postgres.alias!r} of this thread"), read_only(stranger):
        pytest.fail("the block was entered")


def test_other_vendors_are_rolled_back(sqlite: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite.execute("CREATE TABLE item (id integer)")
    monkeypatch.setattr(sqlite.connection, "vendor", "another")
    with read_only(sqlite.connection):
        sqlite.execute("INSERT INTO item VALUES (1)")
    assert sqlite.rows("SELECT count(*) FROM item") == [(0,)]


def test_sqlite_stays_read_only_where_it_was(sqlite: Scratch) -> None:
    sqlite.execute("PRAGMA query_only = 1")
    with read_only(sqlite.connection):
        pass
    assert sqlite.rows("PRAGMA query_only") == [(1,)]


def test_sqlite_stays_read_only_where_an_audit_measured_queries(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE item (id integer)")
    sqlite.execute("PRAGMA query_only = 1")
    for writes in (False, True):
        with RolledBack(sqlite.connection, Limits(), writes=writes).open():
            assert sqlite.rows("SELECT count(*) FROM item") == [(0,)]
        assert sqlite.rows("PRAGMA query_only") == [(1,)]
    with pytest.raises(OperationalError, match="readonly database"):
        sqlite.execute("INSERT INTO item VALUES (1)")


def test_a_measured_transaction_leaves_the_settings_of_the_session_as_they_were(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer)")
    before = posture(scratch)
    with transaction.atomic(using=scratch.alias):
        for writes in (True, False):
            with RolledBack(scratch.connection, Limits(), writes=writes).open():
                assert scratch.rows("SELECT count(*) FROM item") == [(0,)]
            assert posture(scratch) == before
        scratch.execute("INSERT INTO item VALUES (1)")
    assert posture(scratch) == before
    assert scratch.rows("SELECT count(*) FROM item") == [(1,)]


def test_a_block_within_another_leaves_it_its_timeout(sqlite: Scratch) -> None:
    with read_only(sqlite.connection, statement=50):
        with read_only(sqlite.connection, statement=30_000):
            assert sqlite.rows("SELECT 1") == [(1,)]
        with pytest.raises(OperationalError, match="longer than 50 ms"):
            sqlite.rows(FOREVER)


def test_an_sqlite_file_is_not_touched(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE item (id integer); INSERT INTO item VALUES (1)")
    path = sqlite.connection.settings_dict["NAME"]
    with open(path, "rb") as file:  # noqa: PTH123  the name is a string
        before = file.read()
    with read_only(sqlite.connection):
        sqlite.rows("SELECT * FROM item")
        with pytest.raises(OperationalError, match="readonly database"):
            sqlite.execute("INSERT INTO item VALUES (2)")
    with open(path, "rb") as file:  # noqa: PTH123
        assert file.read() == before


def test_readers_on_sqlite_keep_no_writer_waiting(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE item (id integer); INSERT INTO item VALUES (1)")
    with read_only(sqlite.connection):
        assert sqlite.rows("SELECT id FROM item") == [(1,)]
        writer = sqlite3.connect(sqlite.connection.settings_dict["NAME"], timeout=0)
        writer.execute("INSERT INTO item VALUES (2)")
        writer.commit()
        writer.close()


# -- timeouts -------------------------------------------------------------------------------------------------------


def test_a_statement_ends_with_its_timeout(scratch: Scratch) -> None:
    with pytest.raises(OperationalError) as caught, read_only(scratch.connection, statement=50):
        scratch.rows(FOREVER)
    expected = {
        "sqlite": "The statement ran longer than the statement timeout.",
        "postgresql": "The statement ran longer than the statement timeout, or someone cancelled it.",
    }
    assert reason(caught.value) == expected[scratch.vendor]


def test_sqlite_says_how_long_the_statement_may_have_run(sqlite: Scratch) -> None:
    with (
        pytest.raises(OperationalError, match=r"^The statement ran longer than 50 ms\.$"),
        read_only(sqlite.connection, statement=50),
    ):
        sqlite.rows(FOREVER)


def test_each_statement_has_the_whole_timeout_and_none_is_left_afterwards(scratch: Scratch) -> None:
    some = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n"
    with pytest.raises(OperationalError), read_only(scratch.connection, statement=1):
        scratch.rows(FOREVER)
    assert scratch.rows(some) == [(200000,)]
    with read_only(scratch.connection, statement=0):
        assert scratch.rows(some) == [(200000,)]


def test_waiting_for_a_lock_ends_with_its_timeout_on_postgresql(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id integer)")
    with connected("locker", dict(postgres.connection.settings_dict)) as locker, transaction.atomic(using="locker"):
        with locker.cursor() as cursor:
            cursor.execute("LOCK TABLE item")
        with pytest.raises(OperationalError) as caught, read_only(postgres.connection, lock=50):
            postgres.rows("SELECT * FROM item")
    assert reason(caught.value) == "Another session keeps it locked for longer than the lock timeout."


# -- attempts -------------------------------------------------------------------------------------------------------


def test_r27_a_statement_that_fails_does_not_abort_the_transaction_around_it(scratch: Scratch) -> None:
    with read_only(scratch.connection):
        with pytest.raises(DatabaseError, match="nowhere"), attempt(scratch.connection):
            scratch.rows("SELECT * FROM nowhere")
        assert scratch.rows("SELECT 1") == [(1,)]


def test_r27_an_attempt_outside_of_a_transaction_is_one_as_well(scratch: Scratch) -> None:
    with pytest.raises(DatabaseError, match="nowhere"), attempt(scratch.connection):
        scratch.rows("SELECT * FROM nowhere")
    assert scratch.rows("SELECT 1") == [(1,)]
    assert scratch.connection.get_autocommit()


# -- reasons --------------------------------------------------------------------------------------------------------


def caught(scratch: Scratch, sql: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as info:
        scratch.execute(sql)
    return info.value


def test_a_reason_names_the_object_and_is_one_sentence(scratch: Scratch) -> None:
    expected = {
        "sqlite": ("No such table: nowhere.", "No such column: missing."),
        "postgresql": ('Relation "nowhere" does not exist.', 'Column "missing" does not exist.'),
    }
    asked = (caught(scratch, "SELECT * FROM nowhere"), caught(scratch, "SELECT missing"))
    assert tuple(map(reason, asked)) == expected[scratch.vendor]


def test_a_reason_never_repeats_a_value(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id varchar(30) PRIMARY KEY); INSERT INTO item VALUES ('a secret')")
    twice = caught(scratch, "INSERT INTO item VALUES ('a secret')")
    assert isinstance(twice, IntegrityError)
    odd = caught(scratch, "SELECT 'a secret' FROM item WHERE 'a secret' 'a secret'")
    for error in (twice, odd):
        assert "secret" not in reason(error)
        assert reason(error).startswith("The database refused the statement (")


def test_a_missing_privilege_is_told(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id integer)")
    with connected("reader", postgres.role("reader")) as reader, pytest.raises(ProgrammingError) as info:
        reader.cursor().execute("SELECT * FROM item")
    assert reason(info.value) == "Permission denied for table item."


def test_a_write_in_a_read_only_block_is_told(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer)")
    with read_only(scratch.connection), attempt(scratch.connection):
        with pytest.raises(DatabaseError) as info:
            scratch.execute("INSERT INTO item VALUES (1)")
        if scratch.vendor == "postgresql":
            transaction.set_rollback(True, using=scratch.alias)
    expected = {
        "sqlite": "The statement would have written.",
        "postgresql": "Cannot execute INSERT in a read-only transaction.",
    }
    assert reason(info.value) == expected[scratch.vendor]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (1142, "The role has no permission."),
        (1146, "The table does not exist."),
        (1205, "Another session keeps it locked for longer than the lock timeout."),
        (3024, "The statement ran longer than the statement timeout, or someone cancelled it."),
        (2013, "The connection to the server was lost."),
        (1064, "The database refused the statement (MYSQL_1064)."),
    ],
)
def test_numbers_of_mysql_are_known(number: int, sentence: str) -> None:
    error = OperationalError()
    error.__cause__ = Exception(number, "the server's words with a 'secret'")
    assert reason(error) == sentence
