"""``EnsureIndex`` and ``EnsureNoIndex``: whatever stands already, the same stands afterwards."""

from __future__ import annotations

import pytest
from django.db import NotSupportedError, models, transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import OperationWriter
from django.db.models.functions import Lower

from dbaudit.operations import EnsureIndex, EnsureNoIndex
from tests.scratch import Scratch

INDEX = models.Index(fields=["status", "-placed"], name="order_status_placed")
ENSURE = EnsureIndex("order", INDEX)


def state(*indexes: models.Index) -> ProjectState:
    fields = [("id", models.AutoField(primary_key=True)), ("status", models.CharField(max_length=9))]
    found = ProjectState()
    found.add_model(ModelState("shop", "Order", [*fields, ("placed", models.DateField())], {"indexes": [*indexes]}))
    return found


def apply(scratch: Scratch, operation: Operation, *, back: bool = False) -> None:
    """Run it as ``migrate`` runs the operations of a migration that is not atomic."""
    adds = isinstance(operation, EnsureIndex) != back
    before, after = (state(), state(INDEX)) if adds else (state(INDEX), state())
    with scratch.connection.schema_editor(atomic=False) as editor:
        run = operation.database_backwards if back else operation.database_forwards
        run("shop", editor, before, after)


@pytest.fixture
def table(scratch: Scratch) -> Scratch:
    with scratch.connection.schema_editor() as editor:
        editor.create_model(state().apps.get_model("shop", "Order"))
    return scratch


def names(scratch: Scratch) -> set[str]:
    with scratch.connection.cursor() as cursor:
        found = scratch.connection.introspection.get_constraints(cursor, "shop_order")
    return {name for name, facts in found.items() if facts["index"] and not facts["primary_key"]}


def test_what_is_missing_is_built_and_a_second_time_changes_nothing(table: Scratch) -> None:
    apply(table, ENSURE)
    apply(table, ENSURE)
    assert names(table) == {INDEX.name}


def test_an_index_of_this_definition_under_another_name_gets_this_one(table: Scratch) -> None:
    table.execute('CREATE INDEX "by hand" ON shop_order (status, placed DESC)')
    apply(table, ENSURE)
    assert names(table) == {INDEX.name}


@pytest.mark.parametrize(
    "twin",
    [
        '(LOWER("status"), "placed" DESC) WHERE "status" IN (\'a\', \'b\')',
        "( lower(STATUS) ,placed desc) where status in ('b','a')",
        "(lower(status) DESC, placed) WHERE (status = 'b' OR status = 'a')",
    ],
)
def test_on_sqlite_a_twin_that_is_only_spelled_differently_gets_this_one_s_name(sqlite: Scratch, twin: str) -> None:
    with sqlite.connection.schema_editor() as editor:
        editor.create_model(state().apps.get_model("shop", "Order"))
    wanted = models.Index(
        Lower("status"), models.F("placed").desc(), name="wanted", condition=models.Q(status__in=["a", "b"])
    )
    sqlite.execute(f"CREATE INDEX by_hand ON shop_order {twin}")
    with sqlite.connection.schema_editor(atomic=False) as editor:
        EnsureIndex("order", wanted).database_forwards("shop", editor, state(), state(wanted))
    assert names(sqlite) == {"wanted"}


def test_an_index_that_only_looks_like_it_stays(table: Scratch) -> None:
    table.execute('CREATE INDEX "by hand" ON shop_order (status, placed)')
    apply(table, ENSURE)
    assert names(table) == {INDEX.name, "by hand"}


def test_it_is_dropped_where_it_stands_and_missed_by_nobody_where_not(table: Scratch) -> None:
    apply(table, ENSURE)
    for _ in range(2):
        apply(table, EnsureNoIndex("order", INDEX.name))
        assert names(table) == set()
    apply(table, EnsureNoIndex("order", INDEX.name), back=True)
    assert names(table) == {INDEX.name}


def test_an_invalid_index_that_an_interrupted_build_left_is_replaced(postgres: Scratch) -> None:
    with postgres.connection.schema_editor() as editor:
        editor.create_model(state().apps.get_model("shop", "Order"))
    apply(postgres, ENSURE)
    postgres.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX.name}'::regclass")
    apply(postgres, ENSURE)
    with postgres.connection.cursor() as cursor:
        cursor.execute(f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{INDEX.name}'::regclass")
        assert cursor.fetchone() == (True,)


def test_in_a_transaction_it_says_what_to_change(postgres: Scratch) -> None:
    with postgres.connection.schema_editor() as editor:
        editor.create_model(state().apps.get_model("shop", "Order"))
    with transaction.atomic(using=postgres.connection.alias), pytest.raises(NotSupportedError, match="atomic = False"):
        apply(postgres, ENSURE)


def test_sqlmigrate_shows_the_statement_and_runs_nothing(postgres: Scratch) -> None:
    with postgres.connection.schema_editor() as editor:
        editor.create_model(state().apps.get_model("shop", "Order"))
    with postgres.connection.schema_editor(collect_sql=True, atomic=False) as editor:
        ENSURE.database_forwards("shop", editor, state(), state(INDEX))
    assert "CREATE INDEX CONCURRENTLY" in "".join(editor.collected_sql)
    assert names(postgres) == set()


def test_the_state_knows_the_index_unless_the_model_is_another_application_s() -> None:
    own, other = state(), state()
    ENSURE.state_forwards("shop", own)
    EnsureIndex("order", INDEX, app_label="shop").state_forwards("mine", other)
    assert [one.name for one in own.models["shop", "order"].options["indexes"]] == [INDEX.name]
    assert other.models["shop", "order"].options["indexes"] == []


def test_another_application_s_table_gets_its_index(table: Scratch) -> None:
    operation = EnsureIndex("order", INDEX, app_label="shop")
    with table.connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("mine", editor, state(), state())
    assert names(table) == {INDEX.name}


@pytest.mark.parametrize("operation", [ENSURE, EnsureIndex("order", INDEX, app_label="x"), EnsureNoIndex("order", "i")])
def test_a_migration_can_be_written_with_it(operation: Operation) -> None:
    text, imports = OperationWriter(operation).serialize()
    assert imports >= {"import dbaudit.operations"}
    assert text.strip().startswith(f"dbaudit.operations.{type(operation).__name__}(")
