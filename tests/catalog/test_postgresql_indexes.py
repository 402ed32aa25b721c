"""Indexes, foreign keys and other constraints, as PostgreSQL's reader sees them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbaudit.facts import Constraint, ForeignKey, IndexKey
from tests.catalog.reading import index, read, table
from tests.scratch import Scratch


def test_an_index_says_all_that_the_planner_knows_of_it(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (id int PRIMARY KEY, a int, b text, c int, d int);
        CREATE UNIQUE INDEX item_all ON item (a DESC, lower(b) text_pattern_ops, c NULLS FIRST)
            INCLUDE (d, id) WHERE a > 0;
        """
    )
    found = index(postgres, "item_all")
    assert found.keys == (
        IndexKey(column="a", descending=True),
        IndexKey(expression="lower(b)", opclass="text_pattern_ops"),
        IndexKey(column="c", nulls="first"),
    )
    assert (found.included, found.predicate, found.method) == (("d", "id"), "(a > 0)", "btree")
    assert (found.unique, found.nulls_distinct, found.table) == (True, True, "item")
    assert (found.valid, found.ready, found.live, found.building, found.partitioned) == (True, True, True, False, False)
    assert (found.constraint, found.constraint_name, found.referenced) == ("", "", False)
    assert (found.clustered, found.replica_identity) == (False, False)
    assert found.definition == (
        "CREATE UNIQUE INDEX item_all ON public.item USING btree"
        " (a DESC, lower(b) text_pattern_ops, c NULLS FIRST) INCLUDE (d, id) WHERE (a > 0)"
    )
    assert (found.bytes, found.scans, found.tuples_read) == (8192, 0, 0)


def test_r3_twins_differ_in_opclass_collation_direction_and_nulls_alone(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (code varchar(9));
        CREATE INDEX a_plain ON item (code);
        CREATE INDEX b_like ON item (code varchar_pattern_ops);
        CREATE INDEX c_collated ON item (code COLLATE "C");
        CREATE INDEX d_falling ON item (code DESC);
        CREATE INDEX e_nulls_last ON item (code DESC NULLS LAST);
        """
    )
    assert [one.keys for one in table(postgres, "item").indexes] == [
        (IndexKey(column="code"),),
        (IndexKey(column="code", opclass="varchar_pattern_ops"),),
        (IndexKey(column="code", collation="C"),),
        (IndexKey(column="code", descending=True),),
        (IndexKey(column="code", descending=True, nulls="last"),),
    ]


def test_r3_an_opclass_or_collation_that_is_written_out_but_the_default_is_none(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE DOMAIN label AS varchar(9);
        CREATE TABLE item (a text COLLATE "C", b varchar(9), c label, d int[], e jsonb, f inet);
        CREATE INDEX a ON item (a COLLATE "C" text_ops);
        CREATE INDEX b ON item (b text_ops);
        CREATE INDEX c ON item (c);
        CREATE INDEX d ON item USING gin (d array_ops);
        CREATE INDEX e ON item USING gin (e);
        CREATE INDEX e_path ON item USING gin (e jsonb_path_ops);
        CREATE INDEX f ON item USING gist (f inet_ops);
        CREATE INDEX h ON item USING gin (to_tsvector('simple', a));
        CREATE INDEX i ON item ((b || 'x'));
        """
    )
    assert {one.name: one.keys[0].opclass for one in table(postgres, "item").indexes if one.keys[0].opclass} == {
        "e_path": "jsonb_path_ops",
        "f": "inet_ops",  # an index of this kind has no default
    }
    assert [one.name for one in table(postgres, "item").indexes if one.keys[0].collation] == []


