from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import models
from django.db.models import Q
from django.test.utils import isolate_apps

from tests.checks.operations import judge
from tests.scratch import Scratch

CHECK = "soft_delete_without_partial_index"
Narrowed = Callable[[Any], Any]


def alive(rows: Any) -> Any:
    return rows.filter(deleted_at__isnull=True)


def create(scratch: Scratch, narrowed: Narrowed = alive, *, unique: bool = True, more: Any = ()) -> type[models.Model]:
    class Alive(models.Manager):  # type: ignore[type-arg]
        def get_queryset(self) -> Any:
            return narrowed(super().get_queryset())

    class Item(models.Model):
        code = models.CharField(max_length=20)
        kind = models.IntegerField(default=0)
        token = models.UUIDField(default=uuid.uuid4, unique=unique)
        parent = models.ForeignKey("self", models.CASCADE, null=True, db_index=True)
        deleted_at = models.DateTimeField(null=True)
        is_deleted = models.BooleanField(default=False)

        objects = Alive()

        class Meta:
            app_label = "tests"
            constraints = (models.UniqueConstraint(fields=["code"], name="code_once"),) if unique else ()
            indexes = more

    scratch.create(Item)
    return Item


def refuse(_: Any) -> Any:
    raise RuntimeError("no tenant")


def ask(rows: Any) -> Any:
    list(rows)
    return alive(rows)


@pytest.mark.parametrize(
    "narrowed",
    [
        lambda rows: rows,
        lambda rows: rows.filter(kind=0),
        lambda rows: rows.filter(parent__isnull=True),
        lambda rows: rows.filter(deleted_at__isnull=False),
        lambda rows: rows.filter(is_deleted=True),
        lambda rows: rows.exclude(is_deleted=False),
        lambda rows: rows.filter(Q(deleted_at__isnull=True) | Q(kind=1)),
        lambda rows: rows.exclude(is_deleted=True, kind=1),
        refuse,
    ],
)
@isolate_apps("tests")
def test_silent_where_the_default_manager_has_no_such_condition_or_raises(sqlite: Scratch, narrowed: Narrowed) -> None:
    assert not sqlite.findings(CHECK, create(sqlite, narrowed)._meta.apps)


@isolate_apps("tests")
def test_silent_on_a_manager_that_asks_the_database(sqlite: Scratch) -> None:
    model = create(sqlite, lambda rows: ask(rows.using(sqlite.alias)))
    assert not sqlite.findings(CHECK, model._meta.apps)


@pytest.mark.parametrize("rest", ["(code, deleted_at)", "(code) WHERE deleted_at IS NULL"])
@isolate_apps("tests")
def test_silent_where_the_index_has_the_column(scratch: Scratch, rest: str) -> None:
    model = create(scratch, unique=False)
    scratch.execute(f"CREATE UNIQUE INDEX i ON tests_item {rest}")
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_primary_and_foreign_keys_and_values_that_are_made_anew(scratch: Scratch) -> None:
    model = create(scratch, unique=False)
    scratch.execute("CREATE UNIQUE INDEX i ON tests_item (token)")
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_a_constraint_beside_an_index_that_has_the_condition(scratch: Scratch) -> None:
    model = create(scratch)
    scratch.execute("CREATE INDEX i ON tests_item (kind) WHERE deleted_at IS NULL")
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_the_target_of_a_foreign_key(postgres: Scratch) -> None:
    model = create(postgres)
    postgres.execute("CREATE TABLE note (code varchar(20) REFERENCES tests_item (code))")
    assert not postgres.findings(CHECK, model._meta.apps)


@pytest.mark.parametrize(("rows", "deleted"), [(9_000, 2), (10_000, 6)])
@isolate_apps("tests")
def test_silent_on_an_index_of_a_small_table_or_with_few_deleted_rows(
    postgres: Scratch, rows: int, deleted: int
) -> None:
    model = create(postgres, unique=False, more=(models.Index(fields=["kind"], name="kinds"),))
    fill(postgres, rows, deleted)
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_an_application_that_is_not_the_projects(scratch: Scratch) -> None:
    snapshot = scratch.snapshot(create(scratch)._meta.apps)
    assert not judge(CHECK, replace(snapshot, models=tuple(replace(one, owner="django") for one in snapshot.models)))


@pytest.mark.parametrize(
    ("narrowed", "condition"),
    [
        (alive, "Q(deleted_at__isnull=True)"),
        (lambda rows: rows.filter(kind=0).filter(is_deleted=False), "Q(is_deleted=False)"),
        (lambda rows: rows.exclude(is_deleted=True), "Q(is_deleted=False)"),
        (lambda rows: rows.exclude(deleted_at__isnull=False), "Q(deleted_at__isnull=True)"),
    ],
)
@isolate_apps("tests")
def test_finds_a_unique_constraint_over_deleted_rows(scratch: Scratch, narrowed: Narrowed, condition: str) -> None:
    (found,) = scratch.findings(CHECK, create(scratch, narrowed)._meta.apps)
    assert (found.severity, found.identity) == ("info", ("(code)",))
    assert f"condition={condition}" in found.remedy.orm


@isolate_apps("tests")
def test_finds_an_index_of_which_a_fifth_is_deleted(postgres: Scratch) -> None:
    model = create(postgres, unique=False, more=(models.Index(fields=["kind"], name="kinds"),))
    fill(postgres, 10_000, 4)
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert found.identity == ("(kind)",)


def fill(postgres: Scratch, rows: int, one_in: int) -> None:
    postgres.execute(f"""
        INSERT INTO tests_item (code, kind, token, is_deleted, deleted_at)
        SELECT n::text, n, gen_random_uuid(), false, CASE WHEN mod(n, {one_in}) = 0 THEN now() END
        FROM generate_series(1, {rows}) AS n;
        ANALYZE tests_item
    """)
