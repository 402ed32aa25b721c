from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import models
from django.test.utils import isolate_apps

from dbaudit.facts import Ownership
from tests.checks.operations import judge
from tests.scratch import Scratch

CHECK = "unenforced_uniqueness"


def membership(scratch: Scratch) -> Apps:
    class Person(models.Model):
        class Meta:
            app_label = "tests"

    class Group(models.Model):
        people = models.ManyToManyField(Person, through="Membership")

        class Meta:
            app_label = "tests"

    class Membership(models.Model):
        person = models.ForeignKey(Person, models.CASCADE)
        group = models.ForeignKey(Group, models.CASCADE)
        number = models.IntegerField(default=0)

        class Meta:
            app_label = "tests"

    scratch.create(Person, Group, Membership)
    scratch.execute("INSERT INTO tests_person (id) VALUES (1), (2); INSERT INTO tests_group (id) VALUES (1)")
    return Person._meta.apps


def join(scratch: Scratch, *people: int) -> None:
    for person in people:
        scratch.execute(f"INSERT INTO tests_membership (person_id, group_id, number) VALUES ({person}, 1, 0)")


def entry(scratch: Scratch, **options: str) -> Apps:
    class Entry(models.Model):
        slug = models.CharField(max_length=20, **options)  # type: ignore[arg-type]
        day = models.DateField()
        kind = models.IntegerField(null=True)

        class Meta:
            app_label = "tests"

    scratch.create(Entry)
    return Entry._meta.apps


def write(scratch: Scratch, *rows: tuple[str, str, str]) -> None:
    for slug, day, kind in rows:
        scratch.execute(f"INSERT INTO tests_entry (slug, day, kind) VALUES ('{slug}', '{day}', {kind})")


@pytest.mark.parametrize("columns", ["group_id, person_id", "person_id", "group_id, number"])
@isolate_apps("tests")
def test_silent_where_a_unique_index_has_a_column_of_the_pair(scratch: Scratch, columns: str) -> None:
    apps = membership(scratch)
    scratch.execute(f"CREATE UNIQUE INDEX i ON tests_membership ({columns})")
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_silent_on_the_model_that_django_makes_for_a_many_to_many_field(scratch: Scratch) -> None:
    class Group(models.Model):
        others = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"

    scratch.create(Group)
    assert not scratch.findings(CHECK, Group._meta.apps)


@isolate_apps("tests")
def test_silent_where_a_field_unique_for_a_date_is_in_a_unique_index(scratch: Scratch) -> None:
    apps = entry(scratch, unique_for_date="day")
    scratch.execute("CREATE UNIQUE INDEX i ON tests_entry (slug, day)")
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_silent_where_a_nullable_column_makes_no_rows_repeat(scratch: Scratch) -> None:
    apps = entry(scratch)
    scratch.execute("CREATE UNIQUE INDEX i ON tests_entry (slug, kind)")
    write(scratch, ("a", "2020-01-01", "NULL"), ("b", "2020-01-01", "NULL"), ("a", "2020-01-01", "1"))
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_silent_where_the_rows_without_a_value_have_a_unique_index_of_their_own(scratch: Scratch) -> None:
    apps = entry(scratch)
    scratch.execute("CREATE UNIQUE INDEX i ON tests_entry (slug, kind)")
    scratch.execute("CREATE UNIQUE INDEX j ON tests_entry (slug) WHERE kind IS NULL")
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_silent_on_a_nullable_column_whose_repeated_rows_were_not_counted(scratch: Scratch) -> None:
    apps = entry(scratch)
    scratch.execute("CREATE UNIQUE INDEX i ON tests_entry (slug, kind)")
    write(scratch, ("a", "2020-01-01", "NULL"), ("a", "2020-01-01", "NULL"))
    snapshot = scratch.snapshot(apps, count_limit_bytes=0)
    assert [one.what for one in snapshot.skipped if "duplicates" in one.what]
    assert not judge(CHECK, snapshot)
    assert judge(CHECK, scratch.snapshot(apps, count_limit_bytes=0, read_data=True))


@isolate_apps("tests")
def test_silent_on_an_application_that_is_not_the_projects(scratch: Scratch) -> None:
    snapshot = scratch.snapshot(membership(scratch))
    models_of_others = tuple(replace(model, owner="third-party") for model in snapshot.models)
    assert Ownership().owner != "third-party"
    assert not judge(CHECK, replace(snapshot, models=models_of_others))


