from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.forms import modelformset_factory

import dbaudit
from dbaudit.findings import Finding
from tests.checks.queries import judged
from tests.scratch import Scratch
from tests.workload.models import Author, Book, Publisher

pytestmark = pytest.mark.usefixtures("library")
CHECK = "write_in_loop"


def told(task: Callable[[], Any]) -> list[Finding]:
    with dbaudit.capture() as run:
        task()
    assert "n_plus_one" not in {finding.check for finding in run.findings}
    return [finding for finding in run.findings if finding.check == CHECK]


def two() -> None:
    for number in range(2):
        Publisher.objects.create(name=str(number))


def rename(publisher: Any) -> None:
    publisher.name += "!"
    publisher.save()


def from_three_lines() -> None:
    first, second, third = Publisher.objects.all()
    rename(first)
    rename(second)
    rename(third)


def in_bulk() -> None:
    Publisher.objects.bulk_create([Publisher(name=str(number)) for number in range(8)], batch_size=2)
    publishers = list(Publisher.objects.all())
    Publisher.objects.bulk_update(publishers, ["name"], batch_size=2)


def a_queryset_deleted() -> None:
    publisher = Publisher.objects.all()[0]
    authors = Author.objects.bulk_create([Author(name=str(number), publisher=publisher) for number in range(1500)])
    Book.objects.bulk_create([Book(title="x", author=author) for author in authors])
    Author.objects.filter(publisher=publisher).delete()


def one_with_all_that_refers_to_it() -> None:
    Author.objects.all()[0].delete()


def a_formset_saved() -> None:
    form = modelformset_factory(Publisher, fields=["name"])
    data = {f"form-{number}-name": "x" for number in range(4)}
    formset = form({"form-TOTAL_FORMS": "4", "form-INITIAL_FORMS": "0", **data}, queryset=Publisher.objects.none())
    assert formset.is_valid()
    formset.save()


@pytest.mark.parametrize(
    "task", [two, from_three_lines, in_bulk, a_queryset_deleted, one_with_all_that_refers_to_it, a_formset_saved]
)
def test_silent_on(task: Callable[[], Any]) -> None:
    assert told(task) == []


def test_silent_where_nothing_was_measured(library: Scratch) -> None:
    assert judged(library, CHECK) == ()


def saves() -> None:
    for author in Author.objects.all():
        author.name = author.name.upper()
        author.save()


def saves_locked() -> None:
    with transaction.atomic(using=Author.objects.db):
        for author in Author.objects.select_for_update():
            author.save()


def creates() -> None:
    for number in range(4):
        Publisher.objects.create(name=str(number))


def saves_new_ones() -> None:
    for number in range(4):
        publisher = Publisher(name=str(number))
        publisher.save()


def updates() -> None:
    for key in (1, 2, 3):
        Author.objects.filter(pk=key).update(name=str(key))


def deletes() -> None:
    for book in Book.objects.all():
        book.delete()


def gets_or_creates() -> None:
    for number in range(4):
        Publisher.objects.get_or_create(name=f"Publisher {number}")


def updates_or_creates() -> None:
    for number in range(4):
        Publisher.objects.update_or_create(name=f"Publisher {number}", defaults={"name": str(number)})


@pytest.mark.parametrize(
    ("task", "remedy"),
    [
        (saves, "bulk_update(rows, fields)"),
        (creates, "bulk_create()"),
        (saves_new_ones, "bulk_create()"),
        (updates, "bulk_update(rows, fields)"),
        (deletes, "filter(pk__in=keys).delete()"),
        (gets_or_creates, "ignore_conflicts=True"),
        (updates_or_creates, "update_conflicts=True"),
    ],
)
def test_finds_and_says_what_writes_at_once(task: Callable[[], Any], remedy: str) -> None:
    (finding,) = told(task)
    assert (finding.severity, finding.confidence) == ("info", "medium")
    assert remedy in finding.remedy.orm
    assert finding.location is not None


def test_says_that_signals_and_save_are_left_out() -> None:
    (finding,) = told(saves)
    assert "neither save() nor signals" in finding.remedy.orm


def test_rows_that_are_locked_stay_locked(library: Scratch) -> None:
    if library.connection.vendor == "sqlite":
        pytest.skip("SQLite has no row locks")
    (finding,) = told(saves_locked)
    assert "lock them with one select_for_update()" in finding.remedy.orm
