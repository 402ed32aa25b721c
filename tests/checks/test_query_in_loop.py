from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.forms import modelformset_factory

import dbaudit
from dbaudit.findings import Finding
from dbaudit.workload.sources.routing import routed_to
from tests.checks.queries import judged
from tests.scratch import Scratch
from tests.workload.models import Author, Book

pytestmark = pytest.mark.usefixtures("library")
CHECK = "query_in_loop"


def told(task: Callable[[], Any]) -> list[Finding]:
    with dbaudit.capture() as run:
        task()
    return [finding for finding in run.findings if finding.check == CHECK]


def name(number: int) -> Any:
    return Author.objects.get(name=f"Author {number}")


def called_from_three_lines() -> None:
    name(1)
    name(2)
    name(3)


def pages_by_key() -> None:
    last = 0
    while page := list(Book.objects.filter(pk__gt=last).order_by("pk")[:3]):
        last = page[-1].pk


def pages_by_number() -> None:
    for start in range(0, 12, 4):
        list(Book.objects.filter(readers=1).order_by("pk")[start : start + 4])


def chunks() -> None:
    keys = list(Book.objects.values_list("pk", flat=True))
    for start in range(0, len(keys), 4):
        list(Book.objects.filter(pk__in=keys[start : start + 4]))


def ranges() -> None:
    for number in range(4):
        Book.objects.filter(author=1, pk__gte=number, pk__lt=number + 1).count()


def locks() -> None:
    for number in range(4):
        with transaction.atomic(using=Author.objects.db):
            list(Author.objects.select_for_update().filter(name=f"Author {number}"))


def reads_what_it_writes() -> None:
    for number in range(4):
        author = Author.objects.get(name=f"Author {number}")
        Author.objects.filter(pk=author.pk).update(name=f"Author {number}")


def looks_for_a_free_name() -> None:
    number = 0
    while Author.objects.filter(name=f"Author {number}").exists():
        number += 1


def tries_again() -> None:
    for _ in range(5):
        Author.objects.filter(name="nobody").exists()


def goes_over_rows() -> None:
    for author in Author.objects.all():
        author.publisher  # noqa: B018


def a_formset_validates() -> None:
    form = modelformset_factory(Author, fields=["name", "publisher"])
    data = {f"form-{n}-name": "x" for n in range(4)} | {f"form-{n}-publisher": str(n) for n in range(4)}
    form({"form-TOTAL_FORMS": "4", "form-INITIAL_FORMS": "0", **data}).is_valid()


@pytest.mark.parametrize(
    "task",
    [
        called_from_three_lines,
        pages_by_key,
        pages_by_number,
        chunks,
        ranges,
        reads_what_it_writes,
        looks_for_a_free_name,
        tries_again,
        goes_over_rows,
        a_formset_validates,
    ],
)
def test_silent_on(task: Callable[[], Any]) -> None:
    assert told(task) == []


def test_silent_where_rows_are_locked(library: Scratch) -> None:
    if library.connection.vendor == "sqlite":
        pytest.skip("SQLite has no row locks")
    assert told(locks) == []


def test_silent_on_two_values() -> None:
    assert told(lambda: [Author.objects.filter(name=f"Author {number}").first() for number in range(2)]) == []


def test_silent_on_two_calls_of_one_line() -> None:
    assert told(lambda: (name(1), name(2))) == []


def test_two_rows_that_one_place_gets_are_a_loop() -> None:
    assert len(told(lambda: [name(number) for number in range(2)])) == 1


def test_silent_on_types_that_django_caches(library: Scratch) -> None:
    library.create(ContentType)
    models = ContentType, Author, Book
    with routed_to(library.alias, {ContentType._meta.db_table}):
        for _ in range(2):
            ContentType.objects.clear_cache()
            with dbaudit.capture() as run:
                for model in models:
                    ContentType.objects.get_for_model(model)
    assert len(run.statements) == len(models)
    assert run.findings == ()


def test_silent_where_nothing_was_measured(library: Scratch) -> None:
    assert judged(library, CHECK) == ()


def by_name() -> None:
    for number in range(4):
        name(number)


def by_key() -> None:
    for key in (1, 2, 3):
        Author.objects.get(pk=key)


def presence() -> None:
    for number in range(4):
        Author.objects.filter(name=f"Author {number}").exists()


def first() -> None:
    for number in range(4):
        Author.objects.filter(name=f"Author {number}").first()


def numbers() -> None:
    for key in (1, 2, 3):
        Book.objects.filter(author=key).count()


def raw() -> None:
    for key in (1, 2, 3):
        list(Author.objects.raw("SELECT * FROM tests_author WHERE id = %s", [key]))


@pytest.mark.parametrize(
    ("task", "remedy"),
    [
        (by_name, "filter(name__in=values) before the loop, by name in a dictionary"),
        (by_key, "in_bulk(values)"),
        (presence, 'filter(name__in=values).values_list("name", flat=True)'),
        (first, "filter(name__in=values)"),
        (numbers, 'filter(author_id__in=values).values("author_id").annotate(count=Count("pk"))'),
        (raw, "in_bulk(values)"),
    ],
)
def test_finds_and_says_how_to_ask_at_once(task: Callable[[], Any], remedy: str) -> None:
    (finding,) = told(task)
    assert (finding.severity, finding.confidence) == ("info", "medium")
    assert remedy in finding.remedy.orm
    assert finding.location is not None
    assert finding.location.file == "tests/checks/test_query_in_loop.py"