def test_r3_an_expression_tells_its_collation_unless_it_is_the_databases(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (a text, c text COLLATE "C");
        CREATE INDEX chosen ON item ((a || 'x') COLLATE "C");
        CREATE INDEX inherited ON item ((c || 'x'));
        CREATE INDEX usual ON item ((a || 'x'));
        """
    )
    assert [one.keys[0].collation for one in table(postgres, "item").indexes] == ["C", "C", ""]


def test_r3_the_default_opclass_of_another_type_is_a_choice(postgres: Scratch) -> None:
    if not postgres.rows("SELECT name FROM pg_available_extensions WHERE name = 'citext'"):
        pytest.skip("this server has no citext")
    postgres.execute(
        """
        CREATE EXTENSION citext;
        CREATE TABLE item (a citext);
        CREATE INDEX ignores_case ON item (a);
        CREATE INDEX minds_case ON item (a text_ops);
        """
    )
    assert [one.keys[0].opclass for one in table(postgres, "item").indexes] == ["", "text_ops"]


def test_r3_options_of_an_opclass_are_told(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (a tsvector);
        CREATE INDEX short ON item USING gist (a tsvector_ops (siglen = 32));
        CREATE INDEX usual ON item USING gist (a tsvector_ops);
        """
    )
    assert index(postgres, "short").keys[0].opclass == "tsvector_ops (siglen=32)"
    assert index(postgres, "usual").keys[0].opclass == ""


def test_r4_included_columns_are_no_keys(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (a int, b int);
        CREATE INDEX item_a ON item (a) INCLUDE (b);
        CREATE INDEX item_a_b ON item (a, b);
        """
    )
    including, both = table(postgres, "item").indexes
    assert (including.columns, including.included) == (("a",), ("b",))
    assert (both.columns, both.included) == (("a", "b"), ())


@pytest.mark.parametrize("method", ["btree", "hash", "gin", "gist", "spgist", "brin"])
def test_every_access_method_is_named(postgres: Scratch, method: str) -> None:
    column = {"gin": "words", "gist": "words"}.get(method, "name")
    postgres.execute(
        f"CREATE TABLE item (name text, words tsvector); CREATE INDEX found ON item USING {method} ({column})"
    )
    assert (index(postgres, "found").method, index(postgres, "found").columns) == (method, (column,))


def test_expressions_and_columns_may_be_mixed_in_any_order(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (a int, b text);
        CREATE INDEX mixed ON item ((a + 1), b, upper(b::text) DESC, (a IS NULL));
        """
    )
    assert index(postgres, "mixed").keys == (
        IndexKey(expression="(a + 1)"),
        IndexKey(column="b"),
        IndexKey(expression="upper(b)", descending=True),
        IndexKey(expression="(a IS NULL)"),
    )


def test_a_constraint_and_its_index_know_each_other(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE parent (
            id int CONSTRAINT parent_key PRIMARY KEY,
            a int CONSTRAINT parent_a UNIQUE,
            b int,
            during tsrange,
            CONSTRAINT parent_during EXCLUDE USING gist (during WITH &&)
        );
        CREATE UNIQUE INDEX parent_b ON parent (b);
        CREATE TABLE child (a int REFERENCES parent (a));
        """
    )
    found = {
        one.name: (one.constraint, one.constraint_name, one.referenced) for one in table(postgres, "parent").indexes
    }
    assert found == {
        "parent_a": ("unique", "parent_a", True),
        "parent_b": ("", "", False),
        "parent_during": ("exclusion", "parent_during", False),
        "parent_key": ("primary key", "parent_key", False),
    }


def test_a_unique_index_that_only_a_foreign_key_points_at_is_referenced(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE parent (id int PRIMARY KEY, code int);
        CREATE UNIQUE INDEX parent_code ON parent (code);
        CREATE TABLE child (code int REFERENCES parent (code));
        """
    )
    assert index(postgres, "parent_code").referenced
    assert not index(postgres, "parent_pkey").referenced


