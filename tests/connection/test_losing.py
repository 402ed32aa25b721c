"""A connection that is lost at any statement costs at most what it was reading, and never more than a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connections
from django.test.utils import isolate_apps

from dbaudit import catalog
from dbaudit.connection.reasons import FOREIGN
from dbaudit.errors import AuditError
from dbaudit.facts import Snapshot
from tests.scratch import Scratch, connected

TABLES = """
    CREATE TABLE shelf (id serial PRIMARY KEY);
    CREATE TABLE item (id serial PRIMARY KEY, shelf_id integer NOT NULL REFERENCES shelf, name varchar(20));
    INSERT INTO shelf DEFAULT VALUES;
    INSERT INTO item (shelf_id, name) VALUES (1, 'one');
    CREATE TABLE django_migrations (id serial, app text, name text);
"""


class Killer:
    """Ends the session of a connection before its statement of a number."""

    def __init__(self, scratch: Scratch, at: int, times: int = 1) -> None:
        self.at, self.times, self.seen, self._scratch = at, times, 0, scratch

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.seen += 1
        if self.at <= self.seen < self.at + self.times:
            pid = context["connection"].connection.info.backend_pid
            with connections["killer"].cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return execute(sql, params, many, context)


@contextmanager
def killing(scratch: Scratch, at: int, times: int = 1) -> Iterator[Killer]:
    killer = Killer(scratch, at, times)
    with connected("killer", dict(scratch.connection.settings_dict)), scratch.connection.execute_wrapper(killer):
        yield killer


def shape(snapshot: Snapshot) -> tuple[Any, ...]:
    """What must not depend on whether a connection was lost."""
    counts = [(table.name, table.rows, table.rows_are) for table in snapshot.tables]
    server = snapshot.posture.server if snapshot.posture else None
    return counts, snapshot.data, snapshot.skipped, server is not None


def test_a_connection_lost_at_any_statement_of_reading_is_found_again(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    with killing(postgres, at=10**6) as counter:
        expected = shape(postgres.snapshot(today=None))
    assert counter.seen > 20
    for at in range(1, counter.seen + 1):
        with killing(postgres, at):
            assert shape(postgres.snapshot(today=None)) == expected, at


def test_a_server_that_ends_every_session_is_told_in_one_sentence(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    with killing(postgres, at=5, times=10**6), pytest.raises(AuditError) as caught:
        postgres.snapshot()
    assert str(caught.value).startswith(f"Database {postgres.alias!r} (scratch on ")
    assert str(caught.value).endswith("cannot be opened: the server ends the session at once; try again.")


def test_counting_that_is_lost_again_and_again_is_one_line_and_not_one_for_each_table(postgres: Scratch) -> None:
    postgres.execute(TABLES)

    class Counts(Killer):
        def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
            self.seen = self.at - (1 if "count(ctid)" in str(sql) else 2)
            return super().__call__(execute, sql, params, many, context)

    with (
        connected("killer", dict(postgres.connection.settings_dict)),
        postgres.connection.execute_wrapper(Counts(postgres, at=10)),
    ):
        snapshot = postgres.snapshot()
    lost = [one for one in snapshot.skipped if "connection" in one.reason]
    assert [one.what for one in lost] == ["Row counts"]
    assert {table.name for table in snapshot.tables} >= {"item", "shelf"}
    assert snapshot.posture
    assert snapshot.posture.server


def test_a_search_path_that_names_no_schema_is_one_sentence(postgres: Scratch) -> None:
    settings = {**postgres.connection.settings_dict, "OPTIONS": {"options": "-c search_path=nowhere"}}
    with connected("lost_path", settings) as connection, pytest.raises(AuditError, match="names no schema"):
        catalog.read(
            connection, apps=Apps([]), statement_timeout_ms=9_000, lock_timeout_ms=900, count_limit_bytes=2**20
        )


@pytest.mark.needs("postgres_fdw")
def test_a_foreign_table_whose_server_is_away_costs_only_itself(postgres: Scratch) -> None:
    from django.db import models  # noqa: PLC0415 - models of this test alone

    postgres.execute(TABLES)
    postgres.execute("CREATE EXTENSION postgres_fdw")
    postgres.execute("CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1')")
    postgres.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER away OPTIONS (user 'x', password 'x')")
    postgres.execute("CREATE FOREIGN TABLE remote (id integer NOT NULL, item_id integer) SERVER away")
    with isolate_apps("tests") as apps:

        class Item(models.Model):
            class Meta:
                app_label = "tests"
                db_table = "item"

        class Remote(models.Model):
            item = models.ForeignKey(Item, models.CASCADE)

            class Meta:
                app_label = "tests"
                db_table = "remote"

        snapshot = postgres.snapshot(apps, exact_counts=True, read_data=True)
    assert {table.name for table in snapshot.tables} >= {"item", "shelf", "remote"}
    assert {one.reason for one in snapshot.skipped if "remote" in one.what} <= {FOREIGN}
    assert not any("connection" in one.reason for one in snapshot.skipped)
