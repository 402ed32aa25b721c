from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.limits import Unkept, unkept
from dbaudit.drift import sql
from dbaudit.facts import Constraint, LimitCount, Skipped, Snapshot
from dbaudit.findings import AddConstraint, Confidence, Evidence, Finding, Remedy
from dbaudit.registry import check
from dbaudit.sql import names


@check(severity="info", needs=["schema", "models", "data"], enabled=False)
def implied_constraint(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The model says which values a column may have, and the database takes any.

    Why: ``choices`` and validators are looked at by forms and ``full_clean()``. ``save()``, ``update()``,
    ``bulk_create()``, a script and another program write what they like, and code that knows only the declared values
    meets one that it does not. Where every row keeps to the limits today, a check constraint holds that for ever.

    Fix: Declare the ``CheckConstraint``. On PostgreSQL add it by ``AddConstraintNotValid`` and ``ValidateConstraint``
    in two migrations, so that nobody waits while the rows are read. Off unless enabled, because a new choice then takes
    a migration that changes the constraint.

    Silent when: A value is outside of the limits, there is none at all, or the rows were not read; a check constraint
    of the database keeps to them, or one that the model declares (`missing_constraint`), or one that somebody wrote
    keeps other limits of that column alone; a positive field begins at 0; choices are more than 30 or, as limits may
    be, computed anew each time; the class of the field is not Django's own, so that other values may be written than
    are given; the table is not managed by the model, or the application is not the project's.
    """
    if snapshot.data is None:
        yield Skipped("implied_constraint", "No rows were read.")
        return
    counts = {(one.schema, one.table, one.column): one for one in snapshot.data.limits}
    for one in unkept(snapshot):
        count = counts.get((one.table.schema, one.table.name, one.column))
        if count and count.filled and not count.outside:
            yield _finding(snapshot, one, count)


def _finding(snapshot: Snapshot, one: Unkept, count: LimitCount) -> Finding:
    table, quote = one.table, snapshot.dialect.quote
    field = snapshot.columns_field(table, one.column)
    by = " and ".join(dict.fromkeys("choices" if limit.by == "choices" else "validators" for limit in one.limits))
    lookups = ", ".join(limit.lookup for limit in one.limits)
    name = names.index_name(table.name, (one.column,), lookups).removesuffix("idx") + "check"
    definition = f"CHECK ({one.condition})"
    constraint = Constraint(name=name, kind="check", columns=(one.column,), definition=definition)
    do, undo = sql.make_constraint(snapshot.dialect, table, constraint)
    outside = f"SELECT count(*) FROM {quote(table.schema, table.name)} WHERE NOT ({one.condition})"
    return Finding.about(
        table,
        subject=f"Only forms keep {table.label}.{one.column} within its {by}",
        detail=f"Every value is within the {by} of {one.model.label}.{one.limits[0].field}; nothing keeps it so.",
        identity=(one.column, *(limit.by for limit in one.limits)),
        confidence=Confidence.MEDIUM,
        written=field,
        evidence=[
            Evidence("values", count.filled, "rows", "counted"),
            Evidence(f"values outside of the {by}", 0, "rows", "counted", outside),
        ],
        remedy=Remedy(
            action=AddConstraint(table=table.label, columns=(one.column,), constraint=definition),
            orm=f"models.CheckConstraint(condition=models.Q({lookups}), name={name!r})",
            sql=do,
            undo_sql=undo,
        ),
    )
