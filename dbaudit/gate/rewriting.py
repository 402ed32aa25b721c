"""Statements as they are printed, turned to the copies of the tables that they name.

Only forms whose every table can be told are turned, so that no statement meets a table that is no copy. On PostgreSQL
``CONCURRENTLY`` goes, which no transaction allows and which changes nothing of what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dbaudit.gate.bench import UntriedError

_NAME: Final = r'(?:"(?:[^"]|"")+"|\w+)'
#: Text in quotes, which is left alone; a table after the word that introduces it; an index after its own.
_PART: Final = re.compile(
    rf"(?P<text>'(?:[^']|'')*')"
    rf"|(?P<table>\b(?:ON(?: ONLY)?|ALTER TABLE(?: ONLY)?|REFERENCES|FROM|ANALYZE) )"
    rf"(?:(?P<schema>{_NAME})\.)?(?P<named>{_NAME})"
    rf"|(?P<index>\b(?:DROP|ALTER|REINDEX) INDEX )(?:{_NAME}\.)?(?P<indexed>{_NAME})",
)
_ACTIONS: Final = re.compile(r"\bON (DELETE|UPDATE|CONFLICT)\b")
#: The statements that are carried out.
_FORMS: Final = re.compile(
    r"CREATE (UNIQUE )?INDEX |ALTER TABLE |DROP INDEX |ALTER INDEX |REINDEX INDEX |ANALYZE |SELECT setval\("
    r"|SELECT .* HAVING count\(\*\) > 1$"
)
#: Parts of such a statement that name further tables.
_OTHERS: Final = re.compile(r"^ALTER TABLE .*\b(ATTACH|DETACH|INHERIT|OWNED BY|OF|SET SCHEMA)\b", re.DOTALL)
_CONCURRENT: Final = re.compile(r"^(CREATE (?:UNIQUE )?INDEX |DROP INDEX |REINDEX INDEX )CONCURRENTLY ")
_SERIAL: Final = re.compile(r"(?P<before>SELECT setval\(pg_get_serial_sequence\(')(?P<text>(?:[^']|'')*)', ")
_LITERAL: Final = re.compile(rf"(?:(?P<schema>{_NAME})\.)?(?P<named>{_NAME})")
_KIND: Final = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)?")


def turned(statement: str, copies: Mapping[tuple[str, str], str], own: str) -> str:
    """The statement on copies. ``copies`` gives for the schema (empty for the connection's ``own``) and the name of a
    table that of its copy.

    Raises:
        UntriedError: it is of no form that can be turned, or names a table without a copy.
    """
    if not _FORMS.match(statement) or _OTHERS.search(statement):
        kind = _KIND.match(statement)
        raise UntriedError(f"{kind[0].upper() if kind else 'This'} is not carried out by an audit.")
    plain = _of_copy(_CONCURRENT.sub(r"\1", statement), copies, own)

    def replaced(found: re.Match[str]) -> str:
        if found["text"] or _ACTIONS.match(found[0]):
            return found[0]
        if found["index"]:
            return f"{found['index']}pg_temp.{found['indexed']}"
        return f"{found['table']}{_copy(found, copies, own)}"

    return _PART.sub(replaced, plain)


def _of_copy(statement: str, copies: Mapping[tuple[str, str], str], own: str) -> str:
    """``setval`` with the sequence of the copy: no rollback takes back what is set of a real one."""
    if not statement.startswith("SELECT setval("):
        return statement
    call = _SERIAL.match(statement)
    named = _LITERAL.fullmatch(call["text"].replace("''", "'")) if call else None
    if call is None or named is None:
        raise UntriedError("Setting a sequence is not taken back by a rollback.")
    text = _copy(named, copies, own).replace("'", "''")
    return f"{call['before']}{text}{statement[call.end('text') :]}"


def _copy(found: re.Match[str], copies: Mapping[tuple[str, str], str], own: str) -> str:
    schema, name = (_unquoted(found[part] or "") for part in ("schema", "named"))
    copy = copies.get((schema, name)) or (copies.get(("", name)) if schema == own else None)
    if copy is None:
        raise UntriedError(f"No copy of {found['named']} was made.")
    return copy


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
