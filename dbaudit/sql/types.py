"""What is known of PostgreSQL's types: their families, the casts that change nothing, how long their values may be.

Sources: the manual's pages on data types and pg_cast; a test holds the casts against a server. Which operators and
index methods a type has says `dbaudit.sql.operator_classes`. Pure.
"""

from __future__ import annotations

import math
import re
from typing import Final, Literal

from dbaudit.sql.type_names import type_name

Family = Literal[
    "text", "citext", "number", "boolean", "moment", "interval", "time", "uuid", "network", "mac", "bytes", "bits",
    "money", "oid", "json", "jsonb", "array", "range", "multirange", "search", "hstore", "xml", "shape", "geometry",
    "vector", "ltree", "",
]  # fmt: skip

#: The longest entry of a b-tree in bytes: a third of a page of 8 KiB. Keys and included columns count together.
BTREE_ENTRY: Final = 2704

_FAMILIES: Final[dict[str, Family]] = {
    "text": "text", "character varying": "text", "character": "text", "name": "text",
    "citext": "citext",
    "smallint": "number", "integer": "number", "bigint": "number", "numeric": "number", "real": "number",
    "double precision": "number",
    "boolean": "boolean",
    "date": "moment", "timestamp without time zone": "moment", "timestamp with time zone": "moment",
    "interval": "interval", "time without time zone": "time", "time with time zone": "time",
    "uuid": "uuid",
    "inet": "network", "cidr": "network", "macaddr": "mac", "macaddr8": "mac",
    "bytea": "bytes", "bit": "bits", "bit varying": "bits", "money": "money", "oid": "oid",
    "json": "json", "jsonb": "jsonb", "tsvector": "search", "hstore": "hstore", "xml": "xml",
    "int4range": "range", "int8range": "range", "numrange": "range", "daterange": "range", "tsrange": "range",
    "tstzrange": "range",
    "int4multirange": "multirange", "int8multirange": "multirange", "nummultirange": "multirange",
    "datemultirange": "multirange", "tsmultirange": "multirange", "tstzmultirange": "multirange",
    "point": "shape", "box": "shape", "polygon": "shape", "circle": "shape", "line": "shape", "lseg": "shape",
    "path": "shape",
    "geometry": "geometry", "geography": "geometry", "raster": "geometry",
    "vector": "vector", "halfvec": "vector", "sparsevec": "vector",
    "ltree": "ltree",
}  # fmt: skip
#: Casts that the server makes of itself, from the narrow to the wide (pg_cast, castcontext = 'i').
_WIDENING: Final[tuple[tuple[str, ...], ...]] = (
    ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    ("date", "timestamp without time zone", "timestamp with time zone"),
    ("time without time zone", "time with time zone"),
    ("cidr", "inet"),
    ("bit", "bit varying"),
)
#: Types whose values are the same bytes, so that the server does nothing for the cast (pg_cast, castmethod = 'b').
_SAME_BYTES: Final = (("character varying", "text"), ("text", "character varying"), ("cidr", "inet"))
_BYTES: Final[dict[str, int]] = {
    "smallint": 2, "integer": 4, "bigint": 8, "real": 4, "double precision": 8, "boolean": 1, "date": 4,
    "timestamp without time zone": 8, "timestamp with time zone": 8, "interval": 16, "time without time zone": 8,
    "time with time zone": 12, "uuid": 16, "inet": 19, "cidr": 19, "macaddr": 6, "macaddr8": 8, "money": 8, "oid": 4,
    "name": 64, "int4range": 17, "int8range": 25, "daterange": 17, "tsrange": 25, "tstzrange": 25, "point": 16,
    "box": 32, "circle": 24, "line": 24, "lseg": 32,
}  # fmt: skip
#: Families whose values are compared as a whole and in order: those that a b-tree is meant for.
_ORDERED: Final = frozenset({
    "text", "citext", "number", "boolean", "moment", "interval", "time", "uuid", "network", "mac", "bytes", "bits",
    "money", "oid", "ltree",
})  # fmt: skip
_SHAPE: Final = re.compile(r"(?P<before>[^(]*)(?:\((?P<arguments>[^)]*)\))?(?P<after>.*)")
#: Bytes for each unit of a type's length: a character of UTF-8, a digit of a number (four in two bytes), a bit.
_BYTES_OF_A_LENGTH: Final = {"character varying": 4, "character": 4, "numeric": 0.5, "bit": 1 / 8, "bit varying": 1 / 8}
#: A value of no fixed length carries its length, a number also its scale and a part of a group of digits.
_HEADER: Final = 12


