from __future__ import annotations

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.registry import registered
from tests.scratch import Scratch, connected

CHECK = "never_analyzed"
FILLED = "CREATE TABLE item (id int); INSERT INTO item SELECT generate_series(1, 2000);"


def test_silent_on_a_table_that_was_analyzed_once_however_the_counters_stand(postgres: Scratch) -> None:
    postgres.execute(FILLED)
    postgres.execute("ANALYZE item; SELECT pg_stat_reset()")
    assert not postgres.findings(CHECK)


def test_silent_on_small_tables(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int); INSERT INTO item SELECT generate_series(1, 900)")
    assert not postgres.findings(CHECK)


def test_silent_on_a_few_rows_that_could_not_be_counted(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int); INSERT INTO item SELECT generate_series(1, 900)")
    settings = postgres.role("reader")
    with connected("as_reader", settings) as connection:
        assert not Scratch(connection).findings(CHECK)


def test_finds_a_table_as_a_restore_leaves_it_and_its_statement_silences_the_check(postgres: Scratch) -> None:
    postgres.execute(FILLED)
    (found,) = postgres.findings(CHECK)
    assert (found.key, found.severity, found.category) == (CHECK + ":item", "warning", "operations")
    assert found.group
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)


def test_finds_a_partitioned_table_whose_partitions_alone_were_analyzed(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id int) PARTITION BY RANGE (id);
        CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (10000);
        INSERT INTO item SELECT generate_series(1, 2000);
        ANALYZE item_1;
    """)
    (found,) = postgres.findings(CHECK)
    assert found.detail == "Autovacuum never does that to a partitioned table."


def test_a_large_table_that_cannot_be_counted_is_judged_by_its_size(postgres: Scratch) -> None:
    postgres.execute(
        "CREATE TABLE item (a text); INSERT INTO item SELECT repeat('x', 1000) FROM generate_series(1, 3000)"
    )
    settings = postgres.role("reader")
    with connected("as_reader", settings) as connection:
        assert [one.table for one in Scratch(connection).findings(CHECK)] == ["item"]


def test_what_another_session_locks_is_named_as_not_examined_once(postgres: Scratch) -> None:
    checks.load(installed)
    check = [one for one in registered() if one.id == CHECK]
    postgres.execute(FILLED)
    with connected("locking", postgres.connection.settings_dict) as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE item")
        outcome = checks.run(postgres.snapshot(lock_timeout_ms=50), check)
        cursor.execute("ROLLBACK")
    assert not outcome.crashed
