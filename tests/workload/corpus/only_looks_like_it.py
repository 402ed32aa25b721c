"""Code that only looks as if it asked once a row: batches, pages, relations that are there, values of a constant."""

from __future__ import annotations

import asyncio
from typing import Any

import django
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch
from django.template import Context, Template

from tests.workload.corpus.asked_once_a_row import AuthorSerializer, CountSerializer, ShelfSerializer
from tests.workload.corpus.models import BRANCH, Label, Note, Town, Venue
from tests.workload.corpus.scenario import clean
from tests.workload.models import Author, Biography, Book, Publisher

# -- fetched with the rows -----------------------------------------------------------------------------------------


@clean
def joined() -> Any:
    return [author.publisher.name for author in Author.objects.select_related("publisher")]


@clean
def all_at_once_from_a_second_database() -> Any:
    return Author.objects.using(BRANCH).in_bulk([author.pk for author in Author.objects.order_by("pk")])


@clean
def joined_in_a_template() -> Any:
    page = Template("{% for author in authors %}{{ author.publisher.name }} {% endfor %}")
    return page.render(Context({"authors": Author.objects.select_related("publisher").order_by("pk")}))


@clean
def joined_in_a_serializer() -> Any:
    return AuthorSerializer(Author.objects.select_related("publisher").order_by("pk"), many=True).data


@clean
def joined_reverse_one_to_one() -> Any:
    return [author.life.text for author in Author.objects.select_related("life").order_by("pk")]


@clean
def joined_values() -> Any:
    return list(Author.objects.values_list("publisher__name", flat=True))


@clean
def prefetched() -> Any:
    return [len(author.book_set.all()) for author in Author.objects.prefetch_related("book_set")]


@clean
def prefetched_and_counted() -> Any:
    return CountSerializer(Author.objects.prefetch_related("book_set").order_by("pk"), many=True).data


@clean
def prefetched_in_a_serializer() -> Any:
    return ShelfSerializer(Author.objects.prefetch_related("book_set").order_by("pk"), many=True).data


@clean
def prefetched_to_attr() -> Any:
    chosen = Prefetch("book_set", queryset=Book.objects.filter(title__startswith="B"), to_attr="chosen")
    return [author.chosen for author in Author.objects.prefetch_related(chosen)]


@clean
def prefetched_in_chunks() -> Any:
    return [len(one.book_set.all()) for one in Author.objects.prefetch_related("book_set").iterator(chunk_size=2)]


@clean
def generic_prefetched() -> Any:
    groups = ContentType.objects.get_by_natural_key("auth", "group")
    return [note.about.name for note in Note.objects.filter(content_type=groups).prefetch_related("about")]


@clean
def generic_prefetched_with_querysets() -> Any:
    groups = ContentType.objects.get_by_natural_key("auth", "group")
    notes = Note.objects.filter(content_type=groups).prefetch_related(GenericPrefetch("about", [Group.objects.all()]))
    return [note.about.name for note in notes]


@clean
def generic_relation_prefetched() -> Any:
    return [len(label.notes.all()) for label in Label.objects.prefetch_related("notes")]


@clean
def annotated() -> Any:
    return [author.books for author in Author.objects.annotate(books=Count("book"))]


@clean
def subquery_for_each_row() -> Any:
    return [
        one.has_book for one in Author.objects.annotate(has_book=Exists(Book.objects.filter(author=OuterRef("pk"))))
    ]


@clean
def raw_with_the_columns() -> Any:
    query = "SELECT a.*, p.name AS publisher_name FROM tests_author a JOIN tests_publisher p ON p.id = a.publisher_id"
    return [author.publisher_name for author in Author.objects.raw(query)]


# -- there already -------------------------------------------------------------------------------------------------


@clean
def cached_relation() -> Any:
    author = Author.objects.order_by("pk")[0]
    return [author.publisher.name for _ in Author.objects.all()]


@clean
def parent_of_its_own_rows() -> Any:
    author = Author.objects.order_by("pk")[0]
    return [book.author.name for book in author.book_set.all()]


