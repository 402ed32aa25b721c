from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.checks.measuring import measured
from tests.checks.operations import judge
from tests.checks.usage import counted, facts, found, grow_old, hand_in, judged, rows, the_index, today
from tests.scratch import Scratch

CHECK = "unused_index"


def unread(postgres: Scratch, index: str = "CREATE INDEX spare ON item (a)", columns: str = "a int") -> None:
    """A table that is read, and an index that is not and is old enough to be judged."""
    rows(postgres, 60_000, columns)
    postgres.execute(index)
    grow_old(postgres)
    postgres.execute("ANALYZE item; SELECT * FROM item WHERE id = 7")


def test_says_that_it_did_not_judge_where_r17_the_server_counts_only_since_today(postgres: Scratch) -> None:
    unread(postgres)
    outcome = judged(postgres, CHECK, days=29)
    assert not outcome.findings
    assert [(one.what, one.reason) for one in outcome.skipped] == [
        (CHECK, f"The server counts since {today()}, 29 days; judging that takes 30.")
    ]


def test_says_that_it_did_not_judge_where_the_server_counts_nothing(postgres: Scratch) -> None:
    unread(postgres)
    postgres.execute("ALTER DATABASE scratch SET track_counts = off")
    postgres.connection.close()
    assert len(judged(postgres, CHECK).skipped) == 1


def test_silent_on_r17_an_index_that_is_new(postgres: Scratch) -> None:
    rows(postgres, 60_000)
    grow_old(postgres)
    postgres.execute("CREATE INDEX spare ON item (a); ANALYZE item; SELECT * FROM item WHERE id = 7")
    assert not found(postgres, CHECK)


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        ("unique", "CREATE UNIQUE INDEX spare ON item (a)"),
        ("a unique constraint", "ALTER TABLE item ADD UNIQUE (a)"),
        ("clustered", "CREATE INDEX spare ON item (a); ALTER TABLE item CLUSTER ON spare"),
        (
            "replica identity",
            (
                "ALTER TABLE item ALTER a SET NOT NULL; CREATE UNIQUE INDEX spare ON item (a);"
                " ALTER TABLE item REPLICA IDENTITY USING INDEX spare"
            ),
        ),
        ("exclusion", "ALTER TABLE item ADD EXCLUDE (a WITH =)"),
        ("smaller than a mebibyte", "CREATE INDEX spare ON item (a) WHERE a < 1000"),
        (
            "invalid",
            (
                "CREATE INDEX spare ON item (a);"
                " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'spare'::regclass"
            ),
        ),
    ],
)
def test_silent_on_r18_whatever_is_needed_without_being_read(postgres: Scratch, rule: str, index: str) -> None:
    unread(postgres, index)
    assert not found(postgres, CHECK), rule


def test_silent_on_r18_the_only_index_of_a_foreign_key(postgres: Scratch) -> None:
    unread(postgres, "CREATE INDEX spare ON item (a)", "a bigint REFERENCES item (id)")
    assert not found(postgres, CHECK)


def test_of_two_indexes_that_serve_a_foreign_key_one_stays(postgres: Scratch) -> None:
    both = "CREATE INDEX spare ON item (a); CREATE INDEX wider ON item (a, id)"
    unread(postgres, both, "a bigint REFERENCES item (id)")
    assert [one.identity for one in found(postgres, CHECK)] == [("(a, id)",)]


def test_silent_on_an_index_that_a_query_has_read(postgres: Scratch) -> None:
    unread(postgres)
    postgres.execute("SELECT * FROM item WHERE a = 7")
    assert not found(postgres, CHECK)
    assert the_index(counted(postgres), "spare").scans == 1


def test_silent_on_an_index_that_only_the_measured_queries_of_an_earlier_audit_have_read(postgres: Scratch) -> None:
    unread(postgres)
    first = counted(postgres)
    measured(postgres, "by a", lambda: postgres.rows("SELECT * FROM item WHERE a = 7"))
    assert [one.identity for one in judge(CHECK, first)] == [("(a)",)], "the counters were read before it measured"
    assert not found(postgres, CHECK)
    assert (the_index(counted(postgres), "spare").scans or 0) > 0


def test_silent_on_an_index_whose_last_scan_was_less_than_a_month_ago(postgres_versions: Scratch) -> None:
    """A server that has counted for longer than this test runs cannot be had: the snapshot says that it has."""
    unread(postgres_versions)
    postgres_versions.execute("SELECT * FROM item WHERE a = 7")
    snapshot = replace(counted(postgres_versions, days=29), statistics_since="2020-01-01T00:00:00Z")
    assert not judge(CHECK, snapshot)


