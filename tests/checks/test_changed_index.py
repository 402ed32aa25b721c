from __future__ import annotations

import pytest
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate
from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.drift import said_of
from tests.scratch import Scratch

CHECK = "changed_index"
#: The index that is dropped, the one that is made by hand, and what is said of it.
WAYS = [
    ("part_plain", "part_plain ON tests_part (name, weight)", "keys: name, weight, not name, price DESC"),
    ("part_plain", "part_plain ON tests_part (name, price)", "keys: name, price, not name, price DESC"),
    ("part_plain", "part_plain ON tests_part (price DESC, name)", "keys: price DESC, name, not name, price DESC"),
    ("part_plain", "other ON tests_part (name, price)", "keys: name, price, not name, price DESC"),
    ("part_plain", "part_plain ON tests_part (name, price DESC) WHERE price > 5", "condition: "),
    ("part_where", "part_where ON tests_part (name)", "condition: none, not \"status\" = 'open'"),
    ("part_where", "part_where ON tests_part (name) WHERE status = 'shut'", "condition: "),
    ("part_where", "part_where ON tests_part (name) WHERE status <> 'open'", "condition: "),
    ("part_where", "part_where ON tests_part (name) WHERE code = 'open'", "condition: "),
    ("part_where", "part_where ON tests_part (name) WHERE status IN ('open', 'new')", "condition: "),
    ("part_upper", "part_upper ON tests_part (lower(name))", "keys: "),
    ("part_upper", "part_upper ON tests_part (name, status)", "keys: name, status, not "),
    ("part_upper", "other ON tests_part (lower(name))", "keys: "),
]


@isolate_apps("tests")
def test_silent_however_the_same_is_spelled(scratch: Scratch) -> None:
    model = create(
        scratch,
        """
        DROP INDEX part_plain; CREATE INDEX part_plain ON tests_part (name DESC, price ASC);
        DROP INDEX part_where; CREATE INDEX part_where ON tests_part (name) WHERE ('open') = status;
        DROP INDEX part_upper; CREATE INDEX part_upper ON tests_part ((upper("name")));
        """,
    )
    assert said_of(scratch, model._meta.apps) == []


@pytest.mark.parametrize(("dropped", "by_hand", "said"), WAYS)
@isolate_apps("tests")
def test_finds_an_index_that_was_made_otherwise_and_exchanges_it(
    scratch: Scratch, dropped: str, by_hand: str, said: str
) -> None:
    model = create(scratch, f"DROP INDEX {dropped}; CREATE INDEX {by_hand};")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert found.detail.startswith(said)
    assert (found.severity, found.confidence) == ("warning", "medium")
    assert said_of(scratch, model._meta.apps) == [found.key], "one change is told once"
    scratch.execute(found.remedy.sql)
    assert said_of(scratch, model._meta.apps) == []
    scratch.execute(found.remedy.undo_sql)
    assert said_of(scratch, model._meta.apps) == [found.key]


@pytest.mark.parametrize(
    ("name", "by_hand", "said"),
    [
        ("data", "USING gin (data jsonb_path_ops)", "keys: data jsonb_path_ops, not data"),
        ("covering", "(a) INCLUDE (c)", "included columns: c, not b"),
        ("covering", "(a)", "included columns: none, not b"),
        ("nulls", "(a DESC)", "keys: a DESC, not a DESC NULLS LAST"),
        ("collated", '(text COLLATE "POSIX")', "keys: text COLLATE POSIX, not text COLLATE C"),
        ("collated", "(text)", "keys: text, not text COLLATE C"),
        ("method", "USING hash (c)", "access method: hash, not btree"),
        ("pattern", "(text)", "keys: text, not text text_pattern_ops"),
    ],
)
@isolate_apps("tests")
def test_finds_another_opclass_method_collation_order_of_nulls_or_included_column(
    postgres: Scratch, name: str, by_hand: str, said: str
) -> None:
    class Rich(models.Model):
        a = models.IntegerField()
        b = models.IntegerField()
        c = models.IntegerField()
        text = models.TextField()
        data = models.JSONField()

        class Meta:
            app_label = "tests"
            indexes = (
                GinIndex(fields=["data"], name="data"),
                models.Index(fields=["a"], include=["b"], name="covering"),
                models.Index(F("a").desc(nulls_last=True), name="nulls"),
                models.Index(Collate("text", "C"), name="collated"),
                models.Index(fields=["c"], name="method"),
                models.Index(fields=["text"], opclasses=["text_pattern_ops"], name="pattern"),
            )

    postgres.create(Rich)
    assert said_of(postgres, Rich._meta.apps) == []
    postgres.execute(f"DROP INDEX {name}; CREATE INDEX {name} ON tests_rich {by_hand};")
    (found,) = postgres.findings(CHECK, Rich._meta.apps)
    assert found.detail.startswith(said)
    assert said_of(postgres, Rich._meta.apps) == [found.key]
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, Rich._meta.apps) == []


@isolate_apps("tests")
def test_what_may_mean_the_same_is_listed_as_not_compared(postgres: Scratch) -> None:
    class Span(models.Model):
        length = models.DurationField()

        class Meta:
            app_label = "tests"
            indexes = (models.Index(fields=["length"], condition=Q(length__isnull=False), name="span_length"),)

    postgres.create(Span)
    postgres.execute("""
        DROP INDEX span_length;
        CREATE INDEX span_length ON tests_span (length) WHERE length > interval '1 month';
    """)
    assert said_of(postgres, Span._meta.apps) == [
        "tests_span: span_length: Model and database spell its condition so differently that they were not compared."
    ]
