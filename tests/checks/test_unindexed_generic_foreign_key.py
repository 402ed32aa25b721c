from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps.registry import Apps
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.operations import judge
from tests.scratch import Scratch

CHECK = "unindexed_generic_foreign_key"


def create(scratch: Scratch, *, indexed: bool = False) -> Apps:
    """A table of notes on anything, filled so that it is no small one."""

    class Note(models.Model):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField(db_index=indexed)
        about = GenericForeignKey()
        kind = models.IntegerField(default=0)

        class Meta:
            app_label = "tests"

    class Page(models.Model):
        notes = GenericRelation(Note)

        class Meta:
            app_label = "tests"

    scratch.create(ContentType, Note, Page)
    return Note._meta.apps


def fill(scratch: Scratch) -> None:
    scratch.execute("INSERT INTO django_content_type VALUES (1, 'a', 'b')")
    rows = ", ".join(f"({number}, 1, {number}, 0)" for number in range(1_500))
    scratch.execute(f"INSERT INTO tests_note (id, content_type_id, object_id, kind) VALUES {rows}", ())


@pytest.mark.parametrize(
    "index",
    [
        "INDEX i ON tests_note (content_type_id, object_id)",
        "INDEX i ON tests_note (object_id, content_type_id, kind)",
        "UNIQUE INDEX i ON tests_note (content_type_id, object_id, id)",
    ],
)
@isolate_apps("tests")
def test_silent_where_an_index_is_led_by_both_columns(scratch: Scratch, index: str) -> None:
    apps = create(scratch)
    fill(scratch)
    scratch.execute(f"CREATE {index}")
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_silent_where_the_key_alone_is_indexed(scratch: Scratch) -> None:
    apps = create(scratch, indexed=True)
    fill(scratch)
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_on_a_small_table_it_is_a_remark(scratch: Scratch) -> None:
    assert [one.severity for one in scratch.findings(CHECK, create(scratch))] == ["info"]


@isolate_apps("tests")
def test_in_an_application_that_is_not_the_project_s_it_is_a_remark(scratch: Scratch) -> None:
    apps = create(scratch)
    fill(scratch)
    snapshot = scratch.snapshot(apps)
    packaged = replace(snapshot, models=tuple(replace(model, owner="third-party") for model in snapshot.models))
    assert [one.severity for one in judge(CHECK, packaged)] == ["info"]


@isolate_apps("tests")
def test_a_partial_index_and_one_led_by_another_column_do_not_count(scratch: Scratch) -> None:
    apps = create(scratch)
    scratch.execute("""
        CREATE INDEX partial ON tests_note (content_type_id, object_id) WHERE kind = 1;
        CREATE INDEX other ON tests_note (kind, content_type_id, object_id);
    """)
    assert len(scratch.findings(CHECK, apps)) == 1


@isolate_apps("tests")
def test_finds_a_generic_foreign_key_and_says_what_deletes_through_it(scratch: Scratch) -> None:
    apps = create(scratch)
    fill(scratch)
    (found,) = scratch.findings(CHECK, apps)
    assert (found.severity, found.identity) == ("warning", ("content_type_id", "object_id"))
    assert found.remedy.orm.startswith('models.Index(fields=["content_type", "object_id"]')
    assert ("deleting one of these reads it", "tests.Page") in [(one.what, one.value) for one in found.evidence]
    assert found.location
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK, apps)
    scratch.execute(found.remedy.undo_sql)
    assert len(scratch.findings(CHECK, apps)) == 1
