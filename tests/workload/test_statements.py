"""pg_stat_statements: what is hidden is told in three different sentences; what is seen is planned without values."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.own_statements import marked
from dbaudit.facts import Skipped
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording.template import template
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import sqlcommenter
from dbaudit.workload.sources.server import ABSENT, NO_PERMISSION, WHAT, _generic, read
from tests.scratch import Scratch, connected
from tests.workload.conftest import routed
from tests.workload.models import MODELS, Author, Book


def filled(database: Scratch) -> None:
    database.execute("CREATE EXTENSION pg_stat_statements")
    database.create(*MODELS)
    database.rows("SELECT pg_stat_statements_reset()")
    with routed(database.alias):
        for number in range(3):
            list(Book.objects.filter(author_id=number, title=f"secret {number}").order_by("title")[:10])
        Author.objects.filter(name="x").update(name="y")
    database.rows("SELECT count(*) FROM pg_class")


def test_other_vendors_have_nothing_of_the_kind(sqlite: Scratch) -> None:
    sqlite.create(*MODELS)
    assert read(sqlite.connection, sqlite.snapshot(), Limits()) == ((), ())


def test_absent_is_told(postgres: Scratch) -> None:
    assert read(postgres.connection, postgres.snapshot(), Limits()) == ((), (Skipped(WHAT, ABSENT),))


@pytest.mark.needs("pg_stat_statements")
def test_no_permission_is_told(postgres: Scratch) -> None:
    filled(postgres)
    postgres.execute("REVOKE ALL ON pg_stat_statements FROM PUBLIC")
    snapshot = postgres.snapshot()
    with connected("no_rights", postgres.role("nobody")) as connection:
        assert read(connection, snapshot, Limits()) == ((), (Skipped(WHAT, NO_PERMISSION),))


@pytest.mark.needs("pg_stat_statements")
def test_statements_of_other_roles_are_counted_where_they_are_hidden(postgres: Scratch) -> None:
    filled(postgres)
    snapshot = postgres.snapshot()
    with connected("few_rights", postgres.role("nobody")) as connection:
        runs, (skipped,) = read(connection, snapshot, Limits())
    assert runs == ()
    assert "are hidden from this role; GRANT pg_read_all_stats" in skipped.reason


def check(connection: BaseDatabaseWrapper, database: Scratch) -> None:
    runs, skipped = read(connection, database.snapshot(), Limits())
    assert skipped == ()
    found = {run.statements[0].kind: run for run in runs}
    assert set(found) >= {"select", "update"}
    run = next(run for run in runs if run.statements[0].kind == "select" and run.calls == 3)
    assert run.origin == "statements"
    assert run.statements[0].tables == ("tests_book",)
    assert run.audited
    (plan,) = run.plans
    assert plan.generic
    assert {node.table for node in plan.nodes} >= {"tests_book"}
    assert not any("secret" in repr(run) for run in runs)
    assert database.rows("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'dbaudit%'") == [(0,)]


@pytest.mark.needs("pg_stat_statements")
def test_what_took_most_time_is_read_and_planned_for_any_values(postgres: Scratch) -> None:
    filled(postgres)
    check(postgres.connection, postgres)


def test_generic_plans_on_every_server_version(postgres_versions: Scratch) -> None:
    postgres_versions.create(*MODELS)
    connection = postgres_versions.connection
    with transaction.atomic(using=connection.alias):
        for text, generic in {
            "SELECT title FROM tests_book WHERE author_id = $1 AND title IN ($2, $3) LIMIT $4": True,
            "SELECT title FROM tests_book": False,
        }.items():
            plan = _generic(connection, text, template(text))
            assert plan is not None
            assert plan.generic is generic
            assert plan.cost is not None
        for broken in ("SELECT INTERVAL $1", "SELECT a FROM nowhere WHERE b = $1", "SELECT 1 LIMIT $1 FOR nothing"):
            assert _generic(connection, broken, template(broken)) is None
    assert postgres_versions.rows("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'dbaudit%'") == [(0,)]


@pytest.mark.needs("pg_stat_statements")
def test_statements_of_audits_are_left_out_also_those_of_earlier_ones(postgres: Scratch) -> None:
    filled(postgres)
    before = {run.id for run in read(postgres.connection, postgres.snapshot(), Limits())[0]}
    for _ in range(2):
        with routed(postgres.alias), marked(postgres.connection):
            Bench(postgres.connection, Limits()).once(lambda: list(Author.objects.order_by("pk")[:7]))
            # Code of the project is not marked, and not counted where the role may say so.
            Bench(postgres.connection, Limits(), writes=True).once(lambda: list(Author.objects.filter(name="z")))
    postgres.snapshot(read_data=True)
    assert {run.id for run in read(postgres.connection, postgres.snapshot(), Limits())[0]} == before


@pytest.mark.needs("pg_stat_statements")
def test_what_the_server_counted_is_told_with_the_view_that_sqlcommenter_names(
    postgres: Scratch, settings: LazySettings
) -> None:
    settings.ROOT_URLCONF = "tests.workload.urls"
    filled(postgres)
    tag = "/*controller='books',route='authors/%%3Cint%%3Aauthor%%3E/'*/"
    with postgres.connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM tests_author WHERE id = %s {tag}", [1])
    runs, _ = read(postgres.connection, postgres.snapshot(), Limits())
    shares = [run.counted.share for run in runs if run.counted]
    assert shares
    assert all(share > 0 for share in shares)
    assert sum(shares) <= 1
    (tagged,) = [run for run in runs if run.counted and run.counted.controller == "books"]
    assert tagged.counted is not None
    assert tagged.counted.route == "authors/<int:author>/"
    assert tagged.location is not None
    assert tagged.location.file == "tests/workload/urls.py"
    (books,) = [run for run in runs if run.calls == 3]
    assert books.counted is not None
    assert (books.counted.calls, books.counted.rows_per_call, books.counted.temp_bytes) == (3, 0, 0)


@pytest.mark.needs("pg_stat_statements")
def test_a_placeholder_with_a_cast_is_the_placeholder_of_the_measured_statement(postgres: Scratch) -> None:
    postgres.execute("CREATE EXTENSION pg_stat_statements; CREATE TABLE tests_event (id uuid, day date, n smallint[])")
    sql = "SELECT id FROM tests_event WHERE id = %s AND day > %s AND n = %s"
    postgres.rows("SELECT pg_stat_statements_reset()")
    postgres.rows(sql, [uuid4(), date(2026, 1, 1), [1, 2]])
    runs, _ = read(postgres.connection, postgres.snapshot(), Limits())
    (run,) = [run for run in runs if run.statements[0].tables == ("tests_event",)]
    assert "$1::uuid" in run.statements[0].sql
    assert run.statements[0].fingerprint == template(sql).fingerprint


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", {}),
        ("SELECT 1 /* controller */", {}),
        ("SELECT 1 /*controller='a%3Ab',route='%5Ex/'*/", {"controller": "a:b", "route": "^x/"}),
        (r"SELECT 1 /*action='it\'s'*/ ", {"action": "it's"}),
    ],
)
def test_tags_are_read_as_sqlcommenter_writes_them(sql: str, expected: dict[str, str]) -> None:
    assert sqlcommenter.tags(sql) == expected