def test_definitions_are_in_the_words_of_the_server(postgres_versions: Scratch) -> None:
    distinct = "NULLS NOT DISTINCT" if postgres_versions.connection.pg_version >= 150000 else ""  # type: ignore[attr-defined]
    postgres_versions.execute(
        f"""
        CREATE SCHEMA "Sales";
        CREATE COLLATION german FROM "C";
        CREATE OPERATOR CLASS own FOR TYPE int USING btree AS
            OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
        CREATE TABLE "Sales"."Order %s" (
            id int PRIMARY KEY, "a b" int UNIQUE, "select" varchar(9), "quo""te" text, tags tsvector, during int4range,
            EXCLUDE USING gist (during WITH &&)
        );
        ALTER DATABASE scratch SET search_path = public, "Sales";
        SET search_path = public, "Sales";
        CREATE UNIQUE INDEX "Odd ""name" ON "Order %s" ("a b" DESC, "select" NULLS FIRST)
            INCLUDE ("quo""te", id) {distinct};
        CREATE INDEX nulls_last ON "Order %s" (id DESC NULLS LAST, "quo""te" DESC NULLS FIRST);
        CREATE INDEX patterns ON "Order %s" ("select" varchar_pattern_ops, "quo""te" text_pattern_ops DESC);
        CREATE INDEX collated ON "Order %s" ("select" COLLATE "C", "quo""te" COLLATE german);
        CREATE INDEX classed ON "Order %s" (id own);
        CREATE INDEX computed ON "Order %s" (lower("select"), (id + 1) DESC, id) WHERE id > 0;
        CREATE INDEX partial ON "Order %s" (id) WHERE "a b" IS NOT NULL;
        CREATE INDEX filled ON "Order %s" (id) WITH (fillfactor = 70, deduplicate_items = off);
        CREATE INDEX hashed ON "Order %s" USING hash ("select");
        CREATE INDEX brinned ON "Order %s" USING brin (id, "a b") WITH (pages_per_range = 4);
        CREATE INDEX words ON "Order %s" USING gin (tags);
        CREATE INDEX words_gist ON "Order %s" USING gist (tags tsvector_ops (siglen = 32), during);
        CREATE TABLE event (id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
        CREATE TABLE event_one PARTITION OF event FOR VALUES FROM (0) TO (9);
        CREATE INDEX event_a ON event (a);
        CREATE INDEX event_later ON ONLY event (a DESC);
        """
    )
    spelled = {one.name: one.definition for table in read(postgres_versions.connection).tables for one in table.indexes}
    expected = dict(
        postgres_versions.rows(
            """
            SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE c.relnamespace IN ('public'::regnamespace, '"Sales"'::regnamespace) AND NOT c.relispartition
            """
        )
    )
    assert len(expected) == 18
    assert spelled == expected


