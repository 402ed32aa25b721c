"""``EXPLAIN`` of a statement of the workload on PostgreSQL: with its values, or for any values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, Error, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked, TrialEndedError, UnplannableError
from dbaudit.connection.errors import is_closed, is_lost, sqlstate
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Parameters, Plan
from dbaudit.workload.plans import postgresql_plan

_SAVEPOINT = "dbaudit_trial"
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$""", re.DOTALL)
_NUMBERED = re.compile(r"\$(\d+)")
#: The first server that plans for any values without a prepared statement.
GENERIC_PLAN_SINCE = 160_000
REASONS = {
    "57014": "Planning it took longer than the statement timeout.",
    "55P03": "A table that it reads stayed locked.",
    "42P01": "It reads a table that is gone.",
    "42501": "The audit's role may not read a table that it reads.",
    "42P18": "It needs values that were not seen.",
}


def plans(connection: BaseDatabaseWrapper, asked: Asked) -> tuple[Plan, ...]:
    """One plan for each sample of the statement, or one for any values where it came without.

    Raises:
        UnplannableError: the server refuses it.
        TrialEndedError: the connection was lost.
    """
    return after((), connection, asked)[1]


def after(
    statements: Sequence[str], connection: BaseDatabaseWrapper, asked: Asked
) -> tuple[list[list[Any]], tuple[Plan, ...]]:
    """The rows of these statements, and the plans once they were carried out: all in one message to the server.

    An advice needs thousands of plans, and each message costs as much as planning does.

    Raises:
        UnplannableError: the server refuses one of them; none of them was carried out then.
        TrialEndedError: the connection was lost.
    """
    if ";" in _QUOTED.sub("", asked.sql).rstrip("; \n\t"):
        raise UnplannableError("It is several statements in one.")  # of which EXPLAIN would take the first alone
    numbers = [int(number) for number in _NUMBERED.findall(asked.sql)] if not asked.samples else []
    generic = bool(numbers)
    source = "EXPLAIN (GENERIC_PLAN, FORMAT JSON)" if generic else "EXPLAIN (FORMAT JSON)"
    try:
        if generic and getattr(connection, "pg_version", 0) < GENERIC_PLAN_SINCE:
            source = "EXPLAIN (FORMAT JSON)"
            rows = sent(connection, statements) if statements else []
            rows.append([_prepared(connection, asked.sql, max(numbers))])
        else:
            wanted = [_bound(connection, f"{source} {asked.sql}", one) for one in asked.samples or (Parameters(None),)]
            rows = sent(connection, [*statements, *wanted])
    except (DatabaseError, InterfaceError) as error:
        raise refusal(connection, error) from error
    answers = rows[len(statements) :]
    if not all(answers):
        raise UnplannableError("The server gave no plan.")
    plans = (postgresql_plan(one[0][0], asked.fingerprint, connection.alias, source) for one in answers)
    return rows[: len(statements)], tuple(replace(plan, generic=generic) for plan in plans)


def _bound(connection: BaseDatabaseWrapper, sql: str, sample: Parameters) -> str:
    if sample.values is None:
        return sql
    try:
        return bound(connection, sql, sample.values)
    except (DatabaseError, TypeError, ValueError, IndexError, KeyError) as error:
        raise UnplannableError(REASONS["42P18"]) from error


def bound(connection: BaseDatabaseWrapper, sql: str, values: Any) -> str:
    """The statement with its values in it, as the driver writes them: several go into one message."""
    with connection.wrap_database_errors:
        return str(connection.ops.compose_sql(sql, values))  # type: ignore[attr-defined]  # PostgreSQL's own


def sent(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> list[list[Any]]:
    """The rows of each statement, sent as one message. One that fails takes back all, and not the transaction."""
    inside = not connection.get_autocommit()
    before, behind = ((f"SAVEPOINT {_SAVEPOINT}",), (f"RELEASE SAVEPOINT {_SAVEPOINT}",)) if inside else ((), ())
    with connection.cursor() as cursor:
        try:
            # Each ends on a line of its own: a comment may stand at its end.
            cursor.execute("\n;\n".join((*before, *statements, *behind)))
            if inside:
                cursor.nextset()
            return [cursor.fetchall() for place, _ in enumerate(statements) if not place or cursor.nextset()]
        except Error:
            if inside:
                with suppress(Error):
                    cursor.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            raise


def _prepared(connection: BaseDatabaseWrapper, sql: str, count: int) -> Any:
    """Before PostgreSQL 16 a prepared statement alone is planned for any values. Ours is taken back by its name."""
    with attempt(connection), connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE dbaudit_trial AS {sql}")
        try:
            # A savepoint of its own: a prepared statement outlives the transaction, and a failed one lets none go.
            with attempt(connection):
                cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE dbaudit_trial ({', '.join(['NULL'] * count)})")
                return cursor.fetchone()
        finally:
            cursor.execute("DEALLOCATE dbaudit_trial")


def refusal(connection: BaseDatabaseWrapper, error: Error) -> UnplannableError | TrialEndedError:
    """Why the server would not: of this one thing, or of all that follows where the connection is gone."""
    state = sqlstate(error)
    if is_lost(error) or connection.connection is None or is_closed(connection):
        return TrialEndedError("The server closed the connection while it was planning.")
    return UnplannableError(REASONS.get(state, f"The server refuses to plan it (SQLSTATE {state or 'unknown'})."))
