"""A template is the same for every execution of a statement, and different for different statements."""

from __future__ import annotations

import pytest

from dbaudit.facts import StatementKind
from dbaudit.workload.recording.template import kind, normalised, template


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "a1"."x2" FROM "a1"',
        'SELECT "a 7", "%s"::text FROM t',
        "SELECT a.b FROM a",
    ],
)
def test_names_are_left_alone(sql: str) -> None:
    assert normalised(sql) == sql


def test_different_columns_are_different_templates() -> None:
    assert template("SELECT a FROM t").fingerprint != template("SELECT b FROM t").fingerprint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE b IN (%s, %s, %s) LIMIT 21",
        "SELECT a\n FROM  t WHERE b IN (%s,%s) LIMIT 5;",
        "SELECT a FROM t WHERE b IN (1, -2) LIMIT 5 -- asked by 7",
        "SELECT a FROM t /* route='x' */ WHERE b IN ('it''s', %(name)s) LIMIT $1",
        "SELECT a FROM t WHERE b IN (E'\\'', $q$ ( $q$, 1.5e3) LIMIT ?",
    ],
)
def test_values_lists_spaces_and_comments_make_no_difference(sql: str) -> None:
    assert normalised(sql) == "SELECT a FROM t WHERE b IN (?, ...) LIMIT ?"


def test_rows_of_an_insert_are_one_list() -> None:
    one = normalised("INSERT INTO t (a, b) VALUES (%s, %s)")
    assert one == normalised("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s), (%s, %s)").removesuffix(", ...")


def test_a_savepoint_has_no_name() -> None:
    assert template('SAVEPOINT "s1_x1"').fingerprint == template('SAVEPOINT "s2_x9"').fingerprint


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", "select"),
        ("  (SELECT 1) UNION (SELECT 2)", "select"),
        ("/* hint */ SELECT 1", "select"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "select"),
        ("WITH x AS (SELECT 1) DELETE FROM t USING x", "delete"),
        ("INSERT INTO t VALUES (1)", "insert"),
        ("UPDATE t SET a = 1", "update"),
        ("RELEASE SAVEPOINT x", "transaction"),
        ("VACUUM", "other"),
        ("", "other"),
    ],
)
def test_a_statement_is_known_by_its_verb(sql: str, expected: StatementKind) -> None:
    assert kind(sql) == expected


def test_tables_are_named_in_order_without_quotes() -> None:
    sql = 'SELECT * FROM "b" INNER JOIN "s"."a" ON (x) WHERE EXISTS(SELECT 1 FROM c LIMIT 1)'
    assert template(sql).tables == ("b", "s.a", "c")
