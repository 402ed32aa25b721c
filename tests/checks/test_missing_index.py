from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps import apps as installed
from django.contrib.postgres.indexes import GinIndex
from django.core.management import call_command
from django.db import models
from django.test.utils import isolate_apps

from dbaudit import checks
from dbaudit.registry import registered
from tests.checks.drifting import create
from tests.scratch import Scratch

CHECK = "missing_index"
WAYS = {
    "DROP INDEX part_plain": "(name, price DESC)",
    "DROP INDEX part_where": "(name) WHERE \"status\" = 'open'",
    "DROP INDEX part_upper": '((UPPER("name")))',
}


@isolate_apps("tests")
def test_silent_where_an_index_of_the_same_meaning_has_another_name(scratch: Scratch) -> None:
    model = create(
        scratch,
        """
        DROP INDEX part_plain; CREATE INDEX a ON tests_part (name DESC, price);
        DROP INDEX part_where; CREATE INDEX b ON tests_part (name) WHERE (status IN ('open'));
        DROP INDEX part_upper; CREATE INDEX c ON tests_part ((upper(name)));
        """,
    )
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_an_invalid_index_which_is_invalid_index(postgres: Scratch) -> None:
    model = create(postgres, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'part_plain'::regclass")
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_the_name_stands_for_another_index_which_is_changed_index(scratch: Scratch) -> None:
    model = create(scratch, "DROP INDEX part_plain; CREATE INDEX part_plain ON tests_part (name, weight)")
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_a_column_or_the_table_is_missing(scratch: Scratch) -> None:
    model = create(scratch, "DROP INDEX part_plain; DROP INDEX part_where; DROP INDEX part_upper;")
    scratch.execute('ALTER TABLE tests_part RENAME COLUMN name TO "other"')
    assert not scratch.findings(CHECK, model._meta.apps)
    scratch.execute("ALTER TABLE tests_part RENAME TO elsewhere")
    assert not scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_what_was_not_wholly_seen_is_skipped_with_the_reason(scratch: Scratch) -> None:
    model = create(scratch, "DROP INDEX part_plain")
    checks.load(installed)
    chosen = [one for one in registered() if one.id == CHECK]
    seen = scratch.snapshot(model._meta.apps)
    (table,) = [one for one in seen.tables if one.name == "tests_part"]
    unseen = replace(table, indexes=tuple(replace(one, complete=False) for one in table.indexes))
    for snapshot, reason in (
        (
            replace(seen, tables=(unseen,)),
            "Columns or indexes were not wholly seen, so nothing was compared of tests_part.",
        ),
        (replace(seen, expected=None), f"Models are not compared with a database of {scratch.vendor}."),
    ):
        outcome = checks.run(snapshot, chosen)
        assert outcome.findings == ()
        assert [(one.what, one.reason) for one in outcome.skipped] == [(CHECK, reason)]


@isolate_apps("tests")
def test_silent_where_one_index_stands_for_two_declarations(scratch: Scratch) -> None:
    class Twice(models.Model):
        code = models.IntegerField(db_index=True)

        class Meta:
            app_label = "tests"
            indexes = (models.Index(fields=["code"], name="twice"),)

    scratch.create(Twice)
    scratch.execute("DROP INDEX twice")
    assert not scratch.findings(CHECK, Twice._meta.apps)


@pytest.mark.parametrize("way", WAYS)
@isolate_apps("tests")
def test_finds_an_index_that_was_dropped_and_brings_it_back(scratch: Scratch, way: str) -> None:
    model = create(scratch, way)
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert found.key == f"missing_index:tests_part:{WAYS[way]}"
    assert (found.severity, found.confidence) == ("warning", "high")
    assert found.subject == f"Index {way.rpartition(' ')[2]} of tests.Part is not in the database"
    assert found.location
    assert found.location.file == "tests/checks/drifting.py"
    assert ("CONCURRENTLY" in found.remedy.sql) is (scratch.vendor == "postgresql")
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK, model._meta.apps)
    assert not scratch.findings("renamed_index", model._meta.apps)
    scratch.execute(found.remedy.undo_sql)
    assert [one.key for one in scratch.findings(CHECK, model._meta.apps)] == [found.key]


@isolate_apps("tests")
def test_finds_the_index_of_a_field_whatever_hash_its_name_has(scratch: Scratch) -> None:
    model = create(scratch)
    (name,) = [
        index.name
        for table in scratch.snapshot(model._meta.apps).tables
        for index in table.indexes
        if index.columns == ("code",) and not index.keys[0].opclass
    ]
    scratch.execute(f"DROP INDEX {name}")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert found.subject == "Index of tests.Part is not in the database"
    assert (found.severity, found.key) == ("info", "missing_index:tests_part:(code)")
    assert "Reads by it can use " in found.detail, "the unique key on (code, status) leads with it"


@isolate_apps("tests")
def test_finds_the_pattern_companion_and_other_methods(postgres: Scratch) -> None:
    class Document(models.Model):
        slug = models.SlugField()
        data = models.JSONField()

        class Meta:
            app_label = "tests"
            indexes = (
                GinIndex(fields=["data"], name="document_data"),
                models.Index(fields=["slug"], include=["id"], name="document_slug"),
            )

    postgres.create(Document)
    postgres.execute("DROP INDEX document_data; DROP INDEX document_slug;")
    (name,) = postgres.rows("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%\\_like'")
    postgres.execute(f"DROP INDEX {name[0]}")
    found = postgres.findings(CHECK, Document._meta.apps)
    assert {one.key.partition("tests_document:")[2] for one in found} == {
        "(slug varchar_pattern_ops)",
        "gin (data)",
        "(slug) INCLUDE (id)",
    }
    for one in found:
        postgres.execute(one.remedy.sql)
    assert not postgres.findings(CHECK, Document._meta.apps)


def test_on_a_table_of_django_it_is_a_remark(scratch: Scratch) -> None:
    call_command("migrate", "sessions", database=scratch.alias, verbosity=0)
    scratch.execute("DROP INDEX django_session_expire_date_a5c62663")
    (found,) = scratch.findings(CHECK, installed)
    assert (found.owner, found.severity) == ("django", "info")
    assert found.detail.endswith("Every migration is applied.")


def test_the_file_of_an_index_is_the_model_s_and_the_remedy_a_migration_where_one_waits(scratch: Scratch) -> None:
    call_command("migrate", "sessions", database=scratch.alias, verbosity=0)
    scratch.execute(
        "DROP INDEX django_session_expire_date_a5c62663; DELETE FROM django_migrations WHERE app = 'sessions'"
    )
    (found,) = scratch.findings(CHECK, installed)
    assert found.group == "Migrations of sessions are not applied here"
    assert found.detail.endswith("Not applied here: sessions.0001_initial.")
    assert found.remedy.orm == f"python manage.py migrate sessions --database {scratch.alias}"
    assert found.remedy.sql == ""
