"""Errors of index statements in words, and which of them another attempt can get past."""

from __future__ import annotations

from typing import Final

from django.db import Error

from dbaudit.connection.errors import sqlstate

#: Somebody made something of this name in the moment between our look and our statement.
TAKEN: Final = "42P07"
#: Another attempt may succeed: deadlock, serialization, lock timeout, server shut down or backend terminated.
PASSING: Final = ("40P01", "40001", "55P03", "57P01", "57P02", "57P03", "08", "53300", TAKEN)

# What the server says in these classes names objects, never values of rows.
NAMING: Final = ("42", "53", "54", "55", "57", "25", "40", "0A", "3F", "2B")

ADVICE: Final = {
    "23505": "rows with equal keys exist; the index was taken away again. Remove the duplicates first",
    "42501": "the role lacks the privilege; run this as the table's owner",
    "53100": "the disk is full; free some space",
    "53200": "the server is out of memory; lower maintenance_work_mem",
    "53400": "a limit of the server was reached; raise temp_file_limit for this role, or maintenance_work_mem",
    "54000": "a value is too long for an index of this kind",
    "42P01": "the table is gone; audit again",
    "42703": "a column is gone; audit again",
    "42704": "an operator class or type is missing; install its extension (pg_trgm, btree_gin …) first",
    "42883": "a function is missing; install its extension first",
    "42P17": "an expression is not immutable",
    "25006": "the server or the role is read-only",
    "57014": "somebody cancelled the statement",
}


def passing(error: Error) -> bool:
    """Whether another attempt can succeed. An error without a code is a lost connection."""
    code = sqlstate(error)
    return not code or code.startswith(PASSING)


def sentence(error: Error) -> str:
    """What happened and what to do, without values of rows."""
    code = sqlstate(error)
    if not code:
        return "The connection to the server was lost."
    spoken = _spoken(error) if code.startswith(NAMING) or code == "23505" else f"The server refused it ({code})"
    advice = ADVICE.get(code, "")
    return f"{spoken}{': ' if advice else ''}{advice}."


def _spoken(error: Error) -> str:
    cause = error.__cause__ or error
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    words = str(primary or error).strip().partition("\n")[0].rstrip(".")
    return words[:1].upper() + words[1:]
