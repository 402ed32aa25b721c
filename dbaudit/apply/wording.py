"""The words of index statements: taken apart once, put together for the table, a clone of it, a partition."""

from __future__ import annotations

from dbaudit.apply.steps import Definition
from dbaudit.facts import Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import CreateIndex
from dbaudit.sql import ddl
from dbaudit.sql.normal_form import statements


def definition(index: CreateIndex) -> Definition:
    """The definition that a recommendation asks for, in PostgreSQL's and SQLite's words."""
    # A partitioned table stands for a statement without CONCURRENTLY.
    text = ddl.create_index(Dialect("postgresql"), Table(name="t", kind="partitioned table"), index)
    found = parsed(text)
    if found is None:
        raise ValueError(f"not an index statement: {text}")
    return Definition(name=index.name, body=found.body, unique=index.unique)


def parsed(statement: str) -> Definition | None:
    """The definition in a ``CREATE INDEX`` statement, None where it is something else."""
    try:
        found = statements.parts(statement)
    except ValueError:
        return None
    return Definition(name=found.name, body=found.body, unique=found.unique)


def create(dialect: Dialect, wanted: Definition, table: str, *, concurrently: bool = False, only: bool = False) -> str:
    """``CREATE INDEX`` on a table whose name is given quoted."""
    words = [
        "CREATE",
        "UNIQUE" if wanted.unique else "",
        "INDEX",
        "CONCURRENTLY" if concurrently else "",
        dialect.quote(wanted.name),
        "ON",
        "ONLY" if only else "",
        table,
        wanted.body,
    ]
    return " ".join(filter(None, words))
