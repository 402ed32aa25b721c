"""The three forms of an index say the same: each is executed, and what the database then has is compared."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.migrations.state import ProjectState
from django.db.models.expressions import OrderBy
from django.db.models.functions import Collate
from django.db.models.indexes import IndexExpression
from django.test.utils import isolate_apps

from dbaudit.advisor import forms
from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import IndexKey, Migration, Migrations
from dbaudit.sql import normal_form
from dbaudit.sql.equivalence import signature

if TYPE_CHECKING:
    from django.apps.registry import Apps

    from dbaudit.facts import Index, Snapshot
    from tests.scratch import Scratch


def orders() -> tuple[type[models.Model], type[models.Model]]:
    class Customer(models.Model):
        class Meta:
            app_label = "tests"

    class Order(models.Model):
        customer = models.ForeignKey(Customer, models.CASCADE)
        state = models.CharField(max_length=20)
        urgent = models.BooleanField(default=False)
        ordered = models.DateField(null=True, db_column="ordered_on")
        at = models.DateTimeField(null=True)
        total = models.DecimalField(max_digits=10, decimal_places=2, default=0)
        data = models.JSONField(default=dict)

        class Meta:
            app_label = "tests"

    return Customer, Order


def candidate(*columns: str, **more: Any) -> Candidate:
    keys = tuple(IndexKey(column=one.removeprefix("-"), descending=one.startswith("-")) for one in columns)
    return Candidate(table="tests_order", keys=(*keys, *more.pop("keys", ())), **more)


EVERYWHERE = [
    candidate("customer_id", "state"),
    candidate("state", "-ordered_on"),
    candidate(keys=(IndexKey(expression='UPPER("state")'),)),
    candidate("customer_id", keys=(IndexKey(expression='LOWER("state")'),)),
    candidate(keys=(IndexKey(expression='UPPER("state")'), IndexKey(column="customer_id", descending=True))),
    candidate("ordered_on", condition='"urgent"'),
    candidate("ordered_on", condition='NOT "urgent"'),
    candidate("customer_id", condition="\"ordered_on\" IS NULL AND \"state\" = 'it''s open'"),
    candidate("customer_id", condition="\"state\" IN ('open', 'sent')"),
    candidate("customer_id", condition='"id" > 99 OR "ordered_on" IS NOT NULL'),
    candidate("customer_id", condition='length("state") > 3'),
    candidate(keys=(IndexKey(expression='substr("state", 2)'),)),
]
SEARCHED = "TO_TSVECTOR(CAST('english' AS REGCONFIG), COALESCE(\"state\", ''))"
SEARCHED_BOTH = f"{SEARCHED[:-1]} || ' ' || COALESCE(CAST(\"total\" AS TEXT), ''))"
UPPER_KIND = "UPPER(CAST((\"data\" ->> 'kind') AS TEXT))"
POSTGRESQL = [
    candidate(keys=(IndexKey(expression="(\"data\" -> 'kind')"),), method="hash"),
    candidate(keys=(IndexKey(expression="(\"data\" #> '{ship,city}')"),), method="hash"),
    candidate("customer_id", condition='"total" >= 99.5'),
    candidate("customer_id", include=("total", "ordered_on")),
    candidate(keys=(IndexKey(column="state", opclass="varchar_pattern_ops"), IndexKey(column="customer_id"))),
    candidate(
        keys=(IndexKey(column="ordered_on", descending=True, nulls="last"), IndexKey(column="id", descending=True))
    ),
    candidate(keys=(IndexKey(expression='UPPER("state")', opclass="text_pattern_ops"),)),
    candidate(keys=(IndexKey(column="data", opclass="jsonb_path_ops"),), method="gin"),
    candidate("data", method="gin"),
    candidate(keys=(IndexKey(expression=SEARCHED),), method="gin"),
    candidate(keys=(IndexKey(expression=SEARCHED_BOTH),), method="gin"),
    candidate(keys=(IndexKey(expression=f"SETWEIGHT({SEARCHED}, 'A') || SETWEIGHT({SEARCHED}, 'B')"),), method="gin"),
    candidate("ordered_on", method="brin"),
    candidate(keys=(IndexKey(expression="\"data\" ->> 'kind'"),)),
    candidate(keys=(IndexKey(expression="(\"at\" AT TIME ZONE 'Europe/Istanbul')::date"),)),
    candidate("customer_id", condition="\"state\" LIKE '5%'"),
]
TRIGRAMS = [
    candidate(keys=(IndexKey(column="state", opclass="gin_trgm_ops"),), method="gin"),
    candidate(keys=(IndexKey(expression='UPPER(CAST("state" AS TEXT))', opclass="gin_trgm_ops"),), method="gin"),
    candidate(keys=(IndexKey(expression=UPPER_KIND, opclass="gin_trgm_ops"),), method="gin"),
]


def evaluated(code: str) -> models.Index:
    """What a piece of a model's source comes to, with its imports."""
    tree = ast.parse(code)
    space: dict[str, Any] = {"models": models}
    exec(compile(ast.Module(tree.body[:-1], []), "meta", "exec"), space)  # noqa: S102 - what is told to users is tried
    [last] = tree.body[-1:]
    assert isinstance(last, ast.Expr)
    made = eval(compile(ast.Expression(last.value), "meta", "eval"), space)  # noqa: S307 - the same
    assert isinstance(made, models.Index)
    return made