@clean
def parent_of_prefetched_rows() -> Any:
    authors = Author.objects.prefetch_related("book_set").order_by("pk")
    return [book.author.name for author in authors for book in author.book_set.all()]


@clean
def key_without_its_row() -> Any:
    return [author.publisher_id for author in Author.objects.order_by("pk")]


@clean
def empty_relations() -> Any:
    return [venue.inside for venue in Venue.objects.filter(inside__isnull=True)]


# -- in batches, by pages ------------------------------------------------------------------------------------------


@clean
def iterated_in_chunks() -> Any:
    return [author.name for author in Author.objects.iterator(chunk_size=2)]


@clean
def in_bulk() -> Any:
    houses = Publisher.objects.in_bulk([author.publisher_id for author in Author.objects.all()])
    return [houses[author.publisher_id].name for author in Author.objects.all()]


@clean
def chunked_in() -> Any:
    keys = list(Book.objects.values_list("pk", flat=True))
    return [list(Book.objects.filter(pk__in=keys[start : start + 4])) for start in range(0, len(keys), 4)]


@clean
def pages_by_key() -> Any:
    last, pages = 0, 0
    while page := list(Book.objects.filter(pk__gt=last).order_by("pk")[:3]):
        last, pages = page[-1].pk, pages + 1
    return pages


@clean
def paginated() -> Any:
    return [list(page.object_list) for page in Paginator(Book.objects.order_by("pk"), 4)]


@clean
def one_level_of_a_tree_at_a_time() -> Any:
    level, names = list(Venue.objects.filter(inside__isnull=True)), []
    while level:
        names.append([venue.name for venue in level])
        level = list(Venue.objects.filter(inside__in=level))
    return names


@clean
def created_in_batches() -> Any:
    return len(Publisher.objects.bulk_create([Publisher(name=str(number)) for number in range(6)], batch_size=2))


@clean
def saved_one_by_one() -> Any:
    for author in Author.objects.all():
        author.save()


# -- several times, but not once a row -----------------------------------------------------------------------------


@clean
def read_write_read() -> Any:
    before = Author.objects.get(name="Author 1")
    Author.objects.filter(pk=before.pk).update(name="Author 1")
    return Author.objects.get(name="Author 1")


@clean
def two_keys_to_one_table() -> Any:
    town = Town.objects.order_by("pk")[0]
    return town.region.slug, town.twin.code


@clean
def three_gets_on_three_lines() -> Any:
    first = Author.objects.get(name="Author 1")
    second = Author.objects.get(name="Author 2")
    third = Author.objects.get(name="Author 3")
    return first, second, third


@clean
def names_of_a_constant() -> Any:
    names = list(Author.objects.values_list("name", flat=True))
    return names, [Author.objects.get(name=name) for name in ("Author 1", "Author 2", "Author 3")]


@clean
def counts_of_a_constant() -> Any:
    authors = Author.objects.count()
    return authors, {letter: Book.objects.filter(title__startswith=letter).count() for letter in "ABC"}


@clean
def asked_until_it_is_there() -> Any:
    list(Author.objects.order_by("pk"))
    return [Book.objects.filter(title="not yet").exists() for _ in range(5)]


@clean
async def three_at_the_same_time() -> Any:
    return await asyncio.gather(Author.objects.acount(), Book.objects.acount(), Publisher.objects.acount())


if django.VERSION >= (6, 1):

    @clean
    def peers() -> Any:
        return [author.publisher.name for author in Author.objects.fetch_mode(models.FETCH_PEERS)]

    @clean
    def peers_of_deferred_columns() -> Any:
        return [life.text for life in Biography.objects.defer("text").fetch_mode(models.FETCH_PEERS)]

    @clean
    def peers_of_a_generic_key() -> Any:
        groups = ContentType.objects.get_by_natural_key("auth", "group")
        notes = Note.objects.filter(content_type=groups).fetch_mode(models.FETCH_PEERS)
        return [note.about.name for note in notes]
