"""What a candidate is beside the indexes and keys that a table has."""

from __future__ import annotations

from typing import Any

import pytest

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.served import mirror, repeats_key
from dbaudit.facts import Column, Index, IndexKey, Table


def index(name: str, *columns: str, **more: Any) -> Index:
    return Index(name=name, table="stock", keys=tuple(IndexKey(column=one) for one in columns), **more)


STOCK = Table(
    name="stock",
    primary_key=("id",),
    columns=tuple(Column(name=one, type="integer", nullable=False) for one in ("id", "ean", "place", "item", "day")),
    indexes=(
        index("stock_pkey", "id", unique=True, constraint="primary key"),
        index("stock_item_place", "item", "place"),
        index("stock_day_place", "day", "place", unique=True),
        index("stock_open", "ean", unique=True, predicate="(day IS NULL)"),
    ),
)


def on(*columns: str, **more: Any) -> Candidate:
    return Candidate(table="stock", keys=tuple(IndexKey(column=one) for one in columns), **more)


@pytest.mark.parametrize(
    "candidate",
    [
        on("item", "id"),
        on("day"),
        on("day", "item", "place"),
        on("ean"),  # the key is one of some rows alone
        on("id", condition="day IS NULL"),  # so is the candidate
        Candidate(table="stock", keys=(IndexKey(expression="lower(id)"),)),
    ],
)
def test_silent_on_what_begins_with_no_key(candidate: Candidate) -> None:
    assert not repeats_key(candidate, STOCK)


@pytest.mark.parametrize(
    "candidate", [on("id"), on("id", include=("ean",)), on("id", "day"), on("place", "day"), on("day", "place", "item")]
)
def test_what_begins_with_a_key_repeats_it(candidate: Candidate) -> None:
    assert repeats_key(candidate, STOCK)


def test_silent_on_another_order_where_a_column_is_no_constant() -> None:
    assert mirror(on("place", "item"), {"item"}, STOCK) is None
    assert mirror(on("place", "day"), {"place"}, STOCK) is None
    assert mirror(on("place", "item", "day"), {"place", "item"}, STOCK) is None
    assert mirror(on("place", "item", include=("ean",)), {"place", "item"}, STOCK) is None


def test_of_constants_another_order_is_the_same_index() -> None:
    found = mirror(on("place", "item"), {"place", "item"}, STOCK)
    assert found is not None
    assert found.name == "stock_item_place"
