from __future__ import annotations

import pytest
from django.db import models
from django.db.models.functions import Lower, Now, Upper
from django.test.utils import isolate_apps

from tests.drift import said_of
from tests.scratch import Scratch

CHECK = "changed_column"
#: What is altered on PostgreSQL, what is said of it, and how grave it is.
WAYS = [
    ("code", "TYPE varchar(10)", "type: character varying(10), not varchar(20)", "warning"),
    ("code", "TYPE text", "type: text, not varchar(20)", "warning"),
    ("level", "TYPE bigint", "type: bigint, not integer", "warning"),
    ("price", "TYPE numeric(12,2)", "type: numeric(12,2), not numeric(10, 2)", "warning"),
    ("moment", "TYPE timestamptz(3)", "type: timestamp(3) with time zone, not timestamp with time zone", "warning"),
    ("code", "DROP NOT NULL", "NULL: allowed, not refused", "warning"),
    ("maybe", "SET NOT NULL", "NULL: refused, not allowed", "warning"),
    ("level", "DROP DEFAULT", "default: none, not 3", "warning"),
    ("level", "SET DEFAULT 4", "default: 4, not 3", "warning"),
    (
        "moment",
        "SET DEFAULT '2020-01-01'",
        "default: '2020-01-01 00:00:00+00'::timestamp with time zone, not ",
        "warning",
    ),
    ("code", "SET DEFAULT 'x'", "default: 'x'::character varying, not none", "info"),
    ("sorted", 'TYPE varchar(5) COLLATE "POSIX"', "collation: POSIX, not C", "warning"),
    ("code", 'TYPE varchar(20) COLLATE "C"', "collation: C, not none", "warning"),
    ("id", "DROP IDENTITY", "filled by: nothing, not the database", "warning"),
]
TABLE = """
CREATE TABLE tests_item (id {id}, code {code}, sorted {sorted}, level {level}, price {price}, maybe {maybe},
    moment {moment}, upper {upper})
"""
MOMENT = "datetime DEFAULT (STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')) NOT NULL"
#: The columns as Django makes them on SQLite.
COLUMNS = {
    "id": "integer NOT NULL PRIMARY KEY AUTOINCREMENT",
    "code": "varchar(20) NOT NULL",
    "sorted": 'varchar(5) COLLATE "NOCASE" NOT NULL',
    "level": "integer DEFAULT 3 NOT NULL",
    "price": "decimal NOT NULL",
    "maybe": "integer NULL",
    "moment": MOMENT,
    "upper": 'varchar(20) GENERATED ALWAYS AS (UPPER("code")) STORED',
}
ON_SQLITE = [
    ("code", "varchar(10) NOT NULL", "type: varchar(10), not varchar(20)", "info"),
    ("code", "integer NOT NULL", "type: INTEGER, not varchar(20)", "warning"),
    ("code", "varchar(20)", "NULL: allowed, not refused", "warning"),
    ("maybe", "integer NOT NULL", "NULL: refused, not allowed", "warning"),
    ("level", "integer NOT NULL", "default: none, not 3", "warning"),
    ("level", "integer NOT NULL DEFAULT 4", "default: 4, not 3", "warning"),
    ("code", "varchar(20) NOT NULL DEFAULT 'x'", "default: 'x', not none", "info"),
    ("sorted", "varchar(5) NOT NULL", "collation: none, not NOCASE", "warning"),
    ("sorted", "varchar(5) NOT NULL COLLATE RTRIM", "collation: RTRIM, not NOCASE", "warning"),
    ("id", "bigint PRIMARY KEY NOT NULL", "type: bigint, not integer; filled by: nothing, not the database", "warning"),
    ("upper", "varchar(20)", 'generated as: none, not UPPER("code")', "warning"),
    (
        "upper",
        "varchar(20) GENERATED ALWAYS AS (lower(code))",
        'generated as: lower(code), not UPPER("code")',
        "warning",
    ),
]


def item(vendor: str) -> type[models.Model]:
    class Item(models.Model):
        code = models.CharField(max_length=20)
        sorted = models.CharField(max_length=5, db_collation="NOCASE" if vendor == "sqlite" else "C")
        level = models.IntegerField(db_default=3)
        price = models.DecimalField(max_digits=10, decimal_places=2)
        maybe = models.IntegerField(null=True)
        moment = models.DateTimeField(db_default=Now())
        upper = models.GeneratedField(
            expression=Upper("code" if vendor == "sqlite" else "sorted"),
            output_field=models.CharField(max_length=20),
            db_persist=True,
        )

        class Meta:
            app_label = "tests"

    return Item


