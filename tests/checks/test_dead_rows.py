from __future__ import annotations

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.registry import registered
from tests.scratch import Scratch

CHECK = "dead_rows"


def deleted(scratch: Scratch, rows: int, dead: int, options: str = "") -> None:
    """A table of so many rows of which so many were deleted and not removed."""
    scratch.execute(f"CREATE TABLE item (id int){options}; INSERT INTO item SELECT generate_series(1, {rows})")
    scratch.execute(f"DELETE FROM item WHERE id <= {dead}")
    scratch.connection.close()  # the counters of a session are handed in when it ends


def test_silent_below_twice_the_trigger(postgres: Scratch) -> None:
    deleted(postgres, 100_000, 15_000)
    assert not postgres.findings(CHECK)


def test_silent_on_few_dead_rows(postgres: Scratch) -> None:
    deleted(postgres, 6_000, 5_000)
    assert not postgres.findings(CHECK)


def test_silent_where_the_table_s_own_parameters_let_more_pass(postgres: Scratch) -> None:
    deleted(postgres, 30_000, 20_000, " WITH (autovacuum_vacuum_threshold = 1000000)")
    assert not postgres.findings(CHECK)


def test_what_is_not_counted_is_named_as_not_examined(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int); ALTER DATABASE scratch SET track_counts = off")
    postgres.connection.close()
    checks.load(installed)
    outcome = checks.run(postgres.snapshot(), [one for one in registered() if one.id == CHECK])
    assert [(one.what, one.reason) for one in outcome.skipped] == [(CHECK, "item: Dead rows were not counted.")]


def test_finds_dead_rows_that_nothing_removes_and_vacuum_silences_the_check(postgres: Scratch) -> None:
    deleted(postgres, 30_000, 20_000)
    (found,) = postgres.findings(CHECK)
    assert (found.key, found.severity, found.category) == (CHECK + ":item", "warning", "operations")
    assert found.evidence[0].value == 20_000
    postgres.execute(found.remedy.sql)
    postgres.connection.close()
    assert not postgres.findings(CHECK)
