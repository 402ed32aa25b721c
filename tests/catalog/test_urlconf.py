"""Models that only the URLconf imports are audited like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests import project

LATE = """
    from django.db import models


    class Late(models.Model):
        code = models.CharField(max_length=9)

        class Meta:
            app_label = "shop"
"""
TABLE = "CREATE TABLE shop_late (id integer PRIMARY KEY AUTOINCREMENT, code varchar(9) NOT NULL)"


def _database(tmp_path: Path, urls: str) -> dict[str, Any]:
    made = project.shop(tmp_path, "")
    made.migrate()
    made.manage("shell", "-v0", "-c", f"from django.db import connection as c; c.cursor().execute({TABLE!r})")
    made.write({"shop/late.py": LATE, "shop/urls.py": "import shop.late\nurlpatterns = []\n", "urls.py": urls})
    (database,) = made.report("--no-queries")["databases"]
    return dict(database)


def test_their_tables_belong_to_them(tmp_path: Path) -> None:
    database = _database(
        tmp_path, 'from django.urls import include, path\nurlpatterns = [path("", include("shop.urls"))]'
    )
    (table,) = [one for one in database["tables"] if one["name"] == "shop_late"]
    assert table["model"] == "shop.Late"
    assert not [one for one in database["findings"] if one["check"] == "table_without_model"]


def test_a_urlconf_that_cannot_be_imported_is_one_line_and_ends_nothing(tmp_path: Path) -> None:
    database = _database(tmp_path, "import nothing_of_that_name")
    (said,) = [one["reason"] for one in database["skipped"] if one["what"] == "models"]
    assert said.startswith("The URLconf urls cannot be imported")
    assert "nothing_of_that_name" in said
    assert [one["key"] for one in database["findings"] if one["check"] == "table_without_model"]
