"""The names of column types, as models declare them and as databases print them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

Affinity = Literal["integer", "text", "blob", "real", "numeric"]

#: PostgreSQL's other spellings of its types. ``serial`` types are integers with a default.
_ALIASES: Final = {
    "bool": "boolean",
    "bpchar": "character",
    "char": "character",
    "dec": "numeric",
    "decimal": "numeric",
    "float": "double precision",
    "float4": "real",
    "float8": "double precision",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "varchar": "character varying",
}
_SHAPE: Final = re.compile(r"(?P<before>[^(\[]*)(?:\((?P<arguments>[^)]*)\))?(?P<after>[^\[]*)(?P<array>(?:\[\d*\])*)$")


@lru_cache(maxsize=4096)
def type_name(text: str) -> str:
    """A PostgreSQL type as ``format_type`` prints it, without the schema that it lies in.

    The server keeps no array dimensions: ``integer[3][]`` is ``integer[]``.
    """
    match = _SHAPE.match(" ".join(text.lower().split()))
    if not match or text == '"char"':  # a type of one byte, which only its quotes tell from character
        return text.lower()
    name = f"{match['before'].strip()} {match['after'].strip()}".strip().rpartition(".")[2].replace('"', "")
    name = _ALIASES.get(name, name)
    arguments = ",".join(one.strip() for one in (match["arguments"] or "").split(",")).strip()
    if name == "character" and not arguments:
        arguments = "1"
    if arguments:
        head, _, tail = name.partition(" ") if name.startswith("time") else (name, "", "")
        name = f"{head}({arguments}) {tail}".strip()
    return f"{name}[]" if match["array"] else name


@lru_cache(maxsize=4096)
def declared_type(text: str) -> str:
    """A type as SQLite keeps it, without the differences that mean nothing: case, spaces, ``int`` for ``integer``."""
    return re.sub(r"\bint\b", "integer", re.sub(r"\s*([(),])\s*", r"\1", " ".join(text.lower().split())))


def affinity(text: str) -> Affinity:
    """How SQLite stores values of a declared type (https://www.sqlite.org/datatype3.html, section 3.1)."""
    name = text.lower()
    if "int" in name:
        return "integer"
    if any(word in name for word in ("char", "clob", "text")):
        return "text"
    if not name or "blob" in name:
        return "blob"
    if any(word in name for word in ("real", "floa", "doub")):
        return "real"
    return "numeric"
