"""Since when the server counts, and what it knows of indexes beside their definition."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.catalog.reading import index, read
from tests.scratch import Scratch, connected


def test_the_server_counts_since_its_counters_were_reset_or_lost(postgres: Scratch) -> None:
    """A database that was never reset has no moment of its own: it counts at most since the cluster began."""
    [(begin,)] = postgres.rows("SELECT stats_reset FROM pg_stat_archiver")
    since = read(postgres.connection).statistics_since
    assert since
    assert datetime.fromisoformat(since) >= begin.replace(microsecond=0)
    postgres.execute("SELECT pg_stat_reset(); SELECT pg_stat_force_next_flush()")
    [(reset,)] = postgres.rows("SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()")
    assert read(postgres.connection).statistics_since == reset.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_nobody_knows_since_when_where_the_server_counts_nothing(postgres: Scratch) -> None:
    postgres.execute("ALTER DATABASE scratch SET track_counts = off")
    postgres.connection.close()
    assert read(postgres.connection).statistics_since is None


def test_the_age_of_an_index_is_told_in_transactions(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (a int); CREATE INDEX i ON item (a)")
    before = index(postgres, "i").age
    postgres.execute("ANALYZE item; INSERT INTO item VALUES (1); INSERT INTO item VALUES (2)")
    after = index(postgres, "i").age
    assert before is not None
    assert after is not None
    assert before + 2 <= after <= before + 5


@pytest.mark.needs("icu")
def test_equal_keys_are_kept_once_where_equal_means_alike(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE item (a int, t text, n numeric, d float8, j jsonb, c text COLLATE caseless);
        CREATE INDEX i_a ON item (a);
        CREATE INDEX i_at ON item (a, t);
        CREATE INDEX i_n ON item (n);
        CREATE INDEX i_d ON item (d);
        CREATE INDEX i_j ON item (j);
        CREATE INDEX i_c ON item (c);
        CREATE INDEX i_an ON item (a, n);
        CREATE INDEX i_include ON item (a) INCLUDE (t);
        CREATE INDEX i_off ON item (a) WITH (deduplicate_items = off);
        CREATE INDEX i_hash ON item USING hash (a);
    """)
    (table,) = read(postgres.connection).tables
    assert {one.name for one in table.indexes if one.deduplicates} == {"i_a", "i_at"}


def test_the_fill_and_the_entries_of_an_index(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (a int); INSERT INTO item SELECT n FROM generate_series(1, 1000) AS n")
    postgres.execute("CREATE INDEX plain ON item (a); CREATE INDEX half ON item (a) WITH (fillfactor = 50)")
    assert (index(postgres, "plain").fillfactor, index(postgres, "plain").rows) == (None, 1_000)
    assert index(postgres, "half").fillfactor == 50


def test_statistics_of_expressions_are_there_once_analyzed_and_shown_to_the_owner_alone(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (a int, t text);
        INSERT INTO item SELECT n, CASE WHEN n % 4 = 0 THEN 'x' END FROM generate_series(1, 1000) AS n;
        CREATE INDEX i ON item (lower(t), a, (a % 10));
    """)
    assert index(postgres, "i").expression_statistics == ()
    postgres.execute("ANALYZE item")
    lower, rest = index(postgres, "i").expression_statistics or ()
    assert (lower.null_fraction, lower.distinct, rest.distinct, rest.width) == (0.75, 1, 10, 4)
    entry = postgres.role("visitor")
    postgres.execute("GRANT SELECT ON item TO visitor")
    with connected("visitor", entry) as connection:
        (table,) = read(connection).tables
    (seen,) = table.indexes
    assert seen.expression_statistics is None
    assert table.sampled
