from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "foreign_key_type_mismatch"


@pytest.mark.parametrize(
    ("what", "parent", "child"),
    [
        ("the same type", "bigint", "bigint"),
        ("another length", "varchar(20)", "varchar(40)"),
        ("another kind of text", "varchar(20)", "text"),
        ("another precision", "numeric(10, 2)", "numeric(12, 4)"),
    ],
)
def test_silent_on_harmless_differences(scratch: Scratch, what: str, parent: str, child: str) -> None:
    scratch.execute(
        f"CREATE TABLE parent (k {parent} PRIMARY KEY); CREATE TABLE child (p {child} REFERENCES parent (k))"
    )
    assert not scratch.findings(CHECK), what


def test_silent_on_a_domain_whose_inside_is_not_seen(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE DOMAIN positive AS bigint CHECK (value > 0);
        CREATE TABLE parent (k positive PRIMARY KEY);
        CREATE TABLE child (p bigint REFERENCES parent (k));
    """)
    assert not postgres.findings(CHECK)


def test_silent_on_sqlite_where_every_integer_has_eight_bytes(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE parent (k integer PRIMARY KEY); CREATE TABLE child (p bigint REFERENCES parent (k))")
    assert not sqlite.findings(CHECK)


def test_silent_where_the_column_really_referred_to_has_the_type(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY, code varchar(9) UNIQUE);
        CREATE TABLE child (code varchar(9) REFERENCES parent (code));
    """)
    assert not scratch.findings(CHECK)


def test_a_wider_integer_is_a_remark(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE parent (k int PRIMARY KEY); CREATE TABLE child (p bigint REFERENCES parent (k))")
    assert [one.severity for one in postgres.findings(CHECK)] == ["info"]


def test_finds_a_narrower_integer_and_its_statement_silences_the_check(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE parent (k bigint PRIMARY KEY); CREATE TABLE child (p int REFERENCES parent (k))")
    (found,) = postgres.findings(CHECK)
    assert (found.key, found.severity) == ("foreign_key_type_mismatch:child:p", "warning")
    assert found.detail == "It ends at 2,147,483,647, the key at 9,223,372,036,854,775,807."
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
    postgres.execute(found.remedy.undo_sql)
    assert len(postgres.findings(CHECK)) == 1


def test_finds_the_one_column_of_a_composite_key_that_differs(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE parent (a int, b bigint, PRIMARY KEY (a, b));
        CREATE TABLE child (a int, b int, FOREIGN KEY (a, b) REFERENCES parent);
    """)
    assert [one.identity for one in postgres.findings(CHECK)] == [("b",)]


def test_finds_text_that_refers_to_a_number_on_sqlite(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE parent (k integer PRIMARY KEY); CREATE TABLE child (p text REFERENCES parent (k))")
    (found,) = sqlite.findings(CHECK)
    assert (found.confidence, found.remedy.sql) == ("medium", "")


@isolate_apps("tests")
def test_finds_a_many_to_many_table_left_behind_by_big_keys_and_names_its_field(postgres: Scratch) -> None:
    class Tag(models.Model):
        class Meta:
            app_label = "tests"

    class Post(models.Model):
        tags = models.ManyToManyField(Tag)
        lead = models.ForeignKey(Tag, models.CASCADE, related_name="+", db_constraint=False)

        class Meta:
            app_label = "tests"

    postgres.create(Tag, Post)
    assert not postgres.findings(CHECK, Post._meta.apps)
    postgres.execute("ALTER TABLE tests_post_tags ALTER tag_id TYPE int; ALTER TABLE tests_post ALTER lead_id TYPE int")
    unconstrained, through = postgres.findings(CHECK, Post._meta.apps)
    assert (through.table, through.identity) == ("tests_post_tags", ("tag_id",))
    assert (unconstrained.table, unconstrained.identity) == ("tests_post", ("lead_id",))
    assert unconstrained.location
    assert unconstrained.location.file == "tests/checks/test_foreign_key_type_mismatch.py"
