"""Drift of what stands on expressions, opclasses and included columns in constraints, and of what columns compute."""

from __future__ import annotations

import pytest
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper
from django.test.utils import isolate_apps

from tests.drift import said_of
from tests.scratch import Scratch


def account() -> type[models.Model]:
    """A model that is unique by an expression; call it inside ``isolate_apps("tests")``."""

    class Account(models.Model):
        email = models.CharField(max_length=40)
        realm = models.CharField(max_length=10)

        class Meta:
            app_label = "tests"
            constraints = (
                models.UniqueConstraint(Lower("email"), "realm", name="account_email"),
                models.UniqueConstraint(Upper("realm"), name="account_open", condition=Q(email="")),
            )

    return Account


def badge(*, unique: bool = True) -> type[models.Model]:
    """A model whose unique constraint has what PostgreSQL alone knows, and a text field with its companion."""

    class Badge(models.Model):
        code = models.CharField(max_length=10)
        holder = models.IntegerField()
        slug = models.CharField(max_length=10, unique=unique)

        class Meta:
            app_label = "tests"
            constraints = (
                models.UniqueConstraint(fields=["holder"], include=["code"], name="badge_holder"),
                models.UniqueConstraint(fields=["code"], opclasses=["varchar_pattern_ops"], name="badge_code"),
            )

    return Badge


def companion(postgres: Scratch) -> str:
    """The name of the only index for patterns that Django named."""
    ((name,),) = postgres.rows("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%\\_like'")
    return str(name)


@isolate_apps("tests")
def test_silent_where_a_unique_expression_is_spelled_otherwise(scratch: Scratch) -> None:
    model = account()
    scratch.create(model)
    assert said_of(scratch, model._meta.apps) == []
    scratch.execute(
        'DROP INDEX account_email; CREATE UNIQUE INDEX account_email ON tests_account (lower("email"), realm)'
    )
    assert said_of(scratch, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_what_only_postgresql_knows_of_a_unique_constraint(postgres: Scratch) -> None:
    model = badge()
    postgres.create(model)
    assert said_of(postgres, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_a_pattern_companion_under_another_name(postgres: Scratch) -> None:
    model = badge()
    postgres.create(model)
    postgres.execute(f"ALTER INDEX {companion(postgres)} RENAME TO by_hand")
    assert said_of(postgres, model._meta.apps) == []


@pytest.mark.parametrize("name", ["account_email", "account_open"])
@isolate_apps("tests")
def test_finds_a_unique_expression_that_was_dropped_and_brings_it_back(scratch: Scratch, name: str) -> None:
    model = account()
    scratch.create(model)
    scratch.execute(f"DROP INDEX {name}")
    (found,) = scratch.findings("missing_constraint", model._meta.apps)
    assert said_of(scratch, model._meta.apps) == [found.key]
    scratch.execute(found.remedy.sql)
    assert said_of(scratch, model._meta.apps) == []


@pytest.mark.parametrize(
    ("name", "by_hand", "said"),
    [
        ("account_email", "(upper(email), realm)", "keys: "),
        ("account_email", "(email, realm)", "keys: email, realm, not "),
        ("account_email", "(lower(email))", "keys: "),
        ("account_open", "(upper(realm))", "condition: none, not "),
        ("account_open", "(upper(realm)) WHERE email = 'x'", "condition: "),
    ],
)
@isolate_apps("tests")
def test_finds_a_unique_expression_that_was_made_otherwise(
    scratch: Scratch, name: str, by_hand: str, said: str
) -> None:
    model = account()
    scratch.create(model)
    scratch.execute(f"DROP INDEX {name}; CREATE UNIQUE INDEX {name} ON tests_account {by_hand}")
    (found,) = scratch.findings("changed_constraint", model._meta.apps)
    assert found.detail.startswith(said)
    assert said_of(scratch, model._meta.apps) == [found.key], "one change is told once"
    scratch.execute(found.remedy.sql)
    assert said_of(scratch, model._meta.apps) == []


@isolate_apps("tests")
def test_finds_a_unique_expression_that_no_model_declares(scratch: Scratch) -> None:
    model = account()
    scratch.create(model)
    scratch.execute("CREATE UNIQUE INDEX by_hand ON tests_account (upper(email)) WHERE realm <> ''")
    (found,) = scratch.findings("undeclared_constraint", model._meta.apps)
    assert said_of(scratch, model._meta.apps) == [found.key]


@pytest.mark.parametrize(
    ("name", "by_hand", "said"),
    [
        ("badge_holder", "(holder)", "included columns: none, not code"),
        ("badge_holder", "(holder) INCLUDE (slug)", "included columns: slug, not code"),
        ("badge_code", "(code)", "keys: code, not code varchar_pattern_ops"),
    ],
)
@isolate_apps("tests")
def test_finds_other_included_columns_and_opclasses_of_a_unique_constraint(
    postgres: Scratch, name: str, by_hand: str, said: str
) -> None:
    model = badge()
    postgres.create(model)
    postgres.execute(f"DROP INDEX {name}; CREATE UNIQUE INDEX {name} ON tests_badge {by_hand}")
    (found,) = postgres.findings("changed_constraint", model._meta.apps)
    assert found.detail.startswith(said)
    assert said_of(postgres, model._meta.apps) == [found.key]
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, model._meta.apps) == []


@isolate_apps("tests")
def test_finds_the_pattern_companion_of_a_unique_field_that_is_missing(postgres: Scratch) -> None:
    model = badge()
    postgres.create(model)
    postgres.execute(f"DROP INDEX {companion(postgres)}")
    assert said_of(postgres, model._meta.apps) == ["missing_index:tests_badge:(slug varchar_pattern_ops)"]
    (found,) = postgres.findings("missing_index", model._meta.apps)
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, model._meta.apps) == []


