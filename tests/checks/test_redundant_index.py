from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "redundant_index"
TABLE = "CREATE TABLE item (id bigint PRIMARY KEY, a int, ab int, b varchar(9), c int);"


@pytest.mark.parametrize(
    ("rule", "indexes"),
    [
        ("r2 an expression is not a prefix of another one", ["(lower(b))", "(upper(b), c)"]),
        ("r5 directions that the wider one does not have", ["(a, c)", "(a, c DESC, ab)"]),
        ("r6 a full index is not served by a partial one", ["(a)", "(a, c) WHERE ab > 1"]),
        ("r6 a partial index is smaller than the full one", ["(a) WHERE ab > 1", "(a, c)"]),
        ("the columns stand in another order", ["(a)", "(c, a)"]),
    ],
)
def test_silent_where_the_wider_index_serves_something_else(scratch: Scratch, rule: str, indexes: list[str]) -> None:
    scratch.execute(TABLE + "".join(f"CREATE INDEX i{n} ON item {index};" for n, index in enumerate(indexes)))
    assert not scratch.findings(CHECK), rule


@pytest.mark.parametrize(
    ("rule", "indexes"),
    [
        ("r3 another opclass", ["(b varchar_pattern_ops)", "(b, c)"]),
        ("r4 included columns are no keys", ["(a, c)", "(a) INCLUDE (c, ab)"]),
        ("r4 the wider one lacks an included column", ["(a) INCLUDE (c)", "(a, ab)"]),
        ("another access method", ["USING hash (a)", "(a, c)"]),
    ],
)
def test_silent_on_postgresql_where_the_wider_index_serves_something_else(
    postgres: Scratch, rule: str, indexes: list[str]
) -> None:
    postgres.execute(TABLE)
    for number, index in enumerate(indexes):
        postgres.execute(f"CREATE INDEX i{number} ON item {index}")
    assert not postgres.findings(CHECK), rule


def test_silent_on_r1_names_and_numbers_of_columns_that_only_start_alike(scratch: Scratch) -> None:
    columns = ", ".join(f"c{number} int" for number in range(2, 13))  # c1 and c12: the first and the twelfth column
    scratch.execute(f"CREATE TABLE item (c1 int, {columns});")
    scratch.execute("CREATE INDEX first ON item (c1); CREATE INDEX twelfth ON item (c12, c3);")
    scratch.execute("CREATE INDEX pair ON item (c1, c2); CREATE INDEX other ON item (c12, c1, c2);")
    assert [one.identity for one in scratch.findings(CHECK)] == [("(c1)",)]  # pair serves first, and nothing else does
    scratch.execute("DROP INDEX pair")
    assert not scratch.findings(CHECK)


def test_silent_on_r8_whatever_enforces_something(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE parent (a int NOT NULL UNIQUE, c int NOT NULL, PRIMARY KEY (c, a));
        CREATE TABLE child (id bigint PRIMARY KEY, a int REFERENCES parent (a));
        CREATE INDEX child_a ON child (a);
        CREATE UNIQUE INDEX parent_c ON parent (c);
        CREATE INDEX parent_ac ON parent (a, c);
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_r8_replica_identity_clustered_and_exclusion_indexes(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int NOT NULL, b int NOT NULL, c int);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_ac ON item (a, c);
        CREATE UNIQUE INDEX item_b ON item (b);
        CREATE INDEX item_bc ON item (b, c);
        ALTER TABLE item ADD EXCLUDE (c WITH =);
        CREATE INDEX item_ca ON item (c, a);
    """)
    assert [one.identity for one in postgres.findings(CHECK)] == [("(a)",)]
    postgres.execute("ALTER TABLE item CLUSTER ON item_a; ALTER TABLE item REPLICA IDENTITY USING INDEX item_b")
    assert not postgres.findings(CHECK)


def test_silent_on_r8_what_belongs_to_an_extension(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int, b int);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_ab ON item (a, b);
    """)
    assert postgres.findings(CHECK)
    postgres.execute("CREATE EXTENSION hstore; ALTER EXTENSION hstore ADD TABLE item")
    assert not postgres.findings(CHECK)


def test_r8_the_index_of_a_partition_is_dropped_at_its_parent(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint, a int, b int) PARTITION BY RANGE (id);
        CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (10);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_ab ON item (a, b);
    """)
    (found,) = postgres.findings(CHECK)
    assert found.remedy.sql == 'DROP INDEX "item_a";'  # PostgreSQL cannot drop it concurrently
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
    postgres.execute(found.remedy.undo_sql)
    assert [one.key for one in postgres.findings(CHECK)] == [found.key]


def test_silent_on_r7_a_wider_index_that_is_invalid(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int, b int);
        CREATE INDEX item_a ON item (a);
        CREATE INDEX item_ab ON item (a, b);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_ab'::regclass;
    """)
    assert not postgres.findings(CHECK)


