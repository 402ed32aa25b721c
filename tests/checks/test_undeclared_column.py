from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.drift import said_of
from tests.scratch import Scratch

CHECK = "undeclared_column"


@isolate_apps("tests")
def test_silent_where_any_model_on_the_table_declares_it(scratch: Scratch) -> None:
    class Coded(models.Model):
        class Meta:
            app_label = "tests"

    class Legacy(models.Model):
        extra = models.TextField()

        class Meta:
            app_label = "tests"
            managed = False
            db_table = "tests_coded"

    class Unmanaged(models.Model):
        class Meta:
            app_label = "tests"
            managed = False

    scratch.create(Coded)
    scratch.execute("""
        ALTER TABLE tests_coded ADD COLUMN extra text;
        CREATE TABLE tests_unmanaged (id integer PRIMARY KEY, more text);
        CREATE TABLE nobody (id integer PRIMARY KEY, more text);
    """)
    assert not scratch.findings(CHECK, Coded._meta.apps)


@pytest.mark.parametrize("definition", ["text", "integer NOT NULL DEFAULT 3"])
@isolate_apps("tests")
def test_finds_a_column_that_was_added_by_hand(scratch: Scratch, definition: str) -> None:
    model = create(scratch, f"ALTER TABLE tests_part ADD COLUMN extra {definition}")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert (found.key, found.severity) == ("undeclared_column:tests_part:extra", "info")
    assert said_of(scratch, model._meta.apps) == [found.key]


@isolate_apps("tests")
def test_it_is_an_error_where_inserts_by_django_fail(scratch: Scratch) -> None:
    class Coded(models.Model):
        class Meta:
            app_label = "tests"

    key = "bigserial" if scratch.vendor == "postgresql" else "integer"
    scratch.execute(f"CREATE TABLE tests_coded (id {key} PRIMARY KEY, extra text NOT NULL)")
    (found,) = scratch.findings(CHECK, Coded._meta.apps)
    assert (found.severity, found.confidence) == ("error", "medium")
    assert "inserts by Django fail unless a trigger fills it" in found.detail


@isolate_apps("tests")
def test_silent_about_inserts_where_the_database_fills_it(postgres: Scratch) -> None:
    model = create(
        postgres,
        """
        ALTER TABLE tests_part ADD COLUMN a bigint GENERATED ALWAYS AS IDENTITY;
        ALTER TABLE tests_part ADD COLUMN b text NOT NULL GENERATED ALWAYS AS (upper(name)) STORED;
        """,
    )
    assert [one.severity for one in postgres.findings(CHECK, model._meta.apps)] == ["info", "info"]
