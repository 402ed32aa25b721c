"""Code that asks once for each row of another statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db import connections, router
from django.db.models import Sum, prefetch_related_objects
from django.template import Context, Template
from rest_framework import serializers

from tests.workload.corpus.models import BRANCH, Label, Note, Region, Town, Venue
from tests.workload.corpus.scenario import chosen, once_a_row
from tests.workload.models import Author, Biography, Book, Publisher

# -- foreign keys and one-to-one relations -------------------------------------------------------------------------


@once_a_row('select_related("publisher")')
def forward() -> Any:
    return [author.publisher.name for author in Author.objects.all()]


@once_a_row('select_related("region")')
def forward_to_a_key_that_is_not_called_id() -> Any:
    return [town.region.slug for town in Town.objects.order_by("pk")]


@once_a_row('select_related("twin")')
def forward_by_to_field() -> Any:
    return [town.twin.code for town in Town.objects.order_by("pk")]


@once_a_row('select_related("former")')
def forward_where_half_is_empty() -> Any:
    return [town.former and town.former.slug for town in Town.objects.order_by("pk")]


@once_a_row('select_related("author__publisher")')
def forward_two_levels() -> Any:
    return [book.author.publisher.name for book in Book.objects.all()]


@once_a_row('select_related("author__publisher")')
def forward_below_a_join() -> Any:
    return [book.author.publisher.name for book in Book.objects.select_related("author").order_by("pk")]


@once_a_row('select_related("publisher")')
def forward_while_iterating() -> Any:
    return [author.publisher.name for author in Author.objects.order_by("pk").iterator()]


@once_a_row('select_related("publisher")')
def forward_by_its_name() -> Any:
    return [getattr(getattr(author, "publisher"), "name") for author in Author.objects.order_by("pk")]  # noqa: B009


@once_a_row('select_related("inside")')
def forward_to_the_model_itself() -> Any:
    return [venue.inside and venue.inside.name for venue in Venue.objects.order_by("pk")]


@once_a_row('select_related("publisher")')
def forward_on_another_alias() -> Any:
    return [author.publisher.name for author in Author.objects.using(router.db_for_read(Author)).order_by("pk")]


@once_a_row('select_related("publisher")')
def forward_from_the_rows_of_a_second_database() -> Any:
    return [author.publisher.name for author in Author.objects.using(BRANCH).order_by("pk")]


@once_a_row()
def get_from_a_second_database() -> Any:
    return [Author.objects.using(BRANCH).get(pk=author.pk).name for author in Author.objects.order_by("pk")]


@once_a_row('select_related("publisher")')
def forward_on_a_page_of_a_paginator() -> Any:
    page = Paginator(Author.objects.order_by("pk"), 5).page(1)
    return [author.publisher.name for author in page]


@once_a_row('select_related("life")')
def reverse_one_to_one() -> Any:
    return [author.life.text for author in Author.objects.order_by("pk")]


@once_a_row('select_related("hall")')
def child_of_multi_table_inheritance() -> Any:
    return [venue.hall.seats for venue in Venue.objects.filter(inside__isnull=False).order_by("pk")]


# -- rows that refer to a row --------------------------------------------------------------------------------------


@once_a_row('prefetch_related("book_set")')
def reverse() -> Any:
    return [len(author.book_set.all()) for author in Author.objects.all()]


@once_a_row(chosen("book_set", 'Book.objects.filter(title__startswith="B")'))
def reverse_with_a_second_condition() -> Any:
    return [list(author.book_set.filter(title__startswith="B")) for author in Author.objects.all()]


@once_a_row(chosen("book_set", 'Book.objects.order_by("pk")'))
def reverse_first() -> Any:
    return [author.book_set.first() for author in Author.objects.all()]


@once_a_row()
def reverse_latest() -> Any:
    return [author.book_set.latest("pk").title for author in Author.objects.order_by("pk")]


@once_a_row('prefetch_related("book_set")')
def reverse_exists() -> Any:
    return [author.book_set.exists() for author in Author.objects.all()]


@once_a_row('prefetch_related("book_set")')
def reverse_count() -> Any:
    return [author.book_set.count() for author in Author.objects.all()]


@once_a_row()
def reverse_aggregate() -> Any:
    return [author.book_set.aggregate(Sum("pk")) for author in Author.objects.all()]


@once_a_row()
def reverse_values() -> Any:
    return [list(author.book_set.values_list("title", flat=True)) for author in Author.objects.order_by("pk")]


@once_a_row('prefetch_related("towns")')
def reverse_to_a_key_that_is_not_called_id() -> Any:
    return [len(region.towns.all()) for region in Region.objects.order_by("pk")]


@once_a_row('prefetch_related("twins")')
def reverse_by_to_field() -> Any:
    return [len(region.twins.all()) for region in Region.objects.order_by("pk")]


@once_a_row('prefetch_related("readers")')
def many_to_many() -> Any:
    return [[one.name for one in book.readers.all()] for book in Book.objects.order_by("pk")]


@once_a_row(chosen("readers", 'Publisher.objects.filter(name__startswith="P")'))
def many_to_many_with_a_condition() -> Any:
    return [book.readers.filter(name__startswith="P").count() for book in Book.objects.order_by("pk")]


@once_a_row('prefetch_related("library")')
def many_to_many_from_the_other_side() -> Any:
    return [len(publisher.library.all()) for publisher in Publisher.objects.order_by("pk")]


@once_a_row('prefetch_related("book_set__readers")')
def many_to_many_two_levels() -> Any:
    authors = Author.objects.order_by("pk")
    return [len(book.readers.all()) for author in authors for book in author.book_set.all()]


@once_a_row('prefetch_related("about")')
def generic() -> Any:
    groups = ContentType.objects.get_by_natural_key("auth", "group")
    return [note.about.name for note in Note.objects.filter(content_type=groups).order_by("pk")]


@once_a_row('prefetch_related("notes")')
def generic_relation() -> Any:
    return [len(label.notes.all()) for label in Label.objects.order_by("pk")]


@once_a_row('prefetch_related("notes")')
def generic_relation_count() -> Any:
    return [label.notes.count() for label in Label.objects.order_by("pk")]


@once_a_row('prefetch_related("book_set")', once_is_enough=False)
def prefetch_of_each_row() -> Any:
    for author in Author.objects.all():
        prefetch_related_objects([author], "book_set")


# -- columns -------------------------------------------------------------------------------------------------------


@once_a_row('Take "text" out of defer().')
def deferred() -> Any:
    return [life.text for life in Biography.objects.defer("text")]


@once_a_row('only("pk", "name")')
def left_out_by_only() -> Any:
    return [author.name for author in Author.objects.only("pk").order_by("pk")]


# -- where nobody sees it ------------------------------------------------------------------------------------------


def house_of(author: Any) -> str:
    return str(author.publisher.name)


@once_a_row('select_related("publisher")')
def property_of_a_model() -> Any:
    return [author.house for author in Author.objects.all()]


@once_a_row('prefetch_related("region__towns")')
def cached_property_of_a_model() -> Any:
    return [town.neighbours for town in Town.objects.select_related("region").order_by("pk")]


@once_a_row('select_related("region")')
def text_of_a_model() -> Any:
    return [str(town) for town in Town.objects.order_by("pk")]


@once_a_row('select_related("publisher")')
def function_elsewhere() -> Any:
    return [house_of(author) for author in Author.objects.all()]


@once_a_row('select_related("publisher")')
def function_given_to_map() -> Any:
    return list(map(house_of, Author.objects.order_by("pk")))


@once_a_row('select_related("publisher")')
def key_of_a_sort() -> Any:
    return [author.name for author in sorted(Author.objects.order_by("pk"), key=house_of)]


@once_a_row('select_related("publisher")')
def generator() -> Any:
    def houses() -> Iterator[str]:
        for author in Author.objects.order_by("pk"):
            yield author.publisher.name

    return ", ".join(houses())


@once_a_row('select_related("publisher")')
def template() -> Any:
    page = Template("{% for author in authors %}{{ author.publisher.name }} {% endfor %}")
    return page.render(Context({"authors": Author.objects.order_by("pk")}))


@once_a_row('prefetch_related("book_set")')
def template_with_a_loop_in_a_loop() -> Any:
    page = Template("{% for a in authors %}{% for book in a.book_set.all %}{{ book.title }} {% endfor %}{% endfor %}")
    return page.render(Context({"authors": Author.objects.order_by("pk")}))


@once_a_row('prefetch_related("book_set")')
def template_that_counts() -> Any:
    page = Template("{% for author in authors %}{{ author.book_set.count }} {% endfor %}")
    return page.render(Context({"authors": Author.objects.order_by("pk")}))


class AuthorSerializer(serializers.Serializer[Any]):  # type: ignore[misc]
    house = serializers.CharField(source="publisher.name")


class BookSerializer(serializers.Serializer[Any]):  # type: ignore[misc]
    title = serializers.CharField()


class ShelfSerializer(serializers.Serializer[Any]):  # type: ignore[misc]
    books = BookSerializer(source="book_set", many=True)


class CountSerializer(serializers.Serializer[Any]):  # type: ignore[misc]
    books = serializers.SerializerMethodField()

    def get_books(self, author: Any) -> int:
        return int(author.book_set.count())


class ReaderSerializer(serializers.Serializer[Any]):  # type: ignore[misc]
    readers = serializers.PrimaryKeyRelatedField(many=True, read_only=True)


@once_a_row('select_related("publisher")')
def serializer() -> Any:
    return AuthorSerializer(Author.objects.order_by("pk"), many=True).data


@once_a_row('prefetch_related("book_set")')
def serializer_in_a_serializer() -> Any:
    return ShelfSerializer(Author.objects.order_by("pk"), many=True).data


@once_a_row('prefetch_related("book_set")')
def serializer_method_field() -> Any:
    return CountSerializer(Author.objects.order_by("pk"), many=True).data


@once_a_row('prefetch_related("readers")')
def serializer_of_related_keys() -> Any:
    return ReaderSerializer(Book.objects.order_by("pk"), many=True).data


# -- without an attribute ------------------------------------------------------------------------------------------


@once_a_row(once_is_enough=False)
def get_in_a_loop() -> Any:
    return [Author.objects.get(pk=key).name for key in Book.objects.values_list("author_id", flat=True)]


@once_a_row()
def count_in_a_loop() -> Any:
    return [Book.objects.filter(author_id=key).count() for key in Author.objects.values_list("pk", flat=True)]


@once_a_row()
def filter_by_the_row_of_a_loop() -> Any:
    return [[book.title for book in Book.objects.filter(author=author)] for author in Author.objects.order_by("pk")]


@once_a_row()
def get_or_create_in_a_loop() -> Any:
    return [Book.objects.get_or_create(title=book.title)[1] for book in Book.objects.order_by("pk")]


@once_a_row(once_is_enough=False)
def raw_in_a_loop() -> Any:
    query = "SELECT * FROM tests_publisher WHERE id = %s"
    return [Publisher.objects.raw(query, [author.publisher_id])[0].name for author in Author.objects.all()]


@once_a_row()
def cursor_in_a_loop() -> Any:
    names = []
    for author in Author.objects.order_by("pk"):
        with connections[author._state.db].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tests_book WHERE author_id = %s", [author.pk])
            names.append(cursor.fetchone()[0])
    return names


# -- async ---------------------------------------------------------------------------------------------------------


@once_a_row('prefetch_related("book_set")')
async def async_count() -> Any:
    return [await author.book_set.acount() async for author in Author.objects.order_by("pk")]


@once_a_row('prefetch_related("book_set")')
async def async_loop_in_a_loop() -> Any:
    return [book.title async for a in Author.objects.order_by("pk") async for book in a.book_set.all()]


@once_a_row(once_is_enough=False)
async def async_get() -> Any:
    authors = [author async for author in Author.objects.order_by("pk")]
    return [(await Publisher.objects.aget(pk=author.publisher_id)).name for author in authors]
