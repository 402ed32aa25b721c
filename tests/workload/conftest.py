"""A small library in both databases, and the statements that a block of code runs on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import router

from tests.scratch import Scratch
from tests.workload.models import MODELS, Author, Biography, Book, Publisher

PUBLISHERS = 3
AUTHORS = 6


class Always:
    """Sends every model of a test to the scratch database."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def db_for_read(self, model: object, **_hints: object) -> str | None:
        return self.alias if model in MODELS or getattr(model, "__module__", "") == "tests.workload.models" else None

    db_for_write = db_for_read

    def allow_relation(self, *_: object, **_hints: object) -> bool:
        return True


@contextmanager
def routed(alias: str) -> Iterator[None]:
    router.routers.insert(0, always := Always(alias))
    try:
        yield
    finally:
        router.routers.remove(always)


@contextmanager
def stocked(scratch: Scratch) -> Iterator[Scratch]:
    """Three publishers, six authors with a biography each, twelve books, in an empty database."""
    with routed(scratch.alias):
        scratch.create(*MODELS)
        publishers = Publisher.objects.bulk_create(Publisher(name=f"Publisher {n}") for n in range(PUBLISHERS))
        authors = Author.objects.bulk_create(
            Author(name=f"Author {n}", publisher=publishers[n % PUBLISHERS]) for n in range(AUTHORS)
        )
        Biography.objects.bulk_create(Biography(author=author, text=f"Life of {author.name}") for author in authors)
        Book.objects.bulk_create(Book(title=f"Book {n}", author=authors[n // 2]) for n in range(AUTHORS * 2))
        for book in Book.objects.all():
            book.readers.add(publishers[0])
        yield scratch


@pytest.fixture
def library(scratch: Scratch) -> Iterator[Scratch]:
    """The library on either vendor."""
    with stocked(scratch):
        yield scratch
