from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.checks.operations import judge, local, unjudged
from tests.scratch import Scratch

CHECK = "transaction_id_wraparound"


@contextmanager
def aged(postgres: Scratch, column: str, ids: int) -> Iterator[None]:
    """The catalog's word that the database's oldest id lies so many ids back, taken back at the end."""
    [(before,)] = postgres.rows(f"SELECT {column}::text FROM pg_database WHERE datname = current_database()")
    [(now,)] = postgres.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    update = f"UPDATE pg_database SET {column} = %s::text::xid WHERE datname = current_database()"
    postgres.execute(update, [str((now - ids) % 2**32)])
    try:
        yield
    finally:
        postgres.execute(update, [before])


def test_silent_on_a_database_that_vacuum_keeps_young(postgres: Scratch) -> None:
    assert not postgres.findings(CHECK)


def test_silent_below_half_of_the_horizon(postgres: Scratch) -> None:
    with aged(postgres, "datfrozenxid", 1_000_000_000):
        assert not postgres.findings(CHECK)


def test_r26_ages_that_were_not_seen_are_not_judged(postgres: Scratch) -> None:
    assert unjudged(CHECK, local(postgres.snapshot(), transaction_age=None))


@pytest.mark.parametrize(("ids", "severity"), [(1_100_000_000, "warning"), (1_700_000_000, "error")])
def test_finds_a_database_that_nothing_freezes(postgres: Scratch, ids: int, severity: str) -> None:
    with aged(postgres, "datfrozenxid", ids):
        (found,) = postgres.findings(CHECK)
    assert (found.key, found.severity) == (f"{CHECK}:transaction", severity)
    assert {one.what: one.value for one in found.evidence}["autovacuum_freeze_max_age"] == 200_000_000


def test_finds_multixact_ids_that_are_used_up(postgres: Scratch) -> None:
    (found,) = judge(CHECK, local(postgres.snapshot(), multixact_age=1_200_000_000))
    assert (found.key, found.severity) == (f"{CHECK}:multixact", "warning")
    assert found.subject == "56% of the multixact ids are used up"
    postgres.execute(found.remedy.sql.partition(";")[0])
