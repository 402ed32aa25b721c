from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.checks.queries import fill, found
from tests.scratch import Scratch
from tests.workload.models import Author, Book

CHECK = "lookup_without_possible_index"


@pytest.mark.parametrize(
    "task",
    [
        lambda: Book.objects.filter(title="Volume 7"),
        lambda: Book.objects.filter(title__startswith="Volume 7"),
        lambda: Author.objects.filter(name__icontains="7"),
    ],
)
def test_silent_on_equality_on_a_fixed_beginning_and_on_small_tables(library: Scratch, task: Callable[[], Any]) -> None:
    fill(library)
    assert not found(library, CHECK, task)


def test_silent_where_an_index_on_the_expression_serves(library: Scratch) -> None:
    if library.vendor != "postgresql":
        pytest.skip("iexact is LIKE on SQLite")
    library.execute("CREATE INDEX upper_title ON tests_book (UPPER(title))")
    fill(library)
    assert not found(library, CHECK, lambda: Book.objects.filter(title__iexact="volume 7"))


@pytest.mark.parametrize("lookup", ["icontains", "contains", "iendswith"])
def test_finds_a_search_inside_a_text(library: Scratch, lookup: str) -> None:
    fill(library)
    (finding,) = found(library, CHECK, lambda: Book.objects.filter(**{f"title__{lookup}": "ume 77"}))
    assert finding.identity == ("search inside", "title")
    assert "ume 77" not in repr(finding)


def test_finds_a_comparison_in_upper_case(library: Scratch) -> None:
    if library.vendor != "postgresql":
        pytest.skip("iexact is LIKE on SQLite")
    fill(library)
    (finding,) = found(library, CHECK, lambda: Book.objects.filter(title__iexact="volume 7"))
    assert finding.identity == ("comparison in upper case", "title")
    assert finding.remedy.orm == 'models.Index(Upper("title"), name=...)'
