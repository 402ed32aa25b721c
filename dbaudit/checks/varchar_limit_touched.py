from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import LengthCount, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check

#: Fewer values at the limit may be there by chance.
FEWEST = 3
#: Where more of them are, the length is the form of the value: a hash, a code.
MOST_SHARE = 0.5


@check(severity="info", needs=["schema", "statistics", "data", "models"], vendors=["postgresql"])
def varchar_limit_touched(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Values pile up at the length where their column ends.

    Why: Where people or other systems give longer text, somebody has cut it: a slice in the code, a form's
    ``maxlength``, an import that truncates. What was cut off is lost, and users notice before the team does.

    Fix: Raise ``max_length`` (on PostgreSQL that is instant), or use a ``TextField`` and validate what is really
    wanted.

    Silent when: Fewer than three values have exactly the limit's length; as many or more are up to three characters
    shorter, so that nothing stops at the limit; most values have that length, because it is their form; the limit
    is below 10 characters, the column has fewer than 50 values, or by the planner's statistics its values are
    short. Tables above the size limit are not read unless asked, and that is told. Only lengths are counted.
    """
    if snapshot.data is None:
        yield Skipped("varchar_limit_touched", "No rows were read.")
        return
    for count in snapshot.data.lengths:
        table = snapshot.table(count.table, count.schema)
        if table and count.at_limit >= FEWEST and count.below < count.at_limit <= MOST_SHARE * count.filled:
            yield _finding(snapshot, table, count)


def _finding(snapshot: Snapshot, table: Table, count: LengthCount) -> Finding:
    field = snapshot.columns_field(table, count.column)
    quote = snapshot.dialect.quote
    name = quote(count.column)
    longer = 2 * count.limit
    change = f"ALTER TABLE {quote(table.schema, table.name)} ALTER COLUMN {name} TYPE varchar"
    return Finding.about(
        table,
        subject=f"Values of {table.label}.{count.column} end where the column does",
        detail=f"More of them have exactly {count.limit} characters than up to {count.span} less.",
        identity=(count.column,),
        confidence=Confidence.MEDIUM,
        written=field,
        evidence=[
            Evidence(
                f"values of {count.limit} characters",
                count.at_limit,
                "rows",
                "counted",
                f"SELECT count(*) FROM {quote(table.schema, table.name)} WHERE length({name}) = {count.limit}",
            ),
            Evidence(f"values of {count.limit - count.span} to {count.limit - 1} characters", count.below, "rows"),
            Evidence("values", count.filled, "rows", "counted"),
        ],
        remedy=Remedy(
            action=EditModel(model=table.ownership.model, field=field.name, change=f"max_length={longer}")
            if field
            else RunSql(purpose=f"Let {count.column} take longer values."),
            orm=f"{field.name} = {field.written}(max_length={longer})" if field else "",
            sql=f"{change}({longer});",
            undo_sql=f"{change}({count.limit});",
        ),
    )
