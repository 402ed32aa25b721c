from __future__ import annotations

import pytest
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.drift import said_of
from tests.scratch import Scratch

CHECK = "changed_constraint"
WAYS = [
    ("part_unique", "UNIQUE (name, price)", "keys: name, price, not name, weight"),
    ("part_unique", "UNIQUE (weight, price)", "keys: weight, price, not name, weight"),
    ("part_unique", "UNIQUE (name, weight) DEFERRABLE INITIALLY DEFERRED", "deferrable: deferred, not none"),
    ("part_unique", "UNIQUE (name, weight) INCLUDE (price)", "included columns: price, not none"),
    ("part_cheap", "CHECK (price < 2000)", 'condition: (price < 2000), not "price" < 1000'),
    ("part_cheap", "CHECK (price <= 1000)", "condition: (price <= 1000), not "),
    ("part_cheap", "CHECK (price < 1000) NOT VALID", "rows from before it: unchecked, not checked"),
]


@isolate_apps("tests")
def test_silent_however_the_same_is_spelled(postgres: Scratch) -> None:
    model = create(
        postgres,
        """
        ALTER TABLE tests_part DROP CONSTRAINT part_cheap, ADD CONSTRAINT part_cheap CHECK (NOT (price >= 1000));
        DROP INDEX part_unique_where; CREATE UNIQUE INDEX part_unique_where ON tests_part (name) WHERE 'new' = status;
        """,
    )
    assert said_of(postgres, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_the_key_of_a_partitioned_table(postgres: Scratch) -> None:
    class Event(models.Model):
        day = models.DateField()

        class Meta:
            app_label = "tests"

    postgres.execute("""
        CREATE TABLE tests_event (id bigint NOT NULL, day date NOT NULL, PRIMARY KEY (id, day))
        PARTITION BY RANGE (day)
    """)
    assert not postgres.findings(CHECK, Event._meta.apps)


@pytest.mark.parametrize(("name", "by_hand", "said"), WAYS)
@isolate_apps("tests")
def test_finds_a_constraint_that_was_made_otherwise_and_exchanges_it(
    postgres: Scratch, name: str, by_hand: str, said: str
) -> None:
    model = create(postgres, f"ALTER TABLE tests_part DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {by_hand}")
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert found.detail.startswith(said)
    assert found.severity == "warning"
    assert said_of(postgres, model._meta.apps) == [found.key], "one change is told once"
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, model._meta.apps) == []
    postgres.execute(found.remedy.undo_sql)
    assert said_of(postgres, model._meta.apps) == [found.key]


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        ("(name) WHERE status = 'old'", "condition: "),
        ("(name)", "condition: none, not "),
        ("(name, price) WHERE status = 'new'", "keys: name, price, not name"),
    ],
)
@isolate_apps("tests")
def test_finds_a_unique_index_that_was_made_otherwise(scratch: Scratch, by_hand: str, said: str) -> None:
    model = create(
        scratch, f"DROP INDEX part_unique_where; CREATE UNIQUE INDEX part_unique_where ON tests_part {by_hand};"
    )
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert found.detail.startswith(said)
    scratch.execute(found.remedy.sql)
    assert said_of(scratch, model._meta.apps) == []


@isolate_apps("tests")
def test_finds_a_check_that_a_table_of_sqlite_has_otherwise(sqlite: Scratch) -> None:
    class Coded(models.Model):
        code = models.PositiveIntegerField()

        class Meta:
            app_label = "tests"

    sqlite.execute("""
        CREATE TABLE tests_coded (id integer PRIMARY KEY AUTOINCREMENT,
            code integer unsigned NOT NULL CHECK (code > 5))
    """)
    (found,) = sqlite.findings(CHECK, Coded._meta.apps)
    assert found.detail.startswith('condition: code > 5, not "code" >= 0.')
    assert "any migration that alters a field of tests.Coded" in found.remedy.orm


@isolate_apps("tests")
def test_finds_unique_nulls_that_count_as_equal(postgres: Scratch) -> None:
    class Coded(models.Model):
        code = models.IntegerField(null=True)

        class Meta:
            app_label = "tests"
            constraints = (models.UniqueConstraint(fields=["code"], name="coded", nulls_distinct=False),)

    postgres.create(Coded)
    postgres.execute("ALTER TABLE tests_coded DROP CONSTRAINT coded, ADD CONSTRAINT coded UNIQUE (code)")
    (found,) = postgres.findings(CHECK, Coded._meta.apps)
    assert found.detail.startswith("two NULLs: different, not equal.")
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, Coded._meta.apps) == []


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        ("EXCLUDE USING gist (span WITH &&) WHERE (code > 1)", "condition: "),
        ("EXCLUDE USING gist (span WITH -|-)", "operators: -|-, not &&"),
        ("EXCLUDE USING spgist (span WITH &&)", "access method: spgist, not gist"),
        ("EXCLUDE USING gist (span WITH &&) DEFERRABLE", "deferrable: immediate, not none"),
    ],
)
@isolate_apps("tests")
def test_finds_an_exclusion_constraint_that_was_made_otherwise(postgres: Scratch, by_hand: str, said: str) -> None:
    class Booking(models.Model):
        span = DateTimeRangeField()
        code = models.IntegerField()

        class Meta:
            app_label = "tests"
            constraints = (ExclusionConstraint(expressions=[("span", RangeOperators.OVERLAPS)], name="overlap"),)

    postgres.create(Booking)
    postgres.execute(f"ALTER TABLE tests_booking DROP CONSTRAINT overlap, ADD CONSTRAINT overlap {by_hand}")
    (found,) = postgres.findings(CHECK, Booking._meta.apps)
    assert found.detail.startswith(said)
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, Booking._meta.apps) == []


@isolate_apps("tests")
def test_finds_another_primary_key(scratch: Scratch) -> None:
    class Coded(models.Model):
        code = models.IntegerField(primary_key=True)
        other = models.IntegerField()

        class Meta:
            app_label = "tests"

    scratch.execute(
        "CREATE TABLE tests_coded (code integer NOT NULL, other integer NOT NULL, PRIMARY KEY (code, other))"
    )
    (found,) = scratch.findings(CHECK, Coded._meta.apps)
    assert found.key == "changed_constraint:tests_coded:primary key"
    assert found.detail.startswith("primary key: code, other, not code.")


@isolate_apps("tests")
def test_what_may_mean_the_same_is_listed_as_not_compared(postgres: Scratch) -> None:
    class Span(models.Model):
        length = models.DurationField()

        class Meta:
            app_label = "tests"
            constraints = (models.CheckConstraint(condition=models.Q(length__isnull=False), name="span_length"),)

    postgres.create(Span)
    postgres.execute("""
        ALTER TABLE tests_span DROP CONSTRAINT span_length;
        ALTER TABLE tests_span ADD CONSTRAINT span_length CHECK (length > interval '1 month');
    """)
    assert said_of(postgres, Span._meta.apps) == [
        "tests_span: span_length: Model and database spell its conditions so differently that they were not compared."
    ]
