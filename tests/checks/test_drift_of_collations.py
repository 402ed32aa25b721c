"""Indexes over columns with a collation of their own: an expression inherits it, and nobody writes it down."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Collate, Lower, Upper
from django.test.utils import isolate_apps

from tests.drift import said_of
from tests.scratch import Scratch


def _word(postgres: bool, *indexes: models.Index, unique: models.BaseConstraint | None = None) -> type[models.Model]:
    class Word(models.Model):
        text = models.CharField(max_length=20, db_collation="C" if postgres else "NOCASE", db_index=True)
        other = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"

    Word._meta.indexes = [*indexes]
    Word._meta.constraints = [unique] if unique else []
    return Word


@isolate_apps("tests")
def test_an_expression_over_a_column_with_a_collation_is_what_was_declared(scratch: Scratch) -> None:
    model = _word(
        scratch.vendor == "postgresql",
        models.Index(Lower("text"), name="lowered"),
        models.Index(Upper("text"), "other", name="uppered"),
        models.Index(Lower("text").desc(), name="downwards"),
        models.Index(fields=["other", "text"], name="plain"),
        models.Index(Lower("text"), condition=models.Q(text__gt="a"), name="part"),
        unique=models.UniqueConstraint(Lower("text"), "other", name="once"),
    )
    scratch.create(model)
    assert said_of(scratch, model._meta.apps) == []


@isolate_apps("tests")
def test_a_collation_that_the_index_itself_asks_for_is_what_was_declared(scratch: Scratch) -> None:
    name = "C" if scratch.vendor == "postgresql" else "RTRIM"
    model = _word(
        scratch.vendor == "postgresql",
        models.Index(Collate("other", name), name="collated"),
        models.Index(Collate(Lower("other"), name), name="both"),
    )
    scratch.create(model)
    assert said_of(scratch, model._meta.apps) == []


@isolate_apps("tests")
def test_a_collation_that_only_the_database_asks_for_is_told(postgres: Scratch) -> None:
    model = _word(True, models.Index(Lower("other"), name="i"))
    postgres.create(model)
    postgres.execute('DROP INDEX i; CREATE INDEX i ON tests_word (lower(other) COLLATE "C")')
    (said,) = said_of(postgres, model._meta.apps)
    assert said.startswith("changed_index:tests_word:")
