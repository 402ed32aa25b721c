from __future__ import annotations

from typing import Any

import pytest
from django.core.paginator import Paginator

from dbaudit.findings import ChangeQuery
from tests.checks.queries import found, judged, tried
from tests.scratch import Scratch
from tests.workload.models import Author, Book

pytestmark = pytest.mark.parametrize("scratch", ["sqlite"], indirect=True)

CHECK = "wasted_statement"


# -- silent --------------------------------------------------------------------------------------------------------


def paginator() -> Any:
    page = Paginator(Book.objects.order_by("pk"), 5).page(1)
    return page.paginator.count, [book.title for book in page]


def count_of_all_and_a_slice() -> Any:
    books = Book.objects.order_by("pk")
    return books.count(), [book.title for book in books[:3]]


def count_alone() -> Any:
    books = Book.objects.filter(title__startswith="B")
    return books.count()


def exists_alone() -> Any:
    books = Book.objects.filter(title__startswith="B")
    return "some" if books.exists() else "none"


def other_values() -> Any:
    few = Book.objects.filter(pk__lt=3)
    return few.count(), [book.title for book in Book.objects.filter(pk__lt=9)]


def other_conditions() -> Any:
    books = Book.objects.filter(pk__lt=9)
    return books.count(), [book.title for book in books.filter(title__endswith="1")]


def written_in_between() -> Any:
    books = Book.objects.filter(title__startswith="B")
    before = books.count()
    Book.objects.filter(title="Book 1").update(title="Another")
    return before, [book.title for book in books]


def rows_are_read() -> Any:
    books = Book.objects.order_by("pk")
    return len(books), [book.title for book in books]


def one_row_is_read() -> Any:
    books = Book.objects.order_by("pk")
    return len(books), books[0].title


def few_rows() -> Any:
    authors = Author.objects.order_by("pk")
    return len(authors)


def handed_on() -> Any:
    books = Book.objects.order_by("pk")
    return list(books) if books else None


def counted_elsewhere(books: Any) -> int:
    return len(books)


def where_the_text_cannot_be_changed() -> Any:
    return counted_elsewhere(Book.objects.order_by("pk"))


def exists_saves_reading_rows_that_are_seldom_wanted() -> Any:
    books = Book.objects.filter(title="no such book")
    return [book.title for book in books] if books.exists() else []


@pytest.mark.parametrize(
    "task",
    [
        *(paginator, count_of_all_and_a_slice, count_alone, exists_alone, other_values, other_conditions),
        *(written_in_between, rows_are_read, one_row_is_read, few_rows, handed_on, where_the_text_cannot_be_changed),
        exists_saves_reading_rows_that_are_seldom_wanted,
    ],
)
def test_silent_on(library: Scratch, task: Any) -> None:
    assert judged(library, CHECK, tried(library, task)) == ()


@pytest.mark.parametrize("origin", ["captured", "automatic", "crawl"])
def test_silent_where_no_change_was_run(library: Scratch, origin: Any) -> None:
    assert found(library, CHECK, length, origin=origin) == ()


# -- found ---------------------------------------------------------------------------------------------------------


def length() -> Any:
    return len(Book.objects.order_by("pk"))


def length_of_a_name() -> Any:
    books = Book.objects.filter(title__startswith="B")
    number = len(books)
    return f"{number} books"


def truth() -> Any:
    books = Book.objects.filter(title__startswith="B")
    return "some" if not books else "none"


def count_before_the_rows() -> Any:
    books = Book.objects.filter(title__startswith="B").select_related("author")
    return books.count(), sorted(book.title for book in books)


def exists_before_the_rows() -> Any:
    books = Book.objects.filter(title__startswith="B").order_by("pk")
    if books.exists():
        return [book.title for book in books]
    return []


@pytest.mark.parametrize(
    ("task", "change", "figures"),
    [
        (
            length,
            'Book.objects.order_by("pk").count() in place of len(Book.objects.order_by("pk"))',
            " bytes of values ",
        ),
        (length_of_a_name, "books.count() in place of len(books)", "and 0 bytes of values after."),
        (truth, "books.exists() in place of books", "and 0 bytes of values after."),
        (count_before_the_rows, "len(books) in place of books.count()", "the same result, 2 queries, "),
        (exists_before_the_rows, "books in place of books.exists()", "the same result, 2 queries, "),
    ],
)
def test_what_was_asked_for_nothing_is_told_with_the_change_that_was_run(
    library: Scratch, task: Any, change: str, figures: str
) -> None:
    (finding,) = judged(library, CHECK, tried(library, task))
    assert finding.remedy.orm == change
    assert figures in finding.remedy.verification
    assert isinstance(finding.remedy.action, ChangeQuery)
    assert change.partition(" in place of ")[0] in finding.remedy.action.after
    assert finding.location is not None
    assert finding.location.file == "tests/checks/test_wasted_statement.py"
