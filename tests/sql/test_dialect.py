from __future__ import annotations

import pytest

from dbaudit.facts.dialect import Dialect
from tests.scratch import Scratch


@pytest.mark.parametrize(
    "name", ['a"b', "a b", "a;DROP TABLE x", "50%", "{x}", "</script><b>", "a\nb", '"quoted"', "ü"]
)
def test_a_quoted_name_is_that_name_and_nothing_else(scratch: Scratch, name: str) -> None:
    quoted = Dialect.of(scratch.connection).quote(name)
    with scratch.connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {quoted} (id integer)")
    assert [table.name for table in scratch.snapshot().tables] == [name]


def test_an_empty_schema_is_left_out() -> None:
    assert Dialect("postgresql").quote("", "a") == '"a"'
    assert Dialect("postgresql").quote("s", "a") == '"s"."a"'
    assert Dialect("mysql", "`", "`").quote("a`b") == "`a``b`"
