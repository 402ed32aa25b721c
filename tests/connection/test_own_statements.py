"""The comment on the audit's own statements: where it stands, what servers keep of it, and what does not have it."""

from __future__ import annotations

from typing import Any

import pytest

from dbaudit.connection.own_statements import COMMENT, has_comment, marked, unmarked, with_comment
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from tests.scratch import Scratch, connected
from tests.workload.conftest import routed
from tests.workload.models import MODELS, Author

REMEMBERED = "SELECT query FROM pg_stat_statements WHERE query !~ 'pg_stat_statements'"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", f"SELECT 1 {COMMENT}"),
        ("SELECT 1 ; ", f"SELECT 1 {COMMENT};"),
        ("\n SELECT 1\n", f"\n SELECT 1 {COMMENT}"),
        ("SELECT 1; SELECT 2;", f"SELECT 1; SELECT 2 {COMMENT};"),
        ("SELECT 1 -- one", f"SELECT 1 -- one\n{COMMENT}"),
        ("SELECT 1 -- one\n+ 1", f"SELECT 1 -- one\n+ 1 {COMMENT}"),
        ("SELECT '--'", f"SELECT '--'\n{COMMENT}"),
    ],
)
def test_the_comment_stands_at_the_end_of_the_statement(sql: str, expected: str) -> None:
    assert with_comment(sql) == expected
    assert has_comment(expected)
    assert not has_comment(sql)


@pytest.mark.needs("pg_stat_statements")
def test_the_server_remembers_the_comment_of_whatever_the_audit_asks(postgres: Scratch) -> None:
    postgres.create(*MODELS)
    postgres.execute("CREATE EXTENSION pg_stat_statements")
    postgres.rows("SELECT pg_stat_statements_reset()")
    postgres.snapshot()
    asked = [text for (text,) in postgres.rows(REMEMBERED) if text.lstrip("( ").upper().startswith(("SELECT", "WITH"))]
    assert len(asked) > 10
    # By "SELECT 1" Django itself tries a connection that is open already.
    assert [text for text in asked if not has_comment(text)] in ([], ["SELECT $1"])


@pytest.mark.needs("pg_stat_statements")
def test_what_the_projects_code_asks_has_no_comment_and_what_is_made_up_has(postgres: Scratch) -> None:
    postgres.create(*MODELS)
    postgres.execute("CREATE EXTENSION pg_stat_statements")
    postgres.rows("SELECT pg_stat_statements_reset()")

    def named() -> list[Author]:
        return list(Author.objects.filter(name="Ann"))

    def first() -> list[Author]:
        return list(Author.objects.order_by("pk")[:10])

    with routed(postgres.alias), marked(postgres.connection):
        own = Bench(postgres.connection, Limits(), writes=True).once(named)
        made_up = Bench(postgres.connection, Limits()).once(first)
    texts = [text for (text,) in postgres.rows(REMEMBERED) if "tests_author" in text]
    # A superuser may have it that the server does not count what the project's code asks in an audit.
    assert not [text for text in texts if "WHERE" in text]
    assert {has_comment(text) for text in texts if "ORDER BY" in text} == {True}
    # What was recorded is what the code asked for, whoever is told of it.
    assert not any(has_comment(one.sql) for one in (*own.statements, *made_up.statements))


@pytest.mark.needs("pg_stat_statements")
def test_what_the_projects_code_asks_has_no_comment_where_the_role_cannot_keep_it_from_being_counted(
    postgres: Scratch,
) -> None:
    postgres.create(*MODELS)
    postgres.execute("CREATE EXTENSION pg_stat_statements")
    settings = postgres.role("auditor")
    postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor")
    postgres.rows("SELECT pg_stat_statements_reset()")
    with connected("auditor", settings) as connection, routed("auditor"), marked(connection):
        Bench(connection, Limits(), writes=True).once(lambda: list(Author.objects.filter(name="Ann")))
    texts = [text for (text,) in postgres.rows(REMEMBERED) if "tests_author" in text]
    assert [has_comment(text) for text in texts if "WHERE" in text] == [False]


def test_blocks_may_be_nested_and_leave_the_connection_as_it_was(postgres: Scratch) -> None:
    seen: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    connection = postgres.connection
    before = list(connection.execute_wrappers)
    with marked(connection), connection.execute_wrapper(look), marked(connection):
        postgres.rows("SELECT 1")
        with unmarked(connection):
            postgres.rows("SELECT 2")
            with marked(connection):
                postgres.rows("SELECT 3")
        postgres.rows("SELECT 4")
    postgres.rows("SELECT 5")
    assert seen == [f"SELECT 1 {COMMENT}", "SELECT 2", "SELECT 3", f"SELECT 4 {COMMENT}"]
    assert connection.execute_wrappers == before


def test_sqlite_keeps_no_statements_so_none_is_marked(sqlite: Scratch) -> None:
    with marked(sqlite.connection):
        assert sqlite.connection.execute_wrappers == []
