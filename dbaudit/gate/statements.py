"""The SQL of a remedy, carried out statement by statement; and what it takes back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import sqlparse

from dbaudit.facts import Table
from dbaudit.findings import Action, Remedy
from dbaudit.gate import conflicts
from dbaudit.gate.bench import Bench, UntriedError


@dataclass(frozen=True, slots=True)
class Passed:
    """What was done with a remedy that works, and the query that finds the rows in its way."""

    how: str
    conflicts: str = ""


def carry_out(bench: Bench, sql: str) -> None:
    """Carry out all statements of a text. Raises as `Bench.execute` does."""
    for statement in split(sql):
        bench.execute(statement)


def split(sql: str) -> Iterator[str]:
    """The statements of a text, without comments before them and semicolons behind them."""
    for statement in sqlparse.split(sql) if ";" in sql.rstrip(";\n ") else (sql,):
        lines = statement.strip().rstrip(";").splitlines()
        text = "\n".join(itertools.dropwhile(lambda line: line.startswith("--"), lines))
        if text:
            yield text


def tried(bench: Bench, remedy: Remedy) -> Passed:
    """What was done with SQL that the database takes.

    Raises:
        RefusedError: it does not.
        UntriedError: there is none, or it cannot be carried out on a copy.
    """
    if not remedy.sql:
        raise UntriedError(
            "Commands of manage.py are not run by an audit."
            if "manage.py" in remedy.orm
            else "It has no SQL that could be carried out."
        )
    for table in named(bench, remedy):
        bench.stand(table, alone=False)
    with bench.apart():
        carry_out(bench, remedy.sql)
        if remedy.undo_sql:
            carry_out(bench, remedy.undo_sql)
    told = f"{bench.how}{', and taken back' if remedy.undo_sql else ''}."
    query, counted = conflicts.looked_for(bench, split(remedy.sql))
    return Passed(" ".join(filter(None, (told, counted))), query)


def named(bench: Bench, remedy: Remedy) -> list[Table]:
    """The tables that a remedy is about, and those whose quoted names stand in its SQL."""
    quote = bench.snapshot.dialect.quote
    about = of(remedy.action)
    found = [
        one
        for one in bench.snapshot.tables
        if one.label == about
        or quote(one.schema, one.name) in remedy.sql
        or any(quote(one.schema, index.name) in remedy.sql for index in one.indexes)
    ]
    if not found:
        raise UntriedError("An audit carries out statements on tables alone.")
    return found


def of(action: Action) -> str:
    """The label of the table that an action is about, empty where it is about none."""
    return getattr(action, "table", "")
