from __future__ import annotations

from typing import Any

from django.forms.models import ModelChoiceField, ModelChoiceIterator

from tests.checks.queries import found
from tests.scratch import Scratch
from tests.workload.models import Author, Book, Publisher

CHECK = "duplicate_statement"


def twice() -> int:
    return int(Author.objects.count() + Author.objects.count())


def read_write_read() -> None:
    for number in range(4):
        Author.objects.filter(name="a").first()
        Publisher.objects.create(name=f"p {number}")


def other_values() -> list[Any]:
    return [Author.objects.filter(name=name).first() for name in "abcd"]


def one_publisher_of_many() -> list[Any]:
    return [author.publisher for author in Author.objects.all()]


def again_and_again() -> int:
    return sum(Book.objects.filter(title="Book 1").count() for _ in range(4))


def test_silent_where_it_ran_twice(library: Scratch) -> None:
    assert not found(library, CHECK, twice)


def test_silent_where_something_was_written_in_between(library: Scratch) -> None:
    assert not found(library, CHECK, read_write_read)


def test_silent_where_the_values_differ(library: Scratch) -> None:
    assert not found(library, CHECK, other_values)


def test_silent_where_attributes_of_different_rows_ask(library: Scratch) -> None:
    Author.objects.update(publisher=Publisher.objects.order_by("pk")[0])
    assert not found(library, CHECK, one_publisher_of_many)


def test_finds_one_question_asked_again_and_again(library: Scratch) -> None:
    (finding,) = found(library, CHECK, again_and_again)
    assert ("executions", 4) in [(one.what, one.value) for one in finding.evidence]
    assert finding.location is not None


def test_a_form_s_selects_are_told_what_asks_for_fewer_rows(library: Scratch) -> None:
    def formset() -> Any:
        return [list(ModelChoiceIterator(ModelChoiceField(Book.objects.all()))) for _ in range(3)]

    findings = found(library, CHECK, formset)
    assert findings
    assert all("autocomplete_fields" in one.remedy.orm for one in findings)
