"""Indexes of partitioned tables: one partition at a time, never all of them locked."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

from typing import Any

import pytest

from dbaudit.apply import rendering, running, undoing
from dbaudit.apply.advice import Advice
from dbaudit.apply.journal import Journal
from dbaudit.apply.plan import Choice, plan
from dbaudit.apply.recording import Undoing
from dbaudit.apply.steps import Plan
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import CreateIndex
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


# -- what the plan says --------------------------------------------------------------------------------------------


def planned(sales: Run, **choice: Any) -> Plan:
    """The plan of an index on sales.kind, as the command shows it."""
    action = CreateIndex(table="sales", columns=("kind",), name="sales_kind_idx")
    wanted = Advice(key="k", title="t", action=action)
    made = plan(sales.scratch.snapshot(), [wanted], Choice(**choice))
    return running.spelled(sales.scratch.connection, made)


def test_the_plan_shows_the_statements_of_every_partition_and_the_script_does_what_the_run_does(sales: Run) -> None:
    made = planned(sales)
    (step,) = made.steps
    lines = step.sql.splitlines()
    assert lines[0].startswith('CREATE INDEX "sales_kind_idx" ON ONLY "sales" ("kind")')
    assert [line for line in lines if "CONCURRENTLY" in line and "sales_2" in line] == [lines[4], lines[6]]
    assert 'ON ONLY "sales_2" ("kind")' in lines[3]
    assert sum("ATTACH PARTITION" in line for line in lines) == 5
    assert "ON ONLY" in step.lock
    assert "ATTACH" in step.lock
    assert "nobody who reads or writes" not in rendering.text(made)
    sales.scratch.execute(rendering.as_sql(made))
    assert invalid(sales.scratch) == []
    by_hand = sales.scratch.rows("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
    sales.scratch.execute("DROP INDEX sales_kind_idx")
    assert sales.outcomes(step) == ["built"]
    assert sales.scratch.rows("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1") == by_hand


def test_partitions_in_other_schemas_are_named_with_them(sales: Run) -> None:
    sales.scratch.execute("CREATE SCHEMA parts; ALTER TABLE sales_1 SET SCHEMA parts")
    (step,) = (made := planned(sales)).steps
    assert 'ON "parts"."sales_1" ("kind");' in step.sql
    sales.scratch.execute(rendering.as_sql(made))
    assert invalid(sales.scratch) == []


def half(sales: Run) -> None:
    """An index of sales of which one partition has its part."""
    sales.scratch.execute("""
        CREATE INDEX theirs ON ONLY sales (kind);
        CREATE INDEX theirs_1 ON sales_1 (kind);
        ALTER INDEX theirs ATTACH PARTITION theirs_1
    """)


def test_a_half_attached_index_is_completed_by_a_step_and_is_valid_afterwards(sales: Run) -> None:
    half(sales)
    made = plan(sales.scratch.snapshot(), [], Choice())
    (step,) = running.spelled(sales.scratch.connection, made).steps
    assert step.completes
    assert "some partitions have no part of it" in step.title
    assert "sales_1" not in step.sql
    assert "ON ONLY" not in step.sql.splitlines()[0] or '"sales_2"' in step.sql.splitlines()[0]
    assert made.invalid == ()
    assert sales.outcomes(step) == ["built"]
    assert invalid(sales.scratch) == []
    assert plan(sales.scratch.snapshot(), [], Choice()).steps == ()


def test_what_is_advised_and_stands_half_attached_is_completed_and_not_built_beside_it(sales: Run) -> None:
    half(sales)
    (step,) = planned(sales).steps
    assert (step.definition.name, step.completes, step.key) == ("theirs", True, "k")


def test_a_completed_index_is_no_model_s_matter_and_its_undo_leaves_what_stood_before(sales: Run) -> None:
    half(sales)
    (step,) = plan(sales.scratch.snapshot(), [], Choice()).steps
    sales(step)
    (run,) = sales.journal.runs()
    assert undoing.steps(run, Dialect("postgresql")) == ()
    assert "undo     none: PostgreSQL takes no part" in "\n".join(rendering.step(step))


def test_where_only_another_index_is_asked_for_a_half_attached_one_is_told(sales: Run) -> None:
    half(sales)
    made = plan(sales.scratch.snapshot(), [], Choice(only=("something else",)))
    assert made.steps == ()
    assert [one.title for one in made.invalid] == [
        "Index theirs of the partitioned table is invalid: some partitions have no part of it"
    ]
