from __future__ import annotations

import contextlib

from django.db import IntegrityError

from tests.scratch import Scratch

CHECK = "invalid_index"


def corpse(postgres: Scratch) -> None:
    """What a failed concurrent build really leaves."""
    postgres.execute("CREATE TABLE item (id bigint PRIMARY KEY, a int); INSERT INTO item VALUES (1, 7), (2, 7);")
    with contextlib.suppress(IntegrityError):
        postgres.execute("CREATE UNIQUE INDEX CONCURRENTLY item_a ON item (a)")


def test_silent_on_valid_indexes(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id bigint PRIMARY KEY, a int UNIQUE)")
    assert not postgres.findings(CHECK)


def test_a_partitioned_parent_that_waits_for_its_parts_is_told_with_what_names_them(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint, a int) PARTITION BY RANGE (id);
        CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (10);
        CREATE INDEX item_a ON ONLY item (a);
    """)
    assert [index.valid for index in postgres.snapshot().tables[0].indexes] == [False]
    (found,) = postgres.findings(CHECK)
    assert found.severity == "warning"
    assert postgres.rows(found.remedy.sql) == [("item_1",)]
    postgres.execute("CREATE INDEX CONCURRENTLY item_1_a ON item_1 (a); ALTER INDEX item_a ATTACH PARTITION item_1_a")
    assert not postgres.rows(found.remedy.sql)
    assert not postgres.findings(CHECK)


def test_finds_what_a_failed_concurrent_build_leaves(postgres: Scratch) -> None:
    corpse(postgres)
    (found,) = postgres.findings(CHECK)
    assert (found.severity, found.key) == ("error", "invalid_index:item:(a):invalid")
    assert "Nothing enforces meanwhile that its columns are unique." in found.detail
    duplicates, rebuild = found.remedy.sql.split("\n-- Put these rows right first; then:\n")
    assert rebuild == 'REINDEX INDEX CONCURRENTLY "item_a";'
    assert postgres.rows(duplicates) == [(7, 2)]


def test_an_index_that_is_not_unique_is_rebuilt_without_more(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int); CREATE INDEX item_a ON item (a);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_a'::regclass;
    """)
    (found,) = postgres.findings(CHECK)
    assert found.remedy.sql == 'REINDEX INDEX CONCURRENTLY "item_a";'
    assert "unique" not in found.detail


def test_rows_with_null_and_outside_of_the_condition_are_not_in_the_way(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY, a int, b text NOT NULL, c bool);
        INSERT INTO item VALUES (1, NULL, 'x', true), (2, NULL, 'x', true), (3, 1, 'X', true), (4, 1, 'x', true),
            (5, 2, 'x', false), (6, 2, 'x', false);
        CREATE INDEX item_a ON item (id);
        CREATE UNIQUE INDEX odd ON item (a, lower(b)) WHERE c AND id > 4;
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'odd'::regclass;
    """)
    (found,) = postgres.findings(CHECK)
    query = found.remedy.sql.partition("\n")[0]
    assert postgres.rows(query) == []
    assert postgres.rows(query.replace("id > 4", "id > 0")) == [(1, "x", 2)]


def test_the_rebuild_silences_it_once_the_cause_is_gone(postgres: Scratch) -> None:
    corpse(postgres)
    (found,) = postgres.findings(CHECK)
    postgres.execute("DELETE FROM item WHERE id = 2")
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)


def test_names_the_leftover_of_a_failed_reindex_and_drops_that(postgres: Scratch) -> None:
    corpse(postgres)
    postgres.execute("ALTER INDEX item_a RENAME TO item_a_ccnew")
    (found,) = postgres.findings(CHECK)
    assert found.subject == "Index item_a_ccnew is a leftover of REINDEX"
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
