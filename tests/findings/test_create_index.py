"""An index to build: keys as values inside, side by side in the JSON contract."""

from __future__ import annotations

import pytest

from dbaudit.facts import IndexKey
from dbaudit.findings import CreateIndex, Remedy


@pytest.mark.parametrize(
    "keys",
    [
        (IndexKey(column="a"), IndexKey(column="b")),
        (IndexKey(column="a", descending=True), IndexKey(expression="upper(b)")),
        (IndexKey(expression="upper(b)", descending=True), IndexKey(column="a", nulls="first")),
        (IndexKey(expression="upper(b)", opclass="text_pattern_ops"), IndexKey(expression="lower(c)")),
        (IndexKey(column="a", collation="NOCASE"), IndexKey(expression="x", descending=True, nulls="last")),
        (IndexKey(column="a"), IndexKey(expression="x"), IndexKey(column="c"), IndexKey(expression="y")),
    ],
)
def test_what_the_json_contract_tells_of_an_index_gives_the_same_index(keys: tuple[IndexKey, ...]) -> None:
    index = CreateIndex(table="t", keys=keys, name="i", include=("z",), condition="a > 1", method="gist", unique=True)
    assert CreateIndex.of_members(Remedy(action=index).facts()) == index


def test_the_contract_has_columns_with_their_direction_and_expressions_in_their_order() -> None:
    index = CreateIndex(
        table="t",
        name="i",
        keys=(IndexKey(column="a", descending=True), IndexKey(expression="upper(b)"), IndexKey(column="c")),
    )
    members = index.members()
    assert (members["columns"], members["expressions"]) == (("-a", "", "c"), ("upper(b)",))
    assert (members["opclasses"], members["nulls"], members["collations"]) == ((), (), ())


def test_a_check_may_name_columns_and_expressions_side_by_side() -> None:
    index = CreateIndex(table="t", columns=("a", "-b"), expressions=("lower(c)",), opclasses=("", "", "text_ops"))
    assert index.keys == (
        IndexKey(column="a"),
        IndexKey(column="b", descending=True),
        IndexKey(expression="lower(c)", opclass="text_ops"),
    )


def test_lists_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        CreateIndex(table="t", columns=("a", "b"), opclasses=("text_ops",))