def base(text: str) -> str:
    """The name of a type without its length or array brackets: ``character varying`` of ``varchar(20)[]``."""
    match = _SHAPE.fullmatch(type_name(text).removesuffix("[]"))
    return " ".join(f"{match['before']} {match['after']}".split()) if match else text


def family(text: str) -> Family:
    """The family of a type as PostgreSQL or a model spells it; ``""`` for one that is not known here (an enum, a
    domain, an extension's type): of that nothing is claimed."""
    return "array" if type_name(text).endswith("[]") else _FAMILIES.get(base(text), "")


def element(text: str) -> str:
    """The type of an array's elements, ``""`` for what is no array."""
    name = type_name(text)
    return name.removesuffix("[]") if name.endswith("[]") else ""


def is_implicit(source: str, target: str) -> bool:
    """Whether the server itself makes this cast of an operand, and the value stays the same: within a family, to a type
    that has room for every value. One with a length or precision is somebody's own, as it may cut the value."""
    if element(source) and element(target):
        return is_implicit(element(source), element(target))
    if element(source) or element(target):
        return False
    wanted, given = base(target), base(source)
    if "(" in type_name(target):
        return type_name(source) == type_name(target)
    if given == wanted or family(source) == family(target) == "text":
        return True
    return any(given in ranks and wanted in ranks and ranks.index(given) < ranks.index(wanted) for ranks in _WIDENING)


def is_relabeling(source: str, target: str) -> bool:
    """Whether a cast leaves the very bytes of the value, so that an index over ``(column)::target`` is one over the
    column: the planner looks through such a cast, and through no other."""
    if element(source) and element(target):
        return is_relabeling(element(source), element(target))
    if element(source) or element(target) or "(" in type_name(target):
        return type_name(source) == type_name(target)
    return base(source) == base(target) or (base(source), base(target)) in _SAME_BYTES


def is_ordered(text: str) -> bool:
    """Whether a b-tree over a column of this type is what its values are looked up by. Not json (no b-tree can be
    built), nor what is searched by what it contains (jsonb, arrays, ranges, search vectors, shapes). An unknown type
    is taken for ordered, as an enum is: whether a b-tree can be built, the trial tells."""
    return family(text) in (*_ORDERED, "")


def longest_value(text: str) -> int | None:
    """The bytes that the longest value of a type can take; None where the type sets no bound: ``text``, ``varchar``
    without a length, ``bytea``, ``numeric`` and everything composed."""
    name = base(text)
    if family(text) == "array" or name in _BYTES:
        return _BYTES.get(name) if family(text) != "array" else None
    match = _SHAPE.fullmatch(type_name(text))
    first = (match["arguments"] or "").partition(",")[0] if match else ""
    if not first.isdigit() or name not in _BYTES_OF_A_LENGTH:
        return None
    return math.ceil(int(first) * _BYTES_OF_A_LENGTH[name]) + _HEADER


def is_unbounded(text: str) -> bool:
    """Whether some value of the type may be too long for an entry of a b-tree: then building it, or a later insert,
    fails. Of an unknown type nothing is claimed; numbers without a precision are stored short in practice."""
    if family(text) in ("number", "ltree", ""):
        return False
    longest = longest_value(text)
    return longest is None or longest > BTREE_ENTRY
