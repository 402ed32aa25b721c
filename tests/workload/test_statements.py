"""pg_stat_statements: what is hidden is told in three different sentences; what is seen is planned without values."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.facts import Skipped
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording.template import template
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
