"""Names for the indexes that we propose: valid in Django, the same on every machine, telling what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from dbaudit.facts import Table

#: What Django's system check models.E034 allows.
DJANGO_LIMIT = 30
HASH_LENGTH = 6


def index_name(table: str, columns: Iterable[str], *more: str) -> str:
    """A name of at most 30 characters from table and columns, ending in ``_<hash>_idx``.

    The hash covers everything given, ``more`` too (a condition, included columns, opclasses): Django's own automatic
    name leaves those out, and two indexes that differ only there would clash.
    """
    columns = [column.replace("-", "") for column in columns]
    digest = hashlib.sha256("\0".join((table, *columns, *more)).encode()).hexdigest()[:HASH_LENGTH]
    tail = f"_{digest}_idx"
    head = "_".join((table.rpartition("_")[2], *columns))
    plain = "".join(
        character if character.isascii() and (character.isalnum() or character == "_") else "" for character in head
    )
    # Django refuses names that start with an underscore or a digit (models.E033).
    plain = plain.lstrip("_0123456789")[: DJANGO_LIMIT - len(tail)].rstrip("_") or "index"
    return plain + tail


def is_django_name(name: str) -> bool:
    """Whether Django lets an index of ``Meta.indexes`` have this name (models.E033, models.E034)."""
    return 0 < len(name) <= DJANGO_LIMIT and name[0] != "_" and not name[0].isdigit()


def free_column(table: Table, name: str) -> str:
    """A name that no column of the table has: this one, or it behind the word ``row`` and perhaps a number."""
    taken = {column.name.lower() for column in table.columns}
    wanted = (name, f"row_{name}", *(f"row_{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(one for one in wanted if one.lower() not in taken)


def foreign_key_name(table: str, columns: Iterable[str]) -> str:
    """A name for a foreign key's constraint, made like an index's and ending in ``_fk``. Django looks constraints up by
    their columns, so any name will do."""
    return index_name(table, columns, "foreign key").removesuffix("idx") + "fk"
