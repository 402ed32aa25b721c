"""Errors in words: why something was not read, without values of rows and without passwords."""

from __future__ import annotations

import re
from typing import Final

from dbaudit.connection.errors import first_line, is_lost, sqlstate

TIMEOUT: Final = "The statement ran longer than the statement timeout, or someone cancelled it."
LOCKED: Final = "Another session keeps it locked for longer than the lock timeout."
LOST: Final = "The connection to the server was lost."
FOREIGN: Final = "The server behind a foreign table does not answer."
POOLED: Final = (
    "A pooler in statement mode stands between, which allows no transaction; use an alias of the server itself."
)
# By SQLSTATE, SQLite's name or MySQL's number; the longest beginning that fits counts.
REASONS: Final = {
    "08": FOREIGN,
    "40": "The server ended the statement because of a conflict with another session.",
    "53": "The server is out of resources.",
    "55P03": LOCKED,
    "57014": TIMEOUT,
    "57P": LOST,
    "HV": FOREIGN,
    "MYSQL_1044": "The role has no permission.",
    "MYSQL_1142": "The role has no permission.",
    "MYSQL_1143": "The role has no permission.",
    "MYSQL_1146": "The table does not exist.",
    "MYSQL_1205": LOCKED,
    "MYSQL_1969": TIMEOUT,
    "MYSQL_2006": LOST,
    "MYSQL_2013": LOST,
    "MYSQL_3024": TIMEOUT,
    "SQLITE_BUSY": "Another connection keeps the file locked.",
    "SQLITE_CANTOPEN": "The file cannot be opened.",
    "SQLITE_CORRUPT": "The file is damaged.",
    "SQLITE_FULL": "The disk is full.",
    "SQLITE_INTERRUPT": "The statement ran longer than the statement timeout.",
    "SQLITE_IOERR": "The file cannot be read.",
    "SQLITE_LOCKED": "Another connection keeps the table locked.",
    "SQLITE_NOTADB": "The file is not an SQLite database.",
    "SQLITE_READONLY": "The statement would have written.",
}
# Here the server's own words name objects and nothing else: privilege, table, column, function, schema, read-only.
SPOKEN: Final = frozenset({"42501", "42P01", "42703", "42883", "3F000", "25006"})
SPOKEN_BY_SQLITE: Final = re.compile(r"no such (?:table|column|function|module|collation sequence|index)\b.*")


def reason(error: BaseException) -> str:
    """One sentence on a database error, without values of rows and without passwords."""
    code = sqlstate(error)
    spoken = first_line(error)
    if code in SPOKEN or (code == "SQLITE_ERROR" and SPOKEN_BY_SQLITE.fullmatch(spoken)):
        return f"{spoken[:1].upper()}{spoken[1:].rstrip('.')}."
    if code == "08P01" and "statement pooling mode" in spoken:
        return POOLED
    if is_lost(error):
        return LOST
    for length in range(len(code), 1, -1):
        if sentence := REASONS.get(code[:length]):
            return sentence
    return f"The database refused the statement ({code or type(error).__name__})."
