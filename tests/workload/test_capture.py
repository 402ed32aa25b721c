"""Capture: what ran, on which alias, in which thread or task, and who asked."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django import forms
from django.db import connection as default_connection
from django.db import connections, transaction
from django.db.models import Count
from django.template import Context, Engine

import dbaudit
from dbaudit.facts import Location, Statement
from dbaudit.workload.recording.recorder import Recorder
from tests.scratch import Scratch
from tests.workload.conftest import AUTHORS
from tests.workload.models import Author, Biography, Book, Publisher

HERE = "tests/workload/test_capture.py"


def line() -> int:
    """The line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def askers(statements: tuple[Statement, ...]) -> list[tuple[str, str]]:
    return [(one.asked, one.asker) for one in statements]


def test_nothing_is_recorded_outside_the_block(library: Scratch) -> None:
    with dbaudit.capture() as run:
        pass
    list(Author.objects.all())
    assert run.statements == ()


def test_no_wrapper_is_left_on_a_connection(library: Scratch) -> None:
    before = list(library.connection.execute_wrappers)
    with dbaudit.capture():
        list(Author.objects.all())
    assert library.connection.execute_wrappers == before


def test_a_block_inside_another_wrapper_takes_only_its_own_away(library: Scratch) -> None:
    def other(execute: Callable[..., Any], *args: Any) -> Any:
        return execute(*args)

    before = list(library.connection.execute_wrappers)
    capture = dbaudit.capture()
    with library.connection.execute_wrapper(other):
        capture.__enter__()
    list(Author.objects.all())
    capture.__exit__(None, None, None)
    assert len(capture.statements) == 1
    assert library.connection.execute_wrappers == before


def test_statements_that_only_bound_a_transaction_are_left_out(library: Scratch) -> None:
    outer, inner = transaction.atomic(using=library.alias), transaction.atomic(using=library.alias)
    with dbaudit.capture() as run, outer, inner:
        Author.objects.count()
    assert [one.kind for one in run.statements] == ["select"]


def test_plain_queries_have_nobody_who_asked(library: Scratch) -> None:
    with dbaudit.capture() as run:
        list(Author.objects.select_related("publisher"))
        Author.objects.filter(publisher__name="x").exists()
        Publisher.objects.aggregate(Count("author"))
    assert askers(run.statements) == [("", "")] * 3


def test_a_statement_is_told_with_its_rows_alias_place_and_time(library: Scratch) -> None:
    with dbaudit.capture() as run:
        here = line() + 1
        list(Author.objects.all())
        (statement,) = run.statements
    assert (statement.rows, statement.alias, statement.kind, statement.error) == (AUTHORS, library.alias, "select", "")
    assert statement.tables == ("tests_author",)
    assert statement.location == Location(HERE, here)
    assert statement.duration_ms > 0


def test_values_are_kept_for_planning_and_shown_nowhere(library: Scratch) -> None:
    with dbaudit.capture() as run:
        Author.objects.filter(name="a secret").first()
    (statement,) = run.statements
    assert "a secret" not in repr(statement)
    assert statement.parameters is not None
    assert "a secret" in str(statement.parameters.values)


def test_a_statement_that_fails_is_told_with_its_error(library: Scratch) -> None:
    with dbaudit.capture() as run, pytest.raises(Exception, match="nowhere"):
        library.rows("SELECT * FROM nowhere")
    (statement,) = run.statements
    assert statement.error
    assert statement.rows is None


def test_rows_changed_are_counted(library: Scratch) -> None:
    with dbaudit.capture() as run:
        Book.objects.update(title="x")
    assert [(one.kind, one.rows) for one in run.statements] == [("update", AUTHORS * 2)]


def test_rows_are_counted_through_every_way_of_fetching(library: Scratch) -> None:
    with dbaudit.capture() as run:
        list(Author.objects.iterator(chunk_size=2))
        Author.objects.first()
        Author.objects.count()
        library.rows("SELECT * FROM tests_book")
    assert [one.rows for one in run.statements] == [AUTHORS, 1, 1, AUTHORS * 2]


