"""The models of the corpus beside those of the library, and what stands in their tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps
from django.utils.functional import cached_property

from dbaudit.workload.sources.routing import routed_to
from tests.scratch import Scratch, connected
from tests.workload.models import Author, Publisher

#: The alias of a second database, with authors and publishers of the same keys as in the library.
BRANCH = "branch"


@isolate_apps("tests")
def _models() -> tuple[Any, ...]:
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

        def __str__(self) -> str:
            return str(self.region.slug)

        @cached_property
        def neighbours(self) -> int:
            return int(self.region.towns.count())

    class Note(models.Model):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField()
        about = GenericForeignKey()

        class Meta:
            app_label = "tests"

    class Label(models.Model):
        notes = GenericRelation(Note)

        class Meta:
            app_label = "tests"

    class Venue(models.Model):
        name = models.CharField(max_length=20)
        inside = models.ForeignKey("self", models.CASCADE, null=True, related_name="parts")

        class Meta:
            app_label = "tests"

    class Hall(Venue):
        seats = models.IntegerField()

        class Meta:
            app_label = "tests"

    class Person(models.Model):
        name = models.CharField(max_length=20)
        follows = models.ManyToManyField("self", symmetrical=False, related_name="followers")

        class Meta:
            app_label = "tests"

    return Region, Town, Note, Label, Venue, Hall, Person


MODELS = Region, Town, Note, Label, Venue, Hall, Person = _models()
_DJANGO = (ContentType, Permission, Group)


def _fill() -> None:
    """Ten towns in five regions, half of them once in another; notes about groups and labels; halls in two houses;
    people who follow the first of them."""
    regions = [Region(code=f"R{number}", slug=f"s{number}") for number in range(5)]
    Region.objects.bulk_create(regions)
    Town.objects.bulk_create(
        Town(region=regions[n % 5], twin=regions[(n + 1) % 5], former=regions[n % 5] if n % 2 else None)
        for n in range(10)
    )
    groups = Group.objects.bulk_create(Group(name=f"Group {number}") for number in range(5))
    labels = [Label.objects.create() for _ in range(5)]
    for about in (groups, labels):
        kind = ContentType.objects.get_for_model(about[0])
        Note.objects.bulk_create(Note(content_type=kind, object_id=one.pk) for one in about)
    people = Person.objects.bulk_create(Person(name=f"Person {number}") for number in range(4))
    for number, person in enumerate(Person.objects.order_by("pk")):
        person.follows.add(people[0].pk if number else person.pk)
    houses = [Venue.objects.create(name=name) for name in ("House", "Barn")]
    for number in range(6):
        Hall.objects.create(name=f"Hall {number}", inside=houses[number % 2], seats=number)


@contextmanager
def _branch() -> Iterator[None]:
    """A second database, whatever the vendor of the first."""
    with connected(BRANCH, {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}) as connection:
        with connection.schema_editor() as editor:
            for model in (Publisher, Author):
                editor.create_model(model)
        for model in (Publisher, Author):
            model.objects.using(BRANCH).bulk_create(model.objects.order_by("pk"))
        yield


@contextmanager
def shelf(library: Scratch) -> Iterator[Scratch]:
    """The library with everything else that the scenarios ask for."""
    made = (*_DJANGO, *MODELS)
    library.create(*made)
    ContentType.objects.clear_cache()
    with _branch(), routed_to(library.alias, {model._meta.db_table for model in made}):
        _fill()
        yield library
    ContentType.objects.clear_cache()
