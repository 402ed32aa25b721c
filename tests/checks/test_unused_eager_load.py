from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Prefetch

from dbaudit.findings import ChangeQuery
from tests.checks.queries import found, judged, measured, tried
from tests.scratch import Scratch
from tests.workload.models import Author, Book

pytestmark = pytest.mark.parametrize("scratch", ["sqlite"], indirect=True)

CHECK = "unused_eager_load"


# -- silent --------------------------------------------------------------------------------------------------------


def joined_and_read() -> Any:
    return [book.author.name for book in Book.objects.select_related("author")]


def prefetched_and_read() -> Any:
    return [[one.name for one in book.readers.all()] for book in Book.objects.prefetch_related("readers")]


def read_of_the_last_row_by_another_line() -> Any:
    books = list(Book.objects.select_related("author"))
    titles = [book.title for book in books]
    return titles, books[-1].author.name


def read_as_a_whole() -> Any:
    return [len(vars(book)) for book in Book.objects.select_related("author").prefetch_related("readers")]


def handed_on() -> Any:
    return Book.objects.select_related("author")


def handed_on_in_a_list() -> Any:
    return [book for book in Book.objects.select_related("author") if book.title]  # as a page's context would


def few() -> Any:
    return [book.title for book in Book.objects.select_related("author").order_by("pk")[:9]]


@pytest.mark.parametrize(
    "task",
    [
        *(joined_and_read, prefetched_and_read, read_of_the_last_row_by_another_line, read_as_a_whole),
        *(handed_on, handed_on_in_a_list, few),
    ],
)
def test_silent_on(library: Scratch, task: Any) -> None:
    assert judged(library, CHECK, tried(library, task)) == ()


@pytest.mark.parametrize("origin", ["captured", "automatic"])
def test_silent_on_code_that_the_audit_did_not_run(library: Scratch, origin: Any) -> None:
    assert (
        found(library, CHECK, lambda: [one.title for one in Book.objects.select_related("author")], origin=origin) == ()
    )


def titles(books: Any) -> list[str]:
    return [book.title for book in books]


def of_a_shared_function() -> Any:
    return Book.objects.select_related("author")


def test_silent_where_another_run_reads_the_relation_of_what_may_be_the_same_code(library: Scratch) -> None:
    one = measured(library, lambda: titles(of_a_shared_function()))
    other = measured(library, lambda: [book.author.name for book in of_a_shared_function()])
    assert len(judged(library, CHECK, one)) == 1
    assert judged(library, CHECK, one, replace(other, id="canned:y")) == ()


# -- found ---------------------------------------------------------------------------------------------------------


def joined() -> Any:
    return [book.title for book in Book.objects.select_related("author").order_by("pk")]


def joined_over_two() -> Any:
    return [book.author.name for book in Book.objects.order_by("pk").select_related("author__publisher")]


def prefetched() -> Any:
    books = Book.objects.select_related("author").prefetch_related(
        "readers",
    )
    return [book.author.name for book in books.order_by("pk")]


def prefetched_by_an_object() -> Any:
    return [
        author.name for author in Author.objects.order_by("pk").prefetch_related(Prefetch("book_set", to_attr="books"))
    ]


@pytest.mark.parametrize(
    ("task", "change", "after", "figures"),
    [
        (
            joined,
            'Take "author" out of select_related().',
            'Book.objects.order_by("pk")',
            " bytes of values before, 1 query, ",
        ),
        (
            joined_over_two,
            'Take "author__publisher" out of select_related().',
            'Book.objects.order_by("pk").select_related("author")]',
            " bytes of values before, 1 query, ",
        ),
        (
            prefetched,
            'Take "readers" out of prefetch_related().',
            'Book.objects.select_related("author")\n',
            "the same result, 2 queries, ",
        ),
        (
            prefetched_by_an_object,
            'Take "book_set" out of prefetch_related().',
            'Author.objects.order_by("pk")\n',
            "the same result, 2 queries, ",
        ),
    ],
)
def test_a_relation_that_nobody_reads_is_told_with_the_change_that_was_run(
    library: Scratch, task: Any, change: str, after: str, figures: str
) -> None:
    (finding,) = judged(library, CHECK, tried(library, task))
    assert finding.remedy.orm == change
    assert isinstance(finding.remedy.action, ChangeQuery)
    assert after in finding.remedy.action.after
    assert figures in finding.remedy.verification
    assert finding.confidence == "high"
    assert finding.location is not None
    assert finding.location.file == "tests/checks/test_unused_eager_load.py"


def test_what_the_function_itself_names_is_told_although_another_run_reads_the_relation(library: Scratch) -> None:
    other = replace(measured(library, joined_and_read), id="canned:y")
    assert [one.identity[0] for one in judged(library, CHECK, tried(library, joined), other)] == ["canned:x"]


def test_of_a_page_that_was_crawled_the_change_is_not_called_verified(library: Scratch) -> None:
    run = measured(library, lambda: titles(of_a_shared_function()), origin="crawl")
    (finding,) = judged(library, CHECK, run)
    assert (finding.confidence, finding.remedy.verification) == ("medium", "")
    assert finding.remedy.orm == 'Take "author" out of select_related().'
    assert (finding.evidence[0].what, finding.evidence[0].value) == ("instances that nobody read", 12)
