from __future__ import annotations

import pytest
from django.db import ProgrammingError, models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "json_not_jsonb"


@isolate_apps("tests")
def test_silent_on_jsonb(postgres: Scratch) -> None:
    class Item(models.Model):
        data = models.JSONField()

        class Meta:
            app_label = "tests"

    postgres.create(Item)
    assert not postgres.findings(CHECK, Item._meta.apps)


def test_without_a_json_field_it_is_a_remark(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (data json)")
    assert [one.severity for one in postgres.findings(CHECK)] == ["info"]


@isolate_apps("tests")
def test_finds_a_json_field_whose_lookups_fail_and_its_statement_makes_them_work(postgres: Scratch) -> None:
    class Item(models.Model):
        data = models.JSONField()

        class Meta:
            app_label = "tests"

    postgres.execute("CREATE TABLE tests_item (id bigint PRIMARY KEY, data json)")
    (found,) = postgres.findings(CHECK, Item._meta.apps)
    assert (found.key, found.severity) == (CHECK + ":tests_item:data", "warning")
    rows = Item._default_manager.using(postgres.alias).filter(data__contains={"a": 1})
    with pytest.raises(ProgrammingError):
        rows.exists()
    postgres.execute(found.remedy.sql)
    assert not rows.exists()
    assert not postgres.findings(CHECK, Item._meta.apps)
    postgres.execute(found.remedy.undo_sql)
    assert len(postgres.findings(CHECK, Item._meta.apps)) == 1
