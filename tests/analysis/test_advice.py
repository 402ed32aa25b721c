"""What is advised where a loop asks without an attribute of its rows."""

from __future__ import annotations

import pytest

from dbaudit.analysis.advice import fetching
from dbaudit.analysis.repetition import Repetition
from dbaudit.facts import Statement

WHERE = 'FROM "shop_line" WHERE "shop_line"."order_id" = ?'


def advice(template: str) -> str:
    statement = Statement(
        sql=template, template=template, fingerprint="f", alias="default", kind="select", duration_ms=1.0
    )
    return fetching(Repetition(statement=statement, parent=None, times=9, rows=9, slope=1.0))


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ('SELECT "shop_rate"."id" FROM "shop_rate"', "run it once before the loop"),
        (f'SELECT SUM("shop_line"."price") AS "total" {WHERE}', "annotate() the query of the rows with this Sum()"),
        (f'SELECT COUNT(*) AS "__count" {WHERE}', "annotate() the query of the rows with this Count()"),
        (f'SELECT "shop_line"."id" {WHERE}', "in one query, with an __in lookup or in_bulk()"),
    ],
)
def test_the_change_fits_what_is_asked(template: str, sentence: str) -> None:
    assert sentence in advice(template)
