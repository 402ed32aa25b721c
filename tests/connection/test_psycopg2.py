"""Django also runs on psycopg 2, where psycopg 3 is not installed: reports and applied indexes are the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import project
from tests.postgres import main_server
from tests.project import Project
from tests.scratch import Scratch

SECRET = "hunter2"
#: As if psycopg 3 were not installed; Django then takes psycopg 2.
WITHOUT = (
    'import sys\nsys.modules["psycopg"] = None\nDBAUDIT = {"STATEMENT_TIMEOUT_MS": 300, "FLOOR": {"table_rows": 0}}'
)
MODELS = """
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=9)
    shelf = models.ForeignKey("Item", models.CASCADE, db_index=False, null=True)
"""
QUERIES = f"""
from django.db import connection

from dbaudit import query


@query()
def casts():
    with connection.cursor() as cursor:
        cursor.execute("SELECT '{SECRET}'::int")


@query()
def sleeps():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(5)")


@query()
def reads():
    from shop.models import Item

    return Item.objects.filter(name="x")
"""

pytestmark = pytest.mark.needs("psycopg2")


@pytest.fixture
def shop(postgres: Scratch, tmp_path: Path) -> Project:
    database = main_server().settings(postgres.connection.settings_dict["NAME"])
    found = project.make(
        tmp_path, apps=("shop",), contrib=("django.contrib.contenttypes",), database=database, more=WITHOUT
    )
    found.write({"shop/__init__.py": "", "shop/models.py": MODELS, "shop/dbaudit_queries.py": QUERIES})
    found.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"))
    return found


def test_a_report_is_whole_its_reasons_hold_no_value_and_timeouts_are_recognised(shop: Project) -> None:
    text = shop.manage("dbaudit", "report", "--format", "json").stdout
    (database,) = json.loads(text)["databases"]
    reasons = {query["id"].rpartition(".")[2]: query["reason"] for query in database["queries"]}
    assert reasons["reads"] == ""
    assert "A statement took longer than 0.3 s (shop/" in reasons["sleeps"]
    assert "(22P02)" in reasons["casts"]
    assert SECRET not in text.replace("SELECT '", "")
    assert {"tables", "indexes", "foreign_keys"} <= database.keys()
    assert len([table for table in database["tables"] if table["app"] == "shop"]) == 1


def test_indexes_are_built_and_taken_back(shop: Project) -> None:
    apply = ("dbaudit", "apply-indexes", "--noinput", "--no-queries")
    assert "1. built " in shop.manage(*apply, "--migrations").stdout
    shop.commands(("makemigrations", "--check", "--dry-run"), ("migrate", "-v0"))
    assert "1. dropped " in shop.manage(*apply[:3], "--undo").stdout
