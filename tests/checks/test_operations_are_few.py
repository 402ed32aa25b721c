"""What a freshly migrated project hears of its posture: a handful of remarks, and no warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import main_server
from tests.project import shop
from tests.scratch import Scratch

MODELS = """
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=9)
"""


@pytest.mark.parametrize("debug", [True, False])
def test_a_vanilla_project_on_sqlite(tmp_path: Path, debug: bool) -> None:
    made = shop(tmp_path, MODELS, f"DEBUG = {debug}")
    made.migrate()
    (database,) = made.report()["databases"]
    told = {one["check"]: one["severity"] for one in database["findings"] if one["category"] == "operations"}
    assert told == {"sqlite_posture": "info"} | ({} if debug else {"sqlite_in_production": "info"})


@pytest.mark.parametrize("debug", [True, False])
def test_a_vanilla_project_on_a_postgresql_of_one_s_own(postgres: Scratch, tmp_path: Path, debug: bool) -> None:
    entry = main_server().settings(postgres.connection.settings_dict["NAME"])
    made = shop(tmp_path, MODELS, f"DEBUG = {debug}\nDATABASES = {{'default': {entry!r}}}")
    made.migrate()
    (database,) = made.report()["databases"]
    told = {one["check"]: one["severity"] for one in database["findings"] if one["category"] == "operations"}
    # The tests' server runs without fsync, and its only role is a superuser.
    assert told == {"missing_timeout": "info", "superuser_role": "info", "durability_off": "info"}
