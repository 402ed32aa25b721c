"""Why models and database differ, as far as the migrations tell, and so which side is to be changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dbaudit.facts import Declaration, Snapshot, Table
from dbaudit.findings import Action, EditModel, Evidence, Remedy
from dbaudit.findings.commands import manage

BY_HAND = "No change to the model: the SQL brings it back, by hand or in a RunSQL operation."
REBUILD = (
    "SQLite only rebuilds the table: any migration that alters a field of {model} does that, and makes all that the "
    "model declares."
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a table differs from its model.

    ``commands`` are those that change the database through migrations, ``edit`` says in a few words what they do; both
    are empty where no migration will, so that the SQL is the remedy. ``sentence`` ends a finding's detail, ``group``
    is one for all findings of the same cause. ``made_by`` is the migration whose own SQL is the cause;
    ``at_import`` says that code which is no migration put it on the model.
    """

    commands: str = ""
    edit: str = ""
    sentence: str = ""
    group: str = ""
    waiting: tuple[str, ...] = ()
    made_by: str = ""
    at_import: bool = False

    @property
    def explanation(self) -> str:
        """The sentence where a migration explains what the database has and no model declares, else nothing."""
        return self.sentence if self.edit or self.made_by else ""

    def evidence(self) -> tuple[Evidence, ...]:
        """The migrations that are waiting, or the one whose SQL is the cause."""
        waiting = (Evidence("not applied", one, source="django_migrations") for one in self.waiting)
        made_by = [Evidence("SQL of its own", self.made_by, source="migrations")] if self.made_by else []
        return (*waiting, *made_by)

    def remedy(self, snapshot: Snapshot, table: Table, action: Action, sql: str, undo_sql: str) -> Remedy:
        """Bring the database to what the model declares: by migrations if they will, else by the SQL."""
        model = table.ownership.model
        if self.edit:
            return Remedy(action=EditModel(model=model, change=self.edit), orm=self.commands)
        rebuild = REBUILD.format(model=model) if not sql and snapshot.vendor == "sqlite" else ""
        orm = "\n".join(filter(None, [self.commands, rebuild or BY_HAND]))
        return Remedy(action=action, orm=orm, sql=sql, undo_sql=undo_sql)


def cause(snapshot: Snapshot, table: Table, names: Iterable[str], *about: str) -> Cause:
    """Why the table differs from its model in what these names stand for: a field, an index, ``unique_together``.

    ``about`` are words that SQL of a migration would have if it made the difference, the name of an index or of a
    column. What the database has and no model declares goes by the name that it had in the model.
    """
    who, history = table.ownership, snapshot.migrations
    migrate = manage("migrate", who.app, "--database", snapshot.alias)
    make = f"{manage('makemigrations', who.app)}\n{migrate}"
    if history is None or who.app not in history.apps:
        return Cause(commands=f"{make}  # where these find nothing to do, the rest:")
    waiting = tuple(str(one) for one in history.unapplied if one.touches(who.app, who.model))
    if waiting:
        return Cause(
            commands=migrate,
            edit="apply its migrations",
            sentence=f" Not applied here: {', '.join(waiting)}.",
            group=f"Migrations of {who.app} are not applied here",
            waiting=waiting,
        )
    named = {(who.model, name) for name in names}
    if named & history.at_import:
        return Cause(
            sentence=" It is put on the model while it is imported. Django's makemigrations does not see it, so no "
            "migration will make it.",
            at_import=True,
        )
    if named & history.unmade:
        return Cause(
            commands=make,
            edit="make the migration that is missing, and apply it",
            sentence=" No migration has it yet.",
            group=f"Models of {who.app} were changed and no migration was made",
        )
    migration = history.made_by(who.app, *about) if about else None
    if migration is None and about[:1] == (table.name,):
        # Python that runs SQL often takes the name of the table from the model.
        migration = history.made_by(who.app, *about[1:], alone=True)
    if migration:
        return Cause(sentence=f" The migration {migration} mentions it in SQL of its own.", made_by=str(migration))
    return Cause(sentence=" Every migration is applied" + (", and no SQL in them mentions it." if about else "."))


def names_in_model(snapshot: Snapshot, table: Table, name: str, columns: Iterable[str]) -> tuple[str, ...]:
    """What something that only the database has was called in the model: by itself, or by its fields."""
    fields = (snapshot.columns_field(table, column) for column in columns)
    return (name, "unique_together", *(field.name for field in fields if field))


def names_of(declared: Declaration | None, name: str) -> tuple[str, ...]:
    """What a migration calls something that a model declares."""
    if declared is None:
        return ()
    if declared.by == "unique_together":
        return ("unique_together",)
    return (name,) if declared.by_name else declared.fields
