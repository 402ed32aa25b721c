"""What is unique is compared by what it keeps apart: neither the order of columns counts, nor how reading goes."""

from __future__ import annotations

import pytest
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from tests.drift import said_of
from tests.scratch import Scratch


def _seat(*constraints: models.BaseConstraint, together: tuple[str, ...] = ()) -> type[models.Model]:
    class Seat(models.Model):
        room = models.IntegerField()
        name = models.CharField(max_length=20)
        number = models.IntegerField(null=True)
        state = models.CharField(max_length=9)

        class Meta:
            app_label = "tests"
            unique_together = (together,) if together else ()

    Seat._meta.constraints = list(constraints)
    return Seat


def _made(scratch: Scratch, model: type[models.Model], sql: str) -> list[str]:
    """What is said of the table without the constraints of its model, and with what the SQL makes instead."""
    constraints, together = model._meta.constraints, model._meta.unique_together
    model._meta.constraints, model._meta.unique_together = [], ()
    scratch.create(model)
    model._meta.constraints, model._meta.unique_together = constraints, together
    scratch.execute(sql)
    return said_of(scratch, model._meta.apps)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE UNIQUE INDEX u ON tests_seat (name, room)",
        "CREATE UNIQUE INDEX u ON tests_seat (name DESC, room)",
        "CREATE UNIQUE INDEX u ON tests_seat (name, room) WHERE name IS NOT NULL AND room IS NOT NULL",
    ],
)
@isolate_apps("tests")
def test_the_order_of_its_columns_is_nothing_to_a_unique_constraint(scratch: Scratch, sql: str) -> None:
    assert _made(scratch, _seat(models.UniqueConstraint(fields=["room", "name"], name="u")), sql) == []


@isolate_apps("tests")
def test_nor_to_unique_together(scratch: Scratch) -> None:
    assert _made(scratch, _seat(together=("room", "name")), "CREATE UNIQUE INDEX u ON tests_seat (name, room)") == []


@isolate_apps("tests")
def test_nor_to_expressions(scratch: Scratch) -> None:
    model = _seat(models.UniqueConstraint("room", Lower("name"), name="u"))
    assert _made(scratch, model, "CREATE UNIQUE INDEX u ON tests_seat (lower(name), room)") == []


@isolate_apps("tests")
def test_nor_to_a_constraint_without_an_index_of_the_same_order(postgres: Scratch) -> None:
    model = _seat(models.UniqueConstraint(fields=["room", "name"], name="u", nulls_distinct=False))
    sql = "ALTER TABLE tests_seat ADD CONSTRAINT u UNIQUE (name, room)"
    assert _made(postgres, model, sql) == [], "neither column is ever NULL, so it does not matter what two NULLs are"


@isolate_apps("tests")
def test_nor_to_an_automatic_many_to_many_table(scratch: Scratch) -> None:
    class Tag(models.Model):
        class Meta:
            app_label = "tests"

    class Page(models.Model):
        tags = models.ManyToManyField(Tag)

        class Meta:
            app_label = "tests"

    scratch.create(Tag, Page)
    (name,) = [
        one.name
        for table in scratch.snapshot(Page._meta.apps).tables
        for one in table.indexes
        if one.unique and one.columns == ("page_id", "tag_id")
    ]
    drop = f'ALTER TABLE tests_page_tags DROP CONSTRAINT "{name}"'
    scratch.execute(drop if scratch.vendor == "postgresql" else f'DROP INDEX "{name}"')
    scratch.execute("CREATE UNIQUE INDEX u ON tests_page_tags (tag_id, page_id)")
    assert said_of(scratch, Page._meta.apps) == []


@pytest.mark.parametrize(
    "weak",
    [
        models.UniqueConstraint(fields=["room", "name"], name="weak"),
        models.UniqueConstraint(fields=["number", "room"], name="weak"),
        models.UniqueConstraint("room", Lower("name"), name="weak"),
        models.UniqueConstraint(fields=["room", "name"], condition=Q(state="new"), name="weak"),
        models.UniqueConstraint(fields=["id", "name"], name="weak"),
    ],
)
@isolate_apps("tests")
def test_fewer_columns_that_are_unique_imply_more(scratch: Scratch, weak: models.UniqueConstraint) -> None:
    model = _seat(models.UniqueConstraint(fields=["room"], name="strong"), weak)
    assert _made(scratch, model, "CREATE UNIQUE INDEX strong ON tests_seat (room)") == []


@isolate_apps("tests")
def test_what_is_stricter_than_declared_is_told_once(scratch: Scratch) -> None:
    model = _seat(models.UniqueConstraint(fields=["room", "name"], name="weak"))
    said = _made(scratch, model, "CREATE UNIQUE INDEX strict ON tests_seat (room)")
    assert said == ["undeclared_constraint:tests_seat:unique (room)"]


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("CREATE UNIQUE INDEX a ON tests_seat (room, name, number)", "unique (room, name)"),
        ("CREATE UNIQUE INDEX a ON tests_seat (room) WHERE state = 'old'", "unique (room, name)"),
        ("CREATE UNIQUE INDEX a ON tests_seat (lower(name))", "unique (room, name)"),
    ],
)
@isolate_apps("tests")
def test_more_columns_or_fewer_rows_do_not_enforce_it(scratch: Scratch, sql: str, key: str) -> None:
    model = _seat(models.UniqueConstraint(fields=["room", "name"], name="u"))
    assert f"missing_constraint:tests_seat:{key}" in _made(scratch, model, sql)


@isolate_apps("tests")
def test_columns_that_may_be_null_do_not_enforce_that_nulls_are_equal(postgres: Scratch) -> None:
    model = _seat(models.UniqueConstraint(fields=["room", "number"], name="u", nulls_distinct=False))
    said = _made(postgres, model, "CREATE UNIQUE INDEX u ON tests_seat (number, room)")
    assert said == ["changed_constraint:tests_seat:unique (room, number)"]
    postgres.execute("DROP INDEX u; CREATE UNIQUE INDEX u ON tests_seat (number, room) NULLS NOT DISTINCT")
    assert said_of(postgres, model._meta.apps) == []


@isolate_apps("tests")
def test_what_is_checked_at_commit_is_no_unique_index_in_another_order(postgres: Scratch) -> None:
    model = _seat(models.UniqueConstraint(fields=["room", "name"], name="u", deferrable=models.Deferrable.DEFERRED))
    said = _made(postgres, model, "CREATE UNIQUE INDEX u ON tests_seat (name, room)")
    assert said == ["changed_constraint:tests_seat:unique (room, name)"]
