"""Wrong names in recorded code: every method that takes names, and tables without rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Sum
from django.test import Client

import dbaudit
from dbaudit.findings import Finding
from dbaudit.workload.recording.capture_file import Captured, append, read
from dbaudit.workload.sources.routing import routed_to
from tests.scratch import Scratch
from tests.workload.corpus.models import Note
from tests.workload.models import Author, Book

CHECK = "invalid_lookup_name"


def told(task: Callable[[], Any]) -> list[Finding]:
    run = dbaudit.capture()
    with suppress(Exception), run:
        task()
    return [finding for finding in run.findings if finding.check == CHECK]


@pytest.fixture(autouse=True)
def _empty(library: Scratch) -> Iterator[None]:
    made = Note, ContentType
    library.create(*made)
    Book.objects.all().delete()
    Author.objects.all().delete()
    with routed_to(library.alias, {model._meta.db_table for model in made}):
        yield


@pytest.mark.parametrize(
    "task",
    [
        lambda: list(Author.objects.prefetch_related("book_set__readers", "life")),
        lambda: list(Author.objects.prefetch_related(Prefetch("book_set", to_attr="shelf"), "shelf__readers")),
        lambda: list(Author.objects.prefetch_related(Prefetch("book_set", Book.objects.prefetch_related("readers")))),
        lambda: list(Author.objects.prefetch_related("house__library")),
        lambda: list(Note.objects.prefetch_related("about__whatever")),
        lambda: Author.objects.get(name="nobody"),
        lambda: Author.objects.bulk_update([Author(pk=1, name="x")], ["name"]),
        lambda: int("publisher"),
    ],
)
def test_silent_where_names_lead_on_or_something_else_fails(task: Callable[[], Any]) -> None:
    assert told(task) == []


@pytest.mark.parametrize(
    ("task", "model", "name"),
    [
        (lambda: list(Author.objects.prefetch_related("name")), "tests.Author", "name"),
        (lambda: list(Book.objects.prefetch_related("author__name")), "tests.Author", "name"),
        (lambda: list(Author.objects.prefetch_related("books")), "tests.Author", "books"),
        (lambda: list(Author.objects.prefetch_related(Prefetch("books"))), "tests.Author", "books"),
        (
            lambda: list(
                Author.objects.prefetch_related(Prefetch("book_set", Book.objects.prefetch_related("reader")))
            ),
            "tests.Book",
            "reader",
        ),
        (
            lambda: list(Note.objects.prefetch_related(GenericPrefetch("abut", [Book.objects.all()]))),
            "tests.Note",
            "abut",
        ),
        (lambda: list(Author.objects.select_related("")), "tests.Author", ""),
        (lambda: list(Author.objects.select_related("name")), "tests.Author", "name"),
        (lambda: list(Book.objects.select_related("author__house")), "tests.Author", "house"),
        (lambda: list(Author.objects.defer("name__x")), "tests.Author", "x"),
        (lambda: list(Author.objects.only("name__x")), "tests.Author", "x"),
        (lambda: list(Book.objects.only("author__nme")), "tests.Author", "nme"),
        (lambda: list(Author.objects.filter(nme="x")), "tests.Author", "nme"),
        (lambda: list(Author.objects.exclude(publisher__nme="x")), "tests.Publisher", "nme"),
        (lambda: list(Author.objects.filter(name=F("nme"))), "tests.Author", "nme"),
        (
            lambda: list(Author.objects.filter(Exists(Book.objects.filter(author=OuterRef("key"))))),
            "tests.Author",
            "key",
        ),
        (lambda: list(Author.objects.order_by("nme")), "tests.Author", "nme"),
        (lambda: list(Author.objects.values("nme")), "tests.Author", "nme"),
        (lambda: list(Author.objects.annotate(n=Count("books"))), "tests.Author", "books"),
        (lambda: Author.objects.aggregate(Sum("nme")), "tests.Author", "nme"),
        (lambda: Author.objects.latest("nme"), "tests.Author", "nme"),
        (lambda: Author.objects.in_bulk(field_name="nme"), "tests.Author", "nme"),
        (lambda: Author.objects.dates("nme", "year"), "tests.Author", "nme"),
        (lambda: Author.objects.update(nme="x"), "tests.Author", "nme"),
        (lambda: Author.objects.update(name=F("nme")), "tests.Author", "nme"),
        (lambda: Author.objects.bulk_update([Author(pk=1)], ["nme"]), "tests.Author", "nme"),
        (lambda: Author.objects.create(nme="x"), "tests.Author", "nme"),
        (lambda: Author.objects.get_or_create(nme="x"), "tests.Author", "nme"),
        (lambda: Author.objects.update_or_create(name="x", defaults={"nme": "x"}), "tests.Author", "nme"),
        (lambda: Author(pk=1).save(update_fields=["nme"]), "tests.Author", "nme"),
        (lambda: Author(pk=1).refresh_from_db(fields=["nme"]), "tests.Author", "nme"),
    ],
)
def test_finds_the_name_and_its_line_on_empty_tables(task: Callable[[], Any], model: str, name: str) -> None:
    (finding,) = told(task)
    assert finding.subject == f"{model} has no {name!r} to ask for"
    assert finding.location is not None
    assert finding.location.file == "tests/checks/test_wrong_names_recorded.py"


def test_a_view_that_fails_behind_its_error_page_is_told(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = "tests.workload.counted_urls"
    settings.MIDDLEWARE = []
    settings.ALLOWED_HOSTS = ["*"]
    with dbaudit.capture() as run:
        assert Client(raise_request_exception=False).get("/wrong/").status_code == 500
    (finding,) = run.findings
    assert (finding.check, finding.location and finding.location.file) == (CHECK, "tests/workload/counted_urls.py")


def test_a_recording_keeps_the_name(library: Scratch, tmp_path: Path) -> None:
    with dbaudit.capture() as run:
        list(Author.objects.prefetch_related("books"))
    captured = Captured(id="a", label="a", ms=None, statements=run.statements, wrong=run.run.wrong_name)
    append(tmp_path / "x", captured)
    ((again,), _) = read(tmp_path / "x", library.alias)
    assert again.wrong_name == run.run.wrong_name
    assert again.wrong_name is not None
    assert (again.wrong_name.nearest, again.wrong_name.sure) == ("book_set", False)


def test_only_a_name_that_can_mean_one_relation_is_sure() -> None:
    with dbaudit.capture() as run:
        list(Author.objects.prefetch_related("biography_set"))
    wrong = run.run.wrong_name
    assert wrong is not None
    assert (wrong.nearest, wrong.sure) == ("life", True)
