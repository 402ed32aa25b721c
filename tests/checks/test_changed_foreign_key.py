from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "changed_foreign_key"


def _models(on_delete: Any = models.CASCADE, **options: Any) -> type[models.Model]:
    """A child of a parent; call it inside ``isolate_apps("tests")``."""

    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, on_delete, **options)

        class Meta:
            app_label = "tests"

    return Child


def _parent(model: type[models.Model]) -> Any:
    registry: Any = model._meta.apps
    return registry.get_model("tests", "Parent")


def _create(postgres: Scratch, model: type[models.Model], says: str) -> str:
    """The tables, with a foreign key that says this instead of Django's. Returns its name."""
    postgres.create(_parent(model), model)
    ((name,),) = postgres.rows(
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'tests_child'::regclass"
    )
    postgres.execute(
        f"ALTER TABLE tests_child DROP CONSTRAINT {name}, ADD CONSTRAINT {name}"
        f" FOREIGN KEY (parent_id) REFERENCES tests_parent (id) {says}"
    )
    return str(name)


def _own(*_: Any) -> None:
    """An on_delete of the project's own."""


DEFERRED = "DEFERRABLE INITIALLY DEFERRED"


@pytest.mark.parametrize("on_delete", [models.CASCADE, models.PROTECT, models.RESTRICT, models.SET_NULL])
@isolate_apps("tests")
def test_silent_on_what_django_makes(scratch: Scratch, on_delete: Any) -> None:
    model = _models(on_delete, null=True)
    scratch.create(_parent(model), model)
    assert not scratch.findings(CHECK, model._meta.apps)


@pytest.mark.parametrize(
    ("on_delete", "says"),
    [
        (models.CASCADE, "ON DELETE CASCADE"),
        (models.SET_NULL, "ON DELETE SET NULL"),
        (models.CASCADE, "ON DELETE RESTRICT"),
        (models.PROTECT, "ON DELETE RESTRICT"),
        (models.SET(None), "ON DELETE SET NULL"),
        (models.DO_NOTHING, "ON DELETE CASCADE"),
        (_own, "ON DELETE CASCADE"),
    ],
)
@isolate_apps("tests")
def test_silent_where_the_database_does_the_same_refuses_or_is_left_alone(
    postgres: Scratch, on_delete: Any, says: str
) -> None:
    model = _models(on_delete, null=True)
    _create(postgres, model, f"{says} {DEFERRED}")
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_a_twin_is_as_declared_and_where_no_model_declares_it(postgres: Scratch) -> None:
    model = _models(models.PROTECT)
    _create(postgres, model, DEFERRED)
    postgres.execute("""
        ALTER TABLE tests_child ADD FOREIGN KEY (parent_id) REFERENCES tests_parent (id) ON DELETE CASCADE;
        ALTER TABLE tests_child ADD FOREIGN KEY (id) REFERENCES tests_parent (id) ON DELETE CASCADE;
    """)
    assert not postgres.findings(CHECK, model._meta.apps)


@pytest.mark.parametrize(
    ("on_delete", "says", "told"),
    [
        (models.PROTECT, "CASCADE", "deletes the rows that refer to it"),
        (models.RESTRICT, "SET NULL", "empties the column"),
        (models.SET_NULL, "CASCADE", "deletes the rows that refer to it"),
        (models.CASCADE, "SET NULL", "empties the column"),
    ],
)
@isolate_apps("tests")
def test_finds_what_the_database_does_against_the_model_and_exchanges_it(
    postgres: Scratch, on_delete: Any, says: str, told: str
) -> None:
    model = _models(on_delete, null=True)
    _create(postgres, model, f"ON DELETE {says} {DEFERRED}")
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert found.key == "changed_foreign_key:tests_child:parent_id:→:tests_parent"
    assert (found.severity, found.group) == ("warning", "")
    assert f"on delete: {says}, not NO ACTION" in found.detail
    assert told in found.detail
    assert found.location
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, model._meta.apps)
    postgres.execute(found.remedy.undo_sql)
    assert [one.key for one in postgres.findings(CHECK, model._meta.apps)] == [found.key]


@pytest.mark.parametrize("says", ["", "DEFERRABLE", "DEFERRABLE INITIALLY IMMEDIATE"])
@isolate_apps("tests")
def test_finds_keys_that_do_not_wait_for_the_commit_as_remarks_in_one_group(postgres: Scratch, says: str) -> None:
    model = _models()
    _create(postgres, model, says)
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert found.severity == "info"
    assert "not at the end of the transaction" in found.group
    assert f"checked: {'DEFERRABLE INITIALLY IMMEDIATE' if says else 'NOT DEFERRABLE'}" in found.detail
    assert "ALTER CONSTRAINT" in found.remedy.sql
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, model._meta.apps)
    postgres.execute(found.remedy.undo_sql)
    assert postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_finds_it_on_sqlite_without_sql(sqlite: Scratch) -> None:
    model = _models(models.PROTECT)
    sqlite.create(_parent(model))
    sqlite.execute(
        "CREATE TABLE tests_child (id integer PRIMARY KEY AUTOINCREMENT,"
        f" parent_id bigint NOT NULL REFERENCES tests_parent (id) ON DELETE CASCADE {DEFERRED})"
    )
    (found,) = sqlite.findings(CHECK, model._meta.apps)
    assert found.remedy.sql == ""
    assert "rebuilds the table" in found.remedy.orm


@pytest.mark.skipif(not hasattr(models, "DB_CASCADE"), reason="database-level on_delete came with Django 6.1")
@pytest.mark.parametrize(("says", "told"), [("ON DELETE CASCADE", False), ("", True), ("ON DELETE SET NULL", True)])
@isolate_apps("tests")
def test_an_action_that_the_model_leaves_to_the_database_is_declared(postgres: Scratch, says: str, told: bool) -> None:
    model = _models(models.DB_CASCADE, null=True)  # type: ignore[attr-defined, unused-ignore]
    _create(postgres, model, f"{says} {DEFERRED}")
    found = postgres.findings(CHECK, model._meta.apps)
    assert [one.key for one in found] == ["changed_foreign_key:tests_child:parent_id:→:tests_parent"][: int(told)]
    for one in found:
        postgres.execute(one.remedy.sql)
        assert not postgres.findings(CHECK, model._meta.apps)
