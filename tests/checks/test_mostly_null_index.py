from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.usage import counted as read
from tests.checks.usage import facts, found, judged, rows, the_index
from tests.scratch import Scratch

CHECK = "mostly_null_index"
SPARSE = "CASE WHEN n % 20 = 0 THEN n END"


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("unique", "CREATE UNIQUE INDEX i ON item (a)"),
        ("a unique constraint", "ALTER TABLE item ADD UNIQUE (a)"),
        ("clustered", "CREATE INDEX i ON item (a); ALTER TABLE item CLUSTER ON i"),
        ("partial already", "CREATE INDEX i ON item (a) WHERE b > 1"),
        ("no b-tree", "CREATE INDEX i ON item USING hash (a)"),
        ("composite", "CREATE INDEX i ON item (a, b)"),
        ("over an expression", "CREATE INDEX i ON item ((a + 1))"),
        ("of a column that is never NULL", "CREATE INDEX i ON item (b)"),
    ],
)
def test_silent_where_a_partial_index_is_no_answer(postgres: Scratch, rule: str, index: str) -> None:
    rows(postgres, 200_000, "a int, b int", f"{SPARSE}, n")
    postgres.execute(f"{index}; ANALYZE item")
    assert not found(postgres, CHECK), rule


def test_silent_where_less_than_80_per_cent_are_null(postgres: Scratch) -> None:
    rows(postgres, 200_000, "a int", "CASE WHEN n % 4 = 0 THEN n END")
    postgres.execute("CREATE INDEX i ON item (a); ANALYZE item")
    assert not found(postgres, CHECK)


def test_silent_on_a_small_foreign_key(postgres: Scratch) -> None:
    rows(postgres, 10_000, "a bigint REFERENCES item (id)", "CASE WHEN n < 9 THEN n END")
    postgres.execute("CREATE INDEX i ON item (a); ANALYZE item")
    assert not found(postgres, CHECK)


def test_says_that_it_did_not_judge_a_table_without_statistics(postgres: Scratch) -> None:
    rows(postgres, 200_000, "a int", "n")
    postgres.execute("CREATE INDEX i ON item (a); ALTER TABLE item ADD b int NOT NULL DEFAULT 1")
    postgres.execute("CREATE INDEX never_null ON item (b)")
    outcome = judged(postgres, CHECK)
    assert not outcome.findings
    assert [one.reason for one in outcome.skipped] == ["i: the planner's statistics of its column were not seen."]


def test_finds_an_index_of_nulls_and_its_remedy_serves_lookups_and_the_foreign_key(postgres: Scratch) -> None:
    rows(postgres, 200_000, "a bigint REFERENCES item (id)", "CASE WHEN n > 190000 THEN n END")
    postgres.execute("CREATE INDEX i ON item (a DESC); ANALYZE item")
    (one,) = found(postgres, CHECK)
    assert (one.severity, one.confidence, one.key) == ("info", "medium", "mostly_null_index:item:(a DESC)")
    assert facts(one)["NULL"] == pytest.approx(95, abs=1)
    postgres.execute(one.remedy.sql)
    (partial,) = (index for index in read(postgres).tables[0].indexes if index.predicate)
    assert facts(one)["size as a partial index"] == pytest.approx(partial.bytes, rel=1 / 4)
    assert partial.name in str(postgres.rows("EXPLAIN SELECT * FROM item WHERE a = 199000"))
    assert not found(postgres, CHECK)
    assert not found(postgres, "unindexed_foreign_key")
    postgres.execute(one.remedy.undo_sql)
    assert the_index(read(postgres), "i").plain


@isolate_apps("tests")
def test_names_the_field_and_what_to_write(postgres: Scratch) -> None:
    class Page(models.Model):
        parent = models.ForeignKey("self", models.CASCADE, null=True)

        class Meta:
            app_label = "tests"

    postgres.create(Page)
    fill = "INSERT INTO tests_page (parent_id) SELECT CASE WHEN n > 190000 THEN 1 END FROM generate_series(1, 200000) n"
    postgres.execute(fill)
    postgres.execute("ANALYZE tests_page")
    (one,) = found(postgres, CHECK, Page._meta.apps)
    assert "condition=Q(parent__isnull=False)" in one.remedy.orm
    assert "parent = models.ForeignKey(..., db_index=False)" in one.remedy.orm
    assert one.remedy.kind == "edit_model"
    assert one.location
    assert one.location.file == "tests/checks/test_mostly_null_index.py"
