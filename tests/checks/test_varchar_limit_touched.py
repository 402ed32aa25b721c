from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "varchar_limit_touched"


def filled(scratch: Scratch, value: str, column: str = "varchar(40)") -> None:
    """A table of 1,000 rows; in ``value`` n counts them."""
    scratch.execute(f"CREATE TABLE item (note {column})")
    scratch.execute(f"INSERT INTO item SELECT {value} FROM generate_series(1, 1000) n")
    scratch.execute("ANALYZE item")


@pytest.mark.parametrize(
    ("what", "value", "column"),
    [
        ("values that stop nowhere", "substr(repeat(md5(n::text), 2), 1, 20 + n % 21)", "varchar(40)"),
        ("a form of fixed length", "md5(n::text)", "varchar(32)"),
        ("a short limit", "substr(md5(n::text), 1, 4 + n % 6)", "varchar(9)"),
        ("a list of choices", "CASE WHEN n % 5 = 0 THEN 'exactly_twelve' ELSE 'some' END", "varchar(14)"),
        ("short values", "CASE WHEN n % 99 = 0 THEN repeat('x', 200) ELSE md5(n::text) END", "varchar(200)"),
        ("no limit", "md5(n::text)", "text"),
        ("two values at the limit", "CASE WHEN n < 3 THEN repeat('x', 40) ELSE md5(n::text) END", "varchar(40)"),
    ],
)
def test_silent_on(postgres: Scratch, what: str, value: str, column: str) -> None:
    filled(postgres, value, column)
    assert not postgres.findings(CHECK), what


def test_a_table_above_the_limit_is_named_as_not_examined_unless_asked(postgres: Scratch) -> None:
    filled(postgres, "substr(repeat(md5(n::text), 2), 1, least(40, 20 + n % 30))")
    assert not postgres.findings(CHECK, count_limit_bytes=0)
    assert "values at the limit of item.note" in [one.what for one in postgres.snapshot(count_limit_bytes=0).skipped]
    assert len(postgres.findings(CHECK, count_limit_bytes=0, read_data=True)) == 1


@isolate_apps("tests")
def test_finds_text_that_somebody_cut_and_names_its_field(postgres: Scratch) -> None:
    class Item(models.Model):
        note = models.CharField(max_length=40, primary_key=True)

        class Meta:
            app_label = "tests"
            db_table = "item"

    filled(postgres, "substr(repeat(md5(n::text), 2), 1, least(40, 20 + n % 30))")
    (found,) = postgres.findings(CHECK, Item._meta.apps)
    assert (found.key, found.severity) == (CHECK + ":item:note", "info")
    assert found.remedy.orm == "note = models.CharField(max_length=80)"
    assert [one.value for one in found.evidence] == [330, 99, 1_000]
    assert postgres.rows(found.evidence[0].sql) == [(330,)]
    postgres.execute(found.remedy.sql)
    postgres.execute("ANALYZE item")
    assert not postgres.findings(CHECK, Item._meta.apps)
