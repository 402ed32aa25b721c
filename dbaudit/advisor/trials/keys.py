"""How many different keys an index would have, and how wide its expressions are: counted on the copy of its table.

Statistics know each column by itself. Columns that go together (a town and its postal code) have far fewer pairs than
their numbers multiplied, and of an expression nothing is known before it is indexed.
"""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError

from dbaudit.advisor.candidate import Candidate, TrialEndedError, UnplannableError
from dbaudit.advisor.sizes import Keys
from dbaudit.advisor.trials.copies import Copies
from dbaudit.advisor.trials.explain import refusal
from dbaudit.connection.rollback import attempt


def keys(copies: Copies, candidate: Candidate) -> Keys | None:
    """What was counted, None where no copy can be made or its rows cannot be told apart.

    Raises:
        TrialEndedError: the connection was lost.
    """
    table = copies.snapshot.table(candidate.table, candidate.schema)
    if table is None or copies.grown:
        return None
    quote = copies.snapshot.dialect.quote
    spelled = [quote(key.column) if key.column else f"({key.expression})" for key in candidate.keys]
    where = f" WHERE {candidate.condition}" if candidate.condition else ""
    source = f"FROM pg_temp.{quote(table.name)}{where}"
    widths = ", ".join(f"avg(pg_catalog.pg_column_size({key}))::float8" for key in spelled)
    groups = f"SELECT pg_catalog.count(*) AS rows {source} GROUP BY {', '.join(spelled)}"
    try:
        factor = copies.factor(table)
        with attempt(copies.connection), copies.connection.cursor() as cursor:
            cursor.execute(f"SELECT sum(rows)::float8, count(*), count(*) FILTER (WHERE rows = 1) FROM ({groups}) AS g")
            rows, different, once = cursor.fetchone()
            cursor.execute(f"SELECT {widths} {source}")
            measured = tuple(float(one or 0.0) for one in cursor.fetchone())
    except UnplannableError:
        return None
    except (DatabaseError, InterfaceError) as error:
        found = refusal(copies.connection, error)
        if isinstance(found, TrialEndedError):
            raise found from error
        return None
    return Keys(_different(rows or 0.0, different, once, factor), measured) if rows else None


def _different(rows: float, different: float, once: float, factor: float) -> float:
    """How many there are in all rows, by those of a sample: the estimator of Haas and Stokes that ANALYZE uses, too."""
    left = rows - once + once / factor
    return rows * different / left if left > 0 else different * factor


def is_guessed(candidate: Candidate) -> bool:
    """Whether statistics alone tell little of the keys: of several columns, or of an expression."""
    return len(candidate.keys) > 1 or any(key.expression for key in candidate.keys)
