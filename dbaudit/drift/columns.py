"""Columns as declared and as found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dbaudit.drift.pairing import Difference
from dbaudit.facts import Column, Skipped, Snapshot, Table
from dbaudit.sql import normal_form
from dbaudit.sql.normal_form import Verdict, statements


@dataclass(frozen=True, slots=True)
class ChangedColumn:
    """A column that both sides have. ``unsure`` names what could not be compared."""

    declared: Column
    found: Column
    differences: tuple[Difference, ...]
    unsure: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How the columns of a table differ from the fields of its models."""

    missing: tuple[Column, ...]
    undeclared: tuple[Column, ...]
    changed: tuple[ChangedColumn, ...]

    def skipped(self, table: Table) -> Iterator[Skipped]:
        """What could not be compared, in words."""
        for one in self.changed:
            if one.unsure:
                yield Skipped(
                    f"{table.label}.{one.found.name}",
                    f"Model and database spell its {' and '.join(one.unsure)} so differently that they were not "
                    "compared.",
                )


def compare_columns(snapshot: Snapshot, expected: Table, actual: Table) -> ColumnDrift:
    """The columns by name. Fields of an unmanaged model on the same table declare theirs as well."""
    declared = {column.name: column for column in expected.columns}
    found = {column.name: column for column in actual.columns}
    changed = [
        _compare(snapshot.vendor, declared[name], found[name], actual) for name in declared.keys() & found.keys()
    ]
    return ColumnDrift(
        missing=tuple(column for name, column in declared.items() if name not in found),
        undeclared=tuple(
            column
            for name, column in found.items()
            if name not in declared and snapshot.columns_field(actual, name) is None
        ),
        changed=tuple(
            sorted((one for one in changed if one.differences or one.unsure), key=lambda one: one.found.name)
        ),
    )


def _compare(vendor: str, declared: Column, found: Column, actual: Table) -> ChangedColumn:
    differences, unsure = [], []
    for difference, verdict in _comparisons(vendor, declared, found, actual):
        if verdict is Verdict.DIFFERENT:
            differences.append(difference)
        elif verdict is Verdict.UNSURE:
            unsure.append(difference.what)
    return ChangedColumn(declared, found, tuple(differences), tuple(unsure))


def _comparisons(vendor: str, declared: Column, found: Column, actual: Table) -> Iterator[tuple[Difference, Verdict]]:
    """Everything in which the two may differ. A side that is None was not seen, and is not compared."""
    spelled = normal_form.declared_type if vendor == "sqlite" else normal_form.type_name
    if spelled(declared.type) != spelled(found.type) and not _is_automatic_key(actual, declared, found):
        yield Difference("type", found.type, declared.type), Verdict.DIFFERENT
    if declared.generated or found.generated:
        generated = Difference("generated as", found.generated, declared.generated)
        yield generated, normal_form.compare(declared.generated, found.generated, actual.types)
    elif declared.nullable != (found.nullable and not _never_null(actual, found.name)):
        words = {True: "allowed", False: "refused"}
        yield Difference("NULL", words[found.nullable], words[declared.nullable]), Verdict.DIFFERENT
    yield from _defaults(declared, found)
    if found.collation is not None and _collation(declared.collation or "") != _collation(found.collation):
        yield Difference("collation", found.collation, declared.collation or ""), Verdict.DIFFERENT
    if found.comment is not None and declared.comment and declared.comment != found.comment:
        yield Difference("comment", repr(found.comment), repr(declared.comment)), Verdict.DIFFERENT


def _defaults(declared: Column, found: Column) -> Iterator[tuple[Difference, Verdict]]:
    """Defaults and what fills a key by itself; the sequence of a ``serial`` column does as an identity does."""
    filled = bool(found.identity) or (found.default or "").startswith("nextval(")
    if declared.identity:
        if not filled:
            yield Difference("filled by", "nothing", "the database"), Verdict.DIFFERENT
    elif found.default is not None and not found.generated:
        default = "" if found.identity else found.default
        yield (
            Difference("default", default, declared.default or ""),
            normal_form.compare_defaults(declared.default or "", default),
        )


def _is_automatic_key(table: Table, declared: Column, found: Column) -> bool:
    """Whether it is the key that Django gives an automatic many-to-many table: migrations give it the type of the
    project's DEFAULT_AUTO_FIELD, the model that of its application, and no migration ever alters it."""
    integers = ("smallint", "integer", "bigint")
    return table.ownership.auto_created and declared.identity != "" and {declared.type, found.type} <= {*integers}


def _collation(name: str) -> str:
    """A collation without its schema and quotes; the type's own has no name."""
    bare = name.rpartition(".")[2].strip('"').lower()
    return "" if bare in ("default", "binary") else bare


def _never_null(table: Table, column: str) -> bool:
    """Whether a check constraint says so, which is how a big table is told without being locked for a scan."""
    for constraint in table.constraints:
        if constraint.kind == "check" and constraint.validated is not False and constraint.columns == (column,):
            condition = normal_form.condition(statements.check(constraint.definition), table.types)
            if condition == ("is not", ("null",), ("column", column.lower())):
                return True
    return False
