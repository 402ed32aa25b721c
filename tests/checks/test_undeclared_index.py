from __future__ import annotations

import pytest
from django.apps import apps as installed
from django.db import models
from django.test.utils import isolate_apps

from dbaudit.analysis import inventory
from dbaudit.gate import code
from tests import erp_database
from tests.checks.drifting import create
from tests.scratch import Scratch

CHECK = "undeclared_index"


@isolate_apps("tests")
def test_silent_on_a_declared_index_under_any_name(scratch: Scratch) -> None:
    model = create(scratch, "DROP INDEX part_plain; CREATE INDEX other ON tests_part (name, price DESC)")
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_a_copy_which_is_duplicate_index(scratch: Scratch) -> None:
    model = create(scratch, "CREATE INDEX copy ON tests_part (name, price DESC)")
    assert not scratch.findings(CHECK, model._meta.apps)
    assert scratch.findings("duplicate_index", model._meta.apps)


@isolate_apps("tests")
def test_silent_on_an_invalid_one_and_on_the_leftover_of_a_reindex(postgres: Scratch) -> None:
    model = create(
        postgres,
        """
        CREATE INDEX broken ON tests_part (weight); CREATE INDEX part_plain_ccnew ON tests_part (name, price DESC);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('broken'::regclass, 'part_plain_ccnew'::regclass);
        """,
    )
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_unique_indexes_and_on_columns_that_no_model_declares(scratch: Scratch) -> None:
    model = create(
        scratch,
        """
        CREATE UNIQUE INDEX one ON tests_part (weight); ALTER TABLE tests_part ADD COLUMN extra integer;
        CREATE INDEX two ON tests_part (extra); CREATE INDEX three ON tests_part (name) WHERE extra > 1;
        CREATE INDEX four ON tests_part (abs(extra));
        """,
    )
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_unmanaged_models_and_on_tables_without_a_model(scratch: Scratch) -> None:
    class Elsewhere(models.Model):
        class Meta:
            app_label = "tests"
            managed = False

    scratch.execute("""
        CREATE TABLE tests_elsewhere (id integer PRIMARY KEY, a integer); CREATE INDEX a ON tests_elsewhere (a);
        CREATE TABLE nobody (id integer PRIMARY KEY, a integer); CREATE INDEX b ON nobody (a);
    """)
    assert not scratch.findings(CHECK, Elsewhere._meta.apps)


@pytest.mark.parametrize(
    ("definition", "described", "declaration"),
    [
        ("(weight, price DESC)", "(weight, price DESC)", "models.Index(fields=['weight', '-price'], name='by_hand')"),
        ("(abs(weight))", "((abs(weight)))", "Declare it in Meta.indexes of tests.Part: "),
        ("(weight) WHERE price > 5", "(weight) WHERE ", "Declare it in Meta.indexes of tests.Part: "),
    ],
)
@isolate_apps("tests")
def test_finds_an_index_that_was_made_by_hand(
    scratch: Scratch, definition: str, described: str, declaration: str
) -> None:
    model = create(scratch, f"CREATE INDEX by_hand ON tests_part {definition}")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert found.key.startswith(f"undeclared_index:tests_part:{described}")
    assert (found.severity, found.owner, found.model) == ("info", "project", "tests.Part")
    assert found.remedy.orm.startswith(declaration)
    assert found.remedy.sql == "", "nothing says that it is not wanted"
    assert inventory.index_kinds(scratch.snapshot(model._meta.apps)).undeclared == 1


@isolate_apps("tests")
def test_finds_another_opclass_method_and_included_columns(postgres: Scratch) -> None:
    model = create(
        postgres,
        """
        CREATE INDEX a ON tests_part (status varchar_pattern_ops); CREATE INDEX b ON tests_part USING hash (weight);
        CREATE INDEX c ON tests_part (weight) INCLUDE (price);
        """,
    )
    found = postgres.findings(CHECK, model._meta.apps)
    assert sorted(one.key.rpartition(":")[2] for one in found) == [
        "(status varchar_pattern_ops)",
        "(weight) INCLUDE (price)",
        "hash (weight)",
    ]
    assert "models.Index(fields=['status'], name='a', opclasses=['varchar_pattern_ops'])" in {
        one.remedy.orm for one in found
    }


def test_finds_the_erp_s_index_made_by_sql_in_a_migration_and_nothing_else(scratch: Scratch) -> None:
    erp_database.migrate(scratch)
    (found,) = scratch.findings(CHECK, installed)
    assert found.subject == "Index idx_salesorder_order_date_status on erp_salesorder is declared by no model"
    assert (found.owner, found.severity) == ("project", "info")


@isolate_apps("tests")
def test_a_name_that_django_does_not_allow_is_changed_in_the_database_too(postgres: Scratch) -> None:
    class Item(models.Model):
        code = models.CharField(max_length=9)

        class Meta:
            app_label = "tests"

    postgres.create(Item)
    name = "an_index_of_the_codes_of_all_items_that_there_are"
    postgres.execute(f"CREATE INDEX {name} ON tests_item (code)")
    [found] = postgres.findings("undeclared_index", Item._meta.apps)
    made = code.index(found.remedy.orm)
    assert len(made.name) <= 30
    postgres.execute(found.remedy.sql)
    assert [one.name for one in postgres.snapshot().tables[0].indexes if not one.primary] == [made.name]
    postgres.execute(found.remedy.undo_sql)
    assert name in [one.name for one in postgres.snapshot().tables[0].indexes]
