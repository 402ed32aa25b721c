"""What other sessions do while the catalog is read: nothing of it may fail the audit."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import ProgrammingError

from dbaudit.facts import Skipped
from tests.catalog.reading import index, read
from tests.scratch import Scratch, connected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STATEMENTS = 11
LOCKED = "Another session keeps it locked against reading (ACCESS EXCLUSIVE)."


def another_session(scratch: Scratch) -> psycopg.Connection[tuple[Any, ...]]:
    settings = scratch.connection.settings_dict
    return psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
        autocommit=True,
    )


@pytest.mark.parametrize("before", range(STATEMENTS - 1))  # the last one reads sequences
def test_a_table_that_is_dropped_while_reading_is_left_out_whole_and_named(postgres: Scratch, before: int) -> None:
    postgres.execute(
        """
        CREATE TABLE stays (id serial PRIMARY KEY);
        CREATE TABLE goes (id serial PRIMARY KEY, a text DEFAULT 'x', stays_id int REFERENCES stays, CHECK (a <> 'y'));
        CREATE INDEX goes_a ON goes (lower(a)) WHERE id > 0;
        """
    )
    done = 0
    with another_session(postgres) as other:

        def drop_before(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal done
            if sql.startswith(("SELECT set_config(%s", "SAVEPOINT", "ROLLBACK", "RELEASE")):
                return execute(sql, params, many, context)
            if done == before:
                other.execute("DROP TABLE goes")
            done += 1
            return execute(sql, params, many, context)

        with postgres.connection.execute_wrapper(drop_before):
            snapshot = read(postgres.connection)
    assert done == STATEMENTS
    assert [one.name for one in snapshot.tables] == ["stays"]
    assert [one.primary_key for one in snapshot.tables] == [("id",)]
    gone = Skipped("goes", "It was dropped while the catalog was being read.", "table")
    assert snapshot.skipped in ((), (gone,))
    assert (snapshot.skipped == ()) == (before <= 3), "unseen before the fourth statement lists the tables"


@contextmanager
def held(scratch: Scratch, *statements: str) -> Iterator[None]:
    """Another session's transaction that stays open."""
    with another_session(scratch) as other, other.transaction(force_rollback=True):
        for statement in statements:
            other.execute(statement)
        yield


def test_a_table_that_another_session_has_locked_keeps_its_name_and_the_rest_is_read(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE busy (id serial PRIMARY KEY, a text DEFAULT 'x');
        CREATE TABLE free (id serial PRIMARY KEY, busy_id int REFERENCES busy);
        """
    )
    with held(postgres, "LOCK TABLE busy IN ACCESS EXCLUSIVE MODE"):
        snapshot = read(postgres.connection, lock_timeout_ms=100)
    busy, free = snapshot.tables
    assert (busy.name, busy.columns, busy.indexes, busy.bytes, busy.index_bytes) == ("busy", (), (), None, None)
    assert (free.primary_key, [one.target_table for one in free.foreign_keys]) == (("id",), ["busy"])
    assert snapshot.skipped == (Skipped("busy", LOCKED, "table"),)


@pytest.mark.parametrize(
    "statement",
    [
        "LOCK TABLE event_one IN ACCESS EXCLUSIVE MODE",
        "ALTER TABLE event_one ALTER note SET NOT NULL",
        "REINDEX INDEX event_one_pkey",
        "TRUNCATE event",
    ],
)
def test_a_lock_on_a_partition_or_its_index_counts_for_the_whole(postgres: Scratch, statement: str) -> None:
    postgres.execute(
        """
        CREATE TABLE event (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
        CREATE TABLE event_one PARTITION OF event FOR VALUES FROM (0) TO (10);
        CREATE TABLE free (id int PRIMARY KEY);
        """
    )
    with held(postgres, statement):
        snapshot = read(postgres.connection, lock_timeout_ms=100)
    assert [(one.name, bool(one.columns)) for one in snapshot.tables] == [("event", False), ("free", True)]
    assert snapshot.skipped == (Skipped("event", LOCKED, "table"),)


def test_a_locked_sequence_only_hides_its_position(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id serial PRIMARY KEY)")
    postgres.execute("INSERT INTO a DEFAULT VALUES; INSERT INTO b DEFAULT VALUES")
    with held(postgres, "ALTER SEQUENCE a_id_seq RENAME TO c"):
        snapshot = postgres.snapshot(lock_timeout_ms=100)
    assert [one.what for one in snapshot.skipped] == ["position of a_id_seq"]
    assert [(one.last_value, one.readable) for one in snapshot.sequences] == [(None, False), (1, True)]
    assert [one.primary_key for one in snapshot.tables] == [("id",), ("id",)]


def test_what_is_locked_row_by_row_or_for_writing_is_read_as_ever(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int PRIMARY KEY)")
    with held(postgres, "INSERT INTO item VALUES (1)", "LOCK TABLE item IN EXCLUSIVE MODE"):
        snapshot = read(postgres.connection, lock_timeout_ms=100)
    assert snapshot.skipped == ()
    assert snapshot.tables[0].columns


def test_an_error_that_is_nobodys_lock_is_raised(postgres: Scratch) -> None:
    postgres.execute("REVOKE SELECT ON pg_catalog.pg_inherits FROM PUBLIC")
    try:
        with (
            connected("reader", postgres.role("reader")) as reader,
            pytest.raises(ProgrammingError, match="permission denied for table pg_inherits"),
        ):
            read(reader)
    finally:
        postgres.execute("GRANT SELECT ON pg_catalog.pg_inherits TO PUBLIC")


@pytest.mark.parametrize("builder", ["the same role", "another role"])
def test_r7_an_index_that_is_being_built_is_invalid_and_says_so(postgres: Scratch, builder: str) -> None:
    postgres.execute(
        """
        CREATE TABLE item (id int PRIMARY KEY, a int);
        CREATE TABLE other (id int PRIMARY KEY, a int);
        INSERT INTO other VALUES (1, 1), (2, 1);
        """
    )
    with pytest.raises(Exception, match="could not create unique index"):
        postgres.execute("CREATE UNIQUE INDEX CONCURRENTLY leftover ON other (a)")
    building = threading.Thread(target=build, args=[postgres])
    with another_session(postgres) as writer, connected("reader", postgres.role("reader")) as reader:
        reader.ensure_connection()
        with writer.transaction(force_rollback=True):
            writer.execute("INSERT INTO item VALUES (1, 1)")  # the build waits for every transaction that wrote
            building.start()
            while not postgres.rows("SELECT pid FROM pg_stat_progress_create_index WHERE phase ~ '^waiting'"):
                assert building.is_alive()
            connection = postgres.connection if builder == "the same role" else reader
            found = {one.name: one for table in read(connection).tables for one in table.indexes}
        building.join()
    assert (found["item_a"].valid, found["item_a"].building, found["item_a"].usable) == (False, True, False)
    assert (found["leftover"].valid, found["leftover"].building) == (False, False)
    assert index(postgres, "item_a").valid
    assert not index(postgres, "item_a").building


def build(scratch: Scratch) -> None:
    with another_session(scratch) as session:
        session.execute("CREATE INDEX CONCURRENTLY item_a ON item (a)")
