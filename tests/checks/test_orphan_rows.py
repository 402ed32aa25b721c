from __future__ import annotations

from django.apps.registry import Apps
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "orphan_rows"
SECRET = 424242


def create(scratch: Scratch, on_delete: object = models.CASCADE) -> Apps:
    """Children without a constraint, two of five without their parent."""

    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, on_delete, null=True, db_constraint=False)  # type: ignore[arg-type]

        class Meta:
            app_label = "tests"

    scratch.create(Parent, Child)
    scratch.execute("INSERT INTO tests_parent (id) VALUES (1)")
    scratch.execute(
        f"INSERT INTO tests_child (id, parent_id) VALUES (1, 1), (2, 1), (3, NULL), (4, {SECRET}), (5, {SECRET})"
    )
    return Child._meta.apps


def test_silent_where_every_row_has_its_parent_or_none(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b));
        CREATE TABLE child (id integer PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES parent);
        INSERT INTO parent VALUES (1, 1);
        INSERT INTO child VALUES (1, 1, 1), (2, 7, NULL), (3, NULL, NULL);
    """)
    assert not scratch.findings(CHECK)


@isolate_apps("tests")
def test_silent_on_histories_whose_rows_outlive_what_they_tell_of(scratch: Scratch) -> None:
    assert not scratch.findings(CHECK, create(scratch, models.DO_NOTHING))


@isolate_apps("tests")
def test_r26_a_table_above_the_limit_is_named_as_not_examined_unless_asked(scratch: Scratch) -> None:
    apps = create(scratch)
    assert not scratch.findings(CHECK, apps, count_limit_bytes=0)
    skipped = scratch.snapshot(apps, count_limit_bytes=0).skipped
    (told,) = [one for one in skipped if one.what == "orphan rows of tests_child.parent_id → tests_parent.id"]
    assert told.reason.startswith("It takes reading tests_child")
    assert told.reason.endswith("; --read-data does so.")
    assert len(scratch.findings(CHECK, apps, count_limit_bytes=0, read_data=True)) == 1


@isolate_apps("tests")
def test_counts_the_rows_without_a_constraint_and_shows_no_value(scratch: Scratch) -> None:
    (found,) = scratch.findings(CHECK, create(scratch))
    assert (found.key, found.severity) == ("orphan_rows:tests_child:parent_id:→:tests_parent", "error")
    (evidence,) = found.evidence
    assert (evidence.value, evidence.unit) == (2, "rows")
    assert str(SECRET) not in repr(found)
    assert scratch.rows(evidence.sql) == [(2,)]
    assert len(scratch.rows(found.remedy.sql)) == 2
    assert found.location


def test_counts_what_is_in_the_way_of_a_constraint_that_is_not_valid(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY);
        CREATE TABLE child (id bigint PRIMARY KEY, p bigint);
        INSERT INTO child SELECT n, n FROM generate_series(1, 5000) n;
        ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES parent (id) NOT VALID;
    """)
    (found,) = postgres.findings(CHECK)
    assert found.evidence[0].value == 5_000
    assert "never applied" in found.detail


def test_counts_what_a_program_without_foreign_keys_left_in_sqlite(sqlite: Scratch) -> None:
    sqlite.execute("""
        PRAGMA foreign_keys = OFF;
        CREATE TABLE parent (id integer PRIMARY KEY, a int, b int, UNIQUE (a, b));
        CREATE TABLE child (id integer PRIMARY KEY, p int REFERENCES parent, a int, b int,
            FOREIGN KEY (a, b) REFERENCES parent (a, b));
        INSERT INTO parent VALUES (1, 1, 1);
        INSERT INTO child VALUES (1, 9, 1, 1), (2, 8, 3, 4), (3, 1, 1, NULL);
        PRAGMA foreign_keys = ON;
    """)
    composite, simple = sqlite.findings(CHECK)
    assert (composite.identity, composite.evidence[0].value) == (("a", "b", "→", "parent"), 1)
    assert (simple.identity, simple.evidence[0].value) == (("p", "→", "parent"), 2)


def test_a_key_that_sqlite_cannot_check_is_named_and_the_others_are_examined(sqlite: Scratch) -> None:
    sqlite.execute("""
        PRAGMA foreign_keys = OFF;
        CREATE TABLE parent (id integer PRIMARY KEY, word text);
        CREATE TABLE broken (id integer PRIMARY KEY, p text REFERENCES parent (word));
        CREATE TABLE child (id integer PRIMARY KEY, p int REFERENCES parent (id));
        INSERT INTO child VALUES (1, 9);
        INSERT INTO broken VALUES (1, 'x');
    """)
    assert [one.table for one in sqlite.findings(CHECK)] == ["child"]
    assert "orphan rows of broken" in [one.what for one in sqlite.snapshot().skipped]