def test_r7_of_two_that_serve_each_other_only_the_one_that_enforces_nothing_is_named(scratch: Scratch) -> None:
    scratch.execute(TABLE)
    scratch.execute("CREATE INDEX plain ON item (a, c); CREATE UNIQUE INDEX strict ON item (a, c);")
    (found,) = scratch.findings(CHECK)
    assert found.subject == "Index plain on item is served by strict"


def test_finds_the_left_prefix_and_its_statement_can_be_taken_back(scratch: Scratch) -> None:
    scratch.execute(TABLE)
    scratch.execute("CREATE INDEX narrow ON item (a DESC); CREATE INDEX wide ON item (a, c);")
    (found,) = scratch.findings(CHECK)
    assert (found.key, found.severity) == ("redundant_index:item:(a DESC)", "warning")
    assert {one.what for one in found.evidence} >= {"serves instead"}
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK)
    scratch.execute(found.remedy.undo_sql)
    assert len(scratch.findings(CHECK)) == 1


def test_r9_the_sizes_of_both_are_evidence_and_a_prefix_is_not_certain(postgres: Scratch) -> None:
    postgres.execute(TABLE)
    postgres.execute("CREATE INDEX narrow ON item (a); CREATE INDEX wide ON item (a, c);")
    (found,) = postgres.findings(CHECK)
    assert found.confidence == "medium"
    facts = {one.what: one.unit for one in found.evidence}
    assert facts["size of the narrow index"] == facts["size of the wide index"] == "bytes"
    assert facts["scans of the narrow index"] == "scans"


@isolate_apps("tests")
def test_automatic_foreign_key_indexes_are_grouped_remarks_that_name_the_field(scratch: Scratch) -> None:
    class Order(models.Model):
        class Meta:
            app_label = "tests"

    class Line(models.Model):
        order = models.ForeignKey(Order, models.CASCADE)
        number = models.IntegerField()

        class Meta:
            app_label = "tests"
            constraints = (models.UniqueConstraint(fields=["order", "number"], name="line_number"),)

    scratch.create(Order, Line)
    (found,) = scratch.findings(CHECK, Line._meta.apps)
    assert (found.severity, found.remedy.kind) == ("info", "drop_index")
    assert found.remedy.orm == "order = models.ForeignKey(..., db_index=False)"
    assert found.group.startswith("Django's automatic foreign-key index")
    assert found.location
    assert found.location.line > 1


@isolate_apps("tests")
def test_automatic_many_to_many_tables_are_one_grouped_remark(scratch: Scratch) -> None:
    class Tag(models.Model):
        class Meta:
            app_label = "tests"

    class Post(models.Model):
        tags = models.ManyToManyField(Tag)
        more_tags = models.ManyToManyField(Tag, related_name="+")

        class Meta:
            app_label = "tests"

    scratch.create(Tag, Post)
    found = scratch.findings(CHECK, Post._meta.apps)
    assert len(found) == 2
    assert {one.severity for one in found} == {"info"}
    assert {one.owner for one in found} == {"django"}
    assert len({one.group for one in found}) == 1


@isolate_apps("tests")
def test_a_wider_index_that_no_model_declares_is_to_be_declared_first(scratch: Scratch) -> None:
    class Shelf(models.Model):
        class Meta:
            app_label = "tests"

    class Book(models.Model):
        shelf = models.ForeignKey(Shelf, models.CASCADE)
        code = models.IntegerField()

        class Meta:
            app_label = "tests"

    scratch.create(Shelf, Book)
    scratch.execute("CREATE INDEX by_hand ON tests_book (shelf_id, code)")
    (found,) = scratch.findings(CHECK, Shelf._meta.apps)
    assert "No model declares by_hand: declare it first" in found.detail
    Book._meta.indexes = [models.Index(fields=["shelf", "code"], name="by_hand")]
    (found,) = scratch.findings(CHECK, Shelf._meta.apps)
    assert "declare" not in found.detail


def test_an_index_of_the_key_in_whose_order_sqlite_keeps_the_table_does_nothing(sqlite: Scratch) -> None:
    sqlite.execute("""
        CREATE TABLE item (id integer PRIMARY KEY, a int); CREATE INDEX idle ON item (id);
        CREATE INDEX wide ON item (id, a); CREATE INDEX part ON item (id) WHERE a = 1;
        CREATE UNIQUE INDEX u ON item (a);
        CREATE TABLE other (id text PRIMARY KEY, a int) WITHOUT ROWID;
    """)
    found = {one.key: one for one in sqlite.findings(CHECK)}
    assert set(found) == {"redundant_index:item:(id)"}
    assert "the key of the table" in found["redundant_index:item:(id)"].subject
    sqlite.execute(found["redundant_index:item:(id)"].remedy.sql)
    assert not sqlite.findings(CHECK)
