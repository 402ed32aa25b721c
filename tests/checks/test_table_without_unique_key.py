from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "table_without_unique_key"
OTHER = "table_without_primary_key"


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE item (id integer PRIMARY KEY, a int); CREATE UNIQUE INDEX i ON item (a)",
        "CREATE TABLE item (a int NOT NULL UNIQUE, b int); CREATE UNIQUE INDEX j ON item (b)",
        "CREATE TABLE item (a int, b int); CREATE INDEX i ON item (a)",
        "CREATE VIEW item AS SELECT 1 AS a",
    ],
)
def test_silent_where_rows_can_be_told_apart_or_nothing_says_so(scratch: Scratch, table: str) -> None:
    scratch.execute(table)
    assert not scratch.findings(CHECK)


def test_silent_where_nulls_count_as_equal(postgres_versions: Scratch) -> None:
    if postgres_versions.connection.pg_version < 150000:  # type: ignore[attr-defined]
        pytest.skip("needs PostgreSQL 15, which has NULLS NOT DISTINCT")
    postgres_versions.execute("CREATE TABLE item (a int); CREATE UNIQUE INDEX i ON item (a) NULLS NOT DISTINCT")
    assert not postgres_versions.findings(CHECK)
    assert len(postgres_versions.findings(OTHER)) == 1


@pytest.mark.parametrize(
    ("index", "gap"),
    [
        ("(a, b)", "a, b may be NULL"),
        ("(c) WHERE c > 0", "i covers only rows WHERE"),
        ("(abs(c))", "i compares an expression"),
    ],
)
def test_finds_a_table_whose_unique_indexes_have_a_gap_and_no_other_check_does(
    scratch: Scratch, index: str, gap: str
) -> None:
    scratch.execute(f"CREATE TABLE item (a int, b int, c int NOT NULL); CREATE UNIQUE INDEX i ON item {index}")
    (found,) = scratch.findings(CHECK)
    assert (found.key, found.severity) == (CHECK + ":item", "info")
    assert gap in found.detail
    assert not scratch.findings(OTHER)
    if scratch.vendor == "postgresql":
        scratch.execute(found.remedy.sql)
        assert not scratch.findings(CHECK)


@isolate_apps("tests")
def test_under_a_model_it_is_a_warning(scratch: Scratch) -> None:
    class Item(models.Model):
        class Meta:
            app_label = "tests"
            managed = False

    scratch.execute("CREATE TABLE tests_item (id bigint); CREATE UNIQUE INDEX i ON tests_item (id)")
    assert [one.severity for one in scratch.findings(CHECK, Item._meta.apps)] == ["warning"]
