"""An index that goes with a field's option: the edit is one operation of Django, which drops what the SQL drops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import models
from django.test.utils import isolate_apps

from dbaudit.analysis.removal import removal
from tests.gate.gating import attempt

if TYPE_CHECKING:
    from dbaudit.findings import Remedy
    from tests.scratch import Scratch


def item() -> type[models.Model]:
    class Item(models.Model):
        slug = models.SlugField()
        number = models.IntegerField(db_index=True)
        parent = models.ForeignKey("self", models.CASCADE, null=True)

        class Meta:
            app_label = "tests"
            indexes = (models.Index(fields=["number"], name="declared"),)

    return Item


def removed(scratch: Scratch, model: type[models.Model], column: str) -> Remedy:
    snapshot = scratch.snapshot(model._meta.apps)
    [table] = snapshot.tables
    named = [one for one in table.indexes if one.columns == (column,) and not one.keys[0].opclass]
    return removal(snapshot, table, next(one for one in named if one.name != "declared"))


@pytest.mark.parametrize("column", ["slug", "number", "parent_id"])
@isolate_apps("tests")
def test_the_edit_of_a_field_drops_what_the_sql_drops(scratch: Scratch, column: str) -> None:
    model = item()
    scratch.create(model)
    found = attempt(scratch, removed(scratch, model, column), model._meta.apps)
    assert found.state == "verified", found
    assert "Django's migration" in found.how


@pytest.mark.needs("postgresql")
@isolate_apps("tests")
def test_an_index_made_by_hand_that_the_migration_would_drop_too_is_told(postgres: Scratch) -> None:
    model = item()
    postgres.create(model)
    remedy = removed(postgres, model, "parent_id")
    postgres.execute("CREATE INDEX by_hand ON tests_item (parent_id) WHERE number > 5")
    found = attempt(postgres, remedy, model._meta.apps)
    assert found.state == "failed"
    assert "by_hand" in found.reason
