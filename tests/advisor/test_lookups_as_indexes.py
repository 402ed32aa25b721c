"""For each type of field and each lookup that Django casts for: the index in Django's words is the index in SQL.

Both are built on an empty table, and the server's own text of the one is that of the other; then the server is asked
whether it would use the index for the very lookup.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast, Collate
from django.db.models.indexes import IndexExpression
from django.test.utils import isolate_apps

from dbaudit.advisor import forms
from dbaudit.advisor.candidate import Asked, Candidate
from dbaudit.advisor.roles import occurrences
from dbaudit.facts import IndexKey, Parameters, Snapshot, Table
from dbaudit.sql.equivalence import of_table, signature
from dbaudit.sql.normal_form import statements
from tests.advisor.test_forms import evaluated, migrated

if TYPE_CHECKING:
    from tests.scratch import Scratch


class PlainType(models.Field):  # type: ignore[type-arg]
    """A field of a project's own, of a type that Django does not know."""

    def db_type(self, connection: Any) -> str:
        """One that every server has."""
        del connection
        return "macaddr"


FIELDS: dict[str, Any] = {
    "a_uuid": lambda: models.UUIDField(default=uuid.uuid4),
    "an_integer": lambda: models.IntegerField(default=0),
    "a_decimal": lambda: models.DecimalField(max_digits=10, decimal_places=2, default=0),
    "a_date": lambda: models.DateField(null=True),
    "a_moment": lambda: models.DateTimeField(null=True),
    "an_address": lambda: models.GenericIPAddressField(null=True),
    "a_flag": lambda: models.BooleanField(default=False),
    "a_document": lambda: models.JSONField(default=dict),
    "some": lambda: ArrayField(models.CharField(max_length=5), default=list),
    "a_word": lambda: models.CharField(max_length=20),
    "a_text": lambda: models.TextField(default=""),
    "a_mac": lambda: PlainType(null=True),
}
LOOKUPS = {"iexact": "4711", "istartswith": "47", "startswith": "47", "contains": "7", "icontains": "7"}
#: What Django itself refuses, or compiles to an operator of the type's own.
OTHERS = {("a_document", one) for one in LOOKUPS} | {("some", "contains")} | {("a_mac", one) for one in LOOKUPS}
#: Their text depends on settings of the session, so that no server builds an index over it.
CHANGING = {"a_date", "a_moment", "some"}


def wide(only: set[str]) -> type[models.Model]:
    fields = {name: make() for name, make in FIELDS.items() if name in only}
    meta = type("Meta", (), {"app_label": "tests"})
    return type("Wide", (models.Model,), {**fields, "Meta": meta, "__module__": __name__})


def compiled(database: Scratch, query: Any) -> tuple[str, tuple[Any, ...]]:
    sql, values = query.query.get_compiler(connection=database.connection).as_sql()
    return sql, tuple(values)


def keys_of(database: Scratch, query: Any, snapshot: Snapshot) -> list[IndexKey]:
    """The keys by which an index would answer a queryset."""
    sql, values = compiled(database, query)
    asked = Asked(fingerprint="f", sql=sql, samples=(Parameters(values),))
    (found,) = occurrences(asked, snapshot)
    return [term.key for term in found.terms if term.key]


def built(database: Scratch, table: Table, index: Any, snapshot: Snapshot, model: type[models.Model]) -> list[str]:
    """What the server says of the index in its three forms."""
    remedy = forms.remedy(snapshot, table, index)
    told = []
    definition = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = %s::regclass"
    if database.vendor == "sqlite":
        definition = "SELECT sql FROM sqlite_master WHERE name = %s"

    def look() -> None:
        ((text,),) = database.rows(definition, [index.name])
        told.append(text)
        database.execute(remedy.undo_sql)

    database.execute(remedy.sql)
    look()
    with database.connection.schema_editor() as editor:
        editor.add_index(model, evaluated(remedy.orm))
    look()
    migrated(database, remedy.migration, model)
    look()
    return told


