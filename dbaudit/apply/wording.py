"""The words of index statements: taken apart once, put together for the table, a clone of it, a partition."""

from __future__ import annotations

import re
from typing import Final

from dbaudit.apply.steps import Definition
from dbaudit.facts import Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import CreateIndex
from dbaudit.sql import ddl

_NAME: Final = r"""(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*\]|[^\s".(;]+)"""
_STATEMENT: Final = re.compile(
    rf"\s*CREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"(?:{_NAME}\.)?(?P<name>{_NAME})\s+ON\s+(?:ONLY\s+)?(?:{_NAME}\.)?{_NAME}\s*(?P<body>.*?);?\s*",
    re.IGNORECASE | re.DOTALL,
)


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
    found = _STATEMENT.fullmatch(statement)
    if found is None:
        return None
    return Definition(name=unquoted(found["name"]), body=found["body"].strip(), unique=bool(found["unique"]))


def unquoted(name: str) -> str:
    """An identifier without its quotes."""
    if name[:1] == "[":
        return name[1:-1]
    return name[1:-1].replace(name[0] * 2, name[0]) if name[:1] in ('"', "`") else name


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
