from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Count
from django.forms.models import ModelChoiceField, ModelChoiceIterator

from tests.checks.queries import fill, found, judged, tried
from tests.scratch import Scratch
from tests.workload.models import Author, Book

CHECK = "unbounded_result"


def test_silent_on_a_small_table(library: Scratch) -> None:
    assert not found(library, CHECK, Book.objects.all)


@pytest.mark.parametrize(
    "task",
    [
        lambda: Book.objects.all()[:600],
        lambda: Book.objects.filter(title__startswith="Book"),
        lambda: Book.objects.values("title").annotate(number=Count("pk")),
        lambda: Author.objects.prefetch_related("book_set"),
        lambda: Book.objects.in_bulk(range(700)),
    ],
)
def test_silent_on_pages_parts_groups_prefetches_and_lists(library: Scratch, task: Callable[[], Any]) -> None:
    fill(library)
    assert not found(library, CHECK, task)


def test_finds_a_whole_table(library: Scratch) -> None:
    fill(library)
    (finding,) = found(library, CHECK, lambda: Book.objects.select_related("author"))
    assert (finding.severity, finding.table) == ("info", "tests_book")
    assert ("rows returned", 6012) in [(one.what, one.value) for one in finding.evidence]


def test_a_form_s_select_is_told_what_asks_for_fewer_rows(library: Scratch) -> None:
    fill(library)
    (finding,) = found(library, CHECK, lambda: list(ModelChoiceIterator(ModelChoiceField(Book.objects.all()))))
    assert "autocomplete_fields" in finding.remedy.orm
    (plain,) = found(library, CHECK, Book.objects.all)
    assert "Paginator" in plain.remedy.orm


def length() -> int:
    books = Book.objects.all()
    return len(books)


def test_silent_where_the_rows_were_only_counted(library: Scratch) -> None:
    fill(library)
    run = tried(library, length)
    assert not judged(library, CHECK, run)
    assert judged(library, "wasted_statement", run)
    assert judged(library, CHECK, replace(run, trials=()))
