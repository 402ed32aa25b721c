"""What to do about a finding, as data with its texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from dbaudit.findings.attempt import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex:
    """Build an index. ``columns`` in order, ``-`` before a descending one.

    An empty one stands for the next of the ``expressions``; those that no column stands for come last. ``nulls`` is
    ``first``, ``last`` or empty for each key, none at all where every key has the database's own way.
    """

    kind: ClassVar = "create_index"
    table: str
    columns: tuple[str, ...] = ()
    name: str = ""
    include: tuple[str, ...] = ()
    condition: str = ""
    expressions: tuple[str, ...] = ()
    method: str = ""
    opclasses: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex:
    """Drop an index; ``definition`` is what the database says of it, for the undo."""

    kind: ClassVar = "drop_index"
    table: str
    name: str
    definition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditModel:
    """Change a model; ``change`` is one sentence."""

    kind: ClassVar = "edit_model"
    model: str
    change: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuery:
    """Change code that asks the database."""

    kind: ClassVar = "change_query"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint:
    """Let the database enforce something."""

    kind: ClassVar = "add_constraint"
    table: str
    columns: tuple[str, ...]
    constraint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSql:
    """Something that neither a model nor an index says; ``purpose`` is one sentence."""

    kind: ClassVar = "run_sql"
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetting:
    """Change a setting of Django or of the server; ``where`` says whose."""

    kind: ClassVar = "change_setting"
    setting: str
    value: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveAsIs:
    """Change nothing: somebody meant it so. ``why`` is one sentence."""

    kind: ClassVar = "none"
    why: str


Action = CreateIndex | DropIndex | EditModel | ChangeQuery | AddConstraint | RunSql | ChangeSetting | LeaveAsIs


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do: the action as data, its text in Django's words and in SQL, and how it is taken back.

    ``migration`` is the text of a file that does it, where one can be written without looking at the model.
    ``verification`` says what the change gave when it was measured; empty means that nothing was. ``attempt`` is what
    came of trying these texts as they are printed (`dbaudit.gate`), None where nothing has tried them yet.
    """

    action: Action
    orm: str = ""
    sql: str = ""
    undo_sql: str = ""
    migration: str = ""
    verification: str = ""
    attempt: Attempt | None = None

    @property
    def tried(self) -> bool:
        """Whether it was carried out as printed, and worked."""
        return self.attempt.state == "verified" if self.attempt else bool(self.verification)

    @property
    def failed(self) -> bool:
        """Whether it was carried out as printed, and did not work: then it is no advice."""
        return self.attempt is not None and self.attempt.state == "failed"

    @property
    def advised(self) -> bool:
        """Whether it may be recommended: there is something to do, and it did not fail."""
        return not (self.failed or isinstance(self.action, LeaveAsIs))

    @property
    def kind(self) -> str:
        """The action's name in the JSON contract."""
        return self.action.kind

    def facts(self) -> dict[str, Any]:
        """The action's own fields, as the JSON contract lists them."""
        return asdict(self.action)
