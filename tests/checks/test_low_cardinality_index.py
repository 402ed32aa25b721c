from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.usage import facts, found, judged
from tests.scratch import Scratch

CHECK = "low_cardinality_index"
NUMBER = 12_000


def fill(
    scratch: Scratch, value: str, columns: str = "a int, b int", index: str = "CREATE INDEX i ON item (a)"
) -> None:
    """A table on either vendor; ``n`` counts the rows."""
    numbers = f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {NUMBER})"
    scratch.execute(f"CREATE TABLE item (id bigint PRIMARY KEY, {columns}); {index}")
    scratch.execute(f"INSERT INTO item {numbers} SELECT n, {value}, n FROM numbers")
    scratch.execute("ANALYZE")


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("composite", "CREATE INDEX i ON item (a, b)"),
        ("partial", "CREATE INDEX i ON item (a) WHERE b > 7"),
        ("over an expression", "CREATE INDEX i ON item ((a + 1))"),
    ],
)
def test_silent_on_indexes_that_say_more(scratch: Scratch, rule: str, index: str) -> None:
    fill(scratch, "n % 2", index=index)
    assert not found(scratch, CHECK), rule


def test_silent_where_it_is_unique(postgres: Scratch) -> None:
    fill(postgres, "CASE WHEN n < 3 THEN n END", index="CREATE UNIQUE INDEX i ON item (a)")
    assert not found(postgres, CHECK)


def test_silent_on_no_b_tree(postgres: Scratch) -> None:
    fill(postgres, "n % 2", index="CREATE INDEX i ON item USING brin (a)")
    assert not found(postgres, CHECK)


def test_silent_on_a_foreign_key(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (0), (1)")
    fill(scratch, "n % 2", "a int REFERENCES parent (id), b int")
    assert not found(scratch, CHECK)


def test_silent_on_more_than_10_values(scratch: Scratch) -> None:
    fill(scratch, "n % 11")
    assert not found(scratch, CHECK)


def test_silent_on_more_than_10_values_beside_a_dominant_one(postgres: Scratch) -> None:
    fill(postgres, "CASE WHEN n % 20 = 0 THEN n % 400 ELSE 1 END")
    assert not found(postgres, CHECK)


def test_silent_on_a_small_table(scratch: Scratch) -> None:
    fill(scratch, "n % 2")
    scratch.execute("DELETE FROM item WHERE id < 3000")
    scratch.execute("ANALYZE")
    assert not found(scratch, CHECK)


def test_silent_where_a_rare_value_can_be_looked_up_and_none_is_dominant(postgres: Scratch) -> None:
    fill(postgres, "CASE WHEN n % 50 = 0 THEN 7 ELSE n % 3 END")
    assert not found(postgres, CHECK)


def test_silent_where_the_rows_lie_in_the_order_of_the_column(postgres: Scratch) -> None:
    fill(postgres, f"(n - 1) * 5 / {NUMBER}")
    assert not found(postgres, CHECK)


def test_silent_where_its_scans_did_find_few_rows(postgres: Scratch) -> None:
    fill(postgres, "CASE WHEN n % 50 = 0 THEN 7 ELSE 0 END")
    postgres.execute("SET enable_seqscan = off; SELECT * FROM item WHERE a = 7")
    assert not found(postgres, CHECK)


def test_says_that_it_did_not_judge_without_statistics(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id bigint PRIMARY KEY, a int); CREATE INDEX i ON item (a)")
    numbers = f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {NUMBER})"
    scratch.execute(f"INSERT INTO item {numbers} SELECT n, n % 2 FROM numbers")
    outcome = judged(scratch, CHECK)
    assert not outcome.findings
    assert [one.reason for one in outcome.skipped] == ["i: there are no statistics of its column."]


def test_finds_an_index_on_values_that_are_all_frequent(scratch: Scratch) -> None:
    fill(scratch, "n % 4")
    (one,) = found(scratch, CHECK)
    assert (one.severity, one.key) == ("info", "low_cardinality_index:item:(a)")
    assert one.confidence == ("low" if scratch.vendor == "sqlite" else "medium")
    assert facts(one)["share of the rarest value"] == pytest.approx(25, abs=2)
    scratch.execute(one.remedy.sql)
    assert not found(scratch, CHECK)
    scratch.execute(one.remedy.undo_sql)
    scratch.execute("ANALYZE")
    assert [one.key for one in found(scratch, CHECK)] == [one.key]


@isolate_apps("tests")
def test_suggests_a_partial_index_where_one_value_is_dominant(postgres: Scratch) -> None:
    class Task(models.Model):
        done = models.BooleanField(db_index=True)

        class Meta:
            app_label = "tests"

    postgres.create(Task)
    postgres.execute(f"INSERT INTO tests_task (done) SELECT n % 50 > 0 FROM generate_series(1, {NUMBER}) AS n")
    postgres.execute("ANALYZE tests_task")
    (one,) = found(postgres, CHECK, Task._meta.apps)
    assert "condition=~Q(done=<the value that most rows have>)" in one.remedy.orm
    assert "done = models.BooleanField(..., db_index=False)" in one.remedy.orm
    assert facts(one)["share of the most frequent value"] == pytest.approx(98, abs=1)
    assert one.location
    assert one.location.file == "tests/checks/test_low_cardinality_index.py"


@isolate_apps("tests")
def test_silent_on_a_relation_that_the_database_does_not_enforce(scratch: Scratch) -> None:
    class Kind(models.Model):
        class Meta:
            app_label = "tests"

    class Thing(models.Model):
        kind = models.ForeignKey(Kind, models.DO_NOTHING, db_constraint=False)

        class Meta:
            app_label = "tests"

    scratch.create(Kind, Thing)
    numbers = f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {NUMBER})"
    scratch.execute(f"INSERT INTO tests_thing (kind_id) {numbers} SELECT n % 2 FROM numbers")
    scratch.execute("ANALYZE")
    assert not found(scratch, CHECK, Thing._meta.apps)
