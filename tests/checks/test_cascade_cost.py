from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "cascade_cost"


def create(scratch: Scratch, on_delete: Any = models.CASCADE, rows: int = 1_500, **options: Any) -> Apps:
    """A child table of so many rows."""

    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(
            Parent, on_delete, null=True, **{"db_constraint": False, "db_index": False, **options}
        )
        number = models.IntegerField(default=0)

        class Meta:
            app_label = "tests"

    scratch.create(Parent, Child)
    values = ", ".join(f"({number}, 0)" for number in range(rows))
    scratch.execute(f"INSERT INTO tests_child (id, number) VALUES {values}", ())
    return Child._meta.apps


@isolate_apps("tests")
def test_silent_where_the_database_has_the_constraint_as_another_check_tells_that(scratch: Scratch) -> None:
    apps = create(scratch, db_constraint=True)
    assert not scratch.findings(CHECK, apps)
    assert len(scratch.findings("unindexed_foreign_key", apps)) == 1


@isolate_apps("tests")
def test_silent_where_an_index_is_led_by_the_column(scratch: Scratch) -> None:
    apps = create(scratch)
    scratch.execute("CREATE INDEX i ON tests_child (parent_id, number)")
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_silent_where_django_asks_nothing(scratch: Scratch) -> None:
    assert not scratch.findings(CHECK, create(scratch, models.DO_NOTHING))


@isolate_apps("tests")
def test_silent_where_the_database_is_to_cascade(scratch: Scratch) -> None:
    cascade = getattr(models, "DB_CASCADE", None)
    if cascade is not None:
        assert not scratch.findings(CHECK, create(scratch, cascade, db_constraint=True))


@isolate_apps("tests")
def test_on_few_child_rows_it_is_a_remark(scratch: Scratch) -> None:
    assert [one.severity for one in scratch.findings(CHECK, create(scratch, rows=3))] == ["info"]


@isolate_apps("tests")
def test_finds_a_relation_that_only_django_follows_and_nothing_else_tells_it(scratch: Scratch) -> None:
    apps = create(scratch, models.SET_NULL)
    (found,) = scratch.findings(CHECK, apps)
    assert (found.key, found.severity) == ("cascade_cost:tests_child:parent_id", "warning")
    assert {(one.what, one.value) for one in found.evidence} >= {("on_delete", "SET_NULL"), ("child rows", 1_500)}
    assert not scratch.findings("unindexed_foreign_key", apps)
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK, apps)
