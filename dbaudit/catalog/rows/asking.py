"""Asking tables for single values: many questions in one statement, and each by itself where that fails."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection import losing
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Table

# How many questions one statement asks. Of all the servers Oracle sets the lowest limit, 1,000 columns.
PER_STATEMENT: Final = 1_000
# The part of PostgreSQL's lock table that one statement may fill: reading locks a table and each of its indexes.
LOCK_SHARE: Final = 0.25

LOCKS = """
    SELECT current_setting('max_locks_per_transaction')::int
        * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A query for one value. ``tables`` are those that it reads, none for a sequence; ``key`` is how its answer is
    found."""

    key: Hashable
    tables: tuple[Table, ...]
    sql: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question to which there is no answer, and why."""

    question: Question
    reason: str


def ask(
    connection: BaseDatabaseWrapper, questions: Sequence[Question]
) -> tuple[dict[Hashable, Any], tuple[Unanswered, ...]]:
    """The answers by their keys. Where a statement fails (a table is gone, or locked) each question is asked alone.

    On PostgreSQL the locks of a statement are given back at once.
    """
    answers: dict[Hashable, Any] = {}
    unanswered = []
    for batch in batches(connection, questions):
        try:
            answers |= _asked(connection, batch)
        except DatabaseError as failure:
            if losing.ends(connection, failure):
                raise
            for question in batch:
                try:
                    answers |= _asked(connection, [question])
                except DatabaseError as error:
                    if losing.ends(connection, error):
                        raise
                    unanswered.append(Unanswered(question, reason(error)))
    return answers, tuple(unanswered)


def batches(connection: BaseDatabaseWrapper, questions: Sequence[Question]) -> Iterator[list[Question]]:
    """The questions of one statement each, so that none takes too many locks."""
    available = PER_STATEMENT
    if questions and connection.vendor == "postgresql":
        [(locks,)] = _rows(connection, LOCKS)
        available = int(LOCK_SHARE * locks)
    batch: list[Question] = []
    taken = 0
    for question in questions:
        weight = max(1, sum((1 + len(table.indexes)) * (1 + table.partitions) for table in question.tables))
        if connection.vendor != "postgresql":
            weight = 1
        if batch and (taken + weight > available or len(batch) == PER_STATEMENT):
            yield batch
            batch, taken = [], 0
        batch.append(question)
        taken += weight
    if batch:
        yield batch


def _asked(connection: BaseDatabaseWrapper, questions: Sequence[Question]) -> dict[Hashable, Any]:
    """One statement. Its savepoint is rolled back, which on PostgreSQL gives back the locks it took."""
    sql = f"SELECT {', '.join(f'({question.sql})' for question in questions)}{connection.features.bare_select_suffix}"
    with attempt(connection):
        [values] = _rows(connection, sql)
        if connection.in_atomic_block:
            transaction.set_rollback(True, using=connection.alias)
    return {question.key: value for question, value in zip(questions, values, strict=True)}


def _rows(connection: BaseDatabaseWrapper, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
