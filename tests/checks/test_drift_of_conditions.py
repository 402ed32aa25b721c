"""Conditions of checks and of partial indexes are compared by the rows that they let through."""

from __future__ import annotations

import pytest
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.test.utils import isolate_apps

from dbaudit.facts import Column, Table
from dbaudit.sql.conditions import implied, same_rows
from dbaudit.sql.normal_form import Verdict
from tests.drift import said_of
from tests.scratch import Scratch

TABLE = Table(
    name="t",
    columns=(
        Column(name="kind", type="character varying(9)", nullable=False),
        Column(name="note", type="text", nullable=True),
        Column(name="n", type="integer", nullable=False),
        Column(name="m", type="numeric(9,2)", nullable=True),
        Column(name="ok", type="boolean", nullable=False),
        Column(name="perhaps", type="boolean", nullable=True),
        Column(name="day", type="date", nullable=False),
    ),
)
SAME = [
    ("kind = 'a' OR kind = 'b'", "kind IN ('b', 'a')"),
    ("NOT (kind = '' AND kind IS NOT NULL)", "NOT (kind = '')"),
    ("kind <> ''", "NOT (kind = '' AND kind IS NOT NULL)"),
    ("NOT (kind = 'a' OR kind = 'b')", "kind NOT IN ('a', 'b')"),
    ("NOT (kind = 'a' OR n > 5)", "kind <> 'a' AND n <= 5"),
    ("n > 5", "n >= 6"),
    ("n > 5 AND n < 7", "n = 6"),
    ("n BETWEEN 1 AND 3", "n >= 1 AND n <= 3"),
    ("n = 1 OR n = 2 OR n = 3", "n BETWEEN 1 AND 3"),
    ("(kind = 'a' AND n = 1) OR (kind = 'a' AND n = 2)", "kind = 'a' AND n IN (1, 2)"),
    ("(n = 1 AND note = 'x') OR (n <> 1 AND note = 'x')", "note = 'x'"),
    ("ok", "ok = true"),
    ("ok", "NOT ok = false"),
    ("ok <> false", "ok"),
    ("n IS NOT NULL AND n > 0", "n > 0"),
    ("day >= '2024-01-01'::date AND day >= '2023-01-01'::date", "day >= DATE '2024-01-01'"),
    ("lower(note) = 'a' OR lower(note) = 'b'", "lower(note) = ANY (ARRAY['a'::text, 'b'::text])"),
    ("length(note) > 3 AND length(note) > 2", "length(note) > 3"),
    ("n < m", "m > n"),
    ("NOT (n < m)", "n >= m"),
]
SAME_CHECKS = [
    ("m > 0", "m > 0 OR m IS NULL"),
    ("m IS NULL OR m > 0 AND m < 5", "m > 0 AND m < 5"),
    ("perhaps", "NOT perhaps = false OR perhaps IS NULL"),
]
OTHER = [
    ("kind = 'a' OR kind = 'b'", "kind IN ('a', 'c')"),
    ("n > 5", "n >= 5"),
    ("n > 5", "n > 50"),
    ("m > 5", "m >= 6"),
    ("note = 'a'", "note LIKE 'a'"),
    ("day >= '2024-01-01'::date", "day >= '2025-01-01'::date"),
    ("n < m", "n <= m"),
    ("ok", "NOT ok"),
    ("n > 0", "m > 0"),
    ("kind < 'a'", "kind < 'b'"),
    ("length(note) > 3", "length(note) > 5"),
]
UNKNOWN = [
    ("length(kind) > 0", "kind <> ''"),
    ("kind LIKE 'a%'", "substr(kind, 1, 1) = 'a'"),
    ("trim(kind) <> ''", "kind <> ''"),
    ("kind > 'a' AND kind < 'b'", "kind > 'B'"),
    ("(CASE WHEN ok THEN 1 ELSE 0 END) = 1", "ok"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_conditions_that_hold_for_the_same_rows_are_the_same(one: str, other: str) -> None:
    assert same_rows(one, other, TABLE, passes="true") is Verdict.SAME
    assert same_rows(other, one, TABLE, passes="not false") is Verdict.SAME


@pytest.mark.parametrize(("one", "other"), SAME_CHECKS)
def test_a_check_lets_pass_what_is_unknown_and_an_index_does_not(one: str, other: str) -> None:
    assert same_rows(one, other, TABLE, passes="not false") is Verdict.SAME
    assert same_rows(one, other, TABLE, passes="true") is not Verdict.SAME


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_conditions_are_different_where_a_row_tells_them_apart(one: str, other: str) -> None:
    verdict = Verdict.UNSURE if "LIKE" in other else Verdict.DIFFERENT
    assert same_rows(one, other, TABLE, passes="true") is verdict
    assert same_rows(other, one, TABLE, passes="not false") is verdict


@pytest.mark.parametrize(("one", "other"), UNKNOWN)
def test_what_cannot_be_told_is_not_compared(one: str, other: str) -> None:
    assert same_rows(one, other, TABLE, passes="true") is Verdict.UNSURE
    assert same_rows(other, one, TABLE, passes="not false") is Verdict.UNSURE


def test_checks_imply_what_they_say_together() -> None:
    assert implied(["n >= 0", "n < 10"], "n BETWEEN 0 AND 9", TABLE)
    assert implied(["n >= 0 AND n < 10"], "n < 10", TABLE)
    assert not implied(["n >= 0"], "n BETWEEN 0 AND 9", TABLE)
    assert not implied(["m > 0"], "m > 0 AND m IS NOT NULL", TABLE), "a check lets NULL pass"
    assert not implied([], "n > 0", TABLE)


def _order(*constraints: models.BaseConstraint, indexes: tuple[models.Index, ...] = ()) -> type[models.Model]:
    class Order(models.Model):
        kind = models.CharField(max_length=9)
        amount = models.IntegerField()
        note = models.CharField(max_length=9, null=True)

        class Meta:
            app_label = "tests"

    Order._meta.constraints, Order._meta.indexes = [*constraints], [*indexes]
    return Order


#: What a model declares, and a check or two that say the same.
CHECKS = [
    (Q(kind__in=["a", "b"]), ["kind = 'a' OR kind = 'b'"]),
    (~Q(kind=""), ["NOT (kind = '' AND kind IS NOT NULL)"]),
    (Q(amount__gte=0, amount__lt=10), ["amount >= 0", "amount < 10"]),
    (Q(amount__gt=5), ["amount >= 6"]),
    (Q(note__gt="a") | Q(note__isnull=True), ["note > 'a'"]),
]


@pytest.mark.parametrize(("declared", "found"), CHECKS)
@isolate_apps("tests")
def test_checks_that_say_the_same_in_other_words_are_no_drift(scratch: Scratch, declared: Q, found: list[str]) -> None:
    model = _order(models.CheckConstraint(condition=declared, name="c"))
    checks = "".join(f", CHECK ({one})" for one in found)
    scratch.execute(
        "CREATE TABLE tests_order (id "
        + ("integer PRIMARY KEY AUTOINCREMENT" if scratch.vendor == "sqlite" else "serial PRIMARY KEY")
        + f", kind varchar(9) NOT NULL, amount integer NOT NULL, note varchar(9){checks})"
    )
    said = [one for one in said_of(scratch, model._meta.apps) if "constraint" in one and "renamed" not in one]
    assert said == []


@isolate_apps("tests")
def test_a_partial_index_of_the_same_rows_is_the_same_index(scratch: Scratch) -> None:
    where = Q(kind="a", amount=1) | Q(kind="a", amount=2)
    model = _order(indexes=(models.Index(fields=["note"], name="i", condition=where),))
    scratch.create(model)
    scratch.execute("DROP INDEX i; CREATE INDEX i ON tests_order (note) WHERE kind = 'a' AND amount IN (2, 1)")
    assert said_of(scratch, model._meta.apps) == []


@isolate_apps("tests")
def test_a_check_of_the_same_columns_whose_meaning_is_unknown_is_not_compared(postgres: Scratch) -> None:
    with_length = models.CheckConstraint(condition=Q(models.lookups.GreaterThan(Length("kind"), 0)), name="c")
    model = _order(with_length)
    postgres.create(model)
    postgres.execute("ALTER TABLE tests_order DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (kind <> '')")
    (said,) = said_of(postgres, model._meta.apps)
    assert said.startswith("tests_order: c: Model and database spell its conditions so differently")