def test_replica_identity_and_clustering_are_told(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (id int PRIMARY KEY, a int NOT NULL);
        CREATE UNIQUE INDEX item_a ON item (a);
        ALTER TABLE item REPLICA IDENTITY USING INDEX item_a;
        ALTER TABLE item CLUSTER ON item_pkey;
        """
    )
    assert (index(postgres, "item_a").replica_identity, index(postgres, "item_a").clustered) == (True, False)
    assert (index(postgres, "item_pkey").replica_identity, index(postgres, "item_pkey").clustered) == (False, True)


def test_nulls_not_distinct_is_told(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (a int, b int UNIQUE); CREATE UNIQUE INDEX ON item (a) NULLS NOT DISTINCT")
    assert [one.nulls_distinct for one in table(postgres, "item").indexes] == [False, True]


def test_r7_an_index_that_a_failed_build_left_is_invalid_and_not_being_built(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (a int); INSERT INTO item VALUES (1), (1)")
    with pytest.raises(Exception, match="could not create unique index"):
        postgres.execute("CREATE UNIQUE INDEX CONCURRENTLY item_a ON item (a)")
    found = index(postgres, "item_a")
    assert (found.valid, found.building, found.usable, found.live) == (False, False, False, True)


def test_the_last_scan_is_a_moment_where_the_server_keeps_it(postgres_versions: Scratch) -> None:
    postgres_versions.execute(
        """
        CREATE TABLE item (id int PRIMARY KEY, a int);
        CREATE INDEX item_a ON item (a);
        SET enable_seqscan = off;
        SELECT a FROM item WHERE id = 1;
        """
    )
    (number,) = postgres_versions.rows("SELECT current_setting('server_version_num')::int")[0]
    (now,) = postgres_versions.rows("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')")[0]
    postgres_versions.connection.close()
    never, pkey = table(postgres_versions, "item").indexes
    assert (never.scans, pkey.scans) == (0, 1)
    if number < 160000:
        assert (never.last_scan, pkey.last_scan) == (None, None)
    else:
        assert never.last_scan == ""
        assert pkey.last_scan is not None
        assert pkey.last_scan.startswith(f"{now}T")


def test_a_foreign_key_keeps_the_order_of_its_columns(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE parent (id int PRIMARY KEY, x int, y int, UNIQUE (y, x));
        CREATE TABLE child (
            b int, a int,
            CONSTRAINT pair FOREIGN KEY (a, b) REFERENCES parent (y, x) ON DELETE SET NULL ON UPDATE CASCADE,
            CONSTRAINT single FOREIGN KEY (a) REFERENCES parent ON DELETE RESTRICT DEFERRABLE
        );
        ALTER TABLE child ADD CONSTRAINT unproven FOREIGN KEY (b) REFERENCES parent NOT VALID;
        """
    )
    plain = ForeignKey(
        name="",
        table="child",
        columns=("a",),
        target_table="parent",
        target_columns=("id",),
        deferrable=False,
        deferred=False,
        validated=True,
        enforced=True,
    )
    pair = replace(plain, name="pair", columns=("a", "b"), target_columns=("y", "x"))
    assert table(postgres, "child").foreign_keys == (
        replace(pair, on_delete="SET NULL", on_update="CASCADE"),
        replace(plain, name="single", on_delete="RESTRICT", deferrable=True, deferred=False),
        replace(plain, name="unproven", columns=("b",), validated=False),
    )


def test_the_other_constraints_come_with_their_text(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE item (b int, a int, CONSTRAINT key PRIMARY KEY (a, b), CONSTRAINT small CHECK (a + b < 100));
        ALTER TABLE item ADD CONSTRAINT unproven CHECK (a > 0) NOT VALID;
        """
    )
    item = table(postgres, "item")
    assert item.primary_key == ("a", "b")
    assert item.constraints == (
        Constraint(name="key", kind="primary key", columns=("a", "b"), definition="PRIMARY KEY (a, b)", validated=True),
        Constraint(
            name="small", kind="check", columns=("a", "b"), definition="CHECK (((a + b) < 100))", validated=True
        ),
        Constraint(
            name="unproven", kind="check", columns=("a",), definition="CHECK ((a > 0)) NOT VALID", validated=False
        ),
    )


def test_a_constraint_that_is_not_enforced_says_so_where_the_server_has_such(postgres_versions: Scratch) -> None:
    (number,) = postgres_versions.rows("SELECT current_setting('server_version_num')::int")[0]
    if number < 180000:
        pytest.skip("the server enforces every constraint")
    postgres_versions.execute(
        """
        CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE child (id int REFERENCES parent NOT ENFORCED, a int, b int NOT NULL);
        ALTER TABLE child ADD CONSTRAINT filled NOT NULL a NOT VALID;
        """
    )
    child = table(postgres_versions, "child")
    assert [(one.enforced, one.validated) for one in child.foreign_keys] == [(False, False)]
    assert [(one.name, one.kind, one.validated) for one in child.constraints] == [("filled", "not null", False)]
    assert [one.nullable for one in child.columns] == [True, False, False]
