from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit import drift
from dbaudit.analysis import column_types
from dbaudit.drift import ChangedColumn, sql
from dbaudit.facts import Skipped, Snapshot, Table
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check
from dbaudit.sql import normal_form

ALTER = "Alter the column {} as the field says."
BY_MIGRATION = "Migrations set defaults by SQL that no model declares, as deployments without downtime need"
UNDECLARED_DEFAULT = "Columns have a default that no model declares"


@check(severity="warning", needs=["schema", "models"])
def changed_column(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A column is another one than its field declares.

    Why: A shorter type refuses what the form accepts, a smaller one overflows, NULL comes back where the code never
    expects it or is refused where it writes one, a missing default fails inserts, another collation sorts and compares
    otherwise. The test database is built by the migrations and may show none of it.

    Fix: Apply or make the migration where one is waiting or missing. Where all are applied, alter the column by the
    SQL: PostgreSQL holds ACCESS EXCLUSIVE on the table meanwhile, and most changes of type rewrite it. Or declare in
    the model what the database has, where that is right.

    Silent when: Type, default, collation and expression mean the same however the vendor spells them; a ``serial``
    column stands where Django now makes an identity; it is the key of an automatic many-to-many table, which no
    migration alters (`integer_runway`); NULL is refused by a check constraint; the database has a comment that the
    model does not ask for; a check of its own tells of the type and what follows from it (`naive_timestamp`,
    `json_not_jsonb`, `foreign_key_type_mismatch`). It is a remark where only a comment or a default that Django
    does not need differs (in one group, apart from those that SQL of a migration set on purpose), where SQLite
    stores values of both types alike, and on tables of Django and of other packages. A default or expression that
    is spelled so differently that it may mean the same is listed as not compared.
    """
    yield from drift.unseen(snapshot, "changed_column")
    elsewhere = column_types.told(snapshot)
    for compared in drift.compared(snapshot):
        table = compared.table
        yield from compared.columns.skipped(table)
        for changed in compared.columns.changed:
            if (table.schema, table.name, changed.found.name) in elsewhere:
                rest = tuple(one for one in changed.differences if one.what != "type")
                changed = replace(changed, differences=rest)  # noqa: PLW2901  what is left to tell of it
            if changed.differences:
                yield _finding(snapshot, table, changed)


def _finding(snapshot: Snapshot, table: Table, changed: ChangedColumn) -> Finding:
    column = changed.found.name
    field = snapshot.columns_field(table, column)
    default = all(difference.what == "default" for difference in changed.differences)
    about = (table.name, column, "default" if default else "alter")
    cause = drift.cause(snapshot, table, (field.name,) if field else (), *about)
    both = sql.alter_column(snapshot.dialect, table, changed)
    remark = _changes_nothing(snapshot, changed) or table.ownership.owner != "project"
    group, remedy = cause.group, cause.remedy(snapshot, table, RunSql(purpose=ALTER.format(column)), *both)
    if default and remark and not cause.edit:
        group = BY_MIGRATION if cause.made_by else UNDECLARED_DEFAULT
    if group == BY_MIGRATION:
        change = "nothing needs to change; db_default in the model says the same"
        remedy = Remedy(
            action=EditModel(model=table.ownership.model, field=field.name if field else "", change=change),
            orm="Nothing needs to change. Django writes every column itself, and never asks for the default.",
        )
    read = any(difference.what in ("default", "generated as") for difference in changed.differences)
    return Finding.about(
        table,
        subject=f"Column {table.label}.{column} is not what {table.ownership.model} declares",
        detail=f"{'; '.join(map(str, changed.differences))}.{cause.sentence}",
        identity=(column,),
        severity=Severity.INFO if remark else Severity.DEFAULT,
        confidence=Confidence.MEDIUM if read else Confidence.HIGH,
        written=field,
        group=group,
        evidence=[
            *(
                Evidence(f"{one.what} in the database", one.found or "none", source="catalog")
                for one in changed.differences
            ),
            *(Evidence(f"{one.what} declared", one.declared or "none", source="models") for one in changed.differences),
            *cause.evidence(),
        ],
        remedy=remedy,
    )


def _changes_nothing(snapshot: Snapshot, changed: ChangedColumn) -> bool:
    """Whether Django works with the one as with the other."""
    for difference in changed.differences:
        same_storage = snapshot.vendor == "sqlite" and difference.what == "type"
        if same_storage and normal_form.affinity(difference.found) == normal_form.affinity(difference.declared):
            continue
        if difference.what == "comment" or (difference.what == "default" and not changed.declared.default):
            continue
        return False
    return True
