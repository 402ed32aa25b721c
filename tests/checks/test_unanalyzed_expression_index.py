from __future__ import annotations

import pytest
from django.db import models
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from tests.checks.usage import counted, facts, found, judged, rows, the_index
from tests.scratch import Scratch, connected

CHECK = "unanalyzed_expression_index"


@pytest.mark.parametrize(
    ("rule", "statements"),
    [
        ("no expression", "ANALYZE item; CREATE INDEX i ON item (a)"),
        ("analyzed since", "CREATE INDEX i ON item ((a + 1)); ANALYZE item"),
        ("the table never was analyzed", "CREATE INDEX i ON item ((a + 1))"),
        ("unique over the expression alone", "ANALYZE item; CREATE UNIQUE INDEX i ON item ((a + 1))"),
    ],
)
def test_silent_where_the_planner_knows_or_knows_nothing_at_all(postgres: Scratch, rule: str, statements: str) -> None:
    rows(postgres, 2_000)
    postgres.execute(statements)
    assert not found(postgres, CHECK), rule


def test_silent_on_a_table_of_fewer_than_1_000_rows(postgres: Scratch) -> None:
    rows(postgres, 900)
    postgres.execute("ANALYZE item; CREATE INDEX i ON item ((a + 1))")
    assert not found(postgres, CHECK)


def test_silent_on_a_partitioned_table_of_whose_expressions_no_statistics_are_kept(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id bigint, a int) PARTITION BY RANGE (id)")
    postgres.execute("CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (10000)")
    postgres.execute("INSERT INTO item SELECT n, n FROM generate_series(1, 2000) AS n")
    postgres.execute("CREATE INDEX i ON item ((a + 1)); ANALYZE item")
    assert the_index(counted(postgres), "i").expression_statistics == ()
    assert not found(postgres, CHECK)


def test_says_r25_that_a_role_that_is_not_the_owner_cannot_see_them(postgres: Scratch) -> None:
    rows(postgres, 2_000)
    postgres.execute("ANALYZE item; CREATE INDEX i ON item ((a + 1))")
    entry = postgres.role("visitor")
    postgres.execute("GRANT SELECT ON item TO visitor")
    with connected("visitor", entry) as connection:
        outcome = judged(Scratch(connection), CHECK)
    assert not outcome.findings
    assert [one.reason for one in outcome.skipped] == [
        "i: statistics of expressions are shown to the owner of the table alone."
    ]


@isolate_apps("tests")
def test_finds_an_index_that_was_made_after_the_last_analyze_and_analyze_corrects_the_plan(postgres: Scratch) -> None:
    class Person(models.Model):
        name = models.TextField()

        class Meta:
            app_label = "tests"
            indexes = (models.Index(Lower("name"), name="person_lower"),)

    postgres.create(Person)
    postgres.execute("DROP INDEX person_lower")
    postgres.execute("INSERT INTO tests_person (name) SELECT n % 2 FROM generate_series(1, 10000) AS n")
    postgres.execute("ANALYZE tests_person; CREATE INDEX person_lower ON tests_person (lower(name))")
    (one,) = found(postgres, CHECK, Person._meta.apps)
    assert (one.severity, one.confidence) == ("warning", "high")
    assert one.key == "unanalyzed_expression_index:tests_person:((lower(name)))"
    assert facts(one)["rows"] == 10_000
    assert one.location
    assert one.location.file == "tests/checks/test_unanalyzed_expression_index.py"

    def expected_rows() -> int:
        [(plan,)] = postgres.rows("EXPLAIN (FORMAT json) SELECT * FROM tests_person WHERE lower(name) = '1'")
        return int(plan[0]["Plan"]["Plan Rows"])

    assert expected_rows() == 50  # one in two hundred
    postgres.execute(one.remedy.sql)
    assert expected_rows() == pytest.approx(5_000, rel=0.1)
    assert not found(postgres, CHECK, Person._meta.apps)
