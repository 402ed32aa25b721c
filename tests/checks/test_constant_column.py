from __future__ import annotations

from django.apps import apps as installed
from django.db import models
from django.test.utils import CaptureQueriesContext, isolate_apps

from tests.scratch import Scratch

CHECK = "constant_column"


def filled(scratch: Scratch, columns: str, values: str, rows: int = 2_000) -> None:
    """A table with its statistics; its last column differs from row to row."""
    scratch.execute(f"CREATE TABLE item (id serial PRIMARY KEY, {columns}, rest int)")
    scratch.execute(f"INSERT INTO item SELECT n, {values}, n FROM generate_series(1, {rows}) n")
    scratch.execute("ANALYZE item")


def test_silent_on_columns_of_several_values(postgres: Scratch) -> None:
    filled(postgres, "a int, b int", "n % 2, CASE WHEN n = 3 THEN 1 END")
    assert not postgres.findings(CHECK)


def test_silent_without_statistics_and_on_small_tables(postgres: Scratch) -> None:
    filled(postgres, "a int", "1", rows=900)
    postgres.execute("CREATE TABLE fresh (a int, rest int); INSERT INTO fresh SELECT 1, generate_series(1, 2000)")
    assert not postgres.findings(CHECK)


def test_silent_on_booleans_keys_foreign_keys_generated_columns_and_conditions(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE tenant (id int PRIMARY KEY); INSERT INTO tenant VALUES (1)")
    postgres.execute("""
        CREATE TABLE item (
            id serial PRIMARY KEY, flag boolean, tenant int REFERENCES tenant, half int, deleted timestamptz,
            g int GENERATED ALWAYS AS (1) STORED, rest int, UNIQUE (half, rest)
        );
        CREATE INDEX living ON item (rest) WHERE deleted IS NULL;
        INSERT INTO item (flag, tenant, half, rest) SELECT true, 1, 1, n FROM generate_series(1, 2000) n;
        ANALYZE item;
    """)
    assert not postgres.findings(CHECK)


@isolate_apps("tests")
def test_silent_on_foreign_keys_of_which_only_the_model_knows(postgres: Scratch) -> None:
    class Tenant(models.Model):
        name = models.TextField()

        class Meta:
            app_label = "tests"

    class Item(models.Model):
        tenant = models.ForeignKey(Tenant, models.CASCADE, db_constraint=False)
        rest = models.IntegerField()

        class Meta:
            app_label = "tests"

    postgres.create(Tenant, Item)
    postgres.execute("INSERT INTO tests_item (tenant_id, rest) SELECT 1, generate_series(1, 2000); ANALYZE tests_item")
    assert not postgres.findings(CHECK, Item._meta.apps)


def test_silent_on_columns_at_the_end_which_may_be_new(postgres: Scratch) -> None:
    filled(postgres, "a int", "n")
    postgres.execute("ALTER TABLE item ADD one int, ADD two int DEFAULT 7; ANALYZE item")
    assert not postgres.findings(CHECK)


def test_silent_on_tables_that_are_not_the_project_s(postgres: Scratch) -> None:
    postgres.create(installed.get_model("contenttypes.ContentType"))
    postgres.execute("""
        ALTER TABLE django_content_type DROP CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq;
        INSERT INTO django_content_type (app_label, model) SELECT 'same', n::text FROM generate_series(1, 2000) n;
        ANALYZE django_content_type;
    """)
    assert not postgres.findings(CHECK, installed)


def test_finds_constant_and_empty_columns_of_a_table_as_one_group_without_reading_it(postgres: Scratch) -> None:
    filled(postgres, "a int, b text, c int", "NULL, 'x', n")
    empty, one = postgres.findings(CHECK)
    assert [empty.subject, one.subject] == ["item.a is always NULL", "item.b has one value only"]
    assert empty.group == one.group
    assert {(found.severity, found.confidence) for found in (empty, one)} == {("info", "low")}
    assert "'x'" not in repr(one)
    with CaptureQueriesContext(postgres.connection) as queries:
        postgres.snapshot()
    assert not [query for query in queries.captured_queries if '"b"' in query["sql"]]
