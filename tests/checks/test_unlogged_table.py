from __future__ import annotations

from django.apps import apps as installed
from django.db import models
from django.test.utils import isolate_apps, override_settings

from tests.scratch import Scratch

CHECK = "unlogged_table"


def test_silent_on_logged_tables(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int)")
    assert not postgres.findings(CHECK)


@override_settings(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_table"}}
)
def test_silent_on_a_database_cache(postgres: Scratch) -> None:
    postgres.execute("CREATE UNLOGGED TABLE cache_table (cache_key varchar(255) PRIMARY KEY)")
    assert not postgres.findings(CHECK)


def test_a_table_without_model_is_a_remark_and_a_partition_is_enough(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id int) PARTITION BY RANGE (id);
        CREATE UNLOGGED TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (10);
    """)
    assert [(one.table, one.severity) for one in postgres.findings(CHECK)] == [("item", "info")]


@isolate_apps("tests")
def test_finds_the_table_of_a_model_and_its_statement_can_be_taken_back(postgres: Scratch) -> None:
    class Item(models.Model):
        class Meta:
            app_label = "tests"

    postgres.execute("CREATE UNLOGGED TABLE tests_item (id bigint PRIMARY KEY)")
    (found,) = postgres.findings(CHECK, Item._meta.apps)
    assert (found.key, found.severity) == (CHECK + ":tests_item", "warning")
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, Item._meta.apps)
    postgres.execute(found.remedy.undo_sql)
    assert len(postgres.findings(CHECK, Item._meta.apps)) == 1


def test_sessions_are_a_remark(postgres: Scratch) -> None:
    postgres.create(installed.get_model("sessions.Session"))
    postgres.execute("ALTER TABLE django_session SET UNLOGGED")
    assert [one.severity for one in postgres.findings(CHECK, installed)] == ["info"]
