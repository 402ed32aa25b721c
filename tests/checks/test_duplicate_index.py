from __future__ import annotations

from django.db import models
from django.db.models.functions import Upper
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "duplicate_index"


def test_silent_on_r3_the_pattern_companion_that_has_another_opclass(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, code varchar(20) NOT NULL);
        CREATE INDEX item_code ON item (code);
        CREATE INDEX item_code_like ON item (code varchar_pattern_ops);
    """)
    assert not postgres.findings(CHECK)


def test_silent_where_the_collation_differs(scratch: Scratch) -> None:
    collation = "NOCASE" if scratch.vendor == "sqlite" else '"C"'
    scratch.execute(f"""
        CREATE TABLE item (id bigint PRIMARY KEY, code varchar(20) NOT NULL);
        CREATE INDEX item_code ON item (code);
        CREATE INDEX item_code_c ON item (code COLLATE {collation});
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_r4_a_variant_with_included_columns(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int, b int);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_a_b ON item (a) INCLUDE (b);
        CREATE INDEX item_ab ON item (a, b);
    """)
    assert not postgres.findings(CHECK)


def test_silent_on_r6_a_partial_index_beside_a_full_one(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int, b int);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_a_part ON item (a) WHERE b = 1;
        CREATE INDEX item_a_other ON item (a) WHERE b = 2;
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_r2_two_indexes_over_different_expressions(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a varchar(9), b varchar(9));
        CREATE INDEX item_lower_a ON item (lower(a));
        CREATE INDEX item_lower_b ON item (lower(b));
        CREATE INDEX item_upper_a ON item (upper(a));
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_r5_mixed_directions_that_are_not_the_flipped_ones(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int, b int);
        CREATE INDEX item_ab ON item (a, b);
        CREATE INDEX item_ab_mixed ON item (a, b DESC);
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_a_plain_index_beside_a_unique_one_which_is_redundant_index(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int);
        CREATE INDEX item_a ON item (a);
        CREATE UNIQUE INDEX item_a_key ON item (a);
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_r7_an_invalid_twin_that_covers_nothing(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_a_broken ON item (a);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_a_broken'::regclass;
    """)
    assert not postgres.findings(CHECK)


def test_finds_r5_the_index_that_is_the_same_read_backwards(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int, b int);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_a_desc ON item (a DESC);
        CREATE INDEX item_ab ON item (a, b DESC);
        CREATE INDEX item_ab_flipped ON item (a DESC, b);
    """)
    assert {one.subject for one in scratch.findings(CHECK)} == {
        "Index item_ab_flipped repeats item_ab",
        "Index item_a_desc repeats item_a",
    }


def test_r8_of_two_alike_the_one_that_is_clustered_or_a_replica_identity_stays(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int NOT NULL, b int NOT NULL);
        CREATE INDEX a ON item (a);
        CREATE INDEX a_clustered ON item (a);
        CREATE UNIQUE INDEX b ON item (b);
        CREATE UNIQUE INDEX b_identity ON item (b);
        ALTER TABLE item CLUSTER ON a_clustered;
        ALTER TABLE item REPLICA IDENTITY USING INDEX b_identity;
    """)
    assert {one.subject for one in postgres.findings(CHECK)} == {
        "Index a repeats a_clustered",
        "Index b repeats b_identity",
    }


def test_keeps_the_one_that_enforces_and_drops_the_copy(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int NOT NULL UNIQUE);
        CREATE UNIQUE INDEX a ON item (a);
    """)
    (found,) = scratch.findings(CHECK)
    assert found.subject.startswith("Index a repeats")
    concurrently = "CONCURRENTLY " if scratch.vendor == "postgresql" else ""
    assert found.remedy.sql == f'DROP INDEX {concurrently}"a";'
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK)
    scratch.execute(found.remedy.undo_sql)
    assert [one.key for one in scratch.findings(CHECK)] == [found.key]


def test_three_copies_are_two_findings_with_keys_of_their_own(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int);
        CREATE INDEX item_1 ON item (a);
        CREATE INDEX item_2 ON item (a);
        CREATE INDEX item_3 ON item (a);
    """)
    keys = {one.key for one in scratch.findings(CHECK)}
    assert keys == {"duplicate_index:item:plain:(a)", "duplicate_index:item:plain:(a):2"}


def test_a_hostile_name_is_quoted_in_the_statement_that_drops_it(scratch: Scratch) -> None:
    scratch.execute('CREATE TABLE "we""ird" (id bigint PRIMARY KEY, "a""; DROP" int)')
    scratch.execute('CREATE INDEX one ON "we""ird" ("a""; DROP")')
    scratch.execute('CREATE INDEX "two""; DROP TABLE x" ON "we""ird" ("a""; DROP")')
    (found,) = scratch.findings(CHECK)
    scratch.execute(found.remedy.sql, ())
    assert not scratch.findings(CHECK)


@isolate_apps("tests")
def test_finds_the_same_index_that_meta_and_hand_made_sql_both_brought(postgres: Scratch) -> None:
    class Part(models.Model):
        code = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"
            indexes = (models.Index(Upper("code"), name="part_upper"),)

    postgres.create(Part)
    postgres.execute("CREATE INDEX part_upper_by_hand ON tests_part (upper(code))")
    (found,) = postgres.findings(CHECK, Part._meta.apps)
    assert (found.model, found.owner, found.severity) == ("tests.Part", "project", "warning")
    assert found.location
    assert found.location.file == "tests/checks/test_duplicate_index.py"


@isolate_apps("tests")
def test_silent_on_opclass_indexes_declared_by_a_model(postgres: Scratch) -> None:
    class Note(models.Model):
        text = models.CharField(max_length=20, db_index=True)

        class Meta:
            app_label = "tests"
            indexes = (
                models.Index(fields=["text", "id"], opclasses=["varchar_pattern_ops", "int8_ops"], name="note_pattern"),
            )

    postgres.create(Note)
    assert not postgres.findings(CHECK, Note._meta.apps)


@isolate_apps("tests")
def test_of_two_alike_the_one_that_a_model_declares_stays(scratch: Scratch) -> None:
    class Maker(models.Model):
        class Meta:
            app_label = "tests"

    class Part(models.Model):
        maker = models.ForeignKey(Maker, models.CASCADE)

        class Meta:
            app_label = "tests"

    scratch.create(Maker, Part)
    scratch.execute("CREATE INDEX maker ON tests_part (maker_id)")
    (found,) = scratch.findings(CHECK, Part._meta.apps)
    assert found.subject.startswith("Index maker repeats tests_part_maker_id_")
    assert found.remedy.orm == "No model declares 'maker': drop it by the SQL."
