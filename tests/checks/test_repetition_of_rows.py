"""Which rows asked, and which statement loaded them: the evidence of recorded N+1, and the names in its advice."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Prefetch, prefetch_related_objects
from django.template import Context, Template

import dbaudit
from dbaudit.findings import Finding
from tests.scratch import Scratch
from tests.workload.corpus.models import BRANCH, Hall, Note, Person, Town, Venue, shelf
from tests.workload.models import Author, Book, Publisher


@pytest.fixture(autouse=True)
def _shelf(library: Scratch) -> Iterator[None]:
    with shelf(library):
        yield


def told(task: Callable[[], Any], check: str = "n_plus_one") -> list[Finding]:
    with dbaudit.capture() as run:
        task()
    return [finding for finding in run.findings if finding.check == check]


def subjects(task: Callable[[], Any], check: str = "n_plus_one") -> list[str]:
    return [finding.subject for finding in told(task, check)]


def evidence(finding: Finding) -> dict[str, Any]:
    return {one.what: one.value for one in finding.evidence}


# -- not rows of one query -----------------------------------------------------------------------------------------


def test_silent_on_rows_that_were_each_loaded_by_themselves() -> None:
    def single() -> None:
        keys = list(Author.objects.order_by("pk").values_list("pk", flat=True)[:2])
        for key in keys:
            _ = Author.objects.get(pk=key).publisher
            _ = Author.objects.filter(pk=key)[0].publisher
            _ = Author.objects.filter(pk=key).first().publisher

    assert told(single) == []


def test_silent_on_rows_that_the_code_created() -> None:
    publisher = Publisher.objects.all()[0]

    def create() -> None:
        for number in range(4):
            author = Author.objects.create(name=str(number), publisher_id=publisher.pk)
            _ = author.publisher

    assert told(create) == []


def test_silent_on_a_statement_of_another_database_with_the_same_text() -> None:
    def count() -> Any:
        return Author.objects.count() + Author.objects.count() + Author.objects.using(BRANCH).count()

    assert told(count, "duplicate_statement") == []


def test_silent_on_chunks_that_are_prefetched() -> None:
    assert told(lambda: [len(one.book_set.all()) for one in _prefetched().iterator(chunk_size=4)]) == []


def _prefetched() -> Any:
    return Author.objects.prefetch_related("book_set")


# -- two rows are enough -------------------------------------------------------------------------------------------


def two_rows() -> Any:
    return [author.publisher for author in Author.objects.order_by("pk")[:2]]


def sliced_parents() -> Any:
    return [a.publisher for start in (0, 2, 4) for a in Author.objects.order_by("pk")[start : start + 2]]


def in_bulk() -> Any:
    return [author.publisher for author in Author.objects.in_bulk().values()]


def raw() -> Any:
    return [author.publisher for author in Author.objects.raw("SELECT * FROM tests_author")]


def iterated() -> Any:
    return [author.publisher for author in Author.objects.iterator(chunk_size=2)]


@pytest.mark.parametrize("task", [two_rows, sliced_parents, in_bulk, raw, iterated])
def test_the_rows_tell_what_loaded_them_through(task: Callable[[], Any]) -> None:
    (finding,) = told(task)
    assert (finding.subject, finding.severity, finding.confidence) == (
        "tests.Author.publisher is asked once for each row",
        "warning",
        "high",
    )
    assert finding.remedy.orm == 'select_related("publisher")'
    assert evidence(finding)["different rows that asked"] == (2 if task is two_rows else 6)


@pytest.mark.parametrize("keep", [copy.copy, lambda row: pickle.loads(pickle.dumps(row))])  # noqa: S301
def test_copies_and_pickles_know_what_loaded_them(keep: Callable[[Any], Any]) -> None:
    kind = ContentType.objects.get_for_model(Group)
    Permission.objects.bulk_create(Permission(content_type=kind, codename=name) for name in "ab")
    (finding,) = told(lambda: [keep(permission).content_type for permission in Permission.objects.order_by("pk")])
    assert (finding.subject, finding.confidence) == ("auth.Permission.content_type is asked once for each row", "high")


def test_a_pickle_can_be_read_where_there_is_no_dbaudit() -> None:
    with dbaudit.capture():
        (group, *_) = Group.objects.all()
    assert b"dbaudit." not in pickle.dumps(group)


def test_rows_that_were_loaded_before_the_recording_are_less_sure() -> None:
    authors = list(Author.objects.all())
    (finding,) = told(lambda: [author.publisher for author in authors])
    assert finding.confidence == "medium"
    assert "not known which query loaded them" in {one.source for one in finding.evidence}


# -- asked more often than there are rows --------------------------------------------------------------------------


def house(author: Any) -> Any:
    return author.publisher


def twice_on_one_line() -> Any:
    return [(author.book_set.count(), author.book_set.order_by("-pk").first()) for author in Author.objects.all()]


def twice_by_a_property() -> Any:
    for author in Author.objects.all():
        books(author), books(author)


def books(author: Any) -> int:
    return int(author.book_set.count())


def one_template_line() -> Any:
    page = Template("{% for a in authors %}{{ a.book_set.count }}{{ a.book_set.first.title }}{% endfor %}")
    return page.render(Context({"authors": Author.objects.all()}))


@pytest.mark.parametrize("task", [twice_on_one_line, twice_by_a_property, one_template_line])
def test_what_a_row_asks_twice_is_one_finding_of_factor_two(task: Callable[[], Any]) -> None:
    (finding,) = told(task)
    assert finding.subject == "tests.Author.book_set is asked once for each row"
    assert (evidence(finding)["executions"], evidence(finding)["different rows that asked"]) == (12, 6)


def test_a_deferred_key_and_its_row_are_one_finding() -> None:
    (finding,) = told(lambda: [author.publisher for author in Author.objects.only("name")])
    assert finding.remedy.orm.startswith('select_related("publisher"), and name publisher in only()')


def test_one_helper_on_two_lists_is_found() -> None:
    def both() -> None:
        for author in Author.objects.order_by("pk")[:3]:
            house(author)
        for author in Author.objects.order_by("-pk")[:3]:
            house(author)

    assert subjects(both) == ["tests.Author.publisher is asked once for each row"]


def test_a_generic_key_is_found_with_a_cold_cache_of_types() -> None:
    groups = ContentType.objects.get_for_model(Group).pk
    ContentType.objects.clear_cache()
    (finding,) = told(lambda: [note.about for note in Note.objects.filter(content_type=groups)])
    assert finding.subject == "tests.Note.about is asked once for each row"
    assert "django_content_type" not in str(evidence(finding)["repeated statement"])


def test_a_prefetch_for_each_row_is_found() -> None:
    def prefetch() -> None:
        for author in Author.objects.all():
            prefetch_related_objects([author], "book_set")

    (finding,) = told(prefetch)
    assert finding.remedy.orm.startswith('prefetch_related_objects(rows, "book_set") once for the list')
    assert told(lambda: prefetch_related_objects(list(Author.objects.all()), "book_set")) == []


# -- names ---------------------------------------------------------------------------------------------------------


def test_both_sides_of_a_relation_of_a_model_to_itself_have_their_names() -> None:
    assert subjects(lambda: [list(one.follows.all()) for one in Person.objects.all()]) == [
        "tests.Person.follows is asked once for each row"
    ]
    assert subjects(lambda: [list(one.followers.all()) for one in Person.objects.all()]) == [
        "tests.Person.followers is asked once for each row"
    ]


@pytest.mark.parametrize(
    ("task", "advice"),
    [
        (
            lambda: [b.author.publisher for b in Book.objects.select_related("author")],
            'select_related("author__publisher")',
        ),
        (lambda: [b.author.publisher for b in Book.objects.all()], 'select_related("author__publisher")'),
        (
            lambda: [list(b.readers.all()) for a in _prefetched() for b in a.book_set.all()],
            'prefetch_related("book_set__readers") on the query of tests.Author',
        ),
        (
            lambda: [
                list(b.readers.all())
                for a in Author.objects.prefetch_related(Prefetch("book_set", to_attr="shelf"))
                for b in a.shelf
            ],
            'prefetch_related("shelf__readers") on the query of tests.Author',
        ),
        (lambda: [h.inside for h in Hall.objects.all()], 'select_related("inside")'),
        (lambda: [v.hall for v in Venue.objects.filter(inside__isnull=False)], 'select_related("hall")'),
        (lambda: [t.region.towns.count() for t in Town.objects.select_related("region")], "annotate("),
        (lambda: [p.life for p in Author.objects.all()], 'select_related("life")'),
        (lambda: [list(v.parts.all()) for v in Hall.objects.all()], 'prefetch_related("parts")'),
    ],
)
def test_advice_leads_from_the_rows_of_the_query(task: Callable[[], Any], advice: str) -> None:
    assert advice in " | ".join(finding.remedy.orm for finding in told(task))


@pytest.mark.parametrize(
    "choose",
    [
        lambda author: author.book_set.filter(title="x").count(),
        lambda author: list(author.book_set.filter(title="x")),
        lambda author: author.book_set.order_by("-title").first(),
        lambda author: author.book_set.get(title="Book 1"),
        lambda author: list(author.book_set.values_list("title", flat=True)),
        lambda author: list(author.book_set.select_related("author")),
    ],
)
def test_a_plain_prefetch_is_not_advised_for_a_part_of_a_relation(choose: Callable[[Any], Any]) -> None:
    (finding,) = told(lambda: choose_of_each(choose))
    assert not finding.remedy.orm.startswith('prefetch_related("book_set")')
    assert "Prefetch(" in finding.remedy.orm or "annotate(" in finding.remedy.orm


def choose_of_each(choose: Callable[[Any], Any]) -> None:
    for author in Author.objects.all():
        with suppress(Book.DoesNotExist):
            choose(author)


def test_the_prefetch_that_was_defeated_is_that_of_the_list() -> None:
    def lists() -> None:
        first = list(Author.objects.order_by("pk")[:3].prefetch_related("book_set"))
        second = list(Author.objects.order_by("-pk")[:3])
        for author in first:
            len(author.book_set.all())
        for author in second:
            len(author.book_set.all())

    assert told(lists, "defeated_prefetch") == []
    assert subjects(lists) == ["tests.Author.book_set is asked once for each row"]
