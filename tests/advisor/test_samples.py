"""A second value for each lookup: from the rows, different in every column, and never for unique keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps.registry import Apps

from dbaudit.advisor.candidate import Asked
from dbaudit.advisor.samples import with_another
from dbaudit.facts import Parameters

if TYPE_CHECKING:
    from tests.scratch import Scratch


TABLE = """
    CREATE TABLE item (id integer PRIMARY KEY, a integer, b varchar(10), code varchar(10) UNIQUE);
    INSERT INTO item VALUES (1, 1, 'x', 'p'), (2, 1, 'x', 'q'), (3, 2, 'y', 'r'), (4, 2, 'y', 's'), (5, 2, 'y', 't'),
        (6, 3, 'y', 'u'), (7, 3, 'z', 'v'), (8, 3, 'z', 'w')
"""


def another(database: Scratch, sql: str, *values: object) -> tuple[Any, ...]:
    """The values of all samples after another one was sought."""
    database.execute(TABLE)

    def ask(text: str, given: list[Any]) -> tuple[Any, ...] | None:
        with database.connection.cursor() as cursor:
            cursor.execute(text, given)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row

    samples = (Parameters(values),) if values else ()
    found = with_another(Asked(fingerprint="x", sql=sql, samples=samples), database.snapshot(Apps([])), ask)
    return tuple(tuple(one.values or ()) for one in found.samples)


def test_a_unique_key_finds_one_row_whatever_is_asked(scratch: Scratch) -> None:
    assert another(scratch, 'SELECT * FROM "item" WHERE "item"."id" = %s', 1) == ((1,),)


def test_a_statement_without_values_stays_as_it_is(sqlite: Scratch) -> None:
    assert another(sqlite, 'SELECT * FROM "item" WHERE "item"."a" = %s') == ()


def test_what_is_no_sql_to_the_parser_stays_as_it_is(sqlite: Scratch) -> None:
    assert another(sqlite, "SELEKT %s", 1) == ((1,),)


def test_where_no_other_row_is_the_same_values_stay(sqlite: Scratch) -> None:
    assert another(sqlite, 'SELECT * FROM "item" WHERE "item"."a" = %s AND "item"."b" <> %s', 1, "x")[0] == (1, "x")


def test_of_the_rows_that_differ_in_all_columns_those_of_middling_frequency_are_asked_for(scratch: Scratch) -> None:
    sql = 'SELECT * FROM "item" WHERE "item"."a" = %s AND "item"."b" = %s'
    # (3, y) has one row, (3, z) two, (2, y) three.
    assert another(scratch, sql, 1, "x") == ((1, "x"), (3, "z"))


def test_an_alias_is_followed_to_its_table(scratch: Scratch) -> None:
    sql = 'SELECT * FROM "item" T1 WHERE T1."a" = %s AND T1."b" = %s'
    assert another(scratch, sql, 1, "x") == ((1, "x"), (3, "z"))
