"""Tables without a key, models without a table, tables without a model."""

from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch


def test_silent_on_every_form_of_primary_key(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE rowid (id integer PRIMARY KEY);
        CREATE TABLE word (code varchar(9) PRIMARY KEY);
        CREATE TABLE pair (a int, b int, PRIMARY KEY (b, a));
        CREATE VIEW looks AS SELECT 1 AS one;
    """)
    assert not scratch.findings("table_without_primary_key")


def test_silent_on_partitions_whose_parent_has_the_key(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (10);
    """)
    assert not postgres.findings("table_without_primary_key")


def test_finds_a_table_without_a_key_and_offers_the_unique_index_that_could_be_it(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (a int NOT NULL, b int); CREATE UNIQUE INDEX item_a ON item (a);")
    (found,) = postgres.findings("table_without_primary_key")
    assert found.severity == "info"
    assert found.remedy.sql == 'ALTER TABLE "item" ADD PRIMARY KEY ("a");'
    postgres.execute(found.remedy.sql)
    assert not postgres.findings("table_without_primary_key")


@isolate_apps("tests")
def test_a_model_on_a_table_without_a_key_is_a_warning(scratch: Scratch) -> None:
    class Ledger(models.Model):
        class Meta:
            app_label = "tests"
            managed = False

    scratch.execute("CREATE TABLE tests_ledger (id bigint)")
    (found,) = scratch.findings("table_without_primary_key", Ledger._meta.apps)
    assert (found.severity, found.model) == ("warning", "tests.Ledger")


@isolate_apps("tests")
def test_silent_on_models_that_are_meant_to_have_no_table(scratch: Scratch) -> None:
    class Seen(models.Model):
        class Meta:
            app_label = "tests"

    class Proxy(Seen):
        class Meta:
            app_label = "tests"
            proxy = True

    class Elsewhere(models.Model):
        class Meta:
            app_label = "tests"
            managed = False

    scratch.create(Seen)
    assert not scratch.findings("missing_table", Proxy._meta.apps)
    assert not scratch.findings("table_without_model", Elsewhere._meta.apps)


@isolate_apps("tests")
def test_finds_a_model_whose_table_is_gone(scratch: Scratch) -> None:
    class Here(models.Model):
        class Meta:
            app_label = "tests"

    class Gone(models.Model):
        class Meta:
            app_label = "tests"

    scratch.create(Here)
    (found,) = scratch.findings("missing_table", Gone._meta.apps)
    assert (found.key, found.severity) == ("missing_table:tests_gone:tests.Gone", "error")
    assert "manage.py migrate tests" in found.remedy.orm


@isolate_apps("tests")
def test_silent_on_many_to_many_tables_views_and_django_s_own(scratch: Scratch) -> None:
    class Tag(models.Model):
        others = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"

    scratch.create(Tag)
    scratch.execute("CREATE TABLE django_migrations (id integer PRIMARY KEY); CREATE VIEW v AS SELECT 1 AS one;")
    assert not scratch.findings("table_without_model", Tag._meta.apps)


@pytest.mark.needs("hstore")
def test_silent_on_a_table_that_an_extension_owns(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE own (id bigint PRIMARY KEY); CREATE EXTENSION hstore;")
    postgres.execute("ALTER EXTENSION hstore ADD TABLE own")
    assert not postgres.findings("table_without_model")


def test_finds_a_table_that_no_model_describes(scratch: Scratch) -> None:
    scratch.execute('CREATE TABLE "left behind" (id integer PRIMARY KEY)')
    (found,) = scratch.findings("table_without_model")
    assert (found.key, found.severity, found.owner) == ("table_without_model:left behind", "info", "project")
