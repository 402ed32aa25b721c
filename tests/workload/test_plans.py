"""Plans on both vendors: one shape, and no value of a row in it."""

from __future__ import annotations

from typing import Any

import dbaudit
from dbaudit.facts import Plan
from dbaudit.report.plans import excerpt
from dbaudit.workload import plans
from dbaudit.workload.limits import Limits
from tests.scratch import Scratch
from tests.workload.conftest import AUTHORS
from tests.workload.models import Author, Book, Publisher


def explained(library: Scratch, queryset: Any, **limits: int) -> Plan:
    with dbaudit.capture() as run:
        list(queryset)
    (plan,) = plans.explain(library.connection, run.statements, Limits(**limits))
    return plan


def test_writes_failures_and_other_aliases_are_not_planned(library: Scratch) -> None:
    with dbaudit.capture() as run:
        Book.objects.update(title="x")
    assert plans.explain(library.connection, run.statements, Limits()) == ()


def test_a_statement_that_cannot_be_planned_has_no_plan_and_leaves_no_broken_transaction(library: Scratch) -> None:
    with dbaudit.capture() as run:
        list(Author.objects.all())
    library.execute("ALTER TABLE tests_author RENAME TO gone")
    assert plans.explain(library.connection, run.statements, Limits()) == ()
    assert library.rows("SELECT 1") == [(1,)]


def test_each_template_is_planned_once_and_no_more_than_the_limit(library: Scratch) -> None:
    with dbaudit.capture() as run:
        for name in ("a", "b"):
            Author.objects.filter(name=name).first()
        Book.objects.first()
    assert len(plans.explain(library.connection, run.statements, Limits())) == 2
    assert len(plans.explain(library.connection, run.statements, Limits(plans=1))) == 1


def test_a_scan_is_told_with_its_table_and_without_the_value(library: Scratch) -> None:
    plan = explained(library, Author.objects.filter(name="a secret"))
    (scan,) = (node for node in plan.nodes if node.access == "scan")
    assert scan.table == "tests_author"
    assert "secret" not in repr(plan)
    if library.vendor == "postgresql":
        assert plan.analyzed
        assert (scan.rows_actual, scan.rows_removed) == (0, AUTHORS)
        assert plan.cost is not None
        assert plan.execution_ms is not None


def test_a_slow_statement_is_planned_without_being_executed_again(library: Scratch) -> None:
    assert not explained(library, Author.objects.all(), analyze_ms=-1).analyzed


def test_lookups_by_key_and_index_are_told_apart_from_scans(library: Scratch) -> None:
    if library.vendor == "postgresql":
        library.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    key = explained(library, Author.objects.filter(pk=1)).nodes[-1]
    index = explained(library, Book.objects.filter(author_id=1)).nodes[-1]
    assert key.access == ("key" if library.vendor == "sqlite" else "index")
    assert (index.access, index.table) == ("index", "tests_book")
    assert index.index.startswith("tests_book_author_id")


def test_a_sort_is_told(library: Scratch) -> None:
    nodes = explained(library, Publisher.objects.order_by("name")).nodes
    assert {node.access for node in nodes} >= ({"scan", "temporary b-tree"} if library.vendor == "sqlite" else {"sort"})


def test_the_table_behind_an_alias_is_named(sqlite: Scratch) -> None:
    sql = 'SELECT 1 FROM "book" INNER JOIN "author" T3 ON (1) WHERE EXISTS(SELECT 1 FROM "reader" U0)'
    answer = [(2, 0, 0, "SCAN book"), (5, 0, 0, "SEARCH T3 USING AUTOMATIC COVERING INDEX (a=?)"), (9, 5, 0, "SCAN U0")]
    nodes = tuple(plans.sqlite_nodes(answer, sql))
    assert [(node.table, node.access, node.depth) for node in nodes] == [
        ("book", "scan", 0),
        ("author", "automatic index", 0),
        ("reader", "scan", 1),
    ]


def test_a_plan_is_shown_a_line_a_step_and_without_a_value(library: Scratch) -> None:
    plan = explained(library, Book.objects.filter(title="a secret").select_related("author").order_by("title")[:3])
    shown = excerpt(plan)
    assert "secret" not in shown
    steps = [line for line in shown.splitlines() if "tests_book" in line]
    assert steps
    assert len(shown.splitlines()) >= len(plan.nodes)
