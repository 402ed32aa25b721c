"""Indexes of partitioned tables: one partition at a time, never all of them locked."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

import pytest

from dbaudit.apply import undoing
from dbaudit.apply.journal import Journal
from dbaudit.apply.recording import Undoing
from dbaudit.facts.dialect import Dialect
from tests.apply.applying import PHASES, Beside, Run, another, creation, holding, invalid, phase_of, until
from tests.apply.client import client

STEP = creation("sales", "sales_kind_idx", "(kind)", partitioned=True)
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
ATTACHED = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'sales_kind_idx'::regclass"


@pytest.fixture
def sales(run: Run) -> Run:
    """Runs on a table with three partitions, one of which has two of its own."""
    run.scratch.execute("""
        CREATE TABLE sales (day int NOT NULL, kind int) PARTITION BY RANGE (day);
        CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (0) TO (100);
        CREATE TABLE sales_2 PARTITION OF sales FOR VALUES FROM (100) TO (200) PARTITION BY LIST (kind);
        CREATE TABLE sales_2a PARTITION OF sales_2 FOR VALUES IN (1, 2, 3);
        CREATE TABLE sales_2b PARTITION OF sales_2 DEFAULT;
        CREATE TABLE sales_3 PARTITION OF sales DEFAULT;
        INSERT INTO sales SELECT n % 300, n % 7 FROM generate_series(1, 3000) n
    """)
    return run


def test_all_partitions_get_the_index_and_the_parent_s_is_valid(sales: Run) -> None:
    assert sales.outcomes(STEP) == ["built"]
    assert sales.scratch.rows(ATTACHED) == [(3,)]
    assert invalid(sales.scratch) == []
    assert sales.outcomes(STEP) == ["present"]


def test_an_index_that_a_partition_has_already_is_attached(sales: Run) -> None:
    sales.scratch.execute("CREATE INDEX theirs ON sales_1 (kind)")
    assert sales.outcomes(STEP) == ["built"]
    assert sales.scratch.rows("SELECT count(*) FROM pg_indexes WHERE tablename = 'sales_1'") == [(1,)]


def test_a_run_that_stopped_between_partitions_goes_on_where_it_was(sales: Run) -> None:
    standing = (
        "SELECT indexrelid FROM pg_index WHERE indrelid IN ('sales_1'::regclass, 'sales_2a'::regclass) ORDER BY 1"
    )
    with holding(sales.scratch, "UPDATE sales_3 SET kind = kind") as writer:
        (done,) = sales(STEP, max_wait=0.2)
        assert done.outcome == "failed"
        assert "could not be dropped and is invalid" in done.reason  # even a drop waits for writers
        first = sales.scratch.rows(standing)
        writer.close()
    assert sales.outcomes(STEP) == ["built"]
    assert sales.scratch.rows(standing) == first
    assert invalid(sales.scratch) == []


def test_a_backend_killed_between_partitions_costs_one_partition_s_attempt(sales: Run) -> None:
    with holding(sales.scratch, *SNAPSHOT) as snapshot, another(sales.scratch, autocommit=True) as eye:
        with Beside(lambda: sales.outcomes(STEP)) as beside:
            pid = until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            eye.execute("SELECT pg_terminate_backend(%s)", [pid])
            snapshot.close()
    assert beside.result == ["built"]
    assert invalid(sales.scratch) == []


def test_a_client_killed_between_partitions_is_followed_by_a_run_that_goes_on(sales: Run) -> None:
    standing = "SELECT indexrelid FROM pg_index WHERE indrelid::regclass::text IN ('sales_1', 'sales_2a') ORDER BY 1"
    with holding(sales.scratch, "UPDATE sales_3 SET kind = kind") as writer:
        with client(sales, STEP) as process, another(sales.scratch, autocommit=True) as eye:
            until(lambda: phase_of(eye, PHASES[0]), "the wait for the writer of the last partition")
            process.kill()
            process.wait()
        first = sales.scratch.rows(standing)
        (run,) = sales.journal.runs()
        writer.close()
    assert len(first) == 2
    assert sales.outcomes(*run.pending) == ["built"]
    assert sales.scratch.rows(standing) == first
    assert invalid(sales.scratch) == []


def test_the_parent_is_not_queued_for_while_somebody_writes_through_it(sales: Run) -> None:
    with holding(sales.scratch, "INSERT INTO sales VALUES (1, 1)") as writer:
        with another(sales.scratch, autocommit=True) as other, Beside(lambda: sales.outcomes(STEP)) as beside:
            until(lambda: any("waiting for a lock on sales" in line for line in sales.said), "a word of waiting")
            other.execute("SET statement_timeout = '5s'; INSERT INTO sales VALUES (1, 1)")
            writer.close()
    assert beside.result == ["built"]


def test_undo_takes_the_index_of_all_partitions_back(sales: Run) -> None:
    sales(STEP)
    (run,) = sales.journal.runs()
    steps = undoing.steps(run, Dialect("postgresql"))
    (done,) = sales(*steps, record=Undoing(Journal(sales.journal.path, run=run.id)))
    assert done.outcome == "dropped", done.reason
    assert sales.scratch.rows("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.needs("postgres_fdw")
def test_a_partition_that_is_a_foreign_table_is_named_before_anything_is_built(sales: Run) -> None:
    sales.scratch.execute("""
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
        CREATE FOREIGN TABLE sales_4 PARTITION OF sales FOR VALUES FROM (900) TO (901) SERVER elsewhere
    """)
    (done,) = sales(STEP)
    assert "The partition sales_4 is a foreign table" in done.reason
    assert sales.scratch.rows("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'") == [(0,)]
