"""An index whose entries have no room is no advice, whoever made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gate.gating import attempt, index

if TYPE_CHECKING:
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture
def pages(postgres: Scratch) -> Scratch:
    postgres.execute(
        "CREATE TABLE page (id integer PRIMARY KEY, slug text, body text, tags text[]);"
        "INSERT INTO page SELECT i, 'page ' || i, CASE WHEN i = 1234 THEN repeat('x', 12000) END, '{a}' "
        "FROM generate_series(1, 2000) i; VACUUM ANALYZE"
    )
    return postgres


def test_keys_whose_longest_value_has_room_are_verified(pages: Scratch) -> None:
    assert attempt(pages, index("page", "slug", text='CREATE INDEX "new_idx" ON "page" ("slug")')).state == "verified"
    assert attempt(pages, index("page", "tags", text='CREATE INDEX "new_idx" ON "page" ("tags")')).state == "verified"


def test_one_long_value_among_thousands_is_seen_though_it_compresses_well(pages: Scratch) -> None:
    found = attempt(pages, index("page", "body", text='CREATE INDEX "new_idx" ON "page" ("body")'))
    assert found.state == "failed"
    assert "12,000 bytes" in found.reason


def test_an_expression_is_measured_itself(pages: Scratch) -> None:
    for expression, state in (('UPPER("body")', "failed"), ('md5("body")', "verified")):
        text = f'CREATE INDEX "new_idx" ON "page" (({expression}))'
        assert attempt(pages, index("page", text=text, expressions=(expression,))).state == state


def test_a_text_of_any_length_is_not_carried_along(pages: Scratch) -> None:
    text = 'CREATE INDEX "new_idx" ON "page" ("id") INCLUDE ("slug")'
    assert attempt(pages, index("page", "id", text=text, include=("slug",))).state == "failed"


def test_no_value_of_a_row_is_told(pages: Scratch) -> None:
    found = attempt(pages, index("page", "body", text='CREATE INDEX "new_idx" ON "page" ("body")'))
    assert "xxx" not in found.reason + found.how
