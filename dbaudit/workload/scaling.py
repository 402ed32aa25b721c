"""The proof by scaling: the same code with n and with 2n parent rows, and how many statements each took.

The parent's result is cut where it is fetched. Nothing is added to the database and no SQL is changed, so that this
works for a queryset, a view, a serializer or a template alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from dbaudit.facts import Scaling, Statement

#: Parent rows of the smaller run; a slope needs no more.
ROWS = 10
PARENTS = 3


def parents(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The statements whose rows may have caused the repeated ones: executed once, before them, with rows to iterate.

    Those with as many rows as there are repetitions come first.
    """
    times = Counter(one.identity for one in statements if one.kind == "select")
    repeated = {identity: count for identity, count in times.items() if count > 1}
    if not repeated:
        return ()
    last = max(position for position, one in enumerate(statements) if one.identity in repeated)
    found = [
        one
        for one in statements[:last]
        if one.kind == "select" and times[one.identity] == 1 and one.rows is not None and one.rows > 1
    ]
    counts = repeated.values()
    return tuple(sorted(found, key=lambda one: min(abs((one.rows or 0) - count) for count in counts))[:PARENTS])


def measure(
    run: Callable[[dict[str, int]], tuple[Statement, ...]], statements: tuple[Statement, ...]
) -> tuple[Scaling, ...]:
    """Run again with each possible parent cut to n and to 2n rows. Empty where nothing is repeated."""
    found = []
    for parent in parents(statements):
        rows = min(ROWS, (parent.rows or 0) // 2)
        for cut in (rows, rows * 2):
            again = run({parent.sql: cut})
            counts = Counter(one.identity for one in again)
            found.append(
                Scaling(parent=parent.identity, rows=cut, queries=len(again), counts=tuple(sorted(counts.items())))
            )
    return tuple(found)
