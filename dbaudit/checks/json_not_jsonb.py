from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.column_types import json_text
from dbaudit.facts import Column, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"], vendors=["postgresql"])
def json_not_jsonb(snapshot: Snapshot) -> Iterator[Finding]:
    """A column is ``json`` where Django expects ``jsonb``.

    Why: ``json`` is text that is parsed again for every lookup, has no operator for equality or containment and no
    index. Django writes its lookups for ``jsonb``: ``__contains``, ``__has_key``, ``distinct()`` and comparing two
    values fail with "operator does not exist".

    Fix: Change the column's type. Key order, spaces and repeated keys of the text are lost by that.

    Silent when: The column is ``jsonb``; the model's field is of a kind that is no JSON at all (`changed_column`). A
    column that is no ``JSONField`` of a model may be text on purpose: a remark.
    """
    for table, column in json_text(snapshot):
        yield _finding(snapshot, table, column)


def _finding(snapshot: Snapshot, table: Table, column: Column) -> Finding:
    field = snapshot.columns_field(table, column.name)
    name = snapshot.dialect.quote(column.name)
    change = f"ALTER TABLE {snapshot.dialect.quote(table.schema, table.name)} ALTER COLUMN {name} TYPE"
    expected = field is not None and field.kind == "JSONField"
    return Finding.about(
        table,
        subject=f"{table.label}.{column.name} is json, not jsonb",
        detail="The lookups of its JSONField are written for jsonb." if expected else "It is parsed for every lookup.",
        identity=(column.name,),
        severity=Severity.DEFAULT if expected else Severity.INFO,
        written=field,
        evidence=[Evidence("type of the column", "json", source="catalog")],
        remedy=Remedy(
            action=RunSql(purpose=f"Make {column.name} jsonb; it rewrites the table."),
            orm="Django believes that it is jsonb: no migration sees it. Put the SQL into a RunSQL operation."
            if expected
            else f"{column.name} = models.JSONField()",
            sql=f"{change} jsonb USING {name}::jsonb;",
            undo_sql=f"{change} json USING {name}::json;",
        ),
    )
