from __future__ import annotations

import pytest
from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.drift import said_of
from tests.scratch import Scratch

CHECK = "renamed_constraint"


@isolate_apps("tests")
def test_silent_on_what_django_finds_by_its_columns(postgres: Scratch) -> None:
    model = create(
        postgres,
        """
        ALTER TABLE tests_part RENAME CONSTRAINT tests_part_number_key TO a;
        ALTER TABLE tests_part RENAME CONSTRAINT tests_part_price_check TO b;
        """,
    )
    ((name,),) = postgres.rows("SELECT conname FROM pg_constraint WHERE conname LIKE 'tests_part_code_status_%'")
    postgres.execute(f"ALTER TABLE tests_part RENAME CONSTRAINT {name} TO c")
    assert said_of(postgres, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_what_sqlite_keeps_inside_the_table(sqlite: Scratch) -> None:
    model = create(sqlite)
    ((sql,),) = sqlite.rows("SELECT sql FROM sqlite_master WHERE name = 'tests_part'")
    indexes = sqlite.rows("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    sqlite.execute("DROP TABLE tests_part")
    for (statement,) in [(sql.replace('"part_unique"', "u").replace('"part_cheap"', "c"),), *indexes]:
        sqlite.execute(statement, ())
    assert said_of(sqlite, model._meta.apps) == []


@pytest.mark.parametrize(
    ("name", "words"), [("part_unique", "unique (name, weight)"), ("part_cheap", 'CHECK ("price" < 1000)')]
)
@isolate_apps("tests")
def test_finds_a_constraint_that_a_migration_would_not_find(postgres: Scratch, name: str, words: str) -> None:
    model = create(postgres, f"ALTER TABLE tests_part RENAME CONSTRAINT {name} TO by_hand")
    (found,) = postgres.findings(CHECK, model._meta.apps)
    assert (found.key, found.severity) == (f"renamed_constraint:tests_part:{words}", "info")
    assert found.subject == f"Constraint by_hand on tests_part is {name} in the model"
    postgres.execute(found.remedy.sql)
    assert said_of(postgres, model._meta.apps) == []
    postgres.execute(found.remedy.undo_sql)
    assert said_of(postgres, model._meta.apps) == [found.key]


@isolate_apps("tests")
def test_finds_a_unique_index_under_another_name(scratch: Scratch) -> None:
    model = create(
        scratch, "DROP INDEX part_unique_where; CREATE UNIQUE INDEX by_hand ON tests_part (name) WHERE status = 'new'"
    )
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert said_of(scratch, model._meta.apps) == [found.key]
    scratch.execute(found.remedy.sql)
    assert said_of(scratch, model._meta.apps) == []
