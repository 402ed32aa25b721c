from __future__ import annotations

import pytest
from django.db import IntegrityError, models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "redundant_uniqueness"
TABLE = "CREATE TABLE item (id bigint PRIMARY KEY, a int NOT NULL, b int, c varchar(9));"


@pytest.mark.parametrize(
    ("rule", "statements"),
    [
        ("no narrower one is unique", "CREATE INDEX i ON item (a); CREATE UNIQUE INDEX j ON item (b, a)"),
        ("it is no shorter", "CREATE UNIQUE INDEX i ON item (a); CREATE UNIQUE INDEX j ON item (b)"),
        ("the same twice is duplicate_index", "CREATE UNIQUE INDEX i ON item (a); CREATE UNIQUE INDEX j ON item (a)"),
        ("unique for some rows", "CREATE UNIQUE INDEX i ON item (a) WHERE b > 1; CREATE UNIQUE INDEX j ON item (b, a)"),
        ("over an expression", "CREATE UNIQUE INDEX i ON item (a); CREATE UNIQUE INDEX j ON item (lower(c), a)"),
    ],
)
def test_silent_where_nothing_implies_it(scratch: Scratch, rule: str, statements: str) -> None:
    scratch.execute(f"{TABLE} {statements}")
    assert not scratch.findings(CHECK), rule


def test_silent_where_the_narrower_one_has_another_collation(scratch: Scratch) -> None:
    collation = "NOCASE" if scratch.vendor == "sqlite" else '"C"'
    scratch.execute(TABLE)
    scratch.execute(f"CREATE UNIQUE INDEX i ON item (c COLLATE {collation}); CREATE UNIQUE INDEX j ON item (b, c)")
    assert not scratch.findings(CHECK)


def test_silent_on_r8_the_target_of_a_foreign_key_and_the_primary_key(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE tenant (id int PRIMARY KEY, a int NOT NULL, UNIQUE (a, id));
        CREATE TABLE child (id int PRIMARY KEY, t int, a int, FOREIGN KEY (a, t) REFERENCES tenant (a, id));
        CREATE INDEX child_at ON child (a, t);
        CREATE TABLE pair (a int NOT NULL UNIQUE, b int NOT NULL, PRIMARY KEY (b, a));
    """)
    assert not scratch.findings(CHECK)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE item CLUSTER ON j",
        "ALTER TABLE item ALTER b SET NOT NULL; ALTER TABLE item REPLICA IDENTITY USING INDEX j",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
    ],
)
def test_silent_on_r7_and_r8_what_is_clustered_a_replica_identity_or_implied_by_an_invalid_index(
    postgres: Scratch, statement: str
) -> None:
    postgres.execute(TABLE + "CREATE UNIQUE INDEX i ON item (a); CREATE UNIQUE INDEX j ON item (b, a);")
    assert len(postgres.findings(CHECK)) == 1
    postgres.execute(statement)
    assert not postgres.findings(CHECK)


def test_silent_where_nulls_are_equal_to_the_wider_one_alone(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int UNIQUE, b int);
        CREATE UNIQUE INDEX j ON item (b, a) NULLS NOT DISTINCT;
    """)
    assert not postgres.findings(CHECK)
    postgres.execute("INSERT INTO item VALUES (1, NULL, 1)")
    with pytest.raises(IntegrityError):  # what only the wider one forbids
        postgres.execute("INSERT INTO item VALUES (2, NULL, 1)")
    postgres.execute("ALTER TABLE item DROP CONSTRAINT item_a_key; ALTER TABLE item ADD UNIQUE NULLS NOT DISTINCT (a)")
    assert len(postgres.findings(CHECK)) == 1


def test_nullable_columns_change_nothing_where_nulls_are_distinct(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id bigint PRIMARY KEY, a int UNIQUE, b int)")
    scratch.execute("CREATE UNIQUE INDEX j ON item (b, a)")
    assert [one.identity for one in scratch.findings(CHECK)] == [("(b, a)",)]
    scratch.execute("INSERT INTO item VALUES (1, NULL, 1), (2, NULL, 1), (3, 5, 1)")  # neither forbids these


def test_finds_one_that_a_plain_index_should_replace_because_its_lookups_need_it(scratch: Scratch) -> None:
    scratch.execute(TABLE + "CREATE UNIQUE INDEX i ON item (a); CREATE UNIQUE INDEX j ON item (b DESC, a);")
    (found,) = scratch.findings(CHECK)
    assert (found.key, found.severity) == ("redundant_uniqueness:item:(b DESC, a)", "info")
    assert found.remedy.kind == "create_index"
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK)
    explain = "EXPLAIN QUERY PLAN" if scratch.vendor == "sqlite" else "SET enable_seqscan = off; EXPLAIN"
    *before, last = f"{explain} SELECT * FROM item WHERE b = 1".split("; ")
    for statement in before:
        scratch.execute(statement)
    assert found.remedy.action.name in str(scratch.rows(last))  # type: ignore[union-attr]
    scratch.execute(found.remedy.undo_sql)
    assert [one.key for one in scratch.findings(CHECK)] == [found.key]


@pytest.mark.parametrize(
    ("why", "statement"),
    [
        ("the narrower one leads it", "CREATE UNIQUE INDEX j ON item (a, b)"),
        ("a plain index serves its lookups", "CREATE UNIQUE INDEX j ON item (b, a); CREATE INDEX k ON item (b, a, c)"),
    ],
)
def test_finds_one_that_can_go_because_another_index_serves_its_lookups(
    scratch: Scratch, why: str, statement: str
) -> None:
    scratch.execute(TABLE + f"CREATE UNIQUE INDEX i ON item (a); {statement}")
    (found,) = scratch.findings(CHECK)
    assert found.remedy.kind == "drop_index", why
    assert "serves its lookups" in {one.what for one in found.evidence}
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK)


def test_the_constraint_of_a_postgresql_table_can_be_taken_off_and_put_back(postgres: Scratch) -> None:
    postgres.execute(TABLE + "ALTER TABLE item ADD CONSTRAINT both_unique UNIQUE (b, id)")
    (found,) = postgres.findings(CHECK)
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
    postgres.execute(found.remedy.undo_sql)
    assert [one.key for one in postgres.findings(CHECK)] == [found.key]


@isolate_apps("tests")
def test_names_the_model_s_constraint_and_what_to_write_instead(scratch: Scratch) -> None:
    class Seat(models.Model):
        number = models.IntegerField(unique=True)
        row = models.IntegerField()

        class Meta:
            app_label = "tests"
            constraints = (models.UniqueConstraint(fields=["row", "number"], name="seat_row_number"),)

    scratch.create(Seat)
    (found,) = scratch.findings(CHECK, Seat._meta.apps)
    assert "models.Index(fields=['row', 'number']" in found.remedy.orm
    assert found.model == "tests.Seat"
    assert found.location
    assert found.location.file == "tests/checks/test_redundant_uniqueness.py"
    assert bool(found.remedy.sql) == (scratch.vendor == "postgresql")