def test_silent_where_nothing_reads_the_table_either(postgres: Scratch) -> None:
    rows(postgres, 60_000)
    postgres.execute("CREATE INDEX spare ON item (a)")
    grow_old(postgres)
    postgres.execute("ANALYZE item")
    hand_in(postgres)
    postgres.execute("SELECT pg_stat_reset_single_table_counters('item'::regclass)")
    assert not found(postgres, CHECK, count_limit_bytes=0)


def test_says_that_it_did_not_judge_r20_a_table_that_was_never_analyzed(postgres: Scratch) -> None:
    rows(postgres, 60_000)
    postgres.execute("CREATE INDEX spare ON item (a)")
    grow_old(postgres)
    postgres.execute("SELECT * FROM item WHERE id = 7")
    outcome = judged(postgres, CHECK)
    assert not outcome.findings
    assert [one.reason.partition(":")[0] for one in outcome.skipped] == ["item"]


def test_finds_r22_an_index_that_was_not_read_since_the_server_counts(postgres: Scratch) -> None:
    unread(postgres)
    (one,) = found(postgres, CHECK)
    assert (one.severity, one.confidence, one.key) == ("warning", "medium", "unused_index:item:(a)")
    assert one.subject == f"Index spare of item was not read since {today()}"
    assert "standbys" in one.detail
    assert facts(one)["scans"] == 0
    postgres.execute(one.remedy.sql)
    assert not found(postgres, CHECK)
    postgres.execute(one.remedy.undo_sql)
    assert the_index(counted(postgres), "spare").usable


def test_finds_an_index_whose_last_scan_was_long_ago_where_the_server_dates_it(postgres_versions: Scratch) -> None:
    unread(postgres_versions)
    postgres_versions.execute("SELECT * FROM item WHERE a = 7")
    told = [one.subject for one in found(postgres_versions, CHECK)]
    dated = postgres_versions.connection.pg_version >= 160000  # type: ignore[attr-defined]
    assert told == ([f"Index spare of item was not read since {today()}"] if dated else [])


def test_r19_an_index_over_an_expression_also_tells_the_planner_about_it(postgres: Scratch) -> None:
    unread(postgres, "CREATE INDEX spare ON item ((a + 1))")
    (one,) = found(postgres, CHECK)
    assert one.confidence == "low"
    assert "distributed" in one.detail


def test_r20_stale_statistics_make_it_less_sure(postgres: Scratch) -> None:
    unread(postgres)
    postgres.execute("UPDATE item SET a = a + 1 WHERE id > 40000")
    (one,) = found(postgres, CHECK)
    assert one.confidence == "low"
    assert "stale" in one.detail


def test_counting_the_rows_is_no_scan_of_an_index(postgres: Scratch) -> None:
    """A count of wide rows is planned by the smallest index, if it may: an audit would make it look used."""
    postgres.execute("SET synchronous_commit = on")  # so that VACUUM takes the rows for certain
    rows(postgres, 5_000, "a int, wide text", "n, repeat('x', 1000)")
    postgres.execute("CREATE INDEX spare ON item (a); VACUUM ANALYZE item")
    assert "Index Only" in str(postgres.rows("EXPLAIN SELECT count(*) FROM item"))
    counted(postgres)
    again = counted(postgres)
    assert the_index(again, "spare").scans == 0
    assert again.tables[0].rows == 5_000


@isolate_apps("tests")
def test_names_the_field_and_leaves_pattern_companions_to_a_check_of_their_own(postgres: Scratch) -> None:
    class Item(models.Model):
        code = models.CharField(max_length=40, db_index=True)
        number = models.IntegerField()

        class Meta:
            app_label = "tests"
            indexes = (models.Index(fields=["number"], name="item_number"),)

    postgres.create(Item)
    fill = "INSERT INTO tests_item (code, number) SELECT md5(n::text), n FROM generate_series(1, 60000) AS n"
    postgres.execute(fill, ())
    grow_old(postgres)
    postgres.execute("ANALYZE tests_item; SELECT * FROM tests_item WHERE id = 7")
    told = {one.identity[0]: one for one in found(postgres, CHECK, Item._meta.apps)}
    assert told.keys() == {"(code)", "(number)"}
    plain, number = told["(code)"], told["(number)"]
    assert plain.remedy.orm == "code = models.CharField(..., db_index=False)"
    companion = next(one for (one,) in postgres.rows("SELECT indexname FROM pg_indexes") if one.endswith("_like"))
    assert companion in plain.remedy.sql
    assert companion in plain.remedy.undo_sql
    assert plain.location
    assert plain.location.line != (number.location and number.location.line)
    assert "item_number" in number.remedy.orm
    assert (number.severity, number.model) == ("warning", "tests.Item")
