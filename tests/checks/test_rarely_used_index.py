from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.measuring import measured
from tests.checks.usage import counted as read
from tests.checks.usage import facts, found, judged, rows, the_index, use
from tests.scratch import Scratch

CHECK = "rarely_used_index"
#: 12,000 entries of about 1,000 bytes that do not compress.
WIDE = "(SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 31) AS i)"
LOOK = "PERFORM FROM item WHERE a = 'x'"


def written(postgres: Scratch, index: str = "CREATE INDEX i ON item (a)", number: int = 12_000) -> None:
    """A table whose index takes more than 10 MiB."""
    rows(postgres, number, "a text, b bigint", f"{WIDE}, 1")
    postgres.execute(f"{index}; ANALYZE item")


def test_says_that_it_did_not_judge_where_the_server_counts_for_less_than_a_week(postgres: Scratch) -> None:
    written(postgres)
    use(postgres, LOOK)
    outcome = judged(postgres, CHECK, days=6)
    assert not outcome.findings
    assert [one.what for one in outcome.skipped] == [CHECK]


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("r18 unique", "CREATE UNIQUE INDEX i ON item (a)"),
        ("r18 clustered", "CREATE INDEX i ON item (a); ALTER TABLE item CLUSTER ON i"),
        ("smaller than 10 MiB", "CREATE INDEX i ON item (left(a, 9))"),
    ],
)
def test_silent_on_what_enforces_something_and_on_small_indexes(postgres: Scratch, rule: str, index: str) -> None:
    written(postgres, index)
    use(postgres, "PERFORM FROM item WHERE left(a, 9) = 'x'" if "left" in index else LOOK)
    assert not found(postgres, CHECK), rule


def test_silent_on_r18_the_only_index_of_a_foreign_key(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE parent (a text PRIMARY KEY)")
    rows(postgres, 12_000, "a text", WIDE)
    postgres.execute("CREATE INDEX i ON item (a); ANALYZE item")
    postgres.execute("INSERT INTO parent SELECT a FROM item; ALTER TABLE item ADD FOREIGN KEY (a) REFERENCES parent")
    use(postgres, LOOK)
    assert not found(postgres, CHECK)


def test_silent_where_fewer_than_10_000_entries_were_written(postgres: Scratch) -> None:
    written(postgres)
    postgres.execute("SELECT pg_stat_force_next_flush(); SELECT pg_stat_reset_single_table_counters('item'::regclass)")
    postgres.execute("UPDATE item SET a = a || 'x' WHERE id < 5000")
    use(postgres, LOOK)
    assert not found(postgres, CHECK)


def test_silent_where_it_was_never_read_because_that_is_unused_index(postgres: Scratch) -> None:
    written(postgres)
    assert not found(postgres, CHECK)


def test_silent_where_it_is_read_once_for_a_hundred_writes(postgres: Scratch) -> None:
    written(postgres)
    use(postgres, LOOK, 121)
    assert not found(postgres, CHECK)


def test_the_scans_of_an_earlier_audit_count_and_this_one_s_come_later(postgres: Scratch) -> None:
    written(postgres)
    use(postgres, LOOK)
    (before,) = found(postgres, CHECK)
    measured(postgres, "by a", lambda: postgres.rows("SELECT id FROM item WHERE a = 'x'"))
    scans = the_index(read(postgres), "i").scans or 0
    assert facts(before)["scans"] == 1
    assert scans > 1
    assert [facts(one)["scans"] for one in found(postgres, CHECK)] == [scans]


def test_silent_where_a_few_scans_read_the_whole_table(postgres: Scratch) -> None:
    written(postgres)
    postgres.execute("SET enable_sort = off")
    use(postgres, "PERFORM id FROM item ORDER BY a")
    postgres.execute("RESET enable_sort")
    assert (the_index(read(postgres), "i").scans, the_index(read(postgres), "i").tuples_read) == (1, 12_000)
    assert not found(postgres, CHECK)


def test_silent_on_heap_only_updates_which_write_no_index(postgres: Scratch) -> None:
    written(postgres)
    postgres.execute("SELECT pg_stat_force_next_flush(); SELECT pg_stat_reset_single_table_counters('item'::regclass)")
    use(postgres, "UPDATE item SET b = b + 1 WHERE id = 7", 100)
    use(postgres, LOOK)
    (table,) = (one for one in read(postgres).tables if one.name == "item")
    assert table.statistics
    assert (table.statistics.updated, table.statistics.entries_written or 0) > (0, 0)
    assert (table.statistics.entries_written or 0) < (table.statistics.updated or 0)
    assert not found(postgres, CHECK)


@isolate_apps("tests")
def test_finds_an_index_that_is_written_a_hundred_times_for_each_scan(postgres: Scratch) -> None:
    class Item(models.Model):
        a = models.TextField()

        class Meta:
            app_label = "tests"
            db_table = "item"
            indexes = (models.Index(fields=["a"], name="item_text"),)

    postgres.create(Item)
    fill = f"INSERT INTO item (a) SELECT {WIDE} FROM generate_series(1, 12000) AS n"
    postgres.execute(f"{fill}; ANALYZE item")
    use(postgres, LOOK, 3)
    (one,) = found(postgres, CHECK, Item._meta.apps)
    assert (one.severity, one.confidence, one.model) == ("info", "low", "tests.Item")
    assert {name: facts(one)[name] for name in ("scans", "entries written")} == {"scans": 3, "entries written": 12_000}
    assert "item_text" in one.remedy.orm
    postgres.execute(one.remedy.sql)
    assert not found(postgres, CHECK, Item._meta.apps)
    postgres.execute(one.remedy.undo_sql)
    assert the_index(read(postgres), "item_text").usable
