from __future__ import annotations

from tests.checks.queries import fill, found
from tests.scratch import Scratch
from tests.workload.models import Book

CHECK = "deep_offset"


def test_silent_on_a_shallow_page_and_on_pages_by_key(library: Scratch) -> None:
    fill(library)
    assert not found(library, CHECK, lambda: Book.objects.order_by("pk")[100:120])
    assert not found(library, CHECK, lambda: Book.objects.filter(pk__gt=5_500).order_by("pk")[:20])


def test_silent_where_nothing_lies_so_deep(library: Scratch) -> None:
    assert not found(library, CHECK, lambda: Book.objects.order_by("pk")[5_500:5_520])


def test_finds_a_page_behind_thousands_of_rows(library: Scratch) -> None:
    fill(library)
    (finding,) = found(library, CHECK, lambda: Book.objects.order_by("pk")[5_500:5_520])
    assert ("rows skipped", 5_500) in [(one.what, one.value) for one in finding.evidence]
