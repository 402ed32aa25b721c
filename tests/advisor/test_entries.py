"""Only b-trees whose entries have room are thought of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.entries import LONGEST_KEY, fitting
from dbaudit.facts import Column, IndexKey, Table
from tests.advisor.test_recommend_indexes import advise, asked

if TYPE_CHECKING:
    from tests.scratch import Scratch


def column(name: str, kind: str = "text", longest: int | None = None) -> Column:
    return Column(name=name, type=kind, nullable=True, longest=longest)


PAGE = Table(
    name="page",
    columns=(
        column("id", "integer"),
        column("slug", longest=80),
        column("title", "character varying(200)"),
        column("body", longest=LONGEST_KEY + 1),
        column("unseen"),
        column("meta", "jsonb"),
        column("tags", "text[]"),
        column("during", "tstzrange"),
        column("search", "tsvector"),
    ),
)


def on(*columns: str, **more: object) -> Candidate:
    keys = tuple(IndexKey(column=one.removeprefix("-"), descending=one.startswith("-")) for one in columns)
    return Candidate(table="page", **{"keys": keys, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("keys", [("id",), ("slug",), ("title", "-id"), ("unseen",)])
def test_keys_with_room_stay(keys: tuple[str, ...]) -> None:
    assert fitting(on(*keys), PAGE, "postgresql") == on(*keys)


@pytest.mark.parametrize("name", ["body", "meta", "tags", "during", "search"])
def test_one_key_without_room_or_order_is_hashed(name: str) -> None:
    assert fitting(on(name), PAGE, "postgresql") == on(name, method="hash")


@pytest.mark.parametrize("keys", [("-body",), ("id", "body"), ("meta", "id")])
def test_an_order_and_several_keys_cannot_be_hashed(keys: tuple[str, ...]) -> None:
    assert fitting(on(*keys), PAGE, "postgresql") is None


def test_an_expression_is_as_long_as_its_column() -> None:
    assert fitting(on(keys=(IndexKey(expression='UPPER("body")'),)), PAGE, "postgresql") is None
    short = on(keys=(IndexKey(expression='UPPER("slug")'),))
    assert fitting(short, PAGE, "postgresql") == short


@pytest.mark.parametrize("name", ["slug", "unseen", "body", "meta"])
def test_a_column_of_any_length_is_never_carried_along(name: str) -> None:
    assert fitting(on("id", include=(name,)), PAGE, "postgresql") is None
    assert fitting(on("id", include=("title",)), PAGE, "postgresql") is not None


def test_other_methods_and_vendors_have_no_such_limit() -> None:
    assert fitting(on("meta", method="gin"), PAGE, "postgresql") == on("meta", method="gin")
    assert fitting(on("body"), PAGE, "sqlite") == on("body")


@pytest.mark.needs("postgresql")
def test_what_is_advised_for_long_texts_can_be_built_and_inserted_into(postgres: Scratch) -> None:
    postgres.execute(
        "CREATE TABLE page (id integer PRIMARY KEY, kind integer, body text, meta jsonb, note text);"
        "INSERT INTO page SELECT i, i % 9000, CASE WHEN i % 2000 = 0 THEN repeat('long', 3000) ELSE 'text ' || i END,"
        " jsonb_build_object('a', i), CASE WHEN i = 777 THEN repeat('note', 3000) END FROM generate_series(1, 60000) i;"
        "VACUUM ANALYZE"
    )
    _, found = advise(
        postgres,
        postgres.snapshot(),
        asked("SELECT id FROM page WHERE body = %s", "x", name="body"),
        asked("SELECT id FROM page WHERE meta = %s::jsonb", '{"a": 5}', name="meta"),
        asked("SELECT note FROM page WHERE kind = %s", 5, name="kind"),
        asked("SELECT id FROM page ORDER BY body LIMIT 3", name="order"),
    )
    advice = found.advice
    assert {one.candidate.describe() for one in advice.chosen} >= {"hash (body)", "(kind)"}
    for one in advice.chosen:
        assert one.candidate.method != "btree" or not {"body", "meta", "note"} & {
            *one.candidate.include,
            *(key.column for key in one.candidate.keys),
        }
