from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps, override_settings

from tests.scratch import Scratch

CHECK = "naive_timestamp"


@isolate_apps("tests")
def test_silent_on_django_s_own_columns_dates_and_times(postgres: Scratch) -> None:
    class Event(models.Model):
        at = models.DateTimeField()
        day = models.DateField()
        hour = models.TimeField()

        class Meta:
            app_label = "tests"

    postgres.create(Event)
    assert not postgres.findings(CHECK, Event._meta.apps)


@isolate_apps("tests")
def test_silent_on_a_field_of_another_kind(postgres: Scratch) -> None:
    class Naive(models.Field):  # type: ignore[type-arg]
        def db_type(self, connection: object) -> str:  # noqa: ARG002  as Django calls it
            return "timestamp without time zone"

    class Event(models.Model):
        at = Naive()

        class Meta:
            app_label = "tests"

    postgres.create(Event)
    assert not postgres.findings(CHECK, Event._meta.apps)


@override_settings(USE_TZ=False)
def test_silent_without_time_zones(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (at timestamp)")
    assert not postgres.findings(CHECK)


@override_settings(USE_TZ=True)
def test_in_a_table_without_model_it_is_a_remark(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (at timestamp)")
    assert [one.severity for one in postgres.findings(CHECK)] == ["info"]


@override_settings(USE_TZ=True)
@isolate_apps("tests")
def test_finds_a_naive_column_of_a_datetime_field_and_its_statement_silences_the_check(postgres: Scratch) -> None:
    class Event(models.Model):
        at = models.DateTimeField(null=True)

        class Meta:
            app_label = "tests"

    postgres.execute("CREATE TABLE tests_event (id bigint PRIMARY KEY, at timestamp(3))")
    postgres.execute("INSERT INTO tests_event VALUES (1, '2026-01-01 12:00')")
    (found,) = postgres.findings(CHECK, Event._meta.apps)
    assert (found.key, found.severity) == (CHECK + ":tests_event:at", "warning")
    assert found.location
    assert found.evidence[0].value == "timestamp(3) without time zone"
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, Event._meta.apps)
    postgres.execute(found.remedy.undo_sql)
    assert postgres.rows("SELECT at::text FROM tests_event") == [("2026-01-01 12:00:00",)]


@pytest.mark.parametrize("use_tz", [True, False])
def test_whether_the_project_uses_time_zones_is_read_from_its_settings(postgres: Scratch, use_tz: bool) -> None:
    with override_settings(USE_TZ=use_tz):
        posture = postgres.snapshot().posture
    assert posture
    assert posture.django.use_tz is use_tz