def test_a_forward_relation_is_named(library: Scratch) -> None:
    with dbaudit.capture() as run:
        for author in Author.objects.all():
            _ = author.publisher
    assert askers(run.statements) == [("", ""), *[("tests.Author.publisher", "forward")] * AUTHORS]
    assert len({one.fingerprint for one in run.statements}) == 2


def test_a_property_is_the_innermost_place_and_its_caller_the_next(library: Scratch) -> None:
    author = Author.objects.all()[0]
    with dbaudit.capture() as run:
        _ = author.house
    (statement,) = run.statements
    assert [place.file for place in statement.stack[:2]] == ["tests/workload/models.py", HERE]


def test_reverse_relations_are_named(library: Scratch) -> None:
    author = Author.objects.all()[0]
    with dbaudit.capture() as run:
        list(author.book_set.all())
        author.book_set.filter(title="x").exists()
        author.book_set.count()
        author.book_set.first()
        author.book_set.aggregate(Count("pk"))
        _ = author.life
    assert askers(run.statements) == [
        *[("tests.Author.book_set", "reverse")] * 5,
        ("tests.Author.life", "reverse one to one"),
    ]


def test_many_to_many_relations_are_named_from_both_sides(library: Scratch) -> None:
    book, publisher = Book.objects.all()[0], Publisher.objects.all()[0]
    with dbaudit.capture() as run:
        list(book.readers.all())
        list(publisher.library.filter(title="x"))
    assert askers(run.statements) == [
        ("tests.Book.readers", "many to many"),
        ("tests.Publisher.library", "many to many"),
    ]


def test_deferred_fields_and_prefetches_are_named(library: Scratch) -> None:
    with dbaudit.capture() as run:
        _ = Biography.objects.defer("text")[0].text
        list(Author.objects.prefetch_related("book_set__readers"))
    assert askers(run.statements) == [
        ("", ""),
        ("tests.Biography.text", "deferred"),
        ("", ""),
        ("tests.Author.book_set", "prefetch"),
        ("tests.Book.readers", "prefetch"),
    ]


def test_the_line_of_a_template_is_a_place(library: Scratch, tmp_path: Path) -> None:
    (tmp_path / "books.html").write_text("{% for book in books %}\n{{ book.author.name }}\n{% endfor %}")
    page = Engine(dirs=[str(tmp_path)]).get_template("books.html")
    with dbaudit.capture() as run:
        page.render(Context({"books": Book.objects.all()[:1]}))
    places = [one.location and (one.location.file, one.location.line) for one in run.statements]
    assert places == [("books.html", 1), ("books.html", 2)]


def test_a_template_that_was_installed_is_no_line_of_the_project(library: Scratch) -> None:
    class Choice(forms.Form):
        author = forms.ModelChoiceField(Author.objects.all())

    with dbaudit.capture() as run:
        Choice().as_p()
    assert [place.file.rpartition("/")[2] for one in run.statements for place in one.stack][:1] == ["test_capture.py"]


def test_equal_parameters_have_equal_numbers(library: Scratch) -> None:
    with dbaudit.capture() as run:
        for name in ("a", "b", "a"):
            Author.objects.filter(name=name).first()
    first, second, third = (one.arguments for one in run.statements)
    assert first == third != second


def test_captures_inside_one_another_each_see_their_block(library: Scratch) -> None:
    with dbaudit.capture() as outer:
        Author.objects.count()
        with dbaudit.capture() as inner:
            Book.objects.count()
    assert [len(outer.statements), len(inner.statements)] == [2, 1]


def test_a_block_that_raises_leaves_nothing_behind_and_keeps_what_it_saw(library: Scratch) -> None:
    before = list(library.connection.execute_wrappers)
    with dbaudit.capture() as outer:
        inner = dbaudit.capture()
        with pytest.raises(Author.DoesNotExist), inner:
            Author.objects.get(name="nobody")
        Author.objects.count()
    Author.objects.count()
    assert [len(outer.statements), len(inner.statements)] == [2, 1]
    assert library.connection.execute_wrappers == before


