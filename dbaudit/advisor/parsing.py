"""The statement's tree, with its placeholders named and the values that they were seen with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dbaudit.advisor.candidate import Asked, UnplannableError
from dbaudit.advisor.literals import of_schema

DIALECTS = {"postgresql": "postgres", "sqlite": "sqlite", "mysql": "mysql"}
_PREFIX = "dbaudit_"
_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\))?(?P<kind>[s%])")


class Unknown:
    """Stands for a value that was not seen, or that differs from sample to sample."""


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Parsed:
    """A statement's tree (of sqlglot) and the values that its placeholders had, sample by sample.

    ``reworded`` says that the values in its text differ from call to call.
    """

    tree: exp.Expr
    dialect: str
    samples: tuple[Mapping[str, Any], ...] = ()
    reworded: bool = False

    def values(self, node: exp.Expr) -> tuple[Any, ...]:
        """The values of a literal or placeholder, one a sample; ``UNKNOWN`` where it is neither or was not seen."""
        while isinstance(node, exp.Paren | exp.Cast):
            node = node.this
        if isinstance(node, exp.Placeholder | exp.Parameter):
            return tuple(sample.get(node.name, UNKNOWN) for sample in self.samples) or (UNKNOWN,)
        return (_constant(node),)

    def constant(self, node: exp.Expr) -> Any:
        """The one value that it had in every sample, ``UNKNOWN`` where there are several or none."""
        first, *others = self.values(node)
        return first if all(type(one) is type(first) and one == first for one in others) else UNKNOWN

    def bound(self, node: exp.Expr) -> exp.Expr | None:
        """The expression as every call has it: the schema's own words (see `dbaudit.advisor.literals`) in the place of
        their placeholders. None where it depends on a value of a call."""
        copy = node.copy()
        for one in list(copy.find_all(exp.Placeholder, exp.Parameter, exp.Literal)):
            if isinstance(one, exp.Literal):
                if self.reworded and not of_schema(one, one.this):
                    return None
                continue
            seen = self.constant(one)
            literal = spelled(seen) if one is not copy and of_schema(one, seen) else None
            if literal is None:
                return None
            one.replace(sqlglot.parse_one(literal, read=self.dialect))
        return copy

    def stands(self, node: exp.Expr) -> bool:
        """Whether a value stands in the text of the statement, the same in every call."""
        while isinstance(node, exp.Paren | exp.Cast):
            node = node.this
        return isinstance(node, exp.Literal | exp.Boolean) and not self.reworded

    def sql(self, node: exp.Expr) -> str:
        """The expression as SQL of the database."""
        return node.sql(dialect=self.dialect, identify=True)


def parse(asked: Asked, vendor: str) -> Parsed:
    """Take a statement apart.

    Raises:
        UnplannableError: it is no SQL to the parser.
    """
    names: list[str] = []

    def named(match: re.Match[str]) -> str:
        if match["kind"] == "%":
            return "%"
        names.append(match["name"] or str(len(names)))
        return f":{_PREFIX}{len(names) - 1}"

    bound = "%s" in asked.sql or any(one.values is not None for one in asked.samples)
    dialect = DIALECTS.get(vendor, "")
    try:
        tree = sqlglot.parse_one(_PLACEHOLDER.sub(named, asked.sql) if bound else asked.sql, read=dialect)
    except (SqlglotError, RecursionError) as error:
        raise UnplannableError("The statement could not be taken apart: the parser does not know its SQL.") from error
    samples = tuple(dict(_values(one.values, names)) for one in asked.samples)
    return Parsed(tree, dialect, samples, asked.reworded)


def _values(values: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    """The values of one sample by the names that their placeholders have in the tree."""
    if isinstance(values, Mapping):
        for place, name in enumerate(names):
            yield f"{_PREFIX}{place}", values.get(name, UNKNOWN)
    else:
        for place, value in enumerate(values or ()):
            yield f"{_PREFIX}{place}", value


def _constant(node: exp.Expr) -> Any:
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else Decimal(node.this)
    return UNKNOWN


def spelled(value: Any) -> str | None:
    """A value as a literal of SQL, None where it is of a type whose literals differ from place to place."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, str) and not {"\x00", "\\"} & {*value}:
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list) and value and all(isinstance(one, str) and one.isidentifier() for one in value):
        return "'{" + ",".join(value) + "}'"
    return None
