from __future__ import annotations

import pytest
from django.db import models

from dbaudit.sql.names import DJANGO_LIMIT, index_name


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("erp_salesorder", ["customer_id", "status"]),
        ("erp_a_table_with_a_name_that_is_long", ["a_column_of_a_long_name", "another"]),
        ('we"ird; DROP TABLE x', ["a b", "ü"]),
        ("данные", ["цена"]),
        ("2024_archive", ["_hidden"]),
    ],
)
def test_a_proposed_name_is_one_that_django_accepts(table: str, columns: list[str]) -> None:
    name = index_name(table, columns)
    assert len(name) <= DJANGO_LIMIT
    assert name.isascii()
    models.Index(fields=["x"], name=name)
    assert name[0].isalpha()


def test_what_is_not_in_django_s_own_name_tells_ours_apart() -> None:
    plain = index_name("erp_salesorder", ["status"])
    assert index_name("erp_salesorder", ["status"], "WHERE deleted_at IS NULL") != plain
    assert index_name("crm_salesorder", ["status"]) != plain
    assert index_name("erp_salesorder", ["status"]) == plain
