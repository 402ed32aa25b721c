"""What keeps VACUUM from its work, and keys that outgrow their index."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps import apps as installed

from dbaudit import checks
from dbaudit.checks.vacuum_held_back import LONG_S, MUCH_LOG, OLD_AGE
from dbaudit.facts import Holder
from dbaudit.registry import registered
from tests.scratch import Scratch

SLOT = Holder(kind="replication slot", name="reports", active=False, age=10, wal_bytes=10)
PREPARED = Holder(kind="prepared transaction", name="it's", active=True, age=10, seconds=10)


def _held_back(postgres: Scratch, *holders: Holder) -> list[tuple[str, str]]:
    snapshot = postgres.snapshot()
    assert snapshot.posture
    assert snapshot.server
    server = replace(snapshot.server, holders=holders)
    snapshot = replace(snapshot, posture=replace(snapshot.posture, server=server))
    checks.load(installed)
    outcome = checks.run(snapshot, [one for one in registered() if one.id == "vacuum_held_back"])
    return [(one.key, one.remedy.sql) for one in outcome.findings]


def test_silent_on_slots_that_keep_up_and_transactions_that_were_just_prepared(postgres: Scratch) -> None:
    busy = replace(SLOT, active=True, wal_bytes=MUCH_LOG)
    assert _held_back(postgres, SLOT, busy, PREPARED, replace(SLOT, age=None, wal_bytes=None)) == []


@pytest.mark.parametrize(
    ("holder", "sql"),
    [
        (replace(SLOT, wal_bytes=MUCH_LOG), "SELECT pg_drop_replication_slot('reports');"),
        (replace(SLOT, active=True, age=OLD_AGE), "SELECT pg_drop_replication_slot('reports');"),
        (replace(PREPARED, seconds=LONG_S), "ROLLBACK PREPARED 'it''s';"),
    ],
)
def test_finds_slots_and_prepared_transactions_that_hold_something(postgres: Scratch, holder: Holder, sql: str) -> None:
    assert _held_back(postgres, holder) == [(f"vacuum_held_back:{holder.kind}:{holder.name}", sql)]


def test_slots_are_read_with_what_they_hold(postgres: Scratch) -> None:
    postgres.execute("SELECT pg_create_physical_replication_slot('dbaudit_test', true)")
    try:
        server = postgres.snapshot().server
        assert server
        (holder,) = [one for one in server.holders or () if one.name == "dbaudit_test"]
    finally:
        postgres.execute("SELECT pg_drop_replication_slot('dbaudit_test')")
    assert (holder.kind, holder.active, holder.age, holder.seconds) == ("replication slot", False, None, None)
    assert holder.wal_bytes is not None


# -- autovacuum ----------------------------------------------------------------------------------------------------


def test_silent_where_autovacuum_is_on_and_on_small_tables(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE plain (id int PRIMARY KEY) WITH (autovacuum_vacuum_scale_factor = 0.01);
        CREATE TABLE small (id int PRIMARY KEY) WITH (autovacuum_enabled = off);
        INSERT INTO plain SELECT generate_series(1, 2000);
    """)
    assert not postgres.findings("autovacuum_off")


def test_finds_a_table_without_autovacuum_and_switches_it_on(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id int PRIMARY KEY) WITH (autovacuum_enabled = off);
        INSERT INTO item SELECT generate_series(1, 2000);
    """)
    (found,) = postgres.findings("autovacuum_off")
    assert (found.key, found.severity) == ("autovacuum_off:item", "warning")
    postgres.execute(found.remedy.sql)
    assert not postgres.findings("autovacuum_off")
    postgres.execute(found.remedy.undo_sql)
    assert postgres.findings("autovacuum_off")


@pytest.mark.parametrize("name", ["autovacuum", "track_counts"])
def test_finds_a_server_without_it(postgres: Scratch, name: str) -> None:
    snapshot = postgres.snapshot()
    settings = tuple({**dict(snapshot.settings), name: "off"}.items())
    checks.load(installed)
    chosen = [one for one in registered() if one.id == "autovacuum_off"]
    (found,) = checks.run(replace(snapshot, settings=settings), chosen).findings
    assert found.key == f"autovacuum_off:{name}"
    assert f"ALTER SYSTEM SET {name} = on;" in found.remedy.sql
    unseen = checks.run(replace(snapshot, settings=()), chosen)
    assert [one.what for one in unseen.skipped] == ["autovacuum_off"]


# -- keys that outgrow their index ---------------------------------------------------------------------------------

TEXT = """
    CREATE TABLE item (id int PRIMARY KEY, body text, code varchar(100), state text);
    CREATE INDEX item_code ON item (code);
    CREATE INDEX item_state ON item (state);
    CREATE INDEX item_hash ON item USING hash (body);
    CREATE INDEX item_part ON item (body) WHERE id < 0;
    CREATE INDEX item_left ON item (left(body, 20));
    INSERT INTO item VALUES (1, repeat(md5('x'), 60), 'c', 'new'), (2, NULL, NULL, NULL);
"""


def test_silent_on_short_texts_and_where_no_b_tree_has_the_long_one(postgres: Scratch) -> None:
    postgres.execute(TEXT)
    assert not postgres.findings("oversized_index_key")


@pytest.mark.parametrize(
    ("index", "advice"),
    [
        ("INDEX i ON item (body)", "HashIndex(fields=['body']"),
        ("UNIQUE INDEX i ON item (body)", "UniqueConstraint(MD5('body')"),
        ("INDEX i ON item (id) INCLUDE (body)", "Leave body out of the index"),
        ("INDEX i ON item (id, body)", "Leave body out of the index"),
    ],
)
def test_finds_a_b_tree_on_text_that_is_nearly_too_long(postgres: Scratch, index: str, advice: str) -> None:
    postgres.execute(TEXT)
    postgres.execute(f"CREATE {index}")
    (found,) = postgres.findings("oversized_index_key")
    assert found.severity == "warning"
    assert "has 1,920 bytes" in found.detail
    assert advice in found.remedy.orm


def test_a_table_that_is_too_large_to_be_read_is_named_as_not_examined(postgres: Scratch) -> None:
    postgres.execute(TEXT + "CREATE INDEX i ON item (body)")
    assert not postgres.findings("oversized_index_key", count_limit_bytes=1)
    skipped = postgres.snapshot(count_limit_bytes=1).skipped
    assert [one.what for one in skipped if "longest" in one.what] == ["longest indexed values of item"]
    assert postgres.findings("oversized_index_key", count_limit_bytes=1, read_data=True)
