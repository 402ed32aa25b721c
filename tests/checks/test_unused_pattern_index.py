from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from dbaudit.facts import Ownership, Snapshot
from tests.checks.measuring import judged_with, measured
from tests.checks.operations import judge
from tests.checks.usage import counted, grow_old, hand_in, judged, today
from tests.scratch import Scratch

CHECK = "unused_pattern_index"


def create(postgres: Scratch, **options: Any) -> type[models.Model]:
    class Item(models.Model):
        code = models.CharField(max_length=20, **options)

        class Meta:
            app_label = "tests"

    postgres.create(Item)
    postgres.execute("INSERT INTO tests_item (code) SELECT n::text FROM generate_series(1, 100) AS n")
    return Item


def aged(postgres: Scratch, **options: Any) -> type[models.Model]:
    """A table that was read, whose indexes are old enough to be judged."""
    model = create(postgres, **options)
    grow_old(postgres)
    postgres.execute("SELECT * FROM tests_item")
    return model


def equal(postgres: Scratch, model: type[models.Model], **lookup: str) -> Callable[[], list[Any]]:
    lookup = lookup or {"code": "7"}
    return lambda: list(model._base_manager.using(postgres.alias).filter(**lookup))


def with_workload(postgres: Scratch, model: type[models.Model], **lookup: str) -> Snapshot:
    """A month later, with this lookup measured; the table is too small for the index to be read by it."""
    run = measured(postgres, "query", equal(postgres, model, **lookup))
    return replace(counted(postgres, model._meta.apps), runs=(run,))


@isolate_apps("tests")
def test_says_that_it_did_not_judge_where_the_server_counts_only_since_today(postgres: Scratch) -> None:
    model = aged(postgres, unique=True)
    later = today() + timedelta(days=29)
    told = judged_with(CHECK, postgres, model._meta.apps, equal(postgres, model), today=later)
    assert not told.findings
    assert [one.what for one in told.skipped] == [CHECK]


@isolate_apps("tests")
def test_says_that_it_did_not_judge_where_no_query_was_measured(postgres: Scratch) -> None:
    told = judged(postgres, CHECK, aged(postgres, unique=True)._meta.apps)
    assert not told.findings
    assert [one.reason for one in told.skipped] == ["No query was measured."]


@pytest.mark.parametrize("lookup", ["code__startswith", "code__contains", "code__regex"])
@isolate_apps("tests")
def test_silent_where_a_measured_statement_matches_the_column(postgres: Scratch, lookup: str) -> None:
    assert not judge(CHECK, with_workload(postgres, aged(postgres, unique=True), **{lookup: "7"}))


@isolate_apps("tests")
def test_silent_where_the_index_was_read(postgres: Scratch) -> None:
    model = aged(postgres, unique=True)
    postgres.execute("SET enable_seqscan = off; SELECT * FROM tests_item WHERE code LIKE '7%'")
    hand_in(postgres)
    assert not judge(CHECK, with_workload(postgres, model))


@isolate_apps("tests")
def test_silent_where_the_index_is_young(postgres: Scratch) -> None:
    assert not judge(CHECK, with_workload(postgres, create(postgres, unique=True)))


@isolate_apps("tests")
def test_silent_where_nothing_has_read_the_table(postgres: Scratch) -> None:
    snapshot = with_workload(postgres, aged(postgres, unique=True))
    (table,) = snapshot.tables
    assert table.statistics
    unread = replace(table, statistics=replace(table.statistics, sequential_scans=0, index_scans=0))
    assert not judge(CHECK, replace(snapshot, tables=(unread,)))


@isolate_apps("tests")
def test_silent_where_no_other_index_has_the_column(postgres: Scratch) -> None:
    model = aged(postgres, db_index=True)
    (plain,) = [index for index in counted(postgres).tables[0].indexes if index.columns == ("code",)][:1]
    postgres.execute(f'DROP INDEX "{plain.name.removesuffix("_like")}"')
    assert not judge(CHECK, with_workload(postgres, model))


@isolate_apps("tests")
def test_silent_on_a_primary_key(postgres: Scratch) -> None:
    assert not judge(CHECK, with_workload(postgres, aged(postgres, primary_key=True)))


@isolate_apps("tests")
def test_silent_on_an_application_that_is_not_the_projects(postgres: Scratch) -> None:
    snapshot = with_workload(postgres, aged(postgres, unique=True))
    tables = tuple(replace(table, ownership=Ownership(owner="third-party")) for table in snapshot.tables)
    assert not judge(CHECK, replace(snapshot, tables=tables))


@pytest.mark.parametrize("option", ["unique", "db_index"])
@isolate_apps("tests")
def test_finds_an_index_for_patterns_that_nothing_asks_for(postgres: Scratch, option: str) -> None:
    model = aged(postgres, **{option: True})
    (found,) = judge(CHECK, with_workload(postgres, model, code__iexact="7"))
    assert (found.severity, found.identity) == ("info", ("(code varchar_pattern_ops)",))
    assert ("UniqueConstraint" if option == "unique" else "models.Index") in found.remedy.orm
    postgres.execute(found.remedy.sql)
    assert not judge(CHECK, with_workload(postgres, model))
    postgres.execute(found.remedy.undo_sql)
    grow_old(postgres)
    assert judge(CHECK, with_workload(postgres, model))
