from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.scratch import Scratch

CHECK = "undeclared_constraint"


@isolate_apps("tests")
def test_silent_on_declared_ones_copies_and_unknown_columns(scratch: Scratch) -> None:
    model = create(
        scratch,
        """
        CREATE UNIQUE INDEX copy ON tests_part (name) WHERE status = 'new';
        ALTER TABLE tests_part ADD COLUMN extra integer CHECK (extra > 0);
        CREATE UNIQUE INDEX extra ON tests_part (extra);
        """,
    )
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_a_check_that_only_refuses_null_and_on_an_invalid_index(postgres: Scratch) -> None:
    model = create(
        postgres,
        """
        ALTER TABLE tests_part ADD CHECK (name IS NOT NULL); CREATE UNIQUE INDEX broken ON tests_part (weight);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;
        """,
    )
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_unmanaged_models_and_on_tables_without_a_model(scratch: Scratch) -> None:
    class Elsewhere(models.Model):
        class Meta:
            app_label = "tests"
            managed = False

    scratch.execute("""
        CREATE TABLE tests_elsewhere (id integer PRIMARY KEY, a integer UNIQUE CHECK (a > 0));
        CREATE TABLE nobody (id integer PRIMARY KEY, a integer UNIQUE CHECK (a > 0));
    """)
    assert not scratch.findings(CHECK, Elsewhere._meta.apps)


@pytest.mark.parametrize(
    ("definition", "described", "declaration"),
    [
        (
            "(weight, price)",
            "unique (weight, price)",
            "models.UniqueConstraint(fields=['weight', 'price'], name='by_hand')",
        ),
        ("(weight) WHERE price > 5", "unique (weight) WHERE ", "Declare it in Meta.constraints of tests.Part: "),
    ],
)
@isolate_apps("tests")
def test_finds_a_unique_index_that_was_made_by_hand(
    scratch: Scratch, definition: str, described: str, declaration: str
) -> None:
    model = create(scratch, f"CREATE UNIQUE INDEX by_hand ON tests_part {definition}")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert found.key.startswith(f"undeclared_constraint:tests_part:{described}")
    assert (found.severity, found.owner) == ("info", "project")
    assert found.remedy.orm.startswith(declaration)
    assert found.remedy.sql == ""


@pytest.mark.parametrize(
    "definition", ["UNIQUE (weight)", "CHECK (price < weight)", "EXCLUDE USING gist (int4range(price, weight) WITH &&)"]
)
@isolate_apps("tests")
def test_finds_a_constraint_that_was_added_by_hand(postgres: Scratch, definition: str) -> None:
    model = create(postgres, f"ALTER TABLE tests_part ADD CONSTRAINT by_hand {definition}")
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert found.subject == "Constraint by_hand on tests_part is declared by no model"


@isolate_apps("tests")
def test_finds_a_check_in_a_table_of_sqlite(sqlite: Scratch) -> None:
    class Coded(models.Model):
        code = models.IntegerField()

        class Meta:
            app_label = "tests"

    sqlite.execute("CREATE TABLE tests_coded (id integer PRIMARY KEY, code integer NOT NULL CHECK (code > 5) UNIQUE)")
    found = sqlite.findings(CHECK, Coded._meta.apps)
    assert [one.key.partition("tests_coded:")[2] for one in found] == ["CHECK (code > 5)", "unique (code)"]
