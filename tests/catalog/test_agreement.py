"""The generic reader and the vendors' own agree on what both can see."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections, models
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from dbaudit.catalog.database import generic, postgresql, sqlite
from dbaudit.facts import Snapshot, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.base.base import BaseDatabaseWrapper

    from tests.scratch import Scratch

READERS: dict[str, Callable[[BaseDatabaseWrapper], Snapshot]] = {"postgresql": postgresql.read, "sqlite": sqlite.read}
# What Django says of an included column, which on PostgreSQL looks like a key to it: rising, NULL last.
ASCENDING = (False, "")

# As both vendors take it, and as Django can parse it on SQLite: names in quotes, no pair of columns without a
# constraint's name before it, primary keys in the order of the table.
ODD_TABLES = """
CREATE TABLE "no_key" ("a" integer, "b" text NOT NULL);
CREATE TABLE "text_key" ("code" varchar(9) NOT NULL PRIMARY KEY, "other" integer UNIQUE);
CREATE TABLE "pair_key" ("a" integer NOT NULL, "b" integer NOT NULL, CONSTRAINT "pair" PRIMARY KEY ("a", "b"));
CREATE TABLE "named" ("id" integer NOT NULL PRIMARY KEY, "a" text, CONSTRAINT "both" UNIQUE ("a", "id"));
CREATE TABLE "checked" ("id" integer NOT NULL PRIMARY KEY, "a" integer DEFAULT 7 CHECK ("a" > 0),
    CONSTRAINT "c" CHECK ("id" < "a"));
CREATE TABLE "child" ("id" integer NOT NULL PRIMARY KEY, "up" integer REFERENCES "child" ("id"),
    "code" varchar(9) NOT NULL, CONSTRAINT "f" FOREIGN KEY ("code") REFERENCES "text_key" ("code") ON DELETE CASCADE);
CREATE TABLE "Mixed Case" ("Id" integer NOT NULL PRIMARY KEY, "a b" text, "select" integer);
CREATE INDEX "plain" ON "no_key" ("b", "a");
CREATE INDEX "falling" ON "no_key" ("a" DESC, "b");
CREATE UNIQUE INDEX "only_once" ON "no_key" ("a");
CREATE UNIQUE INDEX "partly" ON "no_key" ("b") WHERE "a" > 0;
CREATE INDEX "computed" ON "no_key" (lower("b"));
CREATE INDEX "mixed" ON "no_key" ("a", lower("b"));
CREATE INDEX "Spaced out" ON "Mixed Case" ("select", "a b");
CREATE VIEW "looked_at" AS SELECT "a" FROM "no_key";
"""
ODD_ON_POSTGRESQL = """
CREATE INDEX including ON no_key (a) INCLUDE (b);
CREATE INDEX hashed ON no_key USING hash (b);
CREATE INDEX patterns ON text_key (code varchar_pattern_ops);
CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE MATERIALIZED VIEW kept AS SELECT a FROM no_key;
"""


def seen_by_both(table: Table) -> dict[str, Any]:
    """The facts that introspection shows too.

    On SQLite Django invents names of keys and constraints, and shows no index of a primary key.
    """
    return {
        "kind": table.kind.removeprefix("partitioned ").removeprefix("materialized "),
        "columns": [(column.name, column.nullable) for column in table.columns],
        "primary key": table.primary_key,
        "indexes": Counter(
            (index.columns + index.included, index.unique, index.method) for index in table.indexes if not index.primary
        ),
        "directions": {
            index.name: [(key.descending, key.nulls) for key in index.keys] + [ASCENDING] * len(index.included)
            for index in table.indexes
            if not index.constraint and index.method == "btree" and all(index.columns)
        },
        "foreign keys": Counter((key.columns, key.target_table, key.target_columns) for key in table.foreign_keys),
        "checks": Counter(frozenset(one.columns) for one in table.constraints if one.kind == "check"),
    }


def assert_agreement(connection: BaseDatabaseWrapper) -> Snapshot:
    own, general = READERS[connection.vendor](connection), generic.read(connection)
    assert {table.name: seen_by_both(table) for table in general.tables} == {
        table.name: seen_by_both(table) for table in own.tables
    }
    return own


def test_they_agree_on_an_empty_database(scratch: Scratch) -> None:
    assert assert_agreement(scratch.connection).tables == ()


@pytest.mark.django_db(databases=["default", "postgresql"])
@pytest.mark.parametrize("alias", ["default", "postgresql"])
def test_they_agree_on_the_reference_erp_and_on_django_contrib(alias: str) -> None:
    snapshot = assert_agreement(connections[alias])
    assert len(snapshot.tables) > 96


def test_they_agree_on_odd_tables(scratch: Scratch) -> None:
    scratch.execute(ODD_TABLES)
    if scratch.vendor == "postgresql":
        scratch.execute(ODD_ON_POSTGRESQL)
    snapshot = assert_agreement(scratch.connection)
    assert snapshot.table("looked_at") is not None


def test_they_agree_on_what_django_makes_of_constraints_and_indexes(scratch: Scratch) -> None:
    with isolate_apps("tests"):

        class Author(models.Model):
            name = models.CharField(max_length=9, unique=True)
            friends = models.ManyToManyField("self")

            class Meta:
                app_label = "tests"

        class Book(models.Model):
            pk = models.CompositePrimaryKey("author_id", "number")
            author = models.ForeignKey(Author, models.CASCADE)
            number = models.PositiveIntegerField()
            title = models.CharField(max_length=9, db_index=True)
            slug = models.SlugField()

            class Meta:
                app_label = "tests"
                constraints = [
                    models.UniqueConstraint(Lower("title"), name="lower"),
                    models.UniqueConstraint(fields=["slug"], condition=models.Q(number__gt=1), name="partly"),
                    models.CheckConstraint(condition=models.Q(number__lt=9), name="small"),
                ]
                indexes = [models.Index(fields=["-number", "slug"], name="falling")]

        scratch.create(Author, Book)
    assert len(assert_agreement(scratch.connection).tables) == 3
