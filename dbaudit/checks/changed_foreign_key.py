from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit import drift
from dbaudit.analysis.relations import Relation, relations
from dbaudit.drift import Difference, sql
from dbaudit.facts import ForeignKey, ModelField, Snapshot
from dbaudit.findings import Evidence, Finding, RunSql, Severity
from dbaudit.registry import check

#: Actions of the database that a model may ask for itself (Django 6.1).
DECLARED = {"DB_CASCADE": "CASCADE", "DB_SET_NULL": "SET NULL", "DB_SET_DEFAULT": "SET DEFAULT"}
#: What the database may do of itself without contradicting what Django does: the same, or refuse.
AGREED = {
    "CASCADE": {"CASCADE"},
    "PROTECT": set[str](),
    "RESTRICT": set[str](),
    "SET_NULL": {"SET NULL"},
    "SET_DEFAULT": {"SET DEFAULT"},
    "SET_ON_DELETE": {"SET NULL", "SET DEFAULT"},
}
REFUSES = ("NO ACTION", "RESTRICT")
AT_ONCE = "Foreign keys are checked row by row, not at the end of the transaction as Django's are"


@check(severity="warning", needs=["schema", "models"])
def changed_foreign_key(snapshot: Snapshot) -> Iterator[Finding]:
    """A foreign key acts or waits in another way than the model's.

    Why: With ``ON DELETE CASCADE`` under ``on_delete=PROTECT`` the database deletes rows that the model protects, and
    no signal is sent. With ``SET NULL`` under ``CASCADE`` rows stay that nobody expects. A database that was loaded by
    another program has keys that are not ``DEFERRABLE INITIALLY DEFERRED`` as Django's are: ``loaddata`` and a
    transaction that saves two rows which refer to each other fail on them.

    Fix: Exchange the constraint by the SQL, on PostgreSQL in steps of which none blocks writers for long. Where the
    database is right, change ``on_delete`` (Django 6.1 has ``DB_CASCADE``, ``DB_SET_NULL`` and ``DB_SET_DEFAULT`` for
    it).

    Silent when: The constraint does nothing of itself and waits for the commit, as Django makes it; the database does
    the same as ``on_delete`` says, or refuses; ``on_delete`` is ``DO_NOTHING``, which leaves it to the database, or a
    function of the project's own; the key has a twin that is as declared (`duplicate_foreign_key`); no model declares
    it (`undeclared_foreign_key`). Keys that are only checked too early are remarks, in one group; on tables of Django
    and of other packages everything is a remark. What a vendor does not show is not compared.
    """
    seen = relations(snapshot)
    for relation in seen:
        field, key = relation.field, relation.constraint
        if (
            field is None
            or key is None
            or not (field.relation and field.constrained)
            or not _stored(snapshot, relation)
        ):
            continue
        wanted = _wanted(field, key)
        differences = tuple(_differences(field, key, wanted))
        twins = (one.constraint for one in seen if (one.table, one.columns) == (relation.table, relation.columns))
        if differences and not any(one and not [*_differences(field, one, wanted)] for one in twins):
            yield _finding(snapshot, relation, field, key, wanted, differences)


def _stored(snapshot: Snapshot, relation: Relation) -> bool:
    return any(model.stored for model in snapshot.models_of(relation.table))


def _wanted(field: ModelField, key: ForeignKey) -> ForeignKey:
    """As Django would make it; what it is to do of itself only where Django does not do it."""
    action = DECLARED.get(field.on_delete, "NO ACTION")
    if field.on_delete not in DECLARED and not _contradicts(field, key.on_delete):
        action = key.on_delete or action
    return replace(key, on_delete=action, deferrable=True, deferred=True)


def _contradicts(field: ModelField, action: str | None) -> bool:
    agreed = AGREED.get(field.on_delete)
    return agreed is not None and action is not None and action not in REFUSES and action not in agreed


def _differences(field: ModelField, key: ForeignKey, wanted: ForeignKey) -> Iterator[Difference]:
    declared = DECLARED.get(field.on_delete)
    if key.on_delete is not None and (key.on_delete != declared if declared else _contradicts(field, key.on_delete)):
        yield Difference("on delete", key.on_delete, wanted.on_delete or "")
    if key.deferred is False and key.on_delete in ("NO ACTION", None):
        found = "DEFERRABLE INITIALLY IMMEDIATE" if key.deferrable else "NOT DEFERRABLE"
        yield Difference("checked", found, "DEFERRABLE INITIALLY DEFERRED")


def _finding(
    snapshot: Snapshot,
    relation: Relation,
    field: ModelField,
    key: ForeignKey,
    wanted: ForeignKey,
    differences: tuple[Difference, ...],
) -> Finding:
    table = relation.table
    cause = drift.cause(snapshot, table, (field.name,))
    early = all(one.what == "checked" for one in differences)
    acts = "" if early else _acts(field, key)
    return Finding.about(
        table,
        subject=f"Foreign key {relation} "
        + ("is checked too early" if early else f"does not act as {table.ownership.model}.{field.name} declares"),
        detail=f"{'; '.join(map(str, differences))}.{acts}",
        identity=(*key.columns, "→", key.target_table),
        severity=Severity.INFO if early or table.ownership.owner != "project" else Severity.DEFAULT,
        written=field,
        group=cause.group or (AT_ONCE if early else ""),
        evidence=[
            Evidence(f"constraint {key.name}", "; ".join(one.found for one in differences), source="catalog"),
            Evidence("on_delete", field.on_delete, source=f"{table.ownership.model}.{field.name}"),
            *cause.evidence(),
        ],
        remedy=cause.remedy(
            snapshot,
            table,
            RunSql(purpose=f"Make the foreign key of {field.name} as Django would."),
            *sql.exchange_foreign_key(snapshot.dialect, table, key, wanted),
        ),
    )


def _acts(field: ModelField, key: ForeignKey) -> str:
    does = {
        "CASCADE": "deletes the rows that refer to it",
        "SET NULL": "empties the column in the rows that refer to it",
        "SET DEFAULT": "gives the rows that refer to it the column's default",
    }.get(key.on_delete or "")
    if not does:
        return " Django leaves the rows that refer to it to the database, which refuses the delete."
    return f" When a {field.related_model} is deleted past Django, the database {does}, and the model says otherwise."
