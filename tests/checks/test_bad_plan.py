from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.checks.queries import fill, found
from tests.scratch import Scratch
from tests.workload.conftest import stocked
from tests.workload.models import Author, Book

CHECK = "bad_plan"


def by_title() -> Any:
    return Book.objects.filter(title="Volume 7")


def page_by_title() -> Any:
    return Book.objects.order_by("title")[:20]


def test_silent_on_a_small_table(library: Scratch) -> None:
    assert not found(library, CHECK, by_title)
    assert not found(library, CHECK, page_by_title)


@pytest.mark.parametrize(
    "task",
    [
        Book.objects.all,
        Book.objects.order_by("-pk").all,
        lambda: Book.objects.filter(title__gte="Book"),
        lambda: Book.objects.filter(pk=7),
        lambda: Book.objects.filter(title__contains="7"),
        lambda: Author.objects.order_by("name")[:3],
        Book.objects.count,
    ],
)
def test_silent_where_what_is_read_is_wanted(library: Scratch, task: Callable[[], Any]) -> None:
    fill(library)
    assert not found(library, CHECK, task)


def test_silent_where_an_index_serves(library: Scratch) -> None:
    library.execute("CREATE INDEX by_title ON tests_book (title)")
    fill(library)
    assert not found(library, CHECK, by_title)
    assert not found(library, CHECK, page_by_title)


def test_finds_a_scan_that_throws_away_nearly_all_it_reads(library: Scratch) -> None:
    fill(library)
    (finding,) = found(library, CHECK, by_title)
    evidence = {one.what: one.value for one in finding.evidence}
    assert finding.identity[0] == "discarded by a scan"
    assert (finding.severity, finding.table, evidence["rows out"]) == ("info", "tests_book", 1)
    assert float(evidence["rows in"]) >= 6_000


def test_finds_a_table_that_is_sorted_for_one_page(library: Scratch) -> None:
    fill(library)
    (finding,) = found(library, CHECK, page_by_title)
    assert finding.identity[0] == "sorted for one page"
    assert "title" in finding.remedy.orm


def in_no_order() -> Any:
    return Book.objects.order_by("?")[:20]


def not_in_a_subquery() -> Any:
    return Book.objects.exclude(author__in=Author.objects.filter(name="Author 1").values("pk").order_by())[:1_000]


def by_the_name_of_the_author() -> Any:
    return Book.objects.select_related("author").order_by("author__name")[:20]


@pytest.mark.parametrize("task", [in_no_order, not_in_a_subquery])
def test_silent_where_no_index_can_help(library: Scratch, task: Callable[[], Any]) -> None:
    fill(library)
    assert not found(library, CHECK, task)


def test_the_table_that_is_sorted_is_named_and_not_the_largest(library: Scratch) -> None:
    fill(library)
    assert [finding.table for finding in found(library, CHECK, by_the_name_of_the_author)] == []
    house = Author.objects.all()[0].publisher_id
    Author.objects.bulk_create(Author(name=f"x{number}", publisher_id=house) for number in range(6_000))
    library.execute("ANALYZE")
    findings = found(library, CHECK, by_the_name_of_the_author)
    assert {finding.table for finding in findings} <= {"tests_author"}


def test_silent_where_an_index_has_the_order_and_the_planner_sorts_all_the_same(postgres: Scratch) -> None:
    with stocked(postgres):
        fill(postgres)
        postgres.execute("SET enable_indexscan = off; SET enable_indexonlyscan = off")
        assert found(postgres, CHECK, page_by_title)
        assert not found(postgres, CHECK, lambda: Book.objects.order_by("-pk")[:20])


def test_finds_an_index_that_is_built_for_one_execution(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE a (x integer); CREATE TABLE b (x integer, y integer)")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
    sqlite.execute(f"INSERT INTO a {numbers} SELECT i FROM n; INSERT INTO b {numbers} SELECT i, i FROM n")
    query = "SELECT a.x, b.y FROM a JOIN b ON b.x = a.x"
    assert [one.identity[0] for one in found(sqlite, CHECK, lambda: sqlite.rows(query))] == [
        "indexed for one execution"
    ]
