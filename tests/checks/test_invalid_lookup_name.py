from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.checks.queries import found
from tests.scratch import Scratch
from tests.workload.models import Author, Biography, Book

CHECK = "invalid_lookup_name"


@pytest.mark.parametrize(
    "task",
    [
        lambda: Author.objects.prefetch_related("book_set__readers", "life"),
        lambda: Author.objects.select_related("publisher").order_by("publisher__name"),
        lambda: Author.objects.get(name="nobody"),
        lambda: Author.objects.first().nothing,
    ],
)
def test_silent_where_names_resolve_or_something_else_fails(library: Scratch, task: Callable[[], Any]) -> None:
    assert not found(library, CHECK, task)


@pytest.mark.parametrize(
    ("task", "model", "name", "nearest"),
    [
        (lambda: Author.objects.prefetch_related("books"), "tests.Author", "books", "book_set"),
        (lambda: Author.objects.prefetch_related("biography_set"), "tests.Author", "biography_set", "life"),
        (lambda: Book.objects.prefetch_related("author__lives"), "tests.Author", "lives", "life"),
        (lambda: Author.objects.select_related("publishers"), "tests.Author", "publishers", "publisher"),
        (lambda: Author.objects.filter(nam="x"), "tests.Author", "nam", "name"),
        (lambda: Author.objects.filter(publisher__nme="x"), "tests.Publisher", "nme", "name"),
        (lambda: Author.objects.order_by("naem"), "tests.Author", "naem", "name"),
        (lambda: Biography.objects.only("txt"), "tests.Biography", "txt", "text"),
        (lambda: Biography.objects.defer("txt"), "tests.Biography", "txt", "text"),
    ],
)
def test_finds_a_wrong_name_and_offers_the_nearest(
    library: Scratch, task: Callable[[], Any], model: str, name: str, nearest: str
) -> None:
    (finding,) = found(library, CHECK, task)
    assert finding.severity == "error"
    assert finding.subject == f"{model} has no {name!r} to ask for"
    assert f"The nearest valid name is {nearest!r}." == finding.remedy.orm


def test_finds_a_wrong_prefetch_of_an_empty_table(library: Scratch) -> None:
    Book.objects.all().delete()
    (finding,) = found(library, CHECK, lambda: Book.objects.prefetch_related("reader"))
    assert finding.remedy.orm == "The nearest valid name is 'readers'."
