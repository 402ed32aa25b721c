"""Scenarios for N+1: code that asks once a row, as other tools miss it, and code that only looks like it.

Each function stands by itself, so that the audit can read, change and run it.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Count, Prefetch, Sum, prefetch_related_objects
from django.template import Context, Template
from django.test.utils import isolate_apps
from rest_framework import serializers

from tests.workload.models import Author, Biography, Book, Publisher


@isolate_apps("tests")
def _models() -> tuple[Any, Any, Any]:
    class Region(models.Model):
        code = models.CharField(max_length=10, primary_key=True)
        slug = models.CharField(max_length=10, unique=True)

        class Meta:
            app_label = "tests"

    class Town(models.Model):
        region = models.ForeignKey(Region, models.CASCADE, related_name="towns")
        twin = models.ForeignKey(Region, models.CASCADE, to_field="slug", related_name="twins")
        former = models.ForeignKey(Region, models.CASCADE, null=True, related_name="formers")

        class Meta:
            app_label = "tests"

    class Note(models.Model):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField()
        about = GenericForeignKey()

        class Meta:
            app_label = "tests"

    return Region, Town, Note


MODELS = Region, Town, Note = _models()


class AuthorSerializer(serializers.Serializer[Any]):  # type: ignore[misc]
    house = serializers.CharField(source="publisher.name")


def house_of(author: Any) -> str:
    return str(author.publisher.name)


# -- asks once a row -----------------------------------------------------------------------------------------------


def forward() -> Any:
    return [author.publisher.name for author in Author.objects.all()]


def forward_to_a_key_of_another_name() -> Any:
    return [town.region.slug for town in Town.objects.order_by("pk")]


def forward_by_to_field() -> Any:
    return [town.twin.code for town in Town.objects.order_by("pk")]


def forward_where_half_is_empty() -> Any:
    return [town.former and town.former.slug for town in Town.objects.order_by("pk")]


def forward_two_levels() -> Any:
    return [book.author.publisher.name for book in Book.objects.all()]


def forward_while_iterating() -> Any:
    return [author.publisher.name for author in Author.objects.order_by("pk").iterator()]


def reverse() -> Any:
    return [len(author.book_set.all()) for author in Author.objects.all()]


def reverse_with_a_second_condition() -> Any:
    return [list(author.book_set.filter(title__startswith="B")) for author in Author.objects.all()]


def reverse_first() -> Any:
    return [author.book_set.first() for author in Author.objects.all()]


def reverse_exists() -> Any:
    return [author.book_set.exists() for author in Author.objects.all()]


def reverse_count() -> Any:
    return [author.book_set.count() for author in Author.objects.all()]


def reverse_aggregate() -> Any:
    return [author.book_set.aggregate(Sum("pk")) for author in Author.objects.all()]


def reverse_one_to_one() -> Any:
    return [author.life.text for author in Author.objects.order_by("pk")]


def many_to_many() -> Any:
    return [[one.name for one in book.readers.all()] for book in Book.objects.order_by("pk")]


def many_to_many_from_the_other_side() -> Any:
    return [book.readers.filter(name__startswith="P").count() for book in Book.objects.order_by("pk")]


def property_of_a_model() -> Any:
    return [author.house for author in Author.objects.all()]


def function_elsewhere() -> Any:
    return [house_of(author) for author in Author.objects.all()]


def template() -> Any:
    page = Template("{% for author in authors %}{{ author.publisher.name }} {% endfor %}")
    return page.render(Context({"authors": Author.objects.order_by("pk")}))


def serializer() -> Any:
    return AuthorSerializer(Author.objects.order_by("pk"), many=True).data


def generic() -> Any:
    return [note.about.name for note in Note.objects.order_by("pk")]


def deferred() -> Any:
    return [life.text for life in Biography.objects.defer("text")]


def get_in_a_loop() -> Any:
    return [Author.objects.get(pk=key).name for key in Book.objects.values_list("author_id", flat=True)]


def count_in_a_loop() -> Any:
    return [Book.objects.filter(author_id=key).count() for key in Author.objects.values_list("pk", flat=True)]


def raw_in_a_loop() -> Any:
    query = "SELECT * FROM tests_publisher WHERE id = %s"
    return [Publisher.objects.raw(query, [author.publisher_id])[0].name for author in Author.objects.all()]


def prefetch_of_each_row() -> Any:
    for author in Author.objects.all():
        prefetch_related_objects([author], "book_set")


async def asynchronous() -> Any:
    return [await author.book_set.acount() async for author in Author.objects.order_by("pk")]


# -- only looks like it --------------------------------------------------------------------------------------------


def joined() -> Any:
    return [author.publisher.name for author in Author.objects.select_related("publisher")]


def prefetched() -> Any:
    return [len(author.book_set.all()) for author in Author.objects.prefetch_related("book_set")]


def prefetched_to_attr() -> Any:
    chosen = Prefetch("book_set", queryset=Book.objects.filter(title__startswith="B"), to_attr="chosen")
    return [author.chosen for author in Author.objects.prefetch_related(chosen)]


def prefetched_in_chunks() -> Any:
    return [len(one.book_set.all()) for one in Author.objects.prefetch_related("book_set").iterator(chunk_size=2)]


def generic_prefetched() -> Any:
    return [note.about.name for note in Note.objects.prefetch_related("about")]


def iterated_in_chunks() -> Any:
    return [author.name for author in Author.objects.iterator(chunk_size=2)]


def in_bulk() -> Any:
    houses = Publisher.objects.in_bulk([author.publisher_id for author in Author.objects.all()])
    return [houses[author.publisher_id].name for author in Author.objects.all()]


def chunked_in() -> Any:
    keys = list(Book.objects.values_list("pk", flat=True))
    return [list(Book.objects.filter(pk__in=keys[start : start + 4])) for start in range(0, len(keys), 4)]


def pages_by_key() -> Any:
    last, pages = 0, 0
    while page := list(Book.objects.filter(pk__gt=last).order_by("pk")[:3]):
        last, pages = page[-1].pk, pages + 1
    return pages


def paginated() -> Any:
    return [list(page.object_list) for page in Paginator(Book.objects.order_by("pk"), 4)]


def read_write_read() -> Any:
    before = Author.objects.get(name="Author 1")
    Author.objects.filter(pk=before.pk).update(name="Author 1")
    return Author.objects.get(name="Author 1")


def two_keys_to_one_table() -> Any:
    town = Town.objects.order_by("pk")[0]
    return town.region.slug, town.twin.code


def three_gets_on_three_lines() -> Any:
    first = Author.objects.get(name="Author 1")
    second = Author.objects.get(name="Author 2")
    third = Author.objects.get(name="Author 3")
    return first, second, third


def names_of_a_constant() -> Any:
    names = list(Author.objects.values_list("name", flat=True))
    return names, [Author.objects.get(name=name) for name in ("Author 1", "Author 2", "Author 3")]


def cached_relation() -> Any:
    author = Author.objects.order_by("pk")[0]
    return [author.publisher.name for _ in Author.objects.all()]


def joined_values() -> Any:
    return list(Author.objects.values_list("publisher__name", flat=True))


def annotated() -> Any:
    return [author.books for author in Author.objects.annotate(books=Count("book"))]


def saved_one_by_one() -> Any:
    for author in Author.objects.all():
        author.save()


ONCE_A_ROW: dict[Any, str] = {
    forward: 'select_related("publisher")',
    forward_to_a_key_of_another_name: 'select_related("region")',
    forward_by_to_field: 'select_related("twin")',
    forward_where_half_is_empty: 'select_related("former")',
    forward_two_levels: 'select_related("author__publisher")',
    forward_while_iterating: 'select_related("publisher")',
    reverse: 'prefetch_related("book_set")',
    reverse_with_a_second_condition: "",
    reverse_first: "",
    reverse_exists: 'prefetch_related("book_set")',
    reverse_count: 'prefetch_related("book_set")',
    reverse_aggregate: "",
    reverse_one_to_one: 'select_related("life")',
    many_to_many: 'prefetch_related("readers")',
    many_to_many_from_the_other_side: "",
    property_of_a_model: 'select_related("publisher")',
    function_elsewhere: 'select_related("publisher")',
    template: 'select_related("publisher")',
    serializer: 'select_related("publisher")',
    generic: 'prefetch_related("about")',
    deferred: "",
    get_in_a_loop: "",
    count_in_a_loop: "",
    raw_in_a_loop: "",
    prefetch_of_each_row: 'prefetch_related("book_set")',
    asynchronous: 'prefetch_related("book_set")',
}
CLEAN = (
    *(joined, prefetched, prefetched_to_attr, prefetched_in_chunks, generic_prefetched, iterated_in_chunks, in_bulk),
    *(chunked_in, pages_by_key, paginated, read_write_read, two_keys_to_one_table, three_gets_on_three_lines),
    *(names_of_a_constant, cached_relation, joined_values, annotated, saved_one_by_one),
)


def fill() -> None:
    """Ten towns in five regions, half of them once in another one, and notes about five groups."""
    regions = [Region(code=f"R{number}", slug=f"s{number}") for number in range(5)]
    Region.objects.bulk_create(regions)
    Town.objects.bulk_create(
        Town(region=regions[n % 5], twin=regions[(n + 1) % 5], former=regions[n % 5] if n % 2 else None)
        for n in range(10)
    )
    groups = Group.objects.bulk_create(Group(name=f"Group {number}") for number in range(5))
    kind = ContentType.objects.get_for_model(Group)
    Note.objects.bulk_create(Note(content_type=kind, object_id=group.pk) for group in groups)
