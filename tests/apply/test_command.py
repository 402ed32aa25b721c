"""The action as its user meets it, in processes of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import project
from tests.project import Project
from tests.scratch import Scratch

SHOP = {
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Author(models.Model):
            name = models.CharField(max_length=50)


        class Book(models.Model):
            author = models.ForeignKey(Author, models.CASCADE, db_index=False)
            code = models.CharField(max_length=20)
    """,
}


@pytest.fixture
def shop(scratch: Scratch, tmp_path: Path) -> Project:
    """A project with one foreign key that has no index, on either vendor."""
    found = project.make(tmp_path, apps=("shop",), database=scratch.connection.settings_dict, contrib=())
    found.write(SHOP)
    found.manage("makemigrations", "shop", "-v0")
    found.manage("migrate", "-v0")
    return found


def indexes(scratch: Scratch) -> list[str]:
    with scratch.connection.cursor() as cursor:
        found = scratch.connection.introspection.get_constraints(cursor, "shop_book")
    return sorted(name for name, one in found.items() if one["index"] and not one["primary_key"])


def test_without_a_terminal_the_plan_is_printed_and_nothing_is_done(shop: Project, scratch: Scratch) -> None:
    result = shop.manage("dbaudit", "apply-indexes", "--no-queries", status=2)
    assert "Plan for database 'default': 1 step" in result.stdout
    assert "--noinput" in result.stderr
    assert indexes(scratch) == []


def test_noinput_builds_the_index_and_names_the_model_edit(shop: Project, scratch: Scratch) -> None:
    result = shop.manage("dbaudit", "apply-indexes", "--no-queries", "--noinput")
    (name,) = indexes(scratch)
    assert f"1. built {name} on shop_book" in result.stdout
    assert "The database is ahead of the models and migrations now." in result.stdout
    assert "author = models.ForeignKey(...)" in result.stdout
    again = shop.manage("dbaudit", "apply-indexes", "--no-queries", "--noinput")
    assert "Nothing to do on database 'default'." in again.stdout


def test_undo_takes_the_last_run_back(shop: Project, scratch: Scratch) -> None:
    shop.manage("dbaudit", "apply-indexes", "--no-queries", "--noinput")
    shop.manage("dbaudit", "apply-indexes", "--undo", "--noinput")
    assert indexes(scratch) == []
    assert "has no run" in shop.refused("dbaudit", "apply-indexes", "--undo", "--noinput")


def test_a_dry_run_prints_the_plan_for_programs_too(shop: Project, scratch: Scratch) -> None:
    arguments = ("dbaudit", "apply-indexes", "--no-queries", "--dry-run", "--format")
    (step,) = json.loads(shop.manage(*arguments, "json").stdout)["steps"]
    assert step["action"] == "create"
    assert step["sql"] in shop.manage(*arguments, "sql").stdout
    assert indexes(scratch) == []