@isolate_apps("tests")
def test_finds_the_pattern_companion_and_the_key_that_outlived_the_option_of_their_field(postgres: Scratch) -> None:
    model = badge(unique=False)
    postgres.create(model)
    postgres.execute("""
        ALTER TABLE tests_badge ADD CONSTRAINT tests_badge_slug_key UNIQUE (slug);
        CREATE INDEX tests_badge_slug_0a1b2c3d_like ON tests_badge (slug varchar_pattern_ops);
    """)
    assert said_of(postgres, model._meta.apps) == [
        "undeclared_constraint:tests_badge:unique (slug)",
        "undeclared_index:tests_badge:(slug varchar_pattern_ops)",
    ]


@isolate_apps("tests")
def test_finds_a_column_that_computes_what_the_model_wants_to_write(scratch: Scratch) -> None:
    class Made(models.Model):
        code = models.CharField(max_length=9)
        lower = models.CharField(max_length=9, null=True)

        class Meta:
            app_label = "tests"

    key = "bigserial" if scratch.vendor == "postgresql" else "integer"
    auto = "" if scratch.vendor == "postgresql" else " AUTOINCREMENT"
    scratch.execute(f"""
        CREATE TABLE tests_made (id {key} PRIMARY KEY{auto}, code varchar(9) NOT NULL,
            lower varchar(9) GENERATED ALWAYS AS (lower(code)) STORED)
    """)
    (found,) = scratch.findings("changed_column", Made._meta.apps)
    assert found.key == "changed_column:tests_made:lower"
    assert found.detail.startswith("generated as: lower(")
    assert ", not none" in found.detail
    assert said_of(scratch, Made._meta.apps) == [found.key]


@isolate_apps("tests")
def test_finds_missing_columns_and_adds_them_with_collation_and_default_but_not_what_is_computed(
    scratch: Scratch,
) -> None:
    collation = "NOCASE" if scratch.vendor == "sqlite" else "C"

    class Made(models.Model):
        code = models.CharField(max_length=9)
        lower = models.GeneratedField(
            expression=Lower("code"),
            output_field=models.CharField(max_length=9),
            db_persist=scratch.vendor == "postgresql",  # SQLite adds no stored column
        )
        sorted = models.CharField(max_length=5, db_collation=collation, db_default="x")
        label = models.CharField(max_length=5, db_collation=collation, null=True)

        class Meta:
            app_label = "tests"

    key = "bigserial" if scratch.vendor == "postgresql" else "integer"
    auto = "" if scratch.vendor == "postgresql" else " AUTOINCREMENT"
    scratch.execute(f"CREATE TABLE tests_made (id {key} PRIMARY KEY{auto}, code varchar(9) NOT NULL)")
    found = scratch.findings("missing_column", Made._meta.apps)
    assert {one.key.rpartition(":")[2] for one in found} == {"lower", "sorted", "label"}
    for one in found:
        assert bool(one.remedy.sql) is not one.key.endswith(":lower"), "what is computed takes a migration"
        scratch.execute(one.remedy.sql)
    assert said_of(scratch, Made._meta.apps) == ["missing_column:tests_made:lower"]
