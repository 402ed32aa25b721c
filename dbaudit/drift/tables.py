"""Tables as declared and as found, with all that differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dbaudit.drift.columns import ColumnDrift, compare_columns
from dbaudit.drift.constraints import compare_constraints
from dbaudit.drift.indexes import compare_indexes
from dbaudit.drift.pairing import Changed, Drift
from dbaudit.drift.uniques import compare_uniques
from dbaudit.facts import Constraint, Index, Skipped, Snapshot, Table

#: How many tables a sentence names.
NAMED: Final = 5
_KEPT: Final = "_compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A table of a model: as declared, as found, and how the two differ.

    ``indexes`` are those that enforce nothing, ``uniques`` unique constraints and unique indexes, ``constraints``
    checks and exclusions. What stands on a column that only one side has is left out: the column is the difference.
    """

    expected: Table
    table: Table
    columns: ColumnDrift
    indexes: Drift[Index]
    uniques: Drift[Index]
    constraints: Drift[Constraint]

    @property
    def missing_constraints(self) -> tuple[Index | Constraint, ...]:
        """What should be enforced and is not."""
        return (*self.uniques.missing, *self.constraints.missing)

    @property
    def undeclared_constraints(self) -> tuple[Index | Constraint, ...]:
        """What is enforced and should not."""
        return (*self.uniques.undeclared, *self.constraints.undeclared)

    @property
    def changed_constraints(self) -> tuple[Changed[Index] | Changed[Constraint], ...]:
        """What is enforced in another way."""
        return (*self.uniques.changed, *self.constraints.changed)

    @property
    def renamed_constraints(self) -> tuple[Changed[Index] | Changed[Constraint], ...]:
        """What is enforced under another name than the one that a migration would look for."""
        return (*self.uniques.renamed, *self.constraints.renamed)

    @property
    def another_key(self) -> bool:
        """Whether the primary key is another one. None at all is `table_without_primary_key`; that of a partitioned
        table must have the columns that it is partitioned by."""
        key, wanted = self.table.primary_key, self.expected.primary_key
        if not key or key == wanted:
            return False
        return self.table.kind != "partitioned table" or not {*wanted} <= {*key}


def compared(snapshot: Snapshot) -> tuple[Compared, ...]:
    """The tables of models that are there, in order of name.

    Views, and tables that could not be read, are not compared. The result is kept with the snapshot, because a dozen
    checks ask for it.
    """
    kept = vars(snapshot)
    if _KEPT not in kept:
        kept[_KEPT] = tuple(_compared(snapshot))
    return kept[_KEPT]  # type: ignore[no-any-return]


def unseen(snapshot: Snapshot, check: str) -> Iterator[Skipped]:
    """Why a check compares nothing here, or not everything."""
    if snapshot.expected is None:
        yield Skipped(check, f"Models are not compared with a database of {snapshot.vendor}.")
        return
    tables = (snapshot.table(one.name, one.schema) for one in snapshot.expected)
    blind = [table.label for table in tables if table and not _seen(table)]
    if blind:
        named = ", ".join(blind[:NAMED]) + (f" and {len(blind) - NAMED} more" if len(blind) > NAMED else "")
        yield Skipped(check, f"Columns or indexes were not wholly seen, so nothing was compared of {named}.")


def _seen(table: Table) -> bool:
    return bool(table.columns) and all(index.complete for index in table.indexes)


def _compared(snapshot: Snapshot) -> Iterator[Compared]:
    for expected in snapshot.expected or ():
        table = snapshot.table(expected.name, expected.schema)
        if table and table.stores_rows and _seen(table):
            columns = compare_columns(snapshot, expected, table)
            missing, undeclared = ({column.name for column in one} for one in (columns.missing, columns.undeclared))
            yield Compared(
                expected=expected,
                table=table,
                columns=columns,
                indexes=compare_indexes(expected, table).without(missing, undeclared),
                uniques=compare_uniques(expected, table).without(missing, undeclared),
                constraints=compare_constraints(expected, table).without(missing, undeclared),
            )
