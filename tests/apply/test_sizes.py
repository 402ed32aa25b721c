"""The size that a plan promises against the size that the server builds."""

from __future__ import annotations

import pytest

from dbaudit.apply.sizes import estimate
from dbaudit.findings import CreateIndex
from dbaudit.sql.equivalence import as_index
from tests.scratch import Scratch


def test_of_a_table_without_statistics_nothing_is_promised(postgres: Scratch) -> None:
    postgres.execute(
        "CREATE TABLE items (id int, kind int); INSERT INTO items SELECT n, n FROM generate_series(1, 9) n"
    )
    snapshot = postgres.snapshot()
    (table,) = snapshot.tables
    assert estimate(snapshot, table, as_index(CreateIndex(table="items", columns=("kind",)), table)).bytes is None


def test_a_size_that_the_advisor_worked_out_is_taken(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE items (id int)")
    snapshot = postgres.snapshot()
    (table,) = snapshot.tables
    assert estimate(snapshot, table, as_index(CreateIndex(table="items", columns=("id",)), table), 4096).bytes == 4096


def test_the_promised_size_is_within_fifteen_per_cent_of_the_real_one(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE items (id bigint, kind int, few text, many text, part int, at timestamptz, flag bool);
        INSERT INTO items SELECT n, n % 1000, 'status ' || n / 1000 % 4, md5(n::text), CASE WHEN n % 5 = 0 THEN n END,
            now() - n * interval '1 s', n % 2 = 0
        FROM generate_series(1, 30000) n;
        ANALYZE items
    """)
    snapshot = postgres.snapshot()
    (table,) = snapshot.tables
    wanted = [
        (("id",), "", ()),
        (("kind",), "", ()),
        (("few",), "", ()),
        (("many",), "", ()),
        (("flag",), "", ()),
        (("part",), "", ()),
        (("part",), "part IS NOT NULL", ()),
        (("at",), "", ()),
        (("kind", "at"), "", ()),
        (("few", "kind"), "", ()),
        (("id",), "", ("kind",)),
    ]
    for columns, condition, include in wanted:
        action = CreateIndex(table="items", columns=columns, condition=condition, include=include, name="trial")
        promised = estimate(snapshot, table, as_index(action, table)).bytes
        where = f" WHERE {condition}" if condition else ""
        including = f" INCLUDE ({', '.join(include)})" if include else ""
        postgres.execute(f"CREATE INDEX trial ON items ({', '.join(columns)}){including}{where}")
        ((real,),) = postgres.rows("SELECT pg_relation_size('trial')")
        postgres.execute("DROP INDEX trial")
        assert promised == pytest.approx(real, rel=0.15), (columns, condition)
