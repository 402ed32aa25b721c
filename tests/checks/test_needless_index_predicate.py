from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "needless_index_predicate"
TABLE = 'CREATE TABLE item (id bigint PRIMARY KEY, a int NOT NULL, b int, "C d" int NOT NULL, e varchar(9) NOT NULL);'


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("no condition", "(a)"),
        ("a nullable column", "(a) WHERE b IS NOT NULL"),
        ("one of two columns is nullable", "(a) WHERE a IS NOT NULL AND b IS NOT NULL"),
        ("more is asked", "(a) WHERE a IS NOT NULL AND b > 1"),
        ("either is asked", "(b) WHERE a IS NOT NULL OR b > 1"),
        ("the opposite is asked", "(b) WHERE a IS NULL"),
        ("of an expression", "(b) WHERE nullif(a, 1) IS NOT NULL"),
        ("it only looks like it", "(b) WHERE e <> 'a IS NOT NULL'"),
    ],
)
def test_silent_where_the_condition_leaves_rows_out(scratch: Scratch, rule: str, index: str) -> None:
    scratch.execute(TABLE)
    scratch.execute(f"CREATE INDEX i ON item {index}", ())
    assert not scratch.findings(CHECK), rule


@pytest.mark.parametrize(
    "condition",
    [
        "a IS NOT NULL",
        "(a is  not null)",
        "NOT (a IS NULL)",
        '"C d" IS NOT NULL',
        '"a" IS NOT NULL AND ("C d" IS NOT NULL AND e IS NOT NULL)',
    ],
)
def test_finds_a_condition_that_is_always_true(scratch: Scratch, condition: str) -> None:
    scratch.execute(TABLE)
    scratch.execute(f"CREATE INDEX i ON item (b) WHERE {condition}")
    (found,) = scratch.findings(CHECK)
    assert (found.severity, found.table) == ("warning", "item")
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK)
    scratch.execute(found.remedy.undo_sql)
    assert [one.key for one in scratch.findings(CHECK)] == [found.key]


def test_a_remark_where_the_column_leads_the_index_because_its_lookups_imply_the_condition(scratch: Scratch) -> None:
    scratch.execute(TABLE + "CREATE UNIQUE INDEX i ON item (a DESC, b) WHERE a IS NOT NULL")
    (found,) = scratch.findings(CHECK)
    assert found.severity == "info"
    scratch.execute(found.remedy.sql)
    (index,) = [one for one in scratch.snapshot().tables[0].indexes if "a" in one.columns]
    assert (index.unique, index.predicate, index.keys[0].descending) == (True, "", True)


def test_the_planner_cannot_use_such_an_index_where_the_query_does_not_say_so(postgres_versions: Scratch) -> None:
    """From server 17 on not even where it does: the words of the condition are struck from the query."""
    postgres_versions.execute(TABLE)
    postgres_versions.execute("CREATE INDEX partial ON item (b) WHERE a IS NOT NULL; SET enable_seqscan = off")
    plain, said = (
        "partial" in str(postgres_versions.rows(f"EXPLAIN SELECT * FROM item WHERE b = 1{more}"))
        for more in ("", " AND a IS NOT NULL")
    )
    struck = postgres_versions.connection.pg_version >= 170000  # type: ignore[attr-defined]
    assert (plain, said) == (False, not struck)
    (found,) = postgres_versions.findings(CHECK)
    assert ("strikes" in found.detail) == struck


def test_an_expression_index_is_built_whole_by_the_remedy(scratch: Scratch) -> None:
    scratch.execute(TABLE + "CREATE INDEX i ON item (lower(e)) WHERE a IS NOT NULL")
    (found,) = scratch.findings(CHECK)
    assert found.remedy.orm == "Take the condition off 'i' in the Meta of item."
    scratch.execute(found.remedy.sql)
    (whole,) = (index for index in scratch.snapshot().tables[0].indexes if index.expressions)
    assert (whole.name, whole.predicate) == (found.remedy.action.name, "")  # type: ignore[union-attr]


@isolate_apps("tests")
def test_names_the_model_and_the_line_of_its_indexes(scratch: Scratch) -> None:
    class Visit(models.Model):
        day = models.DateField()
        place = models.IntegerField()

        class Meta:
            app_label = "tests"
            indexes = (models.Index(fields=["place"], name="visit_place", condition=models.Q(day__isnull=False)),)

    scratch.create(Visit)
    (found,) = scratch.findings(CHECK, Visit._meta.apps)
    assert (found.model, found.owner) == ("tests.Visit", "project")
    assert found.location
    assert found.location.file == "tests/checks/test_needless_index_predicate.py"
