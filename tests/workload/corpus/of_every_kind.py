"""More of what asks once a row, beside what looks like it: asked twice, chosen, aliased, sliced, in helpers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Subquery, Sum, prefetch_related_objects
from django.template import Context, Template

from tests.workload.corpus.models import BRANCH, Hall, Person, Region, Town, Venue
from tests.workload.corpus.scenario import chosen, clean, once_a_row
from tests.workload.models import Author, Biography, Book, Publisher

# -- asked more often than there are rows --------------------------------------------------------------------------


@once_a_row('prefetch_related("book_set")')
def number_and_rows_on_one_line() -> Any:
    return [(author.book_set.count(), list(author.book_set.all())) for author in Author.objects.order_by("pk")]


@once_a_row('prefetch_related("book_set")')
def one_template_line_with_two_lookups() -> Any:
    page = Template("{% for a in authors %}{{ a.book_set.count }}{{ a.book_set.all.0.title }}{% endfor %}")
    return page.render(Context({"authors": Author.objects.order_by("pk")}))


def number_of_books(author: Any) -> int:
    return int(author.book_set.count())


@once_a_row('prefetch_related("book_set")')
def a_helper_called_twice() -> Any:
    return [number_of_books(author) + number_of_books(author) for author in Author.objects.order_by("pk")]


@once_a_row('only("pk", "publisher") and select_related("publisher")')
def deferred_key_and_its_row() -> Any:
    return [author.publisher.pk for author in Author.objects.only("pk").order_by("pk")]


@once_a_row('prefetch_related("book_set") and select_related("publisher")')
def two_relations_of_one_row() -> Any:
    return [(author.publisher.name, len(author.book_set.all())) for author in Author.objects.order_by("pk")]


@once_a_row('select_related("life") and select_related("publisher")')
def two_relations_that_are_joined() -> Any:
    return [(author.publisher.name, author.life.text) for author in Author.objects.order_by("pk")]


# -- two rows, pages, copies ---------------------------------------------------------------------------------------


@once_a_row('select_related("publisher")')
def two_rows_are_two() -> Any:
    return [author.publisher.name for author in Author.objects.order_by("pk")[:2]]


@once_a_row('select_related("publisher")')
def rows_of_several_pages() -> Any:
    pages = (Author.objects.order_by("pk")[start : start + 2] for start in (0, 2, 4))
    return [author.publisher.name for author in itertools.chain.from_iterable(pages)]


@once_a_row('select_related("publisher")')
def rows_by_their_keys() -> Any:
    return [author.publisher.name for author in Author.objects.in_bulk().values()]


@once_a_row('select_related("publisher")')
def rows_in_a_set() -> Any:
    return sorted({author.publisher.name for author in {*Author.objects.order_by("pk")}})


@once_a_row('select_related("publisher")')
def rows_in_a_dictionary() -> Any:
    authors = {author.pk: author for author in Author.objects.order_by("pk")}
    return {key: author.publisher.name for key, author in authors.items()}


@once_a_row('select_related("publisher")')
def rows_in_groups() -> Any:
    authors = Author.objects.order_by("publisher_id", "pk")
    groups = itertools.groupby(authors, key=lambda author: author.publisher_id)
    return [[author.publisher.name for author in group] for _, group in groups]


# -- names ---------------------------------------------------------------------------------------------------------


@once_a_row('prefetch_related("follows")')
def one_side_of_a_relation_to_itself() -> Any:
    return [[other.name for other in person.follows.all()] for person in Person.objects.order_by("pk")]


@once_a_row('prefetch_related("followers")')
def the_other_side_of_a_relation_to_itself() -> Any:
    return [sorted(other.pk for other in person.followers.all()) for person in Person.objects.order_by("pk")]


@once_a_row('select_related("inside")')
def relation_of_a_multi_table_parent() -> Any:
    return [hall.inside and hall.inside.name for hall in Hall.objects.order_by("pk")]


@once_a_row('prefetch_related("parts")')
def reverse_of_a_multi_table_parent() -> Any:
    return [len(venue.parts.all()) for venue in Venue.objects.order_by("pk")]


@once_a_row('select_related("region")')
def relation_below_a_property() -> Any:
    return [str(town) for town in Town.objects.order_by("-pk")]


@once_a_row('select_related("author__life")')
def reverse_one_to_one_two_levels() -> Any:
    return [book.author.life.text for book in Book.objects.select_related("author").order_by("pk")]


@once_a_row('prefetch_related("author__book_set")')
def reverse_below_a_join() -> Any:
    return [len(book.author.book_set.all()) for book in Book.objects.select_related("author").order_by("pk")]


@once_a_row('prefetch_related("region__formers")')
def reverse_below_a_foreign_key() -> Any:
    return [len(town.region.formers.all()) for town in Town.objects.select_related("region").order_by("pk")]


# -- a part of a relation ------------------------------------------------------------------------------------------


@once_a_row(chosen("book_set", 'Book.objects.exclude(title="x")'))
def rows_without_some() -> Any:
    return [[book.title for book in author.book_set.exclude(title="x")] for author in Author.objects.order_by("pk")]


@once_a_row(chosen("book_set", 'Book.objects.order_by("-title")'))
def rows_in_another_order() -> Any:
    return [[book.pk for book in author.book_set.order_by("-title")] for author in Author.objects.order_by("pk")]


@once_a_row(chosen("book_set", 'Book.objects.filter(title="Book 1")'))
def presence_of_some() -> Any:
    return [author.book_set.filter(title="Book 1").exists() for author in Author.objects.order_by("pk")]


@once_a_row(chosen("towns", "Town.objects.filter(former=None)"))
def number_of_some() -> Any:
    return [region.towns.filter(former=None).count() for region in Region.objects.order_by("pk")]


@once_a_row(chosen("readers", 'Publisher.objects.order_by("-name")'))
def last_of_a_many_to_many() -> Any:
    return [book.readers.order_by("-name").first() for book in Book.objects.order_by("pk")]


@once_a_row()
def choice_that_names_the_row() -> Any:
    return [list(author.book_set.filter(title=author.name)) for author in Author.objects.order_by("pk")]


@once_a_row()
def sum_of_each() -> Any:
    return [author.book_set.aggregate(total=Sum("pk"))["total"] for author in Author.objects.order_by("pk")]


@once_a_row()
def earliest_of_each() -> Any:
    return [author.book_set.earliest("pk").title for author in Author.objects.order_by("pk")]


@once_a_row()
def rows_of_a_second_database_by_values() -> Any:
    keys = Author.objects.order_by("pk").values_list("pk", flat=True)
    return [Author.objects.using(BRANCH).filter(pk=key).count() for key in keys]


@once_a_row('prefetch_related("book_set")', once_is_enough=False)
def a_prefetch_for_one_after_the_other() -> Any:
    authors = Author.objects.order_by("pk")
    for author in authors:
        prefetch_related_objects([author], "book_set")
    return [len(author.book_set.all()) for author in authors]


@once_a_row('Take "text" out of defer().')
def deferred_while_iterating() -> Any:
    return [life.text for life in Biography.objects.defer("text").order_by("pk").iterator()]


# -- further ways --------------------------------------------------------------------------------------------------


@once_a_row('prefetch_related("shelf__readers")')
def readers_of_what_is_kept_under_another_name() -> Any:
    authors = Author.objects.prefetch_related(Prefetch("book_set", to_attr="shelf")).order_by("pk")
    return [[len(book.readers.all()) for book in author.shelf] for author in authors]


@once_a_row('prefetch_related("book_set__readers")')
def readers_of_what_is_prefetched() -> Any:
    authors = Author.objects.prefetch_related("book_set").order_by("pk")
    return [[len(book.readers.all()) for book in author.book_set.all()] for author in authors]


@once_a_row('select_related("publisher")')
def relation_in_a_condition() -> Any:
    return [author.name for author in Author.objects.order_by("pk") if author.publisher.name.startswith("P")]


@once_a_row('select_related("publisher")')
def relation_in_a_while() -> Any:
    left, names = list(Author.objects.order_by("pk")), []
    while left:
        names.append(left.pop().publisher.name)
    return names


@once_a_row('prefetch_related("library")')
def relation_of_the_most_frequent() -> Any:
    houses = Publisher.objects.annotate(n=Count("author")).order_by("-n", "pk")
    return [(house.name, len(house.library.all())) for house in houses]


@once_a_row('select_related("twin")')
def relation_of_a_union_of_lists() -> Any:
    towns = list(Town.objects.order_by("pk"))
    return [town.twin.slug for town in towns[:5]] + [town.twin.code for town in towns[5:]]


# -- only looks like it --------------------------------------------------------------------------------------------


@clean
def one_row_in_a_list() -> Any:
    return [publisher.library.count() for publisher in [Publisher.objects.order_by("pk")[0]]]


@clean
def single_rows_on_their_own_lines() -> Any:
    first = Author.objects.order_by("pk")[0]
    last = Author.objects.order_by("-pk")[0]
    return first.publisher.name, last.publisher.name


@clean
def created_rows_and_what_they_refer_to() -> Any:
    house = Publisher.objects.order_by("pk")[0]
    made = [Author.objects.create(name=str(number), publisher_id=house.pk) for number in range(3)]
    return [author.publisher.name for author in made]


@clean
def one_row_asked_again_and_again() -> Any:
    author = Author.objects.order_by("pk")[0]
    return [author.publisher.name for _ in range(5)]


@clean
def counted_on_two_databases() -> Any:
    return Author.objects.count(), Author.objects.using(BRANCH).count(), Publisher.objects.using(BRANCH).count()


@clean
def prefetched_for_the_list_at_once() -> Any:
    authors = list(Author.objects.order_by("pk"))
    prefetch_related_objects(authors, "book_set__readers")
    return [len(book.readers.all()) for author in authors for book in author.book_set.all()]


@clean
def prefetched_two_levels_with_choices() -> Any:
    books = Book.objects.exclude(title="x").prefetch_related(Prefetch("readers", to_attr="known"))
    authors = Author.objects.prefetch_related(Prefetch("book_set", queryset=books, to_attr="shelf"))
    return [[len(book.known) for book in author.shelf] for author in authors]


@clean
def prefetched_and_sliced_in_python() -> Any:
    return [author.book_set.all()[:1] for author in Author.objects.prefetch_related("book_set").order_by("pk")]


@clean
def prefetched_and_asked_for_presence() -> Any:
    return [author.book_set.exists() for author in Author.objects.prefetch_related("book_set").order_by("pk")]


@clean
def prefetched_self_relation() -> Any:
    return [len(person.followers.all()) for person in Person.objects.prefetch_related("followers")]


@clean
def joined_parents_of_inheritance() -> Any:
    return [hall.inside and hall.inside.name for hall in Hall.objects.select_related("inside")]


@clean
def joined_two_levels() -> Any:
    return [book.author.life.text for book in Book.objects.select_related("author__life")]


@clean
def aggregated_by_the_database() -> Any:
    books = Book.objects.filter(author=OuterRef("pk")).order_by("-pk").values("title")[:1]
    authors = Author.objects.annotate(n=Count("book"), newest=Subquery(books), has=Exists(books), key=F("pk"))
    return [(author.n, author.newest, author.has) for author in authors]


@clean
def a_generator_that_reads_on() -> Any:
    def names() -> Iterator[str]:
        yield from (author.name for author in Author.objects.order_by("pk").iterator(chunk_size=2))

    return list(names())


@clean
def looked_up_in_a_dictionary() -> Any:
    houses = {house.pk: house for house in Publisher.objects.all()}
    return [houses[author.publisher_id].name for author in Author.objects.order_by("pk")]


@clean
def updated_in_batches() -> Any:
    authors = list(Author.objects.order_by("pk"))
    return Author.objects.bulk_update(authors, ["name"], batch_size=2)


@clean
def deleted_by_one_queryset() -> Any:
    return Book.objects.filter(title__startswith="Book").delete()


@clean
def searched_for_a_free_name() -> Any:
    number = 0
    while Author.objects.filter(name=f"Author {number}").exists():
        number += 1
    return number
