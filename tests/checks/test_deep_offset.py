from __future__ import annotations

from typing import Any

import pytest
from django.db.models.functions import Lower

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
    assert finding.remedy.orm == 'filter(id__gt=last).order_by("id")[:size]'


@pytest.mark.parametrize(
    ("order", "advice"),
    [
        (("-pk",), 'filter(id__lt=last).order_by("-id")[:size]'),
        (("-title",), 'filter(title__lt=last).order_by("-title", "-pk")[:size]; where several'),
        (("title", "pk"), 'filter(title__gt=last).order_by("title", "id")[:size]; where several'),
        (("?",), "Limit how deep a user may page"),
        ((Lower("title"),), "Limit how deep a user may page"),
        ((), "Give it an order"),
    ],
)
def test_advises_to_page_by_what_it_is_ordered_by(library: Scratch, order: tuple[Any, ...], advice: str) -> None:
    fill(library)
    (finding,) = found(library, CHECK, lambda: Book.objects.order_by(*order)[5_500:5_520])
    assert finding.remedy.orm.startswith(advice)