@isolate_apps("tests")
def test_silent_on_the_table_of_sqlite_that_the_others_differ_from(sqlite: Scratch) -> None:
    model = item("sqlite")
    sqlite.execute(TABLE.format(**COLUMNS), ())
    assert said_of(sqlite, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_other_spellings_on_sqlite(sqlite: Scratch) -> None:
    model = item("sqlite")
    other = {
        "id": "INTEGER PRIMARY KEY",
        "code": "VARCHAR( 20 ) NOT NULL",
        "level": "INT NOT NULL DEFAULT (3)",
        "upper": "varchar(20) AS (upper(code))",
    }
    sqlite.execute(TABLE.format(**{**COLUMNS, **other}), ())
    assert said_of(sqlite, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_serial_keys_on_checks_that_refuse_null_and_on_comments_of_others(postgres: Scratch) -> None:
    class Old(models.Model):
        id = models.AutoField(primary_key=True)
        code = models.CharField(max_length=9)

        class Meta:
            app_label = "tests"

    postgres.execute("""
        CREATE TABLE tests_old (id serial PRIMARY KEY, code varchar(9) CHECK (code IS NOT NULL));
        COMMENT ON COLUMN tests_old.code IS 'known to the DBA';
    """)
    assert said_of(postgres, Old._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_the_keys_of_automatic_many_to_many_tables(postgres: Scratch) -> None:
    class Tag(models.Model):
        others = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"

    postgres.create(Tag)
    postgres.execute("ALTER TABLE tests_tag_others ALTER id TYPE integer")
    assert said_of(postgres, Tag._meta.apps) == []


@pytest.mark.parametrize(("column", "change", "said", "severity"), WAYS)
@isolate_apps("tests")
def test_finds_a_column_that_was_altered_by_hand_and_alters_it_back(
    postgres: Scratch, column: str, change: str, said: str, severity: str
) -> None:
    model = item("postgresql")
    postgres.create(model)
    if column == "sorted":
        postgres.execute("ALTER TABLE tests_item DROP COLUMN upper")
    postgres.execute(f"ALTER TABLE tests_item ALTER {column} {change}")
    found = next(one for one in postgres.findings(CHECK, model._meta.apps))
    assert found.key == f"changed_column:tests_item:{column}"
    assert found.detail.startswith(said)
    assert found.severity == severity
    assert found.location
    if found.remedy.sql:
        postgres.execute(found.remedy.sql)
        assert not postgres.findings(CHECK, model._meta.apps)
        postgres.execute(found.remedy.undo_sql)
        assert [one.key for one in postgres.findings(CHECK, model._meta.apps)] == [found.key]
    else:
        assert column == "id"


@pytest.mark.parametrize(("column", "definition", "said", "severity"), ON_SQLITE)
@isolate_apps("tests")
def test_finds_a_column_of_sqlite_that_was_made_otherwise(
    sqlite: Scratch, column: str, definition: str, said: str, severity: str
) -> None:
    model = item("sqlite")
    sqlite.execute(TABLE.format(**{**COLUMNS, column: definition}), ())
    (found,) = sqlite.findings(CHECK, model._meta.apps)
    assert found.key == f"changed_column:tests_item:{column}"
    assert found.detail.startswith(said)
    assert found.severity == severity
    assert "any migration that alters a field of tests.Item" in found.remedy.orm
    assert said_of(sqlite, model._meta.apps) == [found.key], "one change is told once"


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("GENERATED ALWAYS AS (upper(code)) STORED", "generated as: upper((code)::text), not LOWER"),
        ("", "generated as: none, not LOWER"),
    ],
)
@isolate_apps("tests")
def test_finds_another_generated_expression(postgres: Scratch, definition: str, said: str) -> None:
    class Made(models.Model):
        code = models.CharField(max_length=9)
        lower = models.GeneratedField(
            expression=Lower("code"), output_field=models.CharField(max_length=9), db_persist=True
        )

        class Meta:
            app_label = "tests"

    postgres.create(Made)
    postgres.execute("ALTER TABLE tests_made DROP COLUMN lower")
    postgres.execute(f"ALTER TABLE tests_made ADD COLUMN lower varchar(9) {definition}")
    (found,) = postgres.findings(CHECK, Made._meta.apps)
    assert found.detail.startswith(said)
    assert (found.severity, found.confidence, found.remedy.sql) == ("warning", "medium", "")


@isolate_apps("tests")
def test_finds_a_comment_that_is_missing_and_writes_it(postgres: Scratch) -> None:
    class Told(models.Model):
        code = models.CharField(max_length=9, db_comment="it's said")

        class Meta:
            app_label = "tests"

    postgres.create(Told)
    postgres.execute("COMMENT ON COLUMN tests_told.code IS NULL")
    (found,) = postgres.findings(CHECK, Told._meta.apps)
    assert found.severity == "info"
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, Told._meta.apps) == []


@isolate_apps("tests")
def test_what_may_mean_the_same_is_listed_as_not_compared(postgres: Scratch) -> None:
    class Made(models.Model):
        length = models.DurationField(db_default=Now() - Now())

        class Meta:
            app_label = "tests"

    postgres.create(Made)
    postgres.execute("ALTER TABLE tests_made ALTER length SET DEFAULT interval '1 month'")
    assert said_of(postgres, Made._meta.apps) == [
        "tests_made.length: Model and database spell its default so differently that they were not compared."
    ]
