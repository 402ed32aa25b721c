"""Partitions are folded into the table they belong to."""

from __future__ import annotations

from tests.catalog.reading import read, table
from tests.scratch import Scratch

PARTED = """
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE event (id int, at date, parent_id int REFERENCES parent, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE INDEX event_parent ON event (parent_id);
    CREATE TABLE event_2023 PARTITION OF event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
    CREATE TABLE event_2024_one PARTITION OF event_2024 FOR VALUES IN (1);
    CREATE TABLE event_2024_rest PARTITION OF event_2024 DEFAULT;
    INSERT INTO parent VALUES (1);
    INSERT INTO event SELECT g, '2023-05-05', 1 FROM generate_series(1, 300) g;
    INSERT INTO event VALUES (1, '2024-05-05', 1), (2, '2024-05-05', 1), (3, '2024-05-05', NULL);
"""


def test_r23_a_partitioned_table_stands_for_all_its_partitions(postgres: Scratch) -> None:
    postgres.execute(
        PARTED + "VACUUM ANALYZE event_2023; ANALYZE event_2024_one; ANALYZE event_2024_rest; ANALYZE parent"
    )
    event, parent = read(postgres.connection).tables
    assert (event.name, event.kind, event.partitions) == ("event", "partitioned table", 3)
    assert (event.rows, event.rows_are, event.stores_rows) == (303, "estimated", True)
    assert event.primary_key == ("id", "at")
    measured = postgres.rows(
        "SELECT sum(pg_table_size(relid))::int, sum(pg_indexes_size(relid))::int FROM pg_partition_tree('event')"
    )
    assert measured == [(event.bytes, event.index_bytes)]
    assert [(one.name, one.target_table) for one in event.foreign_keys] == [("event_parent_id_fkey", "parent")]
    assert [one.name for one in event.constraints] == ["event_pkey"]
    assert (parent.partitions, parent.kind) == (0, "table")


def test_r23_only_the_parents_indexes_are_there_and_they_add_up_their_parts(postgres: Scratch) -> None:
    postgres.execute(PARTED + "CREATE INDEX only_here ON event_2024_one (at)")
    postgres.execute("SET enable_seqscan = off; SELECT id FROM event WHERE id = 7 AND at = '2023-05-05'")
    postgres.connection.close()
    event = table(postgres, "event")
    assert [(one.name, one.partitioned, one.valid) for one in event.indexes] == [
        ("event_parent", True, True),
        ("event_pkey", True, True),
    ]
    by_parent, pkey = event.indexes
    assert postgres.rows("SELECT sum(pg_table_size(relid))::int FROM pg_partition_tree('event_parent')") == [
        (by_parent.bytes,)
    ]
    assert (by_parent.scans, pkey.scans) == (0, 1)
    assert pkey.constraint == "primary key"


def test_a_parents_index_is_invalid_until_every_partition_has_its_part(postgres: Scratch) -> None:
    postgres.execute(PARTED + "CREATE INDEX later ON ONLY event (at)")
    later = next(one for one in table(postgres, "event").indexes if one.name == "later")
    assert (later.partitioned, later.valid, later.building, later.bytes) == (True, False, False, 0)


def test_usage_is_summed_over_the_partitions(postgres: Scratch) -> None:
    postgres.execute(PARTED)
    postgres.connection.close()
    counted = table(postgres, "event").statistics
    assert counted is not None
    assert (counted.inserted, counted.live_rows) == (303, 303)


def test_a_partition_that_was_never_analyzed_hides_the_estimate_unless_it_is_empty(postgres: Scratch) -> None:
    postgres.execute(PARTED + "ANALYZE event_2023; ANALYZE event_2024_one")
    assert (table(postgres, "event").rows, table(postgres, "event").rows_are) == (None, "")
    postgres.execute("TRUNCATE event_2024_rest")
    assert (table(postgres, "event").rows, table(postgres, "event").rows_are) == (301, "estimated")


def test_the_planner_knows_columns_of_the_whole_only_after_analyzing_the_parent(postgres: Scratch) -> None:
    postgres.execute(PARTED + "ANALYZE event_2023; ANALYZE event_2024_one; ANALYZE event_2024_rest")
    event = table(postgres, "event")
    assert event.statistics is not None
    assert (event.statistics.analyzed, event.statistics.last_analyze) == (False, "")
    assert [column.statistics for column in event.columns] == [None, None, None]
    postgres.execute("ANALYZE event")
    event = table(postgres, "event")
    assert event.statistics is not None
    assert (event.statistics.analyzed, bool(event.statistics.last_analyze)) == (True, True)
    statistics = event.columns[0].statistics
    assert statistics is not None
    assert statistics.distinct == 300


def test_a_partitioned_table_without_partitions_is_empty(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE event (id int PRIMARY KEY) PARTITION BY RANGE (id)")
    event = table(postgres, "event")
    assert (event.partitions, event.rows, event.bytes, event.index_bytes) == (0, 0, 0, 0)
    assert event.statistics is not None
    assert event.statistics.inserted == 0


def test_a_foreign_key_to_a_partitioned_table_is_there_once(postgres: Scratch) -> None:
    postgres.execute(PARTED + "CREATE TABLE note (id int, at date, FOREIGN KEY (id, at) REFERENCES event)")
    assert [(one.target_table, one.target_columns) for one in table(postgres, "note").foreign_keys] == [
        ("event", ("id", "at"))
    ]
    assert [one.name for one in table(postgres, "event").indexes if one.referenced] == ["event_pkey"]


def test_partitions_in_a_schema_off_the_search_path_count_too(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE SCHEMA archive;
        CREATE TABLE event (id int) PARTITION BY RANGE (id);
        CREATE TABLE archive.event_old PARTITION OF event FOR VALUES FROM (0) TO (10);
        INSERT INTO event VALUES (1);
        ANALYZE archive.event_old;
        """
    )
    assert [(one.label, one.partitions, one.rows) for one in read(postgres.connection).tables] == [("event", 1, 1)]


def test_a_child_by_inheritance_is_a_table_of_its_own(postgres: Scratch) -> None:
    postgres.execute(
        """
        CREATE TABLE base (id int PRIMARY KEY);
        CREATE TABLE heir (extra int) INHERITS (base);
        INSERT INTO heir SELECT g, g FROM generate_series(1, 10) g;
        INSERT INTO base VALUES (11), (12);
        ANALYZE;
        """
    )
    base, heir = read(postgres.connection).tables
    assert [(one.kind, one.rows, one.partitions) for one in (base, heir)] == [("table", 2, 0), ("table", 10, 0)]
    assert base.columns[0].statistics is not None
    assert base.columns[0].statistics.distinct == 2
