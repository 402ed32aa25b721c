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
_CONCURRENT: Final = re.compile(r"^(CREATE (?:UNIQUE )?INDEX |DROP INDEX |REINDEX INDEX )CONCURRENTLY ")
_KIND: Final = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)?")


def turned(statement: str, copies: Mapping[tuple[str, str], str], own: str) -> str:
    """The statement on copies. ``copies`` gives for the schema (empty for the connection's ``own``) and the name of a
    table that of its copy.

    Raises:
        UntriedError: it is of no form that can be turned, or names a table without a copy.
    """
    if not _FORMS.match(statement):
        kind = _KIND.match(statement)
        raise UntriedError(f"{kind[0].upper() if kind else 'This'} is not carried out by an audit.")
    plain = _CONCURRENT.sub(r"\1", statement)

    def replaced(found: re.Match[str]) -> str:
        if found["text"] or _ACTIONS.match(found[0]):
            return found[0]
        if found["index"]:
            return f"{found['index']}pg_temp.{found['indexed']}"
        schema, name = (_unquoted(found[part] or "") for part in ("schema", "named"))
        copy = copies.get((schema, name)) or (copies.get(("", name)) if schema == own else None)
        if copy is None:
            raise UntriedError(f"No copy of {found['named']} was made.")
        return f"{found['table']}{copy}"

    return _PART.sub(replaced, plain)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
