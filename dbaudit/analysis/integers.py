"""How far integer columns reach."""

from __future__ import annotations

from typing import Final

from dbaudit.facts.dialect import Dialect

#: Bytes of the types that PostgreSQL, MySQL and MariaDB call by these names.
BYTES: Final = {"tinyint": 1, "smallint": 2, "mediumint": 3, "integer": 4, "int": 4, "bigint": 8}


def ceiling(dialect: Dialect, type_name: str) -> int | None:
    """The greatest number that a column of this type holds; None where it is no integer of fixed size.

    In SQLite every integer has eight bytes, whatever the column is called.
    """
    word, _, sign = type_name.lower().partition(" ")
    if dialect.vendor == "sqlite" or word not in BYTES or sign not in ("", "unsigned"):
        return None
    return int(2 ** (8 * BYTES[word] - (0 if sign else 1)) - 1)
