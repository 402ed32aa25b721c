"""What PostgreSQL's reader looks at and what it may not see: schemas, privileges, settings."""

from __future__ import annotations

import pytest
from django.db import transaction

from dbaudit.catalog.database import postgresql
from dbaudit.facts import Skipped
from tests.catalog.reading import read
from tests.scratch import Scratch, connected


def test_r25_r26_statistics_that_the_role_may_not_see_are_named_as_not_seen(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE closed (id int PRIMARY KEY, note text);
        CREATE TABLE columns_only (id int PRIMARY KEY, note text);
        CREATE TABLE guarded (id int PRIMARY KEY);
        CREATE TABLE open (id int PRIMARY KEY);
        INSERT INTO closed VALUES (1, 'x');
        INSERT INTO columns_only VALUES (1, 'x');
        INSERT INTO open VALUES (1);
        INSERT INTO guarded VALUES (1);
        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
        ANALYZE;
        """
    )
    settings = postgres.role("reader")
    postgres.execute("GRANT SELECT ON open, guarded TO reader; GRANT SELECT (id) ON columns_only TO reader")
    with connected("reader", settings) as reader:
        snapshot = read(reader)
    assert {one.name: one.readable for one in snapshot.tables} == {
        "closed": False,
        "columns_only": False,
        "guarded": False,
        "open": True,
    }
    closed, columns_only, guarded, opened = snapshot.tables
    assert [column.statistics for column in closed.columns] == [None, None]
    assert [column.statistics is None for column in columns_only.columns] == [False, True]
    assert guarded.columns[0].statistics is None
    assert opened.columns[0].statistics is not None
    assert (closed.rows, closed.primary_key, len(closed.indexes)) == (1, ("id",), 1)
    assert closed.bytes
    reason = "The role may not read all rows of closed, columns_only, guarded, so the server hides them."
    assert snapshot.skipped == (Skipped("column statistics", reason),)


def test_r24_every_schema_of_the_search_path_is_read_and_no_other(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE SCHEMA sales;
        CREATE SCHEMA hidden;
        CREATE TABLE sales.orders (id int PRIMARY KEY);
        CREATE TABLE hidden.nobody (id int PRIMARY KEY);
        CREATE TABLE customer (id int PRIMARY KEY, orders_id int REFERENCES sales.orders,
            nobody_id int REFERENCES hidden.nobody);
        CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customer);
        ALTER DATABASE scratch SET search_path = "$user", sales, nowhere, public, pg_catalog, information_schema;
        """
    )
    postgres.connection.close()
    snapshot = read(postgres.connection)
    assert [one.label for one in snapshot.tables] == ["orders", "public.customer", "public.orders"]
    assert [(one.target_schema, one.target_table) for one in snapshot.tables[1].foreign_keys] == [
        ("hidden", "nobody"),
        ("", "orders"),
    ]
    assert [one.target_schema for one in snapshot.tables[2].foreign_keys] == ["public"]
    assert [(one.schema, one.name, one.table) for one in snapshot.sequences] == [("public", "orders_id_seq", "orders")]


def test_tables_of_one_name_in_two_schemas_keep_their_own_statistics(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE SCHEMA sales;
        CREATE TABLE orders (id int);
        CREATE TABLE sales.orders (id int);
        INSERT INTO orders SELECT g FROM generate_series(1, 10) g;
        INSERT INTO sales.orders SELECT g FROM generate_series(1, 20) g;
        ANALYZE;
        SET search_path = public, sales;
        """
    )
    found = {one.label: one.columns[0].statistics for one in read(postgres.connection).tables}
    assert {label: one.distinct for label, one in found.items() if one} == {"orders": 10, "sales.orders": 20}


def test_a_search_path_that_leads_nowhere_is_said(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int); ALTER DATABASE scratch SET search_path = nowhere")
    postgres.connection.close()
    snapshot = read(postgres.connection)
    assert snapshot.tables == ()
    reason = "The search path names no schema that exists and that the role may use: set it, or grant USAGE."
    assert snapshot.skipped == (Skipped("tables", reason, "schema"),)


@pytest.mark.needs("pg_stat_statements")
def test_r23_what_belongs_to_an_extension_or_to_a_session_is_left_out(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE EXTENSION pg_stat_statements;
        CREATE TABLE owned (id serial PRIMARY KEY);
        CREATE TABLE own (id int PRIMARY KEY, note text);
        CREATE TEMPORARY TABLE brief (id serial PRIMARY KEY);
        ALTER EXTENSION pg_stat_statements ADD TABLE owned;
        ALTER EXTENSION pg_stat_statements ADD SEQUENCE owned_id_seq;
        """
    )
    assert postgres.rows("SELECT count(*) FROM pg_class WHERE relname = 'pg_stat_statements'") == [(1,)]
    snapshot = read(postgres.connection)
    assert [one.name for one in snapshot.tables] == ["own"]
    assert snapshot.sequences == ()
    assert "extension.pg_stat_statements" in dict(snapshot.settings)


def test_settings_are_those_of_the_session_and_not_those_of_the_audit(postgres: Scratch) -> None:
    postgres.execute("ALTER DATABASE scratch SET statement_timeout = '7s'; ALTER ROLE dbaudit SET lock_timeout = '3s'")
    try:
        postgres.connection.close()
        settings = dict(read(postgres.connection, lock_timeout_ms=1_234).settings)
    finally:
        postgres.execute("ALTER ROLE dbaudit RESET lock_timeout")
    assert (settings["statement_timeout"], settings["lock_timeout"]) == ("7000", "3000")
    assert settings["default_transaction_read_only"] == "off"
    assert (settings["fsync"], settings["full_page_writes"], settings["track_counts"]) == ("off", "off", "on")
    assert settings["extension.plpgsql"]
    assert (settings["role.superuser"], settings["in_recovery"]) == ("on", "off")
    assert "idle_in_transaction_session_timeout" in settings
    assert {"max_connections", "server_version_num", "ssl", "shared_preload_libraries"} <= settings.keys()


def test_settings_that_the_role_may_not_see_are_not_there(postgres: Scratch) -> None:
    with connected("reader", postgres.role("reader")) as reader:
        settings = dict(read(reader).settings)
    assert "shared_preload_libraries" not in settings
    assert (settings["role.superuser"], settings["role.bypassrls"]) == ("off", "off")


def test_the_moment_of_the_last_reset_is_told(postgres: Scratch) -> None:
    postgres.execute("SELECT pg_stat_reset()")
    (now,) = postgres.rows("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')")[0]
    assert dict(read(postgres.connection).settings)["stats_reset"].startswith(f"{now}T")


def test_reading_inside_a_transaction_leaves_it_as_it_was(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int PRIMARY KEY)")
    with transaction.atomic(using=postgres.alias):
        postgres.execute("SET LOCAL jit = on; INSERT INTO item VALUES (1)")
        assert len(postgresql.read(postgres.connection).tables) == 1
        assert postgres.rows("SHOW jit") == [("on",)]
        assert postgres.rows(
            "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'item'::regclass"
        ) == [("RowExclusiveLock",)]
    assert postgres.rows("SELECT id FROM item") == [(1,)]
