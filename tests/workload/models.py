"""Models of the workload tests: they stand in a registry of their own, so that no test of structure sees them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.test.utils import isolate_apps


@isolate_apps("tests")
def _models() -> tuple[Any, Any, Any, Any]:

    class Publisher(models.Model):
        name = models.CharField(max_length=40)

        class Meta:
            app_label = "tests"
            ordering = ["name"]

    class Author(models.Model):
        name = models.CharField(max_length=40)
        publisher = models.ForeignKey(Publisher, models.CASCADE)

        class Meta:
            app_label = "tests"

        @property
        def house(self) -> str:
            return str(self.publisher.name)

    class Biography(models.Model):
        author = models.OneToOneField(Author, models.CASCADE, related_name="life")
        text = models.TextField()

        class Meta:
            app_label = "tests"

    class Book(models.Model):
        title = models.CharField(max_length=40)
        author = models.ForeignKey(Author, models.CASCADE)
        readers = models.ManyToManyField(Publisher, related_name="library")

        class Meta:
            app_label = "tests"

    return Publisher, Author, Biography, Book


MODELS = Publisher, Author, Biography, Book = _models()
