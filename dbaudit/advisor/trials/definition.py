"""A candidate as ``CREATE INDEX``, for trials. What is proposed to users is spelled by `dbaudit.sql.ddl`."""

from __future__ import annotations

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts.dialect import Dialect
from dbaudit.sql import ddl


def create_index(candidate: Candidate, dialect: Dialect, *, name: str = "", table: str = "") -> str:
    """The statement; without a name as HypoPG wants it. ``table`` is SQL for another table in place of its own."""
    words = [
        "CREATE INDEX",
        name and dialect.quote(name),
        "ON",
        table or dialect.quote(candidate.schema, candidate.table),
    ]
    if candidate.method != "btree":
        words.append(f"USING {candidate.method}")
    words.append(f"({', '.join(ddl.key_words(dialect, key) for key in candidate.keys)})")
    if candidate.include:
        words.append(f"INCLUDE ({', '.join(map(dialect.quote, candidate.include))})")
    if candidate.condition:
        words.append(f"WHERE {candidate.condition}")
    return " ".join(filter(None, words))
