"""Counts of large tables are executed once in an audit, by whomever they are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.db import connections
from django.utils.functional import cached_property

from dbaudit import catalog
from dbaudit.facts import Snapshot
from dbaudit.workload.asking.surroundings import prepared
from dbaudit.workload.asking.visitor import Visitors
from dbaudit.workload.counts import Counts
from dbaudit.workload.fixes.estimating import PAGINATOR
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import admin_pages
from tests.scratch import Scratch
from tests.workload.models import Author


def large(snapshot: Snapshot, name: str) -> Snapshot:
    """The same with that table of four million rows, as its statistics would say."""
    tables = tuple(replace(table, rows=4_000_000) if table.name == name else table for table in snapshot.tables)
    return replace(snapshot, tables=tables)


def asked(connection: Any, task: Any) -> list[str]:
    """The counts that reach the database while a task runs."""
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.startswith("SELECT COUNT(*)"):
            seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        task()
    return seen


def test_counts_of_small_tables_are_executed_as_they_are_asked(library: Scratch) -> None:
    bench = Bench(library.connection, Limits(), counts=Counts(library.snapshot(Author._meta.apps)))
    counts = asked(library.connection, lambda: [bench.once(Author.objects.count) for _ in range(2)])
    assert len(counts) == 2


def test_the_same_count_of_a_large_table_is_executed_once(library: Scratch) -> None:
    counts = Counts(large(library.snapshot(Author._meta.apps), "tests_author"))
    bench = Bench(library.connection, Limits(), counts=counts)
    rows: list[int] = []
    texts = asked(
        library.connection,
        lambda: (
            [bench.once(lambda: rows.append(Author.objects.count())) for _ in range(3)]
            + [bench.once(lambda: rows.append(Author.objects.filter(name="x").count()))]
        ),
    )
    # Another question is another count; the answer in the place of a count is what the catalog knows.
    assert len(texts) == 2
    assert rows == [6, 4_000_000, 4_000_000, 0]
    texts = asked(
        library.connection, lambda: replace(bench, once_a_table=True).once(lambda: Author.objects.filter(pk=1).count())
    )
    assert texts == []


@pytest.mark.django_db
def test_an_admin_list_of_a_large_table_and_all_its_variants_count_once() -> None:
    for number in range(3):
        Group.objects.create(name=f"group {number}")
    connection = connections["default"]
    limits: dict[str, Any] = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000, "count_limit_bytes": 1 << 24}
    snapshot = large(catalog.read(connection, apps=apps, **limits), "auth_group")
    facts = next(model for model in snapshot.models if model.label == "auth.Group")
    bench = Bench(connection, Limits(), writes=True, counts=Counts(snapshot), once_a_table=True)
    found: list[Any] = []

    def task() -> None:
        with prepared(connection):
            visitors = Visitors(apps, bench)
            found.extend(admin_pages.changelists([(Group, facts)], visitors, bench))
            found.extend(admin_pages.variants([(Group, facts)], visitors, bench))

    texts = [sql for sql in asked(connection, task) if "auth_group" in sql]
    assert len(texts) == 1
    page = found[0]
    assert page.audited, page.reason
    assert page.samples_ms == ()
    assert [one.sql for one in page.statements if "COUNT(*)" in one.sql] == texts
    assert page.queries == len(page.statements) + 1  # the second count was asked for, and not executed
    (trial,) = page.trials
    assert trial.change == "show_full_result_count = False"  # SQLite keeps no number of rows
    assert trial.worked
    assert any(run.id.startswith("admin:auth.Group?") for run in found)


def test_the_paginator_that_is_advised_asks_the_statistics_and_counts_what_is_filtered(library: Scratch) -> None:
    if library.vendor != "postgresql":
        pytest.skip("only PostgreSQL's statistics are asked")
    library.execute("ANALYZE tests_author")
    names: dict[str, Any] = {"Paginator": Paginator, "cached_property": cached_property, "connections": connections}
    exec(PAGINATOR.replace("{table}", "tests_author"), names)  # noqa: S102 - as the advice is tried
    texts = asked(library.connection, lambda: names["EstimatingPaginator"](Author.objects.order_by("pk"), 2).count)
    assert texts == []
    everything = names["EstimatingPaginator"](Author.objects.order_by("pk"), 2)
    assert everything.count == 6
    assert names["EstimatingPaginator"](Author.objects.filter(name="Author 1").order_by("pk"), 2).count == 1
