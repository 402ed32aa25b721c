"""Whether the entries of a b-tree have room, by the longest values that one bounded question sees."""

from __future__ import annotations

from collections.abc import Iterable

from dbaudit.advisor.entries import LONGEST_KEY
from dbaudit.advisor.trials import longest
from dbaudit.facts import Column, Table
from dbaudit.findings import CreateIndex
from dbaudit.gate.bench import Bench, RefusedError
from dbaudit.sql.types import BTREE_ENTRY, is_unbounded

#: Rows whose expressions are computed to see how long they are, at most.
ROWS = 20_000


def see_room(bench: Bench, table: Table, index: CreateIndex) -> None:
    """Look at the longest values of an index's keys.

    Raises:
        RefusedError: one of them leaves no room, or a column of any length would be carried along.
        UntriedError: the rows could not be looked at.
    """
    if bench.snapshot.vendor != "postgresql" or index.method not in ("", "btree"):
        return
    for column in _columns(table, index.include):
        if is_unbounded(column.type):
            raise RefusedError(f"{column.name} may have any length, so that it may not be carried along in an index.")
    expressions = [key.expression for key in index.keys if key.expression]
    keys = _columns(table, (key.column for key in index.keys))
    unbounded = [one for one in keys if is_unbounded(one.type)]
    names = [one.name for one in unbounded]
    quote = bench.snapshot.dialect.quote
    texts = [quote(one.name) if longest.is_measured(one) else f"({quote(one.name)})::text" for one in unbounded]
    texts += [f"({one})::text" for one in expressions]
    if not texts:
        return
    rows = longest.ROWS if all(map(longest.is_measured, unbounded)) and not expressions else ROWS
    row = bench.ask(longest.question(bench.snapshot, table, texts, rows))
    length = sum(each or 0 for each in row or ())
    if length > LONGEST_KEY:
        raise RefusedError(
            f"Values of {', '.join([*names, *expressions])} have {length:,} bytes, and an entry of a b-tree "
            f"{BTREE_ENTRY:,} at most: building it, or a later insert, would fail."
        )


def _columns(table: Table, names: Iterable[str]) -> list[Column]:
    return [column for name in names if (column := table.column(name))]
