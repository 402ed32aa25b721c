from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.test.utils import isolate_apps

from dbaudit import auditing
from tests.checks.operations import judge, outcome, unjudged
from tests.scratch import Scratch

CHECK = "implied_constraint"
STATES = [("new", "New"), ("done", "Done")]
RANGE = [MinValueValidator(1), MaxValueValidator(5)]


class Shouted(models.CharField):  # type: ignore[type-arg]
    """A field that writes other values than it is given."""

    def get_prep_value(self, value: Any) -> Any:
        return value and value.upper()


class Twice(MinValueValidator):
    """A validator that compares in a way of its own."""

    def compare(self, a: Any, b: Any) -> bool:
        return bool(a < 2 * b)


def review(scratch: Scratch, *rows: str, constraints: tuple[models.CheckConstraint, ...] = (), **fields: Any) -> Apps:
    """A model with one field of interest, `value`, and these values of it."""

    class Review(models.Model):
        value = fields["value"]

        class Meta:
            app_label = "tests"

    scratch.create(Review)
    Review._meta.constraints = list(constraints)
    for row in rows:
        scratch.execute(f"INSERT INTO tests_review (value) VALUES ({row})")
    return Review._meta.apps


def state(**options: Any) -> models.Field[Any, Any]:
    return models.CharField(max_length=10, **{"choices": STATES, **options})


def rating(*validators: Any, **options: Any) -> models.Field[Any, Any]:
    return models.IntegerField(validators=list(validators), **options)


@isolate_apps("tests")
def test_silent_unless_enabled(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (word text)")
    [database] = auditing.audit(scratch.alias, queries=False).databases
    assert [one.reason for one in database.skipped if one.what == CHECK] == [
        "Off unless enabled by DBAUDIT['ENABLE'] or --check."
    ]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (state(), ["'new'", "'lost'"]),
        (rating(*RANGE), ["1", "6"]),
        (rating(*RANGE), ["0"]),
    ],
)
@isolate_apps("tests")
def test_silent_where_a_value_is_outside(scratch: Scratch, field: Any, values: list[str]) -> None:
    assert not scratch.findings(CHECK, review(scratch, *values, value=field))


@pytest.mark.parametrize("rows", [[], ["NULL"]])
@isolate_apps("tests")
def test_silent_where_there_is_no_value(scratch: Scratch, rows: list[str]) -> None:
    assert not scratch.findings(CHECK, review(scratch, *rows, value=state(null=True)))


@isolate_apps("tests")
def test_silent_where_the_rows_were_not_read_and_that_is_told(scratch: Scratch) -> None:
    apps = review(scratch, "'new'", value=state())
    snapshot = scratch.snapshot(apps, count_limit_bytes=0)
    assert [one.what for one in snapshot.skipped if "limits" in one.what] == [
        "values outside of their limits in tests_review"
    ]
    assert not judge(CHECK, snapshot)
    assert judge(CHECK, scratch.snapshot(apps, count_limit_bytes=0, read_data=True))
    assert unjudged(CHECK, replace(snapshot, data=None))


@pytest.mark.parametrize(
    ("field", "values", "check"),
    [
        (state(), ["'new'"], "value IN ('done', 'new')"),
        (rating(*RANGE), ["1"], "value >= 1 AND value <= 5"),
        (rating(*RANGE), ["1"], "value BETWEEN 1 AND 5"),
        (rating(*RANGE), ["1"], "value > 0 AND value < 6"),  # somebody chose what it keeps
        (state(), ["'new'"], "length(value) > 1"),
    ],
)
@isolate_apps("tests")
def test_silent_where_a_check_constraint_is_about_that_column(
    scratch: Scratch, field: Any, values: list[str], check: str
) -> None:
    class Review(models.Model):
        value = field

        class Meta:
            app_label = "tests"

    scratch.execute(
        f"CREATE TABLE tests_review (id integer PRIMARY KEY, value {field.db_type(scratch.connection)} CHECK ({check}))"
    )
    scratch.execute(f"INSERT INTO tests_review VALUES (1, {values[0]})")
    assert not scratch.findings(CHECK, Review._meta.apps)


@isolate_apps("tests")
def test_silent_where_the_model_declares_a_constraint_that_is_missing(scratch: Scratch) -> None:
    constraint = models.CheckConstraint(condition=models.Q(value__in=["new", "done"]), name="states")
    apps = review(scratch, "'new'", constraints=(constraint,), value=state())
    assert not scratch.findings(CHECK, apps)
    assert scratch.findings("missing_constraint", apps)


@isolate_apps("tests")
def test_silent_where_a_positive_field_begins_at_0(scratch: Scratch) -> None:
    field = models.PositiveIntegerField(validators=[MinValueValidator(0)])
    assert not scratch.findings(CHECK, review(scratch, "1", value=field))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (state(choices=[(str(number), "x") for number in range(31)]), "'1'"),
        (state(choices=lambda: STATES), "'new'"),
        (rating(MinValueValidator(lambda: 1)), "1"),
    ],
)
@isolate_apps("tests")
def test_silent_on_many_choices_and_on_limits_that_are_computed(scratch: Scratch, field: Any, value: str) -> None:
    assert not scratch.findings(CHECK, review(scratch, value, value=field))


