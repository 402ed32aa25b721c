"""A model whose table the tests of drift change by hand."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from tests.scratch import Scratch


def part() -> type[models.Model]:
    """A model with something of everything; call it inside ``isolate_apps("tests")``."""

    class Part(models.Model):
        code = models.CharField(max_length=20, db_index=True)
        name = models.CharField(max_length=30)
        status = models.CharField(max_length=10)
        price = models.PositiveIntegerField()
        weight = models.IntegerField(null=True)
        number = models.IntegerField(unique=True)

        class Meta:
            app_label = "tests"
            unique_together = (("code", "status"),)
            indexes = (
                models.Index(fields=["name", "-price"], name="part_plain"),
                models.Index(fields=["name"], condition=Q(status="open"), name="part_where"),
                models.Index(Upper("name"), name="part_upper"),
            )
            constraints = (
                models.CheckConstraint(condition=Q(price__lt=1000), name="part_cheap"),
                models.UniqueConstraint(fields=["name", "weight"], name="part_unique"),
                models.UniqueConstraint(fields=["name"], condition=Q(status="new"), name="part_unique_where"),
            )

    return Part


def create(scratch: Scratch, sql: str = "") -> type[models.Model]:
    """The model with its table, changed by this SQL."""
    model = part()
    scratch.create(model)
    if sql:
        scratch.execute(sql)
    return model