def planned(database: Scratch, query: Any) -> str:
    sql, values = compiled(database, query)
    return "\n".join(str(row) for row in database.rows(f"EXPLAIN {sql}", values))


@pytest.fixture
def postgres_with_classes(postgres: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    # What django.contrib.postgres does when it is installed.
    monkeypatch.setattr(IndexExpression, "wrapper_classes", (OpClass, OrderBy, Collate))
    return postgres


@isolate_apps("tests")
def test_on_postgresql_every_lookup_that_is_cast_is_the_same_index_in_django_s_words_as_in_sql(
    postgres_with_classes: Scratch,
) -> None:
    postgres = postgres_with_classes
    model = wide(set(FIELDS))
    postgres.create(model)
    snapshot = postgres.snapshot(model._meta.apps)
    (table,) = (one for one in snapshot.tables if one.name == "tests_wide")
    postgres.execute("SET enable_seqscan = off")
    seen = 0
    for name in FIELDS:
        for lookup, value in LOOKUPS.items():
            if (name, lookup) in OTHERS or name in CHANGING:
                continue
            query = model._default_manager.filter(**{f"{name}__{lookup}": [value] if name == "some" else value})
            for key in keys_of(postgres, query.values("pk"), snapshot):
                candidate = Candidate(table=table.name, keys=(key,))
                index = forms.action(candidate, snapshot)
                by_sql, by_model, by_migration = built(postgres, table, index, snapshot, model)
                assert by_sql == by_model == by_migration, (name, lookup)
                seen += 1
                if lookup == "iexact":
                    postgres.execute(forms.remedy(snapshot, table, index).sql)
                    assert index.name in planned(postgres, query.values("pk")), name
                    postgres.execute(forms.remedy(snapshot, table, index).undo_sql)
    assert seen >= 30


@isolate_apps("tests")
def test_on_sqlite_every_lookup_is_the_same_index_in_django_s_words_as_in_sql(sqlite: Scratch) -> None:
    model = wide(
        {"a_uuid", "an_integer", "a_decimal", "a_date", "a_moment", "an_address", "a_flag", "a_word", "a_text"}
    )
    sqlite.create(model)
    snapshot = sqlite.snapshot(model._meta.apps)
    (table,) = (one for one in snapshot.tables if one.name == "tests_wide")
    manager = model._default_manager
    queries = [
        *(manager.filter(**{f"{name}__iexact": "4711"}) for name in ("an_integer", "a_word", "a_text", "an_address")),
        manager.alias(x=Cast("an_integer", models.TextField())).filter(x="4711"),
        manager.alias(x=Cast("a_word", models.IntegerField())).filter(x=4711),
        manager.alias(x=Cast("a_word", models.CharField())).filter(x="a"),
        manager.alias(x=Cast("a_word", models.CharField(max_length=3))).filter(x="a"),
        manager.alias(x=Cast("a_word", models.FloatField())).filter(x=1.5),
    ]
    for query in queries:
        for key in keys_of(sqlite, query.values("pk"), snapshot):
            index = forms.action(Candidate(table=table.name, keys=(key,)), snapshot)
            definitions = built(sqlite, table, index, snapshot, model)
            meant = {text.lower().replace('("', '"').replace('")', '"') for text in definitions}
            casts = {tuple(part for part in text.split() if part.isalpha()) for text in meant}
            assert len(casts) == 1, definitions


CASTS = [
    models.TextField(), models.CharField(), models.CharField(max_length=7), models.IntegerField(),
    models.SmallIntegerField(), models.BigIntegerField(), models.FloatField(), models.BooleanField(),
    models.UUIDField(), models.JSONField(), models.TimeField(), models.DurationField(), models.DateField(),
    models.GenericIPAddressField(), models.DecimalField(max_digits=8, decimal_places=3),
]  # fmt: skip


@pytest.mark.parametrize("target", CASTS, ids=lambda field: f"{type(field).__name__}{field.max_length or ''}")
@isolate_apps("tests")
def test_a_cast_of_the_querys_own_is_never_lost(postgres: Scratch, target: Any) -> None:
    model = wide({"a_word", "an_integer"})
    postgres.create(model)
    snapshot = postgres.snapshot(model._meta.apps)
    (table,) = (one for one in snapshot.tables if one.name == "tests_wide")
    name = "an_integer" if isinstance(target, models.TextField | models.CharField) else "a_word"
    query = model._default_manager.alias(x=Cast(name, target)).filter(x__isnull=True).values("pk")
    (key, *_) = keys_of(postgres, query, snapshot)
    index = forms.action(Candidate(table=table.name, keys=(key,)), snapshot)
    remedy = forms.remedy(snapshot, table, index)
    if isinstance(target, models.DateField | models.DurationField | models.TimeField | models.JSONField):
        assert "Cast(" in remedy.orm  # no server builds an index by it: the cast depends on settings, or has no b-tree
        return
    assert len({*built(postgres, table, index, snapshot, model)}) == 1
    assert f'Cast("{name}", models.{type(target).__name__}(' in remedy.orm


CONDITIONS = [
    "\"a_uuid\" = '00000000-0000-0000-0000-000000000005'::uuid",
    '"a_decimal" > 1.5',
    '"an_integer" = 5',
    '"an_integer" > 1.5',
    '"an_integer" IN (1, 2)',
    "(\"an_integer\")::text = '5'",
    '"a_document" = \'"x"\'::jsonb',
    "\"a_date\" > '2020-01-01'::date",
    "\"a_moment\" > '2020-01-01 00:00:00+00'::timestamptz",
    "\"an_address\" = '10.0.0.1'::inet",
    "\"some\" = '{a}'::varchar(5)[]",
    '"a_word" > \'a\' AND "a_flag"',
    'NOT "a_flag" AND "a_text" IS NOT NULL',
    'length("a_word") > 3',
    'char_length("a_word") > 3',
    "\"a_mac\" = '08:00:2b:01:02:03'::macaddr",
]


@isolate_apps("tests")
def test_the_condition_of_a_partial_index_is_the_same_in_django_s_words_as_in_sql(postgres: Scratch) -> None:
    model = wide(set(FIELDS))
    postgres.create(model)
    snapshot = postgres.snapshot(model._meta.apps)
    (table,) = (one for one in snapshot.tables if one.name == "tests_wide")
    for condition in CONDITIONS:
        candidate = Candidate(table=table.name, keys=(IndexKey(column="id"),), condition=condition)
        definitions = built(postgres, table, forms.action(candidate, snapshot), snapshot, model)
        # The parts of an AND may stand in another order, and the server keeps it.
        [meant] = {signature(of_table(statements.index(one, table.name), table)) for one in definitions}
        assert meant
        assert len({*definitions}) == 1 or " AND " in condition


@isolate_apps("tests")
def test_what_django_has_no_words_for_is_no_model_edit_but_sql(postgres: Scratch) -> None:
    model = wide({"a_word"})
    postgres.create(model)
    postgres.execute("ALTER TABLE tests_wide ADD COLUMN hidden integer")
    snapshot = postgres.snapshot(model._meta.apps)
    (table,) = (one for one in snapshot.tables if one.name == "tests_wide")
    index = forms.action(Candidate(table=table.name, keys=(IndexKey(column="hidden"),)), snapshot)
    remedy = forms.remedy(snapshot, table, index)
    assert remedy.orm.startswith("No field of a model has the column hidden of tests_wide.")
    assert "migrations.RunSQL(" in remedy.migration
    migrated(postgres, remedy.migration, model)
    assert index.name in {each.name for each in postgres.snapshot(model._meta.apps).table("tests_wide").indexes}  # type: ignore[union-attr]
