"""What SQL of the project's own migrations made is not taken for a change by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import migrations

from dbaudit.catalog.models import own_sql
from tests import project
from tests.scratch import Scratch

MODELS = """
    from django.db import models


    class Book(models.Model):
        code = models.CharField(max_length=20)
        shelf = models.IntegerField()
        pages = models.IntegerField()
        weight = models.IntegerField()
"""
SQL = """
    from django.db import migrations


    def index(apps, schema_editor):
        schema_editor.execute("CREATE INDEX by_python ON shop_book (shelf)")


    class Migration(migrations.Migration):
        dependencies = [("shop", "0001_initial")]
        operations = [
            migrations.RunSQL(
                "ALTER TABLE shop_book ALTER COLUMN shelf SET DEFAULT 0;"
                'ALTER TABLE "shop_book" ALTER COLUMN "pages" SET DEFAULT 1;',
                migrations.RunSQL.noop,
            ),
            migrations.RunSQL(["CREATE INDEX by_sql ON shop_book (code)", ("SELECT %s", [1])]),
            migrations.RunSQL("ALTER TABLE shop_book ADD CONSTRAINT enough CHECK (pages > 0)"),
            migrations.RunPython(index),
        ]
"""


@pytest.fixture
def told(postgres: Scratch, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """What is said of the shop on PostgreSQL, once somebody has also given ``weight`` a default by hand."""
    shop = project.make(tmp_path, apps=("shop",), contrib=(), database=postgres.connection.settings_dict)
    shop.write({"shop/__init__.py": "", "shop/models.py": MODELS})
    shop.manage("makemigrations", "shop", "-v0")
    shop.write({"shop/migrations/0002_sql.py": SQL})
    shop.manage("migrate", "-v0")
    postgres.execute("ALTER TABLE shop_book ALTER COLUMN weight SET DEFAULT 5; CREATE INDEX by_hand ON shop_book (id)")
    (database,) = shop.report("--no-queries")["databases"]
    return {one["key"]: one for one in database["findings"]}


def test_it_is_told_as_such_in_one_group_and_what_was_done_by_hand_is_not(told: dict[str, dict[str, Any]]) -> None:
    about = {key: one["detail"].partition(". ")[2] for key, one in told.items() if "shop_book" in key}
    mentioned = "The migration shop.0002_sql mentions it in SQL of its own."
    assert about["changed_column:shop_book:shelf"] == mentioned
    assert about["changed_column:shop_book:pages"] == mentioned
    assert about["undeclared_index:shop_book:(code)"] == mentioned
    assert about["undeclared_index:shop_book:(shelf)"] == mentioned
    assert about["undeclared_constraint:shop_book:CHECK ((pages > 0))"] == mentioned
    assert about["changed_column:shop_book:weight"] == "Every migration is applied, and no SQL in them mentions it."
    assert "undeclared_index:shop_book:(id)" not in about or about["undeclared_index:shop_book:(id)"] == ""
    assert not any("another way" in one["detail"] for one in told.values())
    groups = {told[f"changed_column:shop_book:{name}"]["group"] for name in ("shelf", "pages")}
    assert len(groups) == 1
    assert groups != {""}


def test_only_what_talks_to_the_database_counts_and_names_are_whole_words() -> None:
    def quiet(apps: object, schema_editor: object) -> None:
        """Neither by_hand."""

    class Migration(migrations.Migration):
        operations = (
            migrations.SeparateDatabaseAndState(
                [migrations.RunSQL([("CREATE INDEX One ON a (b)", None)])], [migrations.RunSQL("CREATE INDEX two")]
            ),
            migrations.RunPython(quiet),
            migrations.RunPython(migrations.RunPython.noop),
        )

    found = own_sql.read({("a", "0001"): Migration("0001", "a")})
    assert [one.text for one in found] == ["CREATE INDEX One ON a (b)"]
    assert found[0].mentions("one", "ON")
    assert not found[0].mentions("on", "ne")
