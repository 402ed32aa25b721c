from __future__ import annotations

from typing import Any

from tests.checks.queries import fill, found, judged
from tests.scratch import Scratch
from tests.workload.models import Author, Book

CHECK = "large_in_list"


def keys() -> Any:
    return [len(Book.objects.filter(pk__in=list(range(1_200))))]


def few_keys() -> Any:
    return [len(Book.objects.filter(pk__in=list(range(900))))]


def subquery() -> Any:
    return [len(Book.objects.filter(author__in=Author.objects.all()))]


def prefetched() -> Any:
    return [len(book.readers.all()) for book in Book.objects.prefetch_related("readers")]


def deleted() -> Any:
    Author.objects.order_by("pk")[0].delete()
    return [Author.objects.count()]


def test_silent_where_nothing_was_measured(library: Scratch) -> None:
    assert judged(library, CHECK) == ()


def test_silent_on_short_lists_and_subqueries(library: Scratch) -> None:
    assert not found(library, CHECK, few_keys)
    assert not found(library, CHECK, subquery)


def test_silent_on_lists_that_django_makes(library: Scratch) -> None:
    fill(library, 1_500)
    assert not found(library, CHECK, prefetched)
    assert not found(library, CHECK, deleted)


def test_finds_a_list_of_many_values(library: Scratch) -> None:
    (finding,) = found(library, CHECK, keys)
    assert ("values in the list", 1_200) in [(one.what, one.value) for one in finding.evidence]
    assert finding.remedy.orm.startswith("Give __in the queryset")
