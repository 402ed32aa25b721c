from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps as installed
from django.db import models, transaction
from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.drift import said_of
from tests.migrations import INITIAL, SESSION, made_up, record
from tests.scratch import Scratch, connected

CHECK = "missing_column"


@isolate_apps("tests")
def test_silent_on_fields_without_a_column_of_their_own(scratch: Scratch) -> None:
    class Parent(models.Model):
        code = models.IntegerField()

        class Meta:
            app_label = "tests"

    class Child(Parent):
        friends = models.ManyToManyField(Parent, related_name="+")

        class Meta:
            app_label = "tests"

    class Pair(models.Model):
        pk = models.CompositePrimaryKey("one", "other")
        one = models.IntegerField()
        other = models.IntegerField()

        class Meta:
            app_label = "tests"

    class Unmanaged(models.Model):
        nothing = models.IntegerField()

        class Meta:
            app_label = "tests"
            managed = False
            db_table = "tests_parent"

    class Seen(models.Model):
        nothing = models.IntegerField()

        class Meta:
            app_label = "tests"

    scratch.create(Parent, Child, Pair)
    scratch.execute("CREATE VIEW tests_seen AS SELECT 1 AS id")
    assert not scratch.findings(CHECK, Parent._meta.apps)


@isolate_apps("tests")
def test_silent_on_a_table_that_another_session_keeps_locked(postgres: Scratch) -> None:
    model = create(postgres, "ALTER TABLE tests_part DROP COLUMN weight")
    with connected("other", postgres.connection.settings_dict) as other, transaction.atomic(using="other"):
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE tests_part IN ACCESS EXCLUSIVE MODE")
        said = said_of(postgres, model._meta.apps)
    assert not [one for one in said if one.startswith(CHECK) and "nothing was compared" not in one]
    assert "tests_part: Another session keeps it locked against reading (ACCESS EXCLUSIVE)." in said


@isolate_apps("tests")
def test_finds_a_column_that_was_dropped_and_adds_it_again(scratch: Scratch) -> None:
    model = create(scratch, "DROP INDEX part_plain")
    if scratch.vendor == "postgresql":
        scratch.execute("ALTER TABLE tests_part DROP COLUMN weight")
    else:
        scratch.execute("ALTER TABLE tests_part RENAME COLUMN weight TO elsewhere")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert (found.key, found.severity) == ("missing_column:tests_part:weight", "error")
    assert found.subject == "Field tests.Part.weight has no column"
    assert found.location
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK, model._meta.apps)
    scratch.execute(found.remedy.undo_sql)
    assert scratch.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_what_stood_on_the_column_is_not_told_again(postgres: Scratch) -> None:
    model = create(postgres, "ALTER TABLE tests_part DROP COLUMN price, DROP COLUMN number, DROP COLUMN name")
    assert said_of(postgres, model._meta.apps) == [
        "missing_column:tests_part:name",
        "missing_column:tests_part:number",
        "missing_column:tests_part:price",
    ]


@isolate_apps("tests")
def test_a_column_that_may_not_be_empty_needs_more_than_a_statement(scratch: Scratch) -> None:
    class Coded(models.Model):
        code = models.IntegerField()
        level = models.IntegerField(db_default=3)

        class Meta:
            app_label = "tests"

    scratch.execute(
        f"CREATE TABLE tests_coded (id {'bigserial' if scratch.vendor == 'postgresql' else 'integer'} PRIMARY KEY)"
    )
    code, level = scratch.findings(CHECK, Coded._meta.apps)
    assert code.remedy.sql == ""
    scratch.execute(level.remedy.sql)
    assert said_of(scratch, Coded._meta.apps) == ["missing_column:tests_coded:code"]


@pytest.mark.parametrize(
    ("migrations", "said", "commands"),
    [
        (
            {**INITIAL, "0002_data": 'migrations.AlterField("Session", "session_data", models.TextField())'},
            "Not applied here: sessions.0002_data.",
            "python manage.py migrate sessions --database {alias}",
        ),
        (
            {"0001_initial": SESSION.replace('    ("session_data", models.TextField()),\n', "")},
            "No migration has it yet.",
            "python manage.py makemigrations sessions\npython manage.py migrate sessions --database {alias}",
        ),
        (INITIAL, "Every migration is applied.", ""),
    ],
)
def test_the_migrations_say_which_side_is_to_be_changed(
    scratch: Scratch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    migrations: dict[str, str],
    said: str,
    commands: str,
) -> None:
    record(scratch, "sessions.0001_initial")
    kind = "timestamp with time zone" if scratch.vendor == "postgresql" else "datetime"
    scratch.execute(f"CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, expire_date {kind} NOT NULL)")
    with made_up(tmp_path, monkeypatch, migrations):
        (found,) = scratch.findings(CHECK, installed)
    assert found.detail.endswith(said)
    assert (found.owner, found.severity) == ("django", "error")
    if commands:
        assert found.remedy.orm == commands.format(alias=scratch.alias)
        assert found.group
    else:
        assert found.group == ""
