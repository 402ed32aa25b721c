"""An entry of ``Meta.indexes`` for an index."""

from __future__ import annotations

from dataclasses import dataclass

from dbaudit.facts import IndexKey, Snapshot, Table
from dbaudit.findings import CreateIndex
from dbaudit.sql.orm import POSTGRES_INDEXES, UntranslatableError, Words, quoted

_CLASSES = {
    "": "models.Index", "btree": "models.Index", "bloom": "BloomIndex", "brin": "BrinIndex", "gin": "GinIndex",
    "gist": "GistIndex", "hash": "HashIndex", "spgist": "SpGistIndex",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """Python that makes an index, and the imports that it needs beside ``from django.db import models``."""

    code: str
    imports: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((*self.imports, self.code))


def entry(snapshot: Snapshot, table: Table, index: CreateIndex) -> Entry:
    """The entry of ``Meta.indexes``.

    Raises:
        UntranslatableError: Django has no words that compile to this index.
    """
    if index.unique:
        raise UntranslatableError("A unique index is declared as a constraint, not among the indexes.")
    if index.method not in _CLASSES:
        raise UntranslatableError(f"Django has no class for an index of the method {index.method}.")
    words = Words(snapshot, table)
    arguments = []
    if all(_is_field(key) for key in index.keys):
        fields = ", ".join(f'"{"-" if key.descending else ""}{words.field(key.column)}"' for key in index.keys)
        arguments.append(f"fields=[{fields}]")
        if any(key.opclass for key in index.keys):
            arguments.append(f"opclasses=[{', '.join(quoted(key.opclass) for key in index.keys)}]")
    else:
        arguments += [words.key(key) for key in index.keys]
    arguments.append(f"name={quoted(index.name)}")
    if index.include:
        arguments.append(f"include=[{', '.join(quoted(words.field(name)) for name in index.include)}]")
    if index.condition:
        arguments.append(f"condition={words.condition(index.condition)}")
    kind = _CLASSES[index.method]
    if not kind.startswith("models."):
        words.imports.add(f"{POSTGRES_INDEXES} {kind}")
    return Entry(f"{kind}({', '.join(arguments)})", tuple(sorted(words.imports)))


def _is_field(key: IndexKey) -> bool:
    return bool(key.column) and not (key.nulls or key.collation)
