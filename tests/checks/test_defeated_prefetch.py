from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Prefetch

from tests.checks.queries import found, judged, tried
from tests.scratch import Scratch
from tests.workload.models import Author, Book

CHECK = "defeated_prefetch"


def used() -> list[int]:
    return [len(author.book_set.all()) for author in Author.objects.prefetch_related("book_set")]


def chosen() -> list[Any]:
    first = Prefetch("book_set", queryset=Book.objects.filter(title="Book 1"), to_attr="chosen")
    return [author.chosen for author in Author.objects.prefetch_related(first)]


def one_more() -> int:
    authors = list(Author.objects.prefetch_related("book_set"))
    return int(authors[0].book_set.filter(title="Book 1").count())


def filtered() -> list[Any]:
    return [list(author.book_set.filter(title="Book 1")) for author in Author.objects.prefetch_related("book_set")]


def first() -> list[Any]:
    return [author.book_set.order_by("-title").first() for author in Author.objects.prefetch_related("book_set")]


def test_silent_where_the_prefetch_is_used(library: Scratch) -> None:
    assert not found(library, CHECK, used)
    assert not found(library, CHECK, chosen)


def test_silent_where_one_row_asks_for_more(library: Scratch) -> None:
    assert not found(library, CHECK, one_more)


def test_finds_filters_and_orders_on_prefetched_relations(library: Scratch) -> None:
    for task in (filtered, first):
        (finding,) = found(library, CHECK, task)
        assert finding.identity == ("canned:x", "tests.Author.book_set")
        assert not found(library, "n_plus_one", task)


# -- the change ----------------------------------------------------------------------------------------------------


def by_the_row() -> list[Any]:
    authors = Author.objects.prefetch_related("book_set")
    return [list(author.book_set.filter(title__endswith=str(author.pk))) for author in authors]


def given_on() -> list[Any]:
    return [
        [author.book_set.filter(title="Book 1")][0].count() for author in Author.objects.prefetch_related("book_set")
    ]


def read_as_well() -> list[Any]:
    authors = Author.objects.prefetch_related("book_set")
    return [(len(author.book_set.all()), author.book_set.filter(title="Book 1").count()) for author in authors]


def written_meanwhile() -> int:
    number = 0
    for author in Author.objects.prefetch_related("book_set"):
        number += len(author.book_set.exclude(title="new"))
        Book.objects.create(title="another", author_id=Author.objects.latest("pk").pk)
    return number


def without_order() -> list[Any]:
    return [author.book_set.exclude(title="").first() for author in Author.objects.prefetch_related("book_set")]


def present() -> list[Any]:
    """Of each author."""
    authors = Author.objects.prefetch_related("book_set")
    return [author.name for author in authors if author.book_set.filter(title="Book 1").exists()]


@pytest.mark.parametrize("task", [by_the_row, given_on, read_as_well, written_meanwhile])
def test_no_change_is_advised_that_did_not_work_or_is_not_mechanical(library: Scratch, task: Callable[[], Any]) -> None:
    (finding,) = judged(library, CHECK, tried(library, task))
    assert finding.remedy.verification == ""
    assert "queryset=..." in finding.remedy.orm


@pytest.mark.parametrize(
    ("task", "choice", "read"),
    [
        (filtered, '.filter(title="Book 1")', "list(author.chosen_book_set)"),
        (first, '.order_by("-title")', "next(iter(author.chosen_book_set), None)"),
        (without_order, '.exclude(title="").order_by("pk")', "next(iter(author.chosen_book_set), None)"),
        (present, '.filter(title="Book 1")', "if bool(author.chosen_book_set)"),
    ],
)
def test_the_change_is_run_where_the_choice_is_the_same_for_every_row(
    library: Scratch, task: Callable[[], Any], choice: str, read: str
) -> None:
    (finding,) = judged(library, CHECK, tried(library, task))
    prefetch = f'Prefetch("book_set", queryset=Book.objects{choice}, to_attr="chosen_book_set")'
    assert finding.remedy.orm == f"prefetch_related({prefetch})"
    assert "the same result, 8 queries, " in finding.remedy.verification
    assert read in str(finding.remedy.facts()["after"])
