from __future__ import annotations

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.usage import hand_in
from tests.scratch import Scratch

CHECK = "wrong_index_method"
TABLE = "CREATE TABLE item (id bigint PRIMARY KEY, tags text[], doc jsonb, words tsvector, days daterange, a int);"


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("gin", "USING gin (doc)"),
        ("gist", "USING gist (days)"),
        ("an expression", "((doc ->> 'status'))"),
        ("partial", "(doc) WHERE a = 1"),
        ("not the first column", "(a, doc)"),
        ("another type", "(a)"),
    ],
)
def test_silent_where_the_method_fits_or_whole_values_may_be_meant(postgres: Scratch, rule: str, index: str) -> None:
    postgres.execute(TABLE)
    postgres.execute(f"CREATE INDEX i ON item {index}")
    assert not postgres.findings(CHECK), rule


def test_silent_where_the_index_is_unique(postgres: Scratch) -> None:
    postgres.execute(TABLE + "ALTER TABLE item ADD UNIQUE (tags); CREATE UNIQUE INDEX i ON item (days)")
    assert not postgres.findings(CHECK)


@pytest.mark.parametrize(
    ("column", "method", "lookup"),
    [
        ("tags", "gin", "tags @> '{x}'"),
        ("doc", "gin", """doc @> '{"a": 1}'"""),
        ("words", "gin", "words @@ 'x'::tsquery"),
        ("days", "gist", "days && '[2025-01-01,2025-02-01)'"),
    ],
)
def test_finds_a_b_tree_and_proposes_the_method_that_serves_the_lookups(
    postgres: Scratch, column: str, method: str, lookup: str
) -> None:
    postgres.execute(TABLE)
    postgres.execute(f"CREATE INDEX i ON item ({column})")
    (found,) = postgres.findings(CHECK)
    assert (found.severity, found.key) == ("warning", f"wrong_index_method:item:({column})")
    assert f"USING {method} " in found.remedy.sql
    postgres.execute("SET enable_seqscan = off")
    plan = f"EXPLAIN SELECT * FROM item WHERE {lookup}"
    assert "Seq Scan" in str(postgres.rows(plan))
    postgres.execute(found.remedy.sql)
    assert "Seq Scan" not in str(postgres.rows(plan))
    assert not postgres.findings(CHECK)
    postgres.execute(found.remedy.undo_sql)
    assert [one.key for one in postgres.findings(CHECK)] == [found.key]


def test_a_remark_where_the_index_was_read_because_some_query_compares_whole_values(postgres: Scratch) -> None:
    postgres.execute(TABLE + "CREATE INDEX i ON item (tags); SET enable_seqscan = off")
    postgres.execute("SELECT * FROM item WHERE tags = '{x,y}'")
    hand_in(postgres)
    (found,) = postgres.findings(CHECK)
    assert (found.severity, found.confidence) == ("info", "medium")


@isolate_apps("tests")
def test_names_django_s_json_field_with_an_index_of_its_own(scratch: Scratch) -> None:
    class Event(models.Model):
        payload = models.JSONField(db_index=True)

        class Meta:
            app_label = "tests"

    scratch.create(Event)
    (found,) = scratch.findings(CHECK, Event._meta.apps)
    assert "JSONField payload of tests_event" in found.subject
    assert "payload = models.JSONField(..., db_index=False)" in found.remedy.orm
    assert ("GinIndex(fields=['payload']" in found.remedy.orm) == (scratch.vendor == "postgresql")
    assert found.location
    assert found.location.file == "tests/checks/test_wrong_index_method.py"
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK, Event._meta.apps)


@isolate_apps("tests")
def test_finds_django_s_array_field_with_an_index_of_its_own(postgres: Scratch) -> None:
    class Post(models.Model):
        tags = ArrayField(models.CharField(max_length=20), db_index=True)

        class Meta:
            app_label = "tests"

    postgres.create(Post)
    (found,) = postgres.findings(CHECK, Post._meta.apps)
    assert found.remedy.action.columns == ("tags",)  # type: ignore[union-attr]


def test_finds_an_array_behind_another_key_and_keeps_an_index_of_that_key(postgres: Scratch) -> None:
    postgres.execute(TABLE)
    postgres.execute("CREATE INDEX i ON item (a, tags)")
    (found,) = postgres.findings(CHECK)
    assert found.key == "wrong_index_method:item:(a, tags)"
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
    indexes = {(one.method, one.columns) for one in postgres.snapshot().tables[0].indexes}
    assert indexes == {("btree", ("id",)), ("btree", ("a",)), ("gin", ("tags",))}
    postgres.execute(found.remedy.undo_sql)
    assert [one.key for one in postgres.findings(CHECK)] == [found.key]
