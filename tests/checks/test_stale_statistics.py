from __future__ import annotations

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.registry import registered
from tests.scratch import Scratch

CHECK = "stale_statistics"


def changed(scratch: Scratch, before: int, after: int, options: str = "") -> None:
    """A table analyzed at so many rows, into which so many more were inserted."""
    scratch.execute(f"CREATE TABLE item (id int){options}; INSERT INTO item SELECT generate_series(1, {before})")
    settled(scratch)
    scratch.execute(f"ANALYZE item; INSERT INTO item SELECT generate_series(1, {after})")
    settled(scratch)


def settled(scratch: Scratch) -> None:
    """Counters of this session are handed in when it ends."""
    scratch.connection.close()


def test_silent_below_twice_the_trigger(postgres: Scratch) -> None:
    changed(postgres, 100_000, 15_000)
    assert not postgres.findings(CHECK)


def test_silent_on_few_changes_of_a_small_table(postgres: Scratch) -> None:
    changed(postgres, 100, 5_000)
    assert not postgres.findings(CHECK)


def test_silent_where_the_table_s_own_parameters_let_more_pass(postgres: Scratch) -> None:
    changed(postgres, 100, 20_000, " WITH (autovacuum_analyze_threshold = 1000000)")
    assert not postgres.findings(CHECK)


def test_silent_on_a_table_that_was_never_analyzed_or_is_partitioned(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE fresh (id int); INSERT INTO fresh SELECT generate_series(1, 20000);
        CREATE TABLE whole (id int) PARTITION BY RANGE (id);
        CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (0) TO (100000);
        ANALYZE whole;
        INSERT INTO whole SELECT generate_series(1, 20000);
    """)
    settled(postgres)
    assert not postgres.findings(CHECK)


def test_what_is_not_counted_is_named_as_not_examined(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int); INSERT INTO item VALUES (1); ANALYZE item")
    postgres.execute("ALTER DATABASE scratch SET track_counts = off")
    settled(postgres)
    checks.load(installed)
    outcome = checks.run(postgres.snapshot(), [one for one in registered() if one.id == CHECK])
    assert [(one.what, one.reason) for one in outcome.skipped] == [(CHECK, "item: Changes of rows were not counted.")]


def test_finds_a_table_that_changed_by_more_than_autovacuum_lets_pass(postgres: Scratch) -> None:
    changed(postgres, 100, 20_000, " WITH (autovacuum_enabled = off)")
    (found,) = postgres.findings(CHECK)
    assert (found.key, found.severity, found.category) == (CHECK + ":item", "warning", "operations")
    facts = {one.what: one.value for one in found.evidence}
    assert (facts["rows changed since ANALYZE"], facts["autovacuum"]) == (20_000, "off")
    postgres.execute(found.remedy.sql)
    settled(postgres)
    assert not postgres.findings(CHECK)
    table = postgres.snapshot().table("item")
    assert table
    assert table.options == ()
