"""``EXPLAIN`` of a statement of the workload on PostgreSQL: with its values, or for any values."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, Error, InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked, TrialEndedError, UnplannableError
from dbaudit.catalog.session import attempt, sqlstate
from dbaudit.facts import Parameters, Plan
from dbaudit.workload.plans import postgresql_plan

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
    if ";" in _QUOTED.sub("", asked.sql).rstrip("; \n\t"):
        raise UnplannableError("It is several statements in one.")  # of which EXPLAIN would take the first alone
    numbers = [int(number) for number in _NUMBERED.findall(asked.sql)] if not asked.samples else []
    if numbers:
        return (_explained(connection, asked, None, max(numbers)),)
    return tuple(_explained(connection, asked, one, 0) for one in asked.samples or (Parameters(None),))


def _explained(connection: BaseDatabaseWrapper, asked: Asked, sample: Parameters | None, count: int) -> Plan:
    source = "EXPLAIN (FORMAT JSON)"
    try:
        with attempt(connection), connection.cursor() as cursor:
            if sample is not None:
                cursor.execute(f"{source} {asked.sql}", sample.values)
                answer = cursor.fetchone()
            elif getattr(connection, "pg_version", 0) >= GENERIC_PLAN_SINCE:
                source = "EXPLAIN (GENERIC_PLAN, FORMAT JSON)"
                cursor.execute(f"{source} {asked.sql}")
                answer = cursor.fetchone()
            else:
                answer = _prepared(connection, cursor, asked.sql, count)
    except (DatabaseError, InterfaceError) as error:
        raise refusal(connection, error) from error
    except (TypeError, ValueError, IndexError, KeyError) as error:  # values that do not fit the placeholders
        raise UnplannableError("It needs values that were not seen.") from error
    if answer is None:
        raise UnplannableError("The server gave no plan.")
    return replace(
        postgresql_plan(answer[0], asked.fingerprint, connection.alias, source), generic=sample is None and count > 0
    )


def _prepared(connection: BaseDatabaseWrapper, cursor: Any, sql: str, count: int) -> Any:
    """Before PostgreSQL 16 a prepared statement alone is planned for any values. Ours is taken back by its name."""
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(f"PREPARE dbaudit_trial AS {sql}")
    try:
        # A savepoint of its own: prepared statements outlive the transaction, and a failed one lets none be removed.
        with attempt(connection):
            cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE dbaudit_trial ({', '.join(['NULL'] * count)})")
            return cursor.fetchone()
    finally:
        cursor.execute("DEALLOCATE dbaudit_trial")


def refusal(connection: BaseDatabaseWrapper, error: Error) -> UnplannableError | TrialEndedError:
    """Why the server would not: of this one thing, or of all that follows where the connection is gone."""
    state = sqlstate(error) or ""
    lost = isinstance(error, OperationalError | InterfaceError) and not state.startswith(("57014", "55P03"))
    if lost and (state.startswith(("57P", "08")) or not state) and not _answers(connection):
        return TrialEndedError("The server closed the connection while it was planning.")
    return UnplannableError(REASONS.get(state, f"The server refuses to plan it (SQLSTATE {state or 'unknown'})."))


def _answers(connection: BaseDatabaseWrapper) -> bool:
    raw = connection.connection
    return raw is not None and not raw.closed