@pytest.mark.parametrize(
    ("field", "value"),
    [(Shouted(max_length=10, choices=STATES), "'NEW'"), (rating(Twice(1)), "3"), (rating(print), "1")],
)
@isolate_apps("tests")
def test_silent_where_a_class_is_not_djangos_own(scratch: Scratch, field: Any, value: str) -> None:
    assert not scratch.findings(CHECK, review(scratch, value, value=field))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (models.IntegerField(choices=[("one", "One")]), "1"),  # no value that it could have
        (models.CharField(max_length=5), "'new'"),
        (models.SmallIntegerField(), "1"),  # the range of its type is no limit of the model's
        (models.BooleanField(choices=[(True, "Yes"), (False, "No")]), "'1'"),
    ],
)
@isolate_apps("tests")
def test_silent_on_a_field_without_limits(scratch: Scratch, field: Any, value: str) -> None:
    assert not scratch.findings(CHECK, review(scratch, value, value=field))


@isolate_apps("tests")
def test_silent_on_a_table_that_the_model_does_not_manage(scratch: Scratch) -> None:
    class Review(models.Model):
        value = state()

        class Meta:
            app_label = "tests"
            managed = False

    scratch.execute("CREATE TABLE tests_review (id integer PRIMARY KEY, value varchar(10))")
    scratch.execute("INSERT INTO tests_review VALUES (1, 'new')")
    assert not scratch.findings(CHECK, Review._meta.apps)


def test_silent_on_applications_that_are_not_the_projects(scratch: Scratch) -> None:
    from django.contrib.admin.models import LogEntry  # noqa: PLC0415  its choices

    assert LogEntry._meta.get_field("action_flag").choices
    scratch.execute("CREATE TABLE django_admin_log (id integer PRIMARY KEY, action_flag smallint)")
    scratch.execute("INSERT INTO django_admin_log VALUES (1, 1)")
    assert not scratch.findings(CHECK, LogEntry._meta.apps)


@pytest.mark.parametrize(
    ("field", "values", "lookups"),
    [
        (state(), ["'new'", "'done'"], "value__in=['new', 'done']"),
        (state(blank=True, null=True), ["'new'", "''", "NULL"], "value__in=['new', 'done', '']"),
        (models.SmallIntegerField(choices=[(1, "One"), ("more", [(2, "Two")])]), ["2"], "value__in=[1, 2]"),
        (rating(*RANGE), ["1", "5"], "value__gte=1, value__lte=5"),
        (models.PositiveIntegerField(validators=RANGE), ["5"], "value__gte=1, value__lte=5"),
        (models.PositiveIntegerField(validators=[MinValueValidator(0), RANGE[1]]), ["0"], "value__lte=5"),
        (models.FloatField(validators=[MaxValueValidator(0.5)]), ["0.5"], "value__lte=0.5"),
        (
            models.DecimalField(max_digits=9, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]),
            ["0.01"],
            "value__gte=Decimal('0.01')",
        ),
        (models.CharField(max_length=9, choices=[("it's 100%", "x")]), ["'it''s 100%'"], 'value__in=["it\'s 100%"]'),
    ],
)
@isolate_apps("tests")
def test_finds_limits_that_every_row_keeps_and_the_constraint_holds_them(
    scratch: Scratch, field: Any, values: list[str], lookups: str
) -> None:
    apps = review(scratch, *values, value=field)
    (found,) = scratch.findings(CHECK, apps)
    assert (found.severity, found.confidence, found.owner) == ("info", "medium", "project")
    assert found.remedy.orm.startswith(f"models.CheckConstraint(condition=models.Q({lookups}), name=")
    filled = [value for value in values if value != "NULL"]
    assert [(one.value, one.unit) for one in found.evidence] == [(len(filled), "rows"), (0, "rows")]
    assert scratch.rows(found.evidence[1].sql) == [(0,)]
    constraint = eval(found.remedy.orm, {"models": models, "Decimal": Decimal})  # noqa: S307  what the reader pastes
    (model,) = (one for one in apps.get_models() if one.__name__ == "Review")
    model._meta.constraints = [constraint]
    with scratch.connection.schema_editor() as editor:
        editor.add_constraint(model, constraint)
    model._meta.constraints = []  # the database's own is enough
    assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_the_sql_adds_the_constraint_without_blocking_writers_and_takes_it_back(postgres: Scratch) -> None:
    apps = review(postgres, "'new'", value=state())
    (found,) = postgres.findings(CHECK, apps)
    assert [part in found.remedy.sql for part in ("NOT VALID", "VALIDATE CONSTRAINT")] == [True, True]
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, apps)
    postgres.execute(found.remedy.undo_sql)
    assert postgres.findings(CHECK, apps)


@isolate_apps("tests")
def test_two_columns_of_a_table_are_read_in_one_statement(scratch: Scratch) -> None:
    class Review(models.Model):
        value = state()
        number = rating(*RANGE)

        class Meta:
            app_label = "tests"

    scratch.create(Review)
    scratch.execute("INSERT INTO tests_review (value, number) VALUES ('new', 3), ('lost', 4)")
    snapshot = scratch.snapshot(Review._meta.apps)
    assert snapshot.data
    assert [(one.column, one.filled, one.outside) for one in snapshot.data.limits] == [
        ("value", 2, 1),
        ("number", 2, 0),
    ]
    assert [one.identity for one in outcome(CHECK, snapshot).findings] == [("number", "minimum", "maximum")]
