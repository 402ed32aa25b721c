"""Expressions and conditions of an index written in Django's words, from the SQL as it stands, casts included.

What is written is what was read: a text is taken apart without leaving anything out (`normal_form.tree` without
types), and where Django has no words that compile to it exactly, it stays SQL in a `RawSQL`. The tests have Django's
schema editor render what is written here, and let a server compare the two definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dbaudit.facts import IndexKey, ModelField, Snapshot, Table
from dbaudit.sql import normal_form
from dbaudit.sql.normal_form import type_of
from dbaudit.sql.normal_form.trees import Tree
from dbaudit.sql.types import is_relabeling

POSTGRES_INDEXES: Final = "from django.contrib.postgres.indexes import"

#: Functions of one argument, by what both Django and the server call them.
_FUNCTIONS: Final = {
    "abs": "Abs", "length": "Length", "lower": "Lower", "ltrim": "LTrim", "md5": "MD5", "reverse": "Reverse",
    "rtrim": "RTrim", "trim": "Trim", "upper": "Upper",
}  # fmt: skip
#: What Django calls, but has no class for.
_PLAIN_FUNCTIONS: Final = {"host": "HOST"}
#: Types of casts -> fields whose ``cast_db_type`` is exactly this, by vendor.
_CASTS: Final = {
    "postgresql": {
        "text": "TextField()", "character varying": "CharField()", "smallint": "SmallIntegerField()",
        "integer": "IntegerField()", "bigint": "BigIntegerField()", "double precision": "FloatField()",
        "boolean": "BooleanField()", "date": "DateField()", "timestamp with time zone": "DateTimeField()",
        "time without time zone": "TimeField()", "interval": "DurationField()", "uuid": "UUIDField()",
        "jsonb": "JSONField()", "inet": "GenericIPAddressField()",
    },
    "sqlite": {
        "text": "TextField()", "integer": "IntegerField()", "bigint": "BigIntegerField()", "real": "FloatField()",
    },
}  # fmt: skip
_WITH_LENGTH: Final = re.compile(r"character varying\((\d+)\)")
_WITH_PRECISION: Final = re.compile(r"numeric\((\d+),(\d+)\)")
_COMPARISONS: Final = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "exact"}
#: Kinds of fields whose values are literals of Python that compile to the literal of the condition again.
_TEXTS: Final = frozenset({"CharField", "EmailField", "SlugField", "TextField", "URLField"})
_WHOLE: Final = frozenset({
    "AutoField", "BigAutoField", "BigIntegerField", "ForeignKey", "IntegerField", "OneToOneField",
    "PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "SmallAutoField",
    "SmallIntegerField",
})  # fmt: skip
_NUMBERS: Final = _WHOLE | {"DecimalField", "FloatField"}
_MOMENTS: Final = frozenset({"DateField", "DateTimeField"})


class UntranslatableError(Exception):
    """SQL that Django has no words for; the text says what, in one sentence."""


@dataclass(frozen=True, slots=True)
class Words:
    """Writes SQL of one table in Django's words; ``imports`` are what the words need so far."""

    snapshot: Snapshot
    table: Table
    imports: set[str] = field(default_factory=set)

    def field(self, column: str) -> str:
        """The name of the model's field of a column.

        Raises:
            UntranslatableError: no field of a model has the column.
        """
        found = self._field(column)
        if found is None:
            raise UntranslatableError(f"No field of a model has the column {column} of {self.table.label}.")
        return found.name

    def key(self, key: IndexKey) -> str:
        """A key as an expression: ``F("a").desc()``, ``Upper("b")``."""
        text = self.expression(key.expression or self.snapshot.dialect.quote(key.column))
        if key.collation:
            self.imports.add("from django.db.models.functions import Collate")
            text = f"Collate({text}, {quoted(key.collation)})"
        if key.opclass:
            self.imports.add(f"{POSTGRES_INDEXES} OpClass  # with django.contrib.postgres in INSTALLED_APPS")
            text = f"OpClass({text}, name={quoted(key.opclass)})"
        nulls = f"nulls_{key.nulls}=True" if key.nulls else ""
        if key.descending:
            return f"{text}.desc({nulls})"
        return f"{text}.asc({nulls})" if nulls else text

    def expression(self, sql: str) -> str:
        """An expression of a key, as the SQL itself where Django has no words that compile to it."""
        try:
            return self._expression(normal_form.tree(sql))
        except UntranslatableError:
            return self._raw(sql)

    def condition(self, sql: str) -> str:
        """The condition of a partial index as a ``Q``, around the SQL itself where Django has no lookup for it."""
        try:
            return self._q(normal_form.condition(sql, self.table.types))
        except UntranslatableError:
            return f"models.Q({self._raw(sql, ', output_field=models.BooleanField()')})"

    def _field(self, column: str) -> ModelField | None:
        actual = next((one.name for one in self.table.columns if one.name.lower() == column.lower()), column)
        return self.snapshot.columns_field(self.table, actual)

    def _kind(self, column: str) -> str:
        found = self._field(column)
        return found.kind if found else ""

    def _raw(self, sql: str, more: str = "") -> str:
        self.imports.add("from django.db.models.expressions import RawSQL")
        return f"RawSQL({quoted(sql.replace('%', '%%'))}, (){more})"

    def _expression(self, tree: Tree) -> str:  # noqa: PLR0911  one for each kind
        match tree:
            case ("column", str(name)):
                return f"models.F({quoted(self.field(name))})"
            case ("call", str(name), argument) if name in _FUNCTIONS:
                written = self._argument(argument)
                self.imports.add(f"from django.db.models.functions import {_FUNCTIONS[name]}")
                return f"{_FUNCTIONS[name]}({written})"
            case ("call", str(name), argument) if name in _PLAIN_FUNCTIONS:
                return f"models.Func({self._argument(argument)}, function={quoted(_PLAIN_FUNCTIONS[name])})"
            case ("call", "coalesce", first, second, *more):
                written = ", ".join(map(self._argument, (first, second, *more)))
                self.imports.add("from django.db.models.functions import Coalesce")
                return f"Coalesce({written})"
            case ("cast", "date", ("call", "timezone", ("text", str(zone)), ("column", str(name)))):
                written = quoted(self.field(name))
                self.imports.update(
                    ("from zoneinfo import ZoneInfo", "from django.db.models.functions import TruncDate")
                )
                return f"TruncDate({written}, tzinfo=ZoneInfo({quoted(zone)}))"
            case ("cast", str(name), operand):
                return self._cast(name, operand)
            case ("call", "to_tsvector", ("text", str(config)), document):
                fields = ", ".join(quoted(self.field(name)) for name in self._searched(document))
                self.imports.add("from django.contrib.postgres.search import SearchVector")
                return f"SearchVector({fields}, config={quoted(config)})"
            case ("operation", "->" | "->>" as arrow, ("column", str(name)), ("text", str(key))) if not _is_place(key):
                return self._json(arrow, name, key)
            case ("operation", "->" | "->>" as arrow, ("column", str(name)), ("number", str(key))) if _is_place(key):
                return self._json(arrow, name, key)
        raise UntranslatableError("Django has no words for an expression of it.")

    def _cast(self, name: str, operand: Tree) -> str:
        vendor = self.snapshot.vendor
        made = _CASTS.get(vendor, {}).get(name, "")
        if length := _WITH_LENGTH.fullmatch(name):
            made = f"CharField(max_length={length[1]})"
        elif (precision := _WITH_PRECISION.fullmatch(name)) and vendor == "postgresql":
            made = f"DecimalField(max_digits={precision[1]}, decimal_places={precision[2]})"
        if not made:
            raise UntranslatableError(f"Django has no field for a cast to {name}.")
        written = self._argument(operand)
        self.imports.add("from django.db.models.functions import Cast")
        return f"Cast({written}, models.{made})"

    def _json(self, arrow: str, name: str, key: str) -> str:
        written = quoted(self.field(name))
        kind = "KeyTransform" if arrow == "->" else "KeyTextTransform"
        self.imports.add(f"from django.db.models.fields.json import {kind}")
        return f"{kind}({quoted(key)}, {written})"

    def _argument(self, tree: Tree) -> str:
        match tree:
            case ("column", str(name)):
                return quoted(self.field(name))
            case ("text", str(value)):
                return f"models.Value({quoted(value)})"
            case ("cast", str(name), operand) if self._is_text_already(operand, name):
                return self._argument(operand)
        return self._expression(tree)

    def _is_text_already(self, operand: Tree, name: str) -> bool:
        """Whether the server itself casts so where it calls a function of text, and the bytes stay what they are."""
        source = type_of(operand, self.table.types)
        return bool(source) and name == "text" and is_relabeling(source, name)

    def _searched(self, document: object) -> Iterator[str]:
        """The columns of a text that is searched, put together as ``SearchVector`` does it: what is no text is cast."""
        match document:
            case ("operation", "||", ("operation", "||", first, ("text", " ")), last):
                yield from self._searched(first)
                yield from self._searched(last)
            case ("call", "coalesce", ("column", str(name)), ("text", "")) if self._kind(name) in _TEXTS:
                yield name
            case ("call", "coalesce", ("cast", "text", ("column", str(name))), ("text", "")) if (
                self._kind(name) not in _TEXTS
            ):
                yield name
            case _:
                raise UntranslatableError("Django's SearchVector is put together in another way.")

    # -- conditions ----------------------------------------------------------------------------------------------

    def _q(self, tree: object) -> str:
        match tree:
            case ("and", *parts):
                return " & ".join(sorted(self._q(part) for part in parts))
            case ("or", *parts):
                return f"({' | '.join(sorted(self._q(part) for part in parts))})"
            case ("is" | "is not" as verb, ("null",), ("column", str(name))):
                return f"models.Q({self.field(name)}__isnull={verb == 'is'})"
            case ("operation", str(sign), ("column", str(name)), value) if sign in _COMPARISONS:
                lookup = "" if sign == "=" else f"__{_COMPARISONS[sign]}"
                return f"models.Q({self.field(name)}{lookup}={self._value(name, value)})"
            case ("member", "=", "any", ("column", str(name)), *values):
                listed = ", ".join(self._value(name, value) for value in values)
                return f"models.Q({self.field(name)}__in=[{listed}])"
        raise UntranslatableError("Django has no lookup for its condition.")

    def _value(self, column: str, tree: object) -> str:
        """A literal as Python, where the field's own way to SQL leads back to it."""
        kind = self._kind(column)
        texts = _TEXTS | ({"UUIDField"} | _MOMENTS if self.snapshot.vendor == "postgresql" else set())
        match tree:
            case ("text", str(value)) if kind in texts:
                return quoted(value)
            case ("number", "0" | "1" as value) if kind == "BooleanField":
                return str(value == "1")
            case ("number", str(value)) if kind in _NUMBERS and value.lstrip("-").isdigit():
                return value
            case ("number", str(value)) if kind in _NUMBERS - _WHOLE:
                self.imports.add("from decimal import Decimal")
                return f"Decimal({quoted(value)})"
        raise UntranslatableError("Django would compile a value of its condition in another way.")


def _is_place(key: str) -> bool:
    """Whether Django takes the key of a JSON document for a place in a list."""
    return key.removeprefix("-").isdigit()


def quoted(text: str) -> str:
    """A string of Python, in double quotes wherever that needs no escape."""
    return f'"{text}"' if text.isprintable() and not {'"', "\\"} & {*text} else repr(text)
