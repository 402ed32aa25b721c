from __future__ import annotations

import pytest
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.drift import said_of
from tests.scratch import Scratch

CHECK = "missing_constraint"
#: How each is lost on PostgreSQL, and what the finding is known by.
WAYS = {
    "ALTER TABLE tests_part DROP CONSTRAINT part_unique": "unique (name, weight)",
    "DROP INDEX part_unique_where": "unique (name) WHERE \"status\" = 'new'",
    "ALTER TABLE tests_part DROP CONSTRAINT part_cheap": 'CHECK ("price" < 1000)',
    "ALTER TABLE tests_part DROP CONSTRAINT tests_part_price_check": 'CHECK ("price" >= 0)',
    "ALTER TABLE tests_part DROP CONSTRAINT tests_part_number_key": "unique (number)",
}
TABLE = """
CREATE TABLE tests_part (id integer PRIMARY KEY AUTOINCREMENT, code varchar(20) NOT NULL, name varchar(30) NOT NULL,
    status varchar(10) NOT NULL, price integer unsigned NOT NULL{checks}, weight integer, number integer NOT NULL{keys})
"""


@isolate_apps("tests")
def test_silent_where_a_constraint_of_the_same_meaning_has_another_name_or_form(postgres: Scratch) -> None:
    model = create(
        postgres,
        """
        ALTER TABLE tests_part DROP CONSTRAINT part_unique; CREATE UNIQUE INDEX a ON tests_part (name, weight);
        ALTER TABLE tests_part DROP CONSTRAINT part_cheap, ADD CONSTRAINT b CHECK (1000 > price);
        ALTER TABLE tests_part DROP CONSTRAINT tests_part_number_key, ADD CONSTRAINT c UNIQUE (number);
        """,
    )
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_the_primary_key_enforces_it(postgres: Scratch) -> None:
    class Coded(models.Model):
        code = models.IntegerField(unique=True)

        class Meta:
            app_label = "tests"

    postgres.execute("CREATE TABLE tests_coded (id bigserial NOT NULL, code integer PRIMARY KEY)")
    assert not postgres.findings(CHECK, Coded._meta.apps)


@isolate_apps("tests")
def test_silent_on_an_invalid_unique_index_which_is_invalid_index(postgres: Scratch) -> None:
    model = create(postgres, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'part_unique_where'::regclass")
    assert not postgres.findings(CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_a_column_is_missing_and_on_what_the_vendor_does_not_know(scratch: Scratch) -> None:
    class Deferred(models.Model):
        code = models.IntegerField()
        amount = models.PositiveIntegerField()

        class Meta:
            app_label = "tests"
            constraints = (
                models.UniqueConstraint(fields=["code"], name="late", deferrable=models.Deferrable.DEFERRED),
                models.CheckConstraint(condition=models.Q(amount__lt=5), name="few"),
            )

    scratch.create(Deferred)
    assert not scratch.findings(CHECK, Deferred._meta.apps)
    scratch.execute("DROP TABLE tests_deferred")
    scratch.execute("CREATE TABLE tests_deferred (id integer PRIMARY KEY)")
    assert not scratch.findings(CHECK, Deferred._meta.apps)


@pytest.mark.parametrize("way", WAYS)
@isolate_apps("tests")
def test_finds_a_constraint_that_was_dropped_and_brings_it_back(postgres: Scratch, way: str) -> None:
    model = create(postgres, way)
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert found.key == f"missing_constraint:tests_part:{WAYS[way]}"
    assert (found.severity, found.confidence) == ("warning", "high")
    assert found.location
    assert said_of(postgres, model._meta.apps) == [found.key]
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, model._meta.apps) == []
    postgres.execute(found.remedy.undo_sql)
    assert said_of(postgres, model._meta.apps) == [found.key]


@isolate_apps("tests")
def test_finds_unique_together_under_any_hash(scratch: Scratch) -> None:
    model = create(scratch)
    (name,) = [
        index.name
        for table in scratch.snapshot(model._meta.apps).tables
        for index in table.indexes
        if index.columns == ("code", "status")
    ]
    postgres = scratch.vendor == "postgresql"
    scratch.execute(f"ALTER TABLE tests_part DROP CONSTRAINT {name}" if postgres else f"DROP INDEX {name}")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert found.key == "missing_constraint:tests_part:unique (code, status)"
    scratch.execute(found.remedy.sql)
    assert said_of(scratch, model._meta.apps) == []


@pytest.mark.parametrize(
    ("checks", "keys", "missing"),
    [
        (" CHECK (price >= 0) CHECK (price < 1000)", ", UNIQUE (name, weight), UNIQUE (number)", set()),
        ("", ", UNIQUE (name, weight), UNIQUE (number)", {'CHECK ("price" >= 0)', 'CHECK ("price" < 1000)'}),
        (" CHECK (price >= 0 AND price < 1000)", ", UNIQUE (name, weight), UNIQUE (number)", set()),
        (" CHECK (price >= 0) CHECK (price < 1000)", "", {"unique (name, weight)", "unique (number)"}),
    ],
)
@isolate_apps("tests")
def test_finds_what_a_table_of_sqlite_was_made_without(
    sqlite: Scratch, checks: str, keys: str, missing: set[str]
) -> None:
    model = create(sqlite)
    indexes = [row[0] for row in sqlite.rows("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")]
    sqlite.execute("DROP TABLE tests_part")
    sqlite.execute(TABLE.format(checks=checks, keys=f"{keys}"))
    for sql in indexes:
        sqlite.execute(sql, ())
    found = sqlite.findings(CHECK, model._meta.apps)
    assert {one.key.partition("tests_part:")[2] for one in found} == missing
    for one in found:
        if one.remedy.sql:
            sqlite.execute(one.remedy.sql)
        else:
            assert "any migration that alters a field of tests.Part" in one.remedy.orm
    left = {one.key.partition("tests_part:")[2] for one in sqlite.findings(CHECK, model._meta.apps)}
    assert left == {one for one in missing if one.startswith("CHECK")}


@isolate_apps("tests")
def test_finds_an_exclusion_constraint_and_its_options(postgres: Scratch) -> None:
    class Booking(models.Model):
        span = DateTimeRangeField()
        code = models.IntegerField()

        class Meta:
            app_label = "tests"
            constraints = (
                ExclusionConstraint(expressions=[("span", RangeOperators.OVERLAPS)], name="overlap"),
                models.UniqueConstraint(fields=["code"], name="late", deferrable=models.Deferrable.DEFERRED),
            )

    postgres.create(Booking)
    postgres.execute("ALTER TABLE tests_booking DROP CONSTRAINT overlap, DROP CONSTRAINT late")
    found = postgres.findings(CHECK, Booking._meta.apps)
    assert len(found) == 2
    for one in found:
        postgres.execute(one.remedy.sql)
    assert said_of(postgres, Booking._meta.apps) == []
