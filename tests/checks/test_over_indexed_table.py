from __future__ import annotations

import pytest

from tests.checks.usage import counted as read
from tests.checks.usage import facts, found, judged, rows, the_table, use
from tests.scratch import Scratch

CHECK = "over_indexed_table"
NUMBER = 30_000
COLUMNS = "a text, b text, c text, d text, e text"
VALUES = ", ".join(f"md5('{letter}' || n)" for letter in "abcde")
FIVE = ("(a, b)", "(b, c)", "(c, d)", "(d, e)", "(e, a)")


def crowded(postgres: Scratch, indexes: tuple[str, ...] = FIVE, number: int = NUMBER) -> None:
    rows(postgres, number, COLUMNS, VALUES)
    postgres.execute("; ".join(f"CREATE INDEX i{place} ON item {index}" for place, index in enumerate(indexes)))


def test_says_that_it_did_not_judge_where_the_server_counts_for_less_than_a_week(postgres: Scratch) -> None:
    crowded(postgres)
    outcome = judged(postgres, CHECK, days=6)
    assert not outcome.findings
    assert [one.what for one in outcome.skipped] == [CHECK]


def test_silent_on_fewer_than_four_indexes_that_nothing_requires(postgres: Scratch) -> None:
    crowded(postgres, (*FIVE[:2], "(a, b, c, d, e)"))
    postgres.execute("ALTER TABLE item ADD UNIQUE (b, a), ADD UNIQUE (c, a), ADD UNIQUE (d, a)")
    assert not found(postgres, CHECK)


def test_silent_where_the_indexes_are_smaller_than_the_table(postgres: Scratch) -> None:
    rows(postgres, 60_000, f"{COLUMNS}, f text", f"{VALUES}, repeat(md5(n::text), 6)")
    postgres.execute("; ".join(f"CREATE INDEX i_{letter} ON item ({letter})" for letter in "abcd"))
    assert (the_table(read(postgres)).index_bytes or 0) > 10 * 1024 * 1024
    assert not found(postgres, CHECK)


def test_silent_on_a_table_of_small_indexes(postgres: Scratch) -> None:
    crowded(postgres, number=10_100)
    table = the_table(read(postgres))
    assert (table.index_bytes or 0) < 10 * 1024 * 1024
    assert not found(postgres, CHECK)


def test_silent_where_it_is_read_as_often_as_it_is_written(postgres: Scratch) -> None:
    crowded(postgres)
    use(postgres, "PERFORM FROM item WHERE id = i", NUMBER)
    assert not found(postgres, CHECK)


def test_silent_where_fewer_than_10_000_rows_were_written(postgres: Scratch) -> None:
    crowded(postgres)
    postgres.execute("SELECT pg_stat_force_next_flush(); SELECT pg_stat_reset_single_table_counters('item'::regclass)")
    postgres.execute("UPDATE item SET a = a || 'x' WHERE id < 9000")
    assert not found(postgres, CHECK)


def test_silent_on_a_link_table_whose_keys_are_larger_than_its_rows(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE one (id bigint PRIMARY KEY)")
    rows(postgres, 150_000, "a bigint, b bigint, c bigint, d bigint", "n, n, n, n")
    postgres.execute("INSERT INTO one SELECT id FROM item")
    for letter in "abcd":
        postgres.execute(f"ALTER TABLE item ADD FOREIGN KEY ({letter}) REFERENCES one (id)")
        postgres.execute(f"CREATE INDEX i_{letter} ON item ({letter})")
    table = the_table(read(postgres))
    assert (table.index_bytes or 0) > (table.bytes or 0)
    assert not found(postgres, CHECK)


@pytest.mark.parametrize("scans", [0, 7])
def test_finds_a_table_whose_indexes_outweigh_it_and_names_the_least_read(postgres: Scratch, scans: int) -> None:
    crowded(postgres)
    for place, letter in enumerate("abcde"):
        if place != 3:
            use(postgres, f"PERFORM FROM item WHERE {letter} = 'x'", scans)
    (one,) = found(postgres, CHECK)
    assert (one.severity, one.confidence, one.key) == ("info", "medium", "over_indexed_table:item")
    evidence = facts(one)
    assert evidence["indexes that nothing requires"] == 5
    assert evidence["rows written"] == NUMBER
    assert evidence["scans of that index"] == 0
    if scans:
        assert evidence["least read"] == "i3 (d, e)"
    shown = postgres.rows(one.remedy.sql)
    assert len(shown) == 6
    assert shown[0][1] == 0
