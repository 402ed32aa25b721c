from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "unindexed_foreign_key"
PARENT = (
    "CREATE TABLE parent (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b)); CREATE UNIQUE INDEX p ON parent (a);"
)
SIMPLE = """
    CREATE TABLE parent (id bigint PRIMARY KEY);
    CREATE TABLE child (id bigint PRIMARY KEY, p bigint REFERENCES parent (id), x int);
"""


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("an index led by the column", "(p, x)"),
        ("a unique index", "(p)"),
        ("a descending index", "(p DESC)"),
    ],
)
def test_silent_where_an_index_serves_the_lookup(scratch: Scratch, rule: str, index: str) -> None:
    scratch.execute(SIMPLE)
    scratch.execute(f"CREATE INDEX child_p ON child {index}")
    assert not scratch.findings(CHECK), rule


def test_silent_on_r10_any_order_of_the_leading_columns(scratch: Scratch) -> None:
    scratch.execute(PARENT)
    scratch.execute(
        "CREATE TABLE child (id bigint PRIMARY KEY, x int, a int, b int, FOREIGN KEY (a, b) REFERENCES parent)"
    )
    assert [one.identity for one in scratch.findings(CHECK)] == [("a", "b")]
    scratch.execute("CREATE INDEX child_ba ON child (b, a, x)")
    assert not scratch.findings(CHECK)


def test_silent_on_r11_a_partial_index_that_leaves_out_only_what_the_lookup_never_asks_for(scratch: Scratch) -> None:
    scratch.execute(SIMPLE)
    scratch.execute("CREATE INDEX child_p ON child (p) WHERE p IS NOT NULL")
    assert not scratch.findings(CHECK)


def test_silent_on_r12_a_hash_index_over_the_single_column(postgres: Scratch) -> None:
    postgres.execute(SIMPLE)
    postgres.execute("CREATE INDEX child_p ON child USING hash (p)")
    assert not postgres.findings(CHECK)


def test_silent_on_r14_a_key_that_is_the_primary_key_or_leads_it(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE parent (id integer PRIMARY KEY);
        CREATE TABLE child (parent_id integer PRIMARY KEY REFERENCES parent (id));
        CREATE TABLE link (parent_id integer REFERENCES parent (id), n int, PRIMARY KEY (parent_id, n));
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_r15_partitions_whose_parent_is_indexed(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY);
        CREATE TABLE child (id bigint, p bigint REFERENCES parent (id)) PARTITION BY RANGE (id);
        CREATE TABLE child_1 PARTITION OF child FOR VALUES FROM (0) TO (10);
        CREATE TABLE child_2 PARTITION OF child FOR VALUES FROM (10) TO (20);
    """)
    assert [one.table for one in postgres.findings(CHECK)] == ["child"]
    postgres.execute("CREATE INDEX child_p ON child (p)")
    assert not postgres.findings(CHECK)
    # One that waits for its parts is told by itself (invalid_index), and no second one is asked for.
    postgres.execute("DROP INDEX child_p; CREATE INDEX child_p ON ONLY child (p)")
    assert not postgres.findings(CHECK)


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("the column stands second", "(x, p)"),
    ],
)
def test_finds_a_key_whose_index_cannot_serve_the_lookup(scratch: Scratch, rule: str, index: str) -> None:
    scratch.execute(SIMPLE)
    scratch.execute(f"CREATE INDEX child_p ON child {index}")
    assert [one.key for one in scratch.findings(CHECK)] == ["unindexed_foreign_key:child:p"], rule


@pytest.mark.parametrize("condition", ["x > 1", "p IS NULL", "p > 1", "p IS NOT NULL AND x > 1", "x IS NOT NULL"])
def test_finds_r11_a_key_whose_index_leaves_out_rows_that_the_lookup_asks_for(scratch: Scratch, condition: str) -> None:
    scratch.execute(SIMPLE)
    scratch.execute(f"CREATE INDEX child_p ON child (p) WHERE {condition}")
    assert [one.identity for one in scratch.findings(CHECK)] == [("p",)]


def test_finds_r12_a_key_with_only_a_brin_index(postgres: Scratch) -> None:
    postgres.execute(SIMPLE)
    postgres.execute("CREATE INDEX child_p ON child USING brin (p)")
    assert len(postgres.findings(CHECK)) == 1


def test_finds_r13_a_key_whose_index_is_invalid(postgres: Scratch) -> None:
    postgres.execute(SIMPLE)
    postgres.execute("CREATE INDEX child_p ON child (p)")
    postgres.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'child_p'::regclass")
    assert len(postgres.findings(CHECK)) == 1


def test_r16_a_small_child_table_is_a_remark_and_a_bigger_one_a_warning(scratch: Scratch) -> None:
    scratch.execute(SIMPLE)
    assert [one.severity for one in scratch.findings(CHECK)] == ["info"]
    scratch.execute("INSERT INTO parent VALUES (1)")
    rows = ", ".join(f"({n}, 1, 0)" for n in range(1_500))
    scratch.execute(f"INSERT INTO child VALUES {rows}", ())
    (found,) = scratch.findings(CHECK)
    assert found.severity == "warning"
    assert ("child rows", 1_500) in [(one.what, one.value) for one in found.evidence]


def test_the_remedy_s_statement_silences_the_check_and_its_undo_brings_it_back(scratch: Scratch) -> None:
    scratch.execute(SIMPLE)
    (found,) = scratch.findings(CHECK)
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK)
    scratch.execute(found.remedy.undo_sql)
    assert [one.key for one in scratch.findings(CHECK)] == [found.key]


@isolate_apps("tests")
def test_names_field_file_and_line_of_a_key_declared_without_an_index(scratch: Scratch) -> None:
    class Author(models.Model):
        class Meta:
            app_label = "tests"

    class Book(models.Model):
        author = models.ForeignKey(Author, models.PROTECT, db_index=False)

        class Meta:
            app_label = "tests"

    scratch.create(Author, Book)
    (found,) = scratch.findings(CHECK, Book._meta.apps)
    assert (found.model, found.app, found.owner) == ("tests.Book", "tests", "project")
    assert found.location
    assert found.location.file == "tests/checks/test_unindexed_foreign_key.py"
    assert ("on_delete", "PROTECT") in [(one.what, one.value) for one in found.evidence]