def made(database: Scratch, name: str, isolated: Apps) -> Index:
    table = database.snapshot(isolated).table("tests_order")
    assert table is not None
    found = next(index for index in table.indexes if index.name == name)
    return replace(found, predicate=repr(normal_form.condition(found.predicate)) if found.predicate else "")


def tried(database: Scratch, one: Candidate) -> None:
    """Build it by SQL, by the model and by the migration; each time the same must be there."""
    customer, model = orders()
    isolated = model._meta.apps
    database.create(customer, model)
    snapshot = database.snapshot(isolated)
    table = snapshot.table("tests_order")
    assert table is not None
    index = forms.action(one, snapshot)
    remedy = forms.remedy(snapshot, table, index)

    database.execute(remedy.sql)
    by_sql = made(database, index.name, isolated)
    database.execute(remedy.undo_sql)
    assert index.name not in {each.name for each in database.snapshot(isolated).table("tests_order").indexes}  # type: ignore[union-attr]

    declared = evaluated(remedy.orm)
    assert declared.name == index.name
    with database.connection.schema_editor() as editor:
        editor.add_index(model, declared)
    assert signature(made(database, index.name, isolated)) == signature(by_sql)
    database.execute(remedy.undo_sql)

    migrated(database, remedy.migration, model)
    assert signature(made(database, index.name, isolated)) == signature(by_sql)


def migrated(database: Scratch, text: str, model: type[models.Model]) -> None:
    space: dict[str, Any] = {"__name__": "made_up"}
    exec(compile(text, "migration.py", "exec"), space)  # noqa: S102 - what is told to users is tried
    migration = space["Migration"]("0002_index", "tests")
    before = ProjectState.from_apps(model._meta.apps)
    with database.connection.schema_editor(atomic=migration.atomic) as editor:
        migration.apply(before, editor)


@pytest.mark.parametrize("one", EVERYWHERE, ids=Candidate.describe)
@isolate_apps("tests")
def test_the_three_forms_make_the_same_index(scratch: Scratch, one: Candidate) -> None:
    tried(scratch, one)


