from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "undeclared_foreign_key"


def _models() -> type[models.Model]:
    """Call it inside ``isolate_apps("tests")``."""

    class Parent(models.Model):
        code = models.IntegerField(unique=True)

        class Meta:
            app_label = "tests"

    class Child(models.Model):
        declared = models.ForeignKey(Parent, models.CASCADE, related_name="+")
        loose = models.ForeignKey(Parent, models.CASCADE, related_name="+", db_constraint=False)
        owner_id = models.IntegerField(null=True, db_column="owner")
        number = models.BigIntegerField()

        class Meta:
            app_label = "tests"

    return Child


def _parent(model: type[models.Model]) -> Any:
    registry: Any = model._meta.apps
    return registry.get_model("tests", "Parent")


def _create(postgres: Scratch, sql: str) -> type[models.Model]:
    model = _models()
    postgres.create(_parent(model), model)
    postgres.execute(sql)
    return model


@isolate_apps("tests")
def test_silent_on_what_django_makes(scratch: Scratch) -> None:
    model = _models()
    scratch.create(_parent(model), model)
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_a_composite_key_covers_a_declared_one(postgres: Scratch) -> None:
    model = _create(
        postgres,
        "ALTER TABLE tests_parent ADD UNIQUE (id, code);"
        "ALTER TABLE tests_child ADD FOREIGN KEY (declared_id, owner) REFERENCES tests_parent (id, code)",
    )
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_the_constraint_of_a_declared_one_leads_elsewhere(postgres: Scratch) -> None:
    model = _create(
        postgres,
        "CREATE TABLE other (id bigint PRIMARY KEY);"
        "ALTER TABLE tests_child ADD FOREIGN KEY (declared_id) REFERENCES other (id)",
    )
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_unmanaged_models_and_tables_without_a_model(postgres: Scratch) -> None:
    class Elsewhere(models.Model):
        nobody = models.IntegerField()

        class Meta:
            app_label = "tests"
            managed = False

    postgres.execute("""
        CREATE TABLE nobody (id integer PRIMARY KEY, own integer REFERENCES nobody (id));
        CREATE TABLE tests_elsewhere (id integer PRIMARY KEY, nobody integer REFERENCES nobody (id));
    """)
    assert not postgres.findings(CHECK, Elsewhere._meta.apps)


@pytest.mark.parametrize(
    ("columns", "target", "declaration"),
    [
        ("owner", "code", "owner = models.ForeignKey('tests.Parent', models.PROTECT, to_field='code', null=True, "),
        ("number", "id", "number = models.ForeignKey('tests.Parent', models.PROTECT, db_column='number', "),
        ("loose_id", "id", "without db_constraint=False"),
        ("number, owner", "id, code", "No single field can declare it: it leads to tests.Parent by number, owner."),
    ],
)
@isolate_apps("tests")
def test_finds_a_key_that_the_model_has_as_a_plain_column(
    postgres: Scratch, columns: str, target: str, declaration: str
) -> None:
    model = _create(
        postgres,
        "ALTER TABLE tests_parent ADD UNIQUE (id, code);"
        f"ALTER TABLE tests_child ADD CONSTRAINT k FOREIGN KEY ({columns}) REFERENCES tests_parent ({target})",
    )
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert found.key == f"undeclared_foreign_key:tests_child:{columns.replace(', ', ':')}:→:tests_parent"
    assert found.severity == "info"
    assert declaration in found.remedy.orm
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, model._meta.apps)
    postgres.execute(found.remedy.undo_sql)
    assert len(postgres.findings(CHECK, model._meta.apps)) == 1


@isolate_apps("tests")
def test_it_is_a_warning_where_the_database_itself_deletes_rows(scratch: Scratch) -> None:
    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.IntegerField()

        class Meta:
            app_label = "tests"

    scratch.create(Parent)
    key = "bigserial PRIMARY KEY" if scratch.vendor == "postgresql" else "integer PRIMARY KEY AUTOINCREMENT"
    scratch.execute(
        f"CREATE TABLE tests_child (id {key}, parent integer NOT NULL REFERENCES tests_parent (id) ON DELETE CASCADE)"
    )
    (found,) = scratch.findings(CHECK, Child._meta.apps)
    assert found.severity == "warning"
    assert found.location
