"""Whose a value of a statement is: the schema's, that of the statement's text, or of one call.

An index holds for every call. So a value may be part of an index only where it belongs to the schema (a time zone, a
key of JSON, a search configuration, a unit of time) or stands in the text of the statement. What a call sends with it
is what somebody searched for: an index on it serves that one search, slows every write, and tells the report's readers
what was typed.

Needs the optional package sqlglot.
"""

from __future__ import annotations

from sqlglot import exp

#: What takes the name of a key or the path to it on its right.
_PATHS = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar)
#: Functions whose first argument is a configuration or unit, and no value.
_CONFIGURED = ("to_tsvector", "date_trunc", "timezone")
#: Of these the arguments behind the first are time zones and units.
_ZONED = ("django_datetime_cast_date", "django_datetime_cast_time", "django_datetime_trunc", "django_datetime_extract",
          "django_date_trunc", "django_date_extract", "django_time_trunc", "django_time_extract")  # fmt: skip
#: Texts by which the columns of a search vector are put together.
_GLUE = ("", " ")


def of_schema(value: exp.Expr, seen: object) -> bool:
    """Whether a placeholder or literal stands where only the schema's own words can stand. ``seen`` is its value."""
    node, parent = value, value.parent
    while isinstance(parent, exp.Paren | exp.Cast):
        node, parent = parent, parent.parent
    if isinstance(parent, exp.AtTimeZone):
        return parent.args.get("zone") is node
    if isinstance(parent, _PATHS):
        return parent.expression is node
    if isinstance(parent, exp.TimestampTrunc | exp.DateTrunc):
        return parent.args.get("unit") is node or parent.args.get("zone") is node
    if isinstance(parent, exp.Anonymous):
        name, place = str(parent.this).lower(), _place(parent, node)
        if name in _ZONED:
            return place > 0
        return name in _CONFIGURED and place == 0 and len(parent.expressions) > 1
    return seen in _GLUE and isinstance(parent, exp.Coalesce | exp.DPipe) and _searched(parent)


def _place(call: exp.Anonymous, argument: exp.Expr) -> int:
    return next((place for place, one in enumerate(call.expressions) if one is argument), -1)


def _searched(node: exp.Expr) -> bool:
    """Whether it is part of the document of ``to_tsvector``."""
    above: exp.Expr | None = node
    while isinstance(above, exp.Coalesce | exp.DPipe | exp.Paren | exp.Cast):
        above = above.parent
    return isinstance(above, exp.Anonymous) and str(above.this).lower() == "to_tsvector"
