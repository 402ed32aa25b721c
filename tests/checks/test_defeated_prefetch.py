from __future__ import annotations

from typing import Any

from django.db.models import Prefetch

from tests.checks.queries import found
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