@isolate_apps("tests")
def test_pairs_that_may_repeat_are_a_remark_and_a_warning_once_one_does(scratch: Scratch) -> None:
    apps = membership(scratch)
    join(scratch, 1, 2)
    (found,) = scratch.findings(CHECK, apps)
    assert (found.severity, found.identity) == ("info", ("through", "group_id", "person_id"))
    join(scratch, 1)
    (found,) = scratch.findings(CHECK, apps)
    assert (found.severity, found.confidence) == ("warning", "high")
    assert [(one.value, one.unit) for one in found.evidence] == [(1, "values")]
    assert found.remedy.orm.startswith("models.UniqueConstraint(fields=['group', 'person']")


@isolate_apps("tests")
def test_the_constraint_is_added_and_taken_back_by_sql(postgres: Scratch) -> None:
    apps = membership(postgres)
    (found,) = postgres.findings(CHECK, apps)
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, apps)
    postgres.execute(found.remedy.undo_sql)
    assert postgres.findings(CHECK, apps)


@pytest.mark.parametrize(
    ("period", "alone", "twice"),
    [("date", "2020-01-02", "2020-01-01"), ("month", "2020-02-01", "2021-01-31"), ("year", "2021-01-01", "2020-05-05")],
)
@isolate_apps("tests")
def test_finds_a_field_that_is_unique_for_a_date_in_forms_alone(
    scratch: Scratch, period: str, alone: str, twice: str
) -> None:
    apps = entry(scratch, **{f"unique_for_{period}": "day"})
    write(scratch, ("a", "2020-01-01", "1"), ("a", alone, "1"))
    (found,) = scratch.findings(CHECK, apps)
    assert (found.severity, found.identity) == ("info", ("unique for", "slug", "day", period))
    write(scratch, ("a", twice, "1"))
    assert [one.severity for one in scratch.findings(CHECK, apps)] == ["warning"]


@isolate_apps("tests")
def test_finds_rows_that_repeat_beside_null(scratch: Scratch) -> None:
    apps = entry(scratch)
    scratch.execute("CREATE UNIQUE INDEX i ON tests_entry (slug, kind)")
    write(scratch, ("a", "2020-01-01", "NULL"), ("a", "2020-01-01", "NULL"))
    (found,) = scratch.findings(CHECK, apps)
    assert (found.severity, found.confidence, found.identity) == ("warning", "low", ("null", "slug", "kind"))
    assert ("nulls_distinct=False" in found.remedy.orm) == (scratch.vendor == "postgresql")


def scoped(scratch: Scratch, **columns: models.Field[Any, Any]) -> Apps:
    """A model that is unique for a key and these columns, with two rows that have NULL in all of them."""

    class Event(models.Model):
        class Meta:
            app_label = "tests"

    body = {
        "__module__": __name__,
        "Meta": type("Meta", (), {"app_label": "tests", "unique_together": [("event", *columns)]}),
    }
    ticket = type("Ticket", (models.Model,), {"event": models.ForeignKey(Event, models.CASCADE), **columns, **body})
    scratch.create(Event, ticket)
    scratch.execute("INSERT INTO tests_event (id) VALUES (1); INSERT INTO tests_ticket (event_id) VALUES (1), (1)")
    return Event._meta.apps


@pytest.mark.parametrize(
    "columns",
    [
        {"guid": models.UUIDField(null=True)},
        {"label": models.CharField(max_length=9, null=True)},
        {"source": models.CharField(max_length=9, null=True), "ref": models.CharField(max_length=9, null=True)},
        {"size": models.IntegerField(null=True), "external_id": models.IntegerField(null=True)},
    ],
    ids=",".join,
)
@isolate_apps("tests")
def test_silent_on_a_nullable_identifier_which_many_rows_have_not(scratch: Scratch, columns: dict[str, Any]) -> None:
    assert not scratch.findings(CHECK, scoped(scratch, **columns))


@isolate_apps("tests")
def test_finds_rows_that_repeat_beside_several_columns_that_describe_them(scratch: Scratch) -> None:
    apps = scoped(scratch, size=models.IntegerField(null=True), colour=models.CharField(max_length=9, null=True))
    (found,) = scratch.findings(CHECK, apps)
    assert found.identity == ("null", "event_id", "size", "colour")
    if scratch.vendor == "postgresql":
        assert "nulls_distinct=False" in found.remedy.orm
    else:
        assert found.remedy.orm.count("UniqueConstraint") == 3
        assert "nulls_distinct" not in found.remedy.orm


@isolate_apps("tests")
def test_finds_rows_that_repeat_beside_a_nullable_foreign_key(scratch: Scratch) -> None:
    class Room(models.Model):
        class Meta:
            app_label = "tests"

    scratch.create(Room)
    apps = scoped(scratch, room=models.ForeignKey(Room, models.CASCADE, null=True))
    assert [one.identity for one in scratch.findings(CHECK, apps)] == [("null", "event_id", "room_id")]