def test_no_statement_fails_because_its_asker_cannot_be_told(library: Scratch) -> None:
    class Hints:
        """Enough for Django's router, and not what a queryset's hints are."""

        def keys(self) -> list[str]:
            return []

        def __getitem__(self, name: str) -> object:
            raise KeyError(name)

    authors = Author.objects.all()
    authors._hints = Hints()
    with dbaudit.capture() as run:
        assert len(authors) == AUTHORS
    assert [one.rows for one in run.statements] == [AUTHORS]


def test_a_capture_is_used_once(library: Scratch) -> None:
    with dbaudit.capture() as run:
        pass
    with pytest.raises(RuntimeError, match="make a new one"), run:
        pass


def test_statements_beyond_those_that_are_kept_are_counted(library: Scratch) -> None:
    recorder = Recorder(keep=2)
    with recorder.recording():
        for _ in range(5):
            Author.objects.count()
    assert (len(recorder.statements), recorder.dropped) == (2, 3)


@pytest.mark.django_db
def test_every_alias_is_recorded(library: Scratch) -> None:
    with dbaudit.capture() as run:
        Author.objects.count()
        with default_connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert [one.alias for one in run.statements] == [library.alias, "default"]


def close(alias: str) -> None:
    connections[alias].close()


def count_and_close(alias: str) -> None:
    Author.objects.count()
    close(alias)


def test_a_thread_that_began_earlier_is_not_part_of_the_block(library: Scratch) -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        count_and_close(library.alias)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    with dbaudit.capture() as run:
        go.set()
        done.wait(10)
    thread.join()
    assert run.statements == ()


def test_a_thread_of_the_block_is_recorded(library: Scratch) -> None:
    with dbaudit.capture() as run:
        thread = threading.Thread(target=count_and_close, args=[library.alias])
        thread.start()
        thread.join()
    assert len(run.statements) == 1


def test_two_blocks_at_once_do_not_mix(library: Scratch) -> None:
    barrier = threading.Barrier(2)
    seen = {}

    def work(times: int) -> None:
        with dbaudit.capture(threads=False) as run:
            barrier.wait(10)
            for _ in range(times):
                Author.objects.count()
            barrier.wait(10)
        seen[times] = len(run.statements)
        connections[library.alias].close()

    threads = [threading.Thread(target=work, args=[times]) for times in (2, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {2: 2, 5: 5}


def test_tasks_are_recorded_with_the_line_that_awaits(library: Scratch) -> None:
    async def read() -> int:
        here = line() + 1
        await Author.objects.acount()
        async for author in Author.objects.all():
            await sync_to_async(getattr)(author, "publisher")
        await sync_to_async(close)(library.alias)
        return here

    async def main() -> tuple[dbaudit.capture, int]:
        await Author.objects.acount()
        async with dbaudit.capture() as run:
            here = await asyncio.create_task(read())
        return run, here

    run, here = asyncio.run(main())
    assert askers(run.statements) == [("", "")] * 2 + [("tests.Author.publisher", "forward")] * AUTHORS
    assert run.statements[0].location == Location(HERE, here)
    assert run.statements[1].location == Location(HERE, here + 1)


def test_tasks_at_once_keep_their_own_lines(library: Scratch) -> None:
    async def one() -> None:
        await Author.objects.acount()

    async def other() -> None:
        await Book.objects.acount()

    async def main() -> dbaudit.capture:
        async with dbaudit.capture() as run:
            await asyncio.gather(*(task() for task in (one, other) * 5))
        await sync_to_async(close)(library.alias)
        return run

    run = asyncio.run(main())
    places = {(one.tables, one.location and one.location.line) for one in run.statements}
    assert len(run.statements) == 10
    assert len(places) == 2
