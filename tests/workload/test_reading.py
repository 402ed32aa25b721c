"""What is read of instances: every way of reading counts, and nothing of Django's stays changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import serializers
from django.db.models import Model, Prefetch
from django.db.models.query import ModelIterable
from django.forms import model_to_dict
from django.http import HttpResponse
from django.template import Context, Template

from dbaudit.facts import Load
from dbaudit.workload.execution import OutOfTimeError
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording import reading
from dbaudit.workload.sampling import Bench
from tests.scratch import Scratch
from tests.workload.models import Author, Book

#: Instances are the same whatever database their rows came from.
pytestmark = pytest.mark.parametrize("scratch", ["sqlite"], indirect=True)

Loads = Callable[[Callable[[], Any]], "dict[tuple[str, str], Load] | None"]


@pytest.fixture
def loads(library: Scratch) -> Loads:
    """What a piece of code loads, by model and path; None where its reader was not seen."""

    def run(task: Callable[[], Any]) -> dict[tuple[str, str], Load] | None:
        found = Bench(library.connection, Limits(), writes=True).once(task, watched=True).loads
        return None if found is None else {(one.model, one.path): one for one in found}

    return run


def unread(found: dict[tuple[str, str], Load] | None) -> dict[str, list[str]]:
    """By path, the columns that nobody read."""
    assert found is not None
    return {path: [one.name for one in load.columns if not one.read] for (_, path), load in found.items()}


# -- nothing can be said -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "task",
    [
        Author.objects.all,
        lambda: list(Author.objects.all()),
        Author.objects.first,
        lambda: {"authors": [Author.objects.first()]},
        lambda: (author for author in Author.objects.all()),
        lambda: object() if Author.objects.first() else None,
    ],
)
def test_a_reader_that_comes_later_is_not_judged(loads: Loads, task: Callable[[], Any]) -> None:
    assert loads(task) is None


def save(author: Any) -> None:
    author.save()


WHOLE: list[Callable[[Any], Any]] = [
    vars,
    lambda author: author.__reduce_ex__(4),  # as pickling and copying ask
    model_to_dict,
    save,
    lambda author: author.refresh_from_db(),
    lambda author: author.__dict__.items(),
    lambda author: author._state.fields_cache,
    lambda author: serializers.serialize("json", [author]),
    lambda author: [getattr(author, one.attname) for one in author._meta.fields],
]


@pytest.mark.parametrize("read", WHOLE)
def test_reading_an_instance_as_a_whole_reads_every_column(loads: Loads, read: Callable[[Any], Any]) -> None:
    assert unread(loads(lambda: read(Author.objects.all()[0]) and None)) == {"": []}


def test_a_model_that_reads_by_itself_is_not_judged(loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Author, "__getattribute__", object.__getattribute__, raising=False)
    assert unread(loads(lambda: len(Author.objects.all()))) == {"": []}


# -- what is read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "left"),
    [
        (lambda author: author.pk, ["name", "publisher"]),
        (lambda author: author.name, ["publisher"]),
        (lambda author: getattr(author, "name"), ["publisher"]),  # noqa: B009 - read by its name
        (lambda author: author.publisher_id, ["name"]),
        (lambda author: author.publisher.name, ["name"]),
        (lambda author: author.house, ["name"]),
        (hash, ["name", "publisher"]),
        (lambda author: Template("{{ author.name }}").render(Context({"author": author})), ["publisher"]),
        (lambda author: author.book_set.count(), ["name", "publisher"]),
    ],
)
def test_a_column_is_read_by_its_attribute(loads: Loads, read: Callable[[Any], Any], left: list[str]) -> None:
    found = loads(lambda: [read(author) for author in Author.objects.all()] and None)
    assert found is not None
    assert [one.name.removesuffix("_id") for one in found["tests.Author", ""].columns if not one.read] == left


def test_one_reader_is_enough_of_all_that_one_line_loads(loads: Loads) -> None:
    def authors() -> list[Any]:
        return list(Author.objects.select_related("publisher"))

    def task() -> str:
        authors()
        return str(authors()[-1].publisher.name + authors()[0].name)

    assert unread(loads(task)) == {"": [], "publisher": []}


def test_joined_rows_are_read_through_the_attribute_that_leads_to_them(loads: Loads) -> None:
    found = loads(lambda: [book.title for book in Book.objects.select_related("author__publisher")])
    assert found is not None
    assert {path: load.read for (_, path), load in found.items()} == {
        "": True,
        "author": False,
        "author__publisher": False,
    }
    found = loads(lambda: [book.author.name for book in Book.objects.select_related("author__publisher")])
    assert found is not None
    assert {path: load.read for (_, path), load in found.items()} == {
        "": True,
        "author": True,
        "author__publisher": False,
    }
    assert found["tests.Author", "author"].instances == 12
    assert found["tests.Author", "author"].bytes == sum(8 + 8 + len("Author 0") for _ in range(12))


def test_a_reverse_one_to_one_relation_is_read_by_its_accessor(loads: Loads) -> None:
    found = loads(lambda: [author.life.text for author in Author.objects.select_related("life")])
    assert found is not None
    assert found["tests.Biography", "life"].read


@pytest.mark.parametrize(
    ("task", "read"),
    [
        (lambda: [len(one.book_set.all()) for one in Author.objects.prefetch_related("book_set")], True),
        (lambda: [one.name for one in Author.objects.prefetch_related("book_set")], False),
        (lambda: [one.name for one in Author.objects.prefetch_related("book_set").iterator(chunk_size=2)], False),
        (lambda: [one.publisher.name for one in Author.objects.prefetch_related("publisher")], True),
        (lambda: [one.name for one in Author.objects.prefetch_related("publisher")], False),
        (lambda: [list(one.readers.all()) and 1 for one in Book.objects.prefetch_related("readers")], True),
        (lambda: [one.pk for one in Book.objects.prefetch_related("readers")], False),
        (lambda: [len(a.found) for a in Author.objects.prefetch_related(Prefetch("book_set", to_attr="found"))], True),
        (lambda: [a.name for a in Author.objects.prefetch_related(Prefetch("book_set", to_attr="found"))], False),
    ],
)
def test_prefetched_rows_are_read_through_their_manager(loads: Loads, task: Callable[[], Any], read: bool) -> None:
    found = loads(task)
    assert found is not None
    assert [load.read for load in found.values() if load.how == "prefetch_related"] == [read]


@pytest.mark.parametrize(
    ("read", "path", "is_read"),
    [
        (lambda author: [list(book.readers.all()) for book in author.book_set.all()], "book_set__readers", True),
        (lambda author: [book.title for book in author.book_set.all()], "book_set__readers", False),
        (lambda author: author.name, "book_set", False),
    ],
)
def test_of_a_prefetch_over_two_relations_the_first_that_nobody_read_is_told(
    loads: Loads, read: Callable[[Any], Any], path: str, is_read: bool
) -> None:
    found = loads(lambda: [read(one) for one in Author.objects.prefetch_related("book_set__readers")] and None)
    assert found is not None
    assert [(load.path, load.read) for load in found.values() if load.how == "prefetch_related"] == [(path, is_read)]


def test_a_page_is_the_end_of_its_rows(loads: Loads) -> None:
    found = loads(lambda: HttpResponse(", ".join(author.name for author in Author.objects.all())))
    assert unread(found) == {"": ["publisher_id"]}


def test_the_async_orm_is_watched(loads: Loads) -> None:
    async def names() -> list[str]:
        return [author.name async for author in Author.objects.all()]

    assert unread(loads(names)) == {"": ["publisher_id"]}


# -- nothing stays -------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    iterate = ModelIterable.__iter__
    yield
    assert "__getattribute__" not in vars(Model)
    assert ModelIterable.__iter__ is iterate


def test_nothing_of_django_stays_changed_when_the_code_raises(library: Scratch) -> None:
    def fails() -> None:
        raise ValueError(Author.objects.all()[0].name)

    with pytest.raises(ValueError, match="Author 0"):
        Bench(library.connection, Limits()).once(fails, watched=True)


def test_nothing_of_django_stays_changed_when_the_code_runs_out_of_time(library: Scratch) -> None:
    def hangs() -> None:
        list(Author.objects.all())
        while True:
            pass

    with pytest.raises(OutOfTimeError):
        Bench(library.connection, Limits(wall_ms=100)).once(hangs, watched=True)


# -- more than are watched -----------------------------------------------------------------------------------------


def test_of_more_rows_than_are_watched_each_column_counts_as_read_and_none_that_was_only_counted(
    loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "KEPT_INSTANCES", 5)
    everything = Book.objects.count()
    assert everything > 5

    def counted() -> int:
        return len(Book.objects.all())

    def titles() -> int:
        return len([book.title for book in Book.objects.select_related("author")])

    found = loads(counted)
    assert found is not None
    assert (found["tests.Book", ""].instances, found["tests.Book", ""].read) == (everything, False)
    assert unread(found) == {"": []}
    found = loads(titles)
    assert found is not None
    assert found["tests.Book", ""].read
    assert all(load.read for load in found.values())
