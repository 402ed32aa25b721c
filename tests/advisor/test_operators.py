"""An operator needs its column's type: which index answers ``@>`` is another question for JSON, arrays and ranges."""

from __future__ import annotations

import pytest

from dbaudit.advisor import candidates, roles
from dbaudit.advisor.candidate import Asked
from dbaudit.facts import Column, Index, IndexKey, Parameters, Snapshot, Table
from dbaudit.facts.dialect import Dialect

TYPES = {
    "id": "bigint",
    "doc": "jsonb",
    "old": "json",
    "tags": "integer[]",
    "span": "daterange",
    "spans": "datemultirange",
    "words": "tsvector",
    "pairs": "hstore",
    "place": "geometry",
    "way": "ltree",
    "name": "text",
}
STAY = Table(name="stay", columns=tuple(Column(name=name, type=kind, nullable=True) for name, kind in TYPES.items()))


def proposed(where: str, *values: object, indexes: tuple[Index, ...] = (), vendor: str = "postgresql") -> list[str]:
    table = Table(name="stay", columns=STAY.columns, indexes=indexes)
    dialect = Dialect("sqlite" if vendor == "sqlite" else "postgresql")
    snapshot = Snapshot(alias="default", vendor=vendor, server_version="15", dialect=dialect, tables=(table,))
    asked = Asked(fingerprint="f", sql=f'SELECT id FROM "stay" WHERE {where}', samples=(Parameters(values),))
    found = roles.occurrences(asked, snapshot)
    return [one.describe() for place in found for one in candidates.propose(place, asked, vendor)]


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ('"stay"."doc" @> %s', "gin (doc jsonb_path_ops)"),
        ('"stay"."doc" ? %s', "gin (doc)"),
        ('"stay"."doc" @? %s', "gin (doc jsonb_path_ops)"),
        ('"stay"."tags" @> %s', "gin (tags)"),
        ('"stay"."tags" <@ %s', "gin (tags)"),
        ('"stay"."tags" && %s', "gin (tags)"),
        ('"stay"."span" @> %s', "gist (span)"),
        ('"stay"."span" <@ %s', "gist (span)"),
        ('%s <@ "stay"."span"', "gist (span)"),
        ('"stay"."span" && %s', "gist (span)"),
        ('"stay"."span" << %s', "gist (span)"),
        ('"stay"."spans" @> %s', "gist (spans)"),
        ('"stay"."words" @@ to_tsquery(%s)', "gin (words)"),
        ('"stay"."pairs" @> %s', "gin (pairs)"),
        ('"stay"."place" && %s', "gist (place)"),
        ('"stay"."way" @> %s', "gist (way)"),
    ],
)
def test_the_index_is_that_of_the_type(where: str, index: str) -> None:
    assert index in proposed(where, "x")


@pytest.mark.parametrize(
    "where",
    [
        '"stay"."doc" <@ %s',
        '%s @> "stay"."doc"',
        '"stay"."old" @> %s',
        '"stay"."id" << %s',
        '"stay"."name" @> %s',
        '"stay"."name" && %s',
    ],
)
def test_silent_where_no_index_answers_the_operator(where: str) -> None:
    assert not [one for one in proposed(where, "x") if one.startswith(("gin", "gist"))]


def test_a_part_of_json_is_found_by_its_hash_as_an_entry_of_a_b_tree_has_little_room() -> None:
    told = proposed('("stay"."doc" -> %s) = %s', "customer", "c77")
    assert told == ["hash ((\"doc\" -> 'customer'))"]
    told = proposed('("stay"."doc" #> %s) = %s', ["ship", "city"], "x")
    assert told == ["hash ((\"doc\" #> '{ship,city}'))"]
    assert "((\"doc\" ->> 'customer'))" in proposed('("stay"."doc" ->> %s) = %s', "customer", "c77")


def test_silent_on_a_part_of_json_beside_an_index_of_the_document() -> None:
    there = Index(name="stay_doc", table="stay", keys=(IndexKey(column="doc"),), method="gin")
    assert not proposed('("stay"."doc" -> %s) = %s', "customer", "c77", indexes=(there,))


def test_a_beginning_on_sqlite_takes_the_collation_of_its_like() -> None:
    assert proposed('"stay"."name" LIKE %s', "abc%", vendor="sqlite")[0] == "(name COLLATE NOCASE)"
    assert proposed('"stay"."name" LIKE %s', "%abc", vendor="sqlite") == []


def test_an_index_is_no_copy_of_the_table() -> None:
    everything = ", ".join(f'"stay"."{name}"' for name in TYPES)
    snapshot = Snapshot(
        alias="default", vendor="postgresql", server_version="15", dialect=Dialect("postgresql"), tables=(STAY,)
    )
    for columns, carries in ((everything, False), ('"stay"."span", "stay"."id"', True)):
        asked = Asked(fingerprint="f", sql=f'SELECT {columns} FROM "stay" WHERE "stay"."id" = 7')
        [place] = roles.occurrences(asked, snapshot)
        assert any(one.include for one in candidates.propose(place, asked, "postgresql")) is carries