@pytest.mark.parametrize("one", POSTGRESQL, ids=Candidate.describe)
@isolate_apps("tests")
def test_the_three_forms_make_the_same_index_on_postgresql(
    postgres: Scratch, one: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What django.contrib.postgres does when it is installed.
    monkeypatch.setattr(IndexExpression, "wrapper_classes", (OpClass, OrderBy, Collate))
    tried(postgres, one)


@pytest.mark.needs("pg_trgm")
@pytest.mark.parametrize("one", TRIGRAMS, ids=Candidate.describe)
@isolate_apps("tests")
def test_the_three_forms_make_the_same_index_of_trigrams(
    postgres: Scratch, one: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IndexExpression, "wrapper_classes", (OpClass, OrderBy, Collate))
    postgres.execute("CREATE EXTENSION pg_trgm")
    tried(postgres, one)


def written(snapshot: Snapshot, one: Candidate) -> Any:
    table = snapshot.table(one.table)
    assert table is not None
    return forms.remedy(snapshot, table, forms.action(one, snapshot))


@isolate_apps("tests")
def test_inverted_indexes_are_told_in_django_s_own_words(postgres: Scratch) -> None:
    customer, model = orders()
    postgres.create(customer, model)
    snapshot = postgres.snapshot(model._meta.apps)
    keys = [
        IndexKey(expression=SEARCHED_BOTH),
        IndexKey(expression='UPPER(CAST("state" AS TEXT))', opclass="gin_trgm_ops"),
        IndexKey(column="data", opclass="jsonb_path_ops"),
    ]
    told = [written(snapshot, candidate(keys=(key,), method="gin")).orm.splitlines()[-1] for key in keys]
    assert [text.rpartition(", name=")[0] for text in told] == [
        'GinIndex(SearchVector("state", "total", config="english")',
        'GinIndex(OpClass(Upper("state"), name="gin_trgm_ops")',
        'GinIndex(fields=["data"], opclasses=["jsonb_path_ops"]',
    ]


@isolate_apps("tests")
def test_a_migration_is_concurrent_on_postgresql_alone(scratch: Scratch) -> None:
    customer, model = orders()
    isolated = model._meta.apps
    scratch.create(customer, model)
    text = written(scratch.snapshot(isolated), candidate("state")).migration
    concurrent = scratch.vendor == "postgresql"
    assert ("atomic = False" in text) == ("AddIndexConcurrently(" in text) == concurrent
    assert ("migrations.AddIndex(" in text) != concurrent


@isolate_apps("tests")
def test_a_migration_follows_the_latest_of_its_application(sqlite: Scratch) -> None:
    customer, model = orders()
    isolated = model._meta.apps
    sqlite.create(customer, model)
    latest = tuple(Migration(app=app, name=name) for app, name in (("other", "0009_x"), ("tests", "0003_orders")))
    snapshot = replace(sqlite.snapshot(isolated), migrations=Migrations(latest=latest))
    assert 'dependencies = [("tests", "0003_orders")]' in written(snapshot, candidate("state")).migration


def test_a_table_without_a_model_gets_sql_alone(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE leftover (id integer PRIMARY KEY, a integer)")
    found = written(scratch.snapshot(), Candidate(table="leftover", keys=(IndexKey(column="a"),)))
    assert found.orm == "No model of the project has leftover: build it by SQL, best by RunSQL in a migration."


@isolate_apps("tests")
def test_an_unmanaged_model_is_a_model_whose_migrations_leave_the_table_alone(scratch: Scratch) -> None:
    class Reading(models.Model):
        level = models.IntegerField()

        class Meta:
            app_label = "tests"
            managed = False
            db_table = "reading"

    scratch.execute("CREATE TABLE reading (id integer PRIMARY KEY, level integer NOT NULL)")
    snapshot = scratch.snapshot(Reading._meta.apps)
    level = Candidate(table="reading", keys=(IndexKey(column="level"),))
    table = snapshot.table("reading")
    assert table is not None
    found = forms.remedy(snapshot, table, forms.action(level, snapshot))
    assert found.orm.startswith("tests.Reading is unmanaged (managed = False)")
    assert not found.migration
    assert found.migration == ""
    scratch.execute(found.sql)
    scratch.execute(found.undo_sql)


@isolate_apps("tests")
def test_of_an_inheritance_chain_the_model_with_the_column_is_named(sqlite: Scratch) -> None:
    class Place(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"

    class Shop(Place):
        kind = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"

    sqlite.create(Place, Shop)
    snapshot = sqlite.snapshot(Place._meta.apps)
    parent = written(snapshot, Candidate(table="tests_place", keys=(IndexKey(column="name"),)))
    child = written(
        snapshot, Candidate(table="tests_shop", keys=(IndexKey(column="kind"), IndexKey(column="place_ptr_id")))
    )
    assert parent.orm.startswith("# In the indexes of tests.Place's Meta:")
    assert child.orm.startswith("# In the indexes of tests.Shop's Meta:")
    assert 'fields=["kind", "place_ptr"]' in child.orm


def test_a_name_is_short_and_nobody_else_s(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE a_very_long_name_of_a_table (id integer PRIMARY KEY, another_long_name integer)")
    one = Candidate(table="a_very_long_name_of_a_table", keys=(IndexKey(column="another_long_name"),))
    assert len(one.name) <= 30
    first = forms.action(one, sqlite.snapshot())
    sqlite.execute(f'CREATE INDEX "{one.name}" ON "a_very_long_name_of_a_table" ("id")')
    second = forms.action(one, sqlite.snapshot())
    assert first.name == one.name != second.name
    assert len(second.name) <= 30


def test_names_differ_by_condition_included_columns_and_opclass() -> None:
    plain = candidate("state")
    others = [
        candidate("state", condition='"urgent"'),
        candidate("state", include=("total",)),
        candidate(keys=(IndexKey(column="state", opclass="varchar_pattern_ops"),)),
        candidate("-state"),
        candidate("state", method="hash"),
    ]
    assert len({one.name for one in (plain, *others)}) == len(others) + 1
