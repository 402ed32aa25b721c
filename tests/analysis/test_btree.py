"""The size of a b-tree as it is computed, against what the server builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbaudit.analysis import btree

if TYPE_CHECKING:
    from tests.scratch import Scratch

TABLE = """
    CREATE TABLE item (id bigint, few int, skewed int, pairs int, mostly_null int, name text, wide text,
        price numeric(9,2));
    INSERT INTO item SELECT n, n * 7919 % 100, CASE WHEN n % 50 = 0 THEN n ELSE 0 END, n / 2,
        CASE WHEN n % 20 = 0 THEN n END, 'name ' || n * 7919 % 5000, repeat(md5(n::text), 6), n % 90
    FROM generate_series(1, 60000) AS n;
"""


@pytest.mark.parametrize(
    "index",
    [
        "(id)",
        "(few)",
        "(skewed)",
        "(pairs)",
        "(mostly_null)",
        "(name)",
        "(wide)",
        "(price)",  # numbers of this kind may be equal and look different
        "(few, pairs)",
        "(id, wide)",
        "(lower(name))",
        "(id) WITH (fillfactor = 50)",
        "(few) WITH (deduplicate_items = off)",
        "(few) INCLUDE (id)",
    ],
)
def test_a_tree_is_as_large_as_the_server_builds_it_within_a_sixth(postgres_versions: Scratch, index: str) -> None:
    postgres_versions.execute(TABLE)
    postgres_versions.execute(f"CREATE INDEX built ON item {index}")
    postgres_versions.execute("ANALYZE item")
    (table,) = postgres_versions.snapshot().tables
    (built,) = table.indexes
    keys = btree.key_statistics(table, built)
    assert keys
    assert built.rows == 60_000
    assert built.bytes
    assert btree.built_bytes(built, keys, built.rows, 8192) == pytest.approx(built.bytes, rel=1 / 6)


def test_columns_that_depend_on_each_other_are_thought_to_take_more_never_less(postgres: Scratch) -> None:
    postgres.execute(TABLE)
    postgres.execute("CREATE INDEX built ON item (few, name); ANALYZE item")
    (table,) = postgres.snapshot().tables
    (built,) = table.indexes
    keys = btree.key_statistics(table, built)
    assert keys
    assert built.bytes
    assert btree.built_bytes(built, keys, 60_000, 8192) > built.bytes


def test_nothing_is_computed_where_the_planner_knows_nothing(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (a int, b text); CREATE INDEX ON item (a, lower(b)); ANALYZE item")
    (table,) = postgres.snapshot().tables
    assert btree.key_statistics(table, table.indexes[0]) is None
