"""Must stay quiet: models and database apart on all of ``django.contrib``; and the whole way of a change."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests import project
from tests.drift import CHECKS
from tests.project import Project
from tests.scratch import Scratch

CHOSEN = tuple(chain.from_iterable(("--check", one) for one in CHECKS))
MODELS = """
    from django.db import models


    class Book(models.Model):
        code = models.CharField(max_length=20)
        pages = models.IntegerField(null=True)
"""


def told(found: Project) -> list[dict[str, Any]]:
    result = found.manage("dbaudit", "report", "--no-queries", "--format", "json", *CHOSEN)
    (database,) = json.loads(result.stdout)["databases"]
    assert [one for one in database["skipped"] if one["what"] in CHECKS] == []
    return list(database["findings"])


@pytest.mark.parametrize("key", ["AutoField", "BigAutoField"])
def test_silent_on_a_freshly_migrated_vanilla_project(scratch: Scratch, tmp_path: Path, key: str) -> None:
    more = f'DEFAULT_AUTO_FIELD = "django.db.models.{key}"'
    vanilla = project.make(tmp_path, database=scratch.connection.settings_dict, more=more)
    vanilla.manage("migrate", "-v0")
    assert told(vanilla) == []


def test_a_change_is_told_until_its_migration_is_made_and_applied(scratch: Scratch, tmp_path: Path) -> None:
    shop = project.make(tmp_path, apps=("shop",), database=scratch.connection.settings_dict)
    shop.write({"shop/__init__.py": "", "shop/models.py": MODELS})
    shop.manage("makemigrations", "shop", "-v0")
    shop.manage("migrate", "-v0")
    assert told(shop) == []

    changed = MODELS.replace("max_length=20", "max_length=30, db_index=True").replace("null=True", "default=1")
    shop.write({"shop/models.py": f"{changed}        price = models.PositiveIntegerField(default=0)\n"})
    found = told(shop)
    assert {(one["check"], one["remedy"]["orm"].partition("\n")[0]) for one in found} == {
        ("changed_column", "python manage.py makemigrations shop"),
        ("missing_column", "python manage.py makemigrations shop"),
        ("missing_index", "python manage.py makemigrations shop"),
        ("unmade_migration", "python manage.py makemigrations shop"),
    }
    assert all("No migration has it yet." in one["detail"] for one in found if one["check"] != "unmade_migration")

    shop.manage("makemigrations", "shop", "-v0")
    found = told(shop)
    (waiting,) = [one for one in found if one["check"] == "unapplied_migration"]
    rest = [one for one in found if one is not waiting]
    assert len(rest) >= 3
    assert {one["remedy"]["orm"] for one in rest} == {waiting["remedy"]["orm"]}
    assert all("Not applied here: shop.0002_" in one["detail"] for one in rest)

    shop.manage("migrate", "-v0")
    assert told(shop) == []

    shop.manage("migrate", "shop", "0001", "-v0")
    assert [one["check"] for one in told(shop)].count("unapplied_migration") == 1
    next((tmp_path / "shop" / "migrations").glob("0002_*.py")).rename(tmp_path / "shop" / "migrations" / "x.txt")
    shop.write({"shop/models.py": MODELS})
    assert told(shop) == []
