"""What to do about a finding, as data with its texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Final, cast

from dbaudit.facts.indexes import IndexKey, Nulls
from dbaudit.findings.attempt import Attempt


@dataclass(frozen=True, slots=True, init=False)
class CreateIndex:
    """Build an index. ``method`` is empty for a b-tree.

    The JSON contract has ``columns``, ``expressions``, ``opclasses``, ``nulls`` and ``collations`` side by side in the
    place of ``keys``: `members` gives them. They are taken here as well, so that a check may say
    ``CreateIndex(table="item", columns=("place_id", "-made"))``: ``-`` stands before a descending column, an empty one
    for the next of the expressions; those that no column stands for come last. The other three name something for each
    key, or nothing at all.
    """

    kind: ClassVar = "create_index"
    table: str
    keys: tuple[IndexKey, ...]
    name: str
    include: tuple[str, ...]
    condition: str
    method: str
    unique: bool

    def __init__(
        self,
        *,
        table: str,
        keys: Iterable[IndexKey] = (),
        columns: Sequence[str] = (),
        name: str = "",
        include: Iterable[str] = (),
        condition: str = "",
        expressions: Sequence[str] = (),
        method: str = "",
        opclasses: Sequence[str] = (),
        nulls: Sequence[Nulls] = (),
        collations: Sequence[str] = (),
        unique: bool = False,
    ) -> None:
        given = tuple(keys) or tuple(_keys(columns, expressions, opclasses, nulls, collations))
        values = (table, given, name, tuple(include), condition, method, unique)
        for field, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, field.name, value)

    @classmethod
    def of_members(cls, members: Mapping[str, Any]) -> CreateIndex:
        """The index that `members` told, as it stands in a report; what is missing there is empty."""
        known = [name for name in _MEMBERS if name in members]
        return cls(**{name: members[name] for name in known})

    def members(self) -> dict[str, Any]:
        """The index as the JSON contract has it."""
        columns = [f"{'-' if key.descending else ''}{key.column}" for key in self.keys]
        while columns and not columns[-1]:
            columns.pop()
        told: dict[str, Any] = {
            "columns": tuple(columns),
            "expressions": tuple(key.expression for key in self.keys if not key.column),
        }
        for name, values in (
            ("opclasses", tuple(key.opclass for key in self.keys)),
            ("nulls", tuple(key.nulls for key in self.keys)),
            ("collations", tuple(key.collation for key in self.keys)),
        ):
            told[name] = values if any(values) else ()
        rest = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "keys"}
        return {name: (told | rest)[name] for name in _MEMBERS}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the key columns in order, ``""`` where an expression stands."""
        return tuple(key.column for key in self.keys)


_MEMBERS: Final = (
    "table", "columns", "name", "include", "condition", "expressions", "method", "opclasses", "nulls", "collations",
    "unique",
)  # fmt: skip


def _keys(
    columns: Sequence[str],
    expressions: Sequence[str],
    opclasses: Sequence[str],
    nulls: Sequence[Nulls],
    collations: Sequence[str],
) -> Iterator[IndexKey]:
    """The keys that the members of the JSON contract tell. Raises ValueError where they do not fit together."""
    left = iter(expressions)
    last = [""] * (len(expressions) - sum(not name.removeprefix("-") for name in columns))
    named = [*columns, *last]
    described = zip(
        named,
        opclasses or [""] * len(named),
        nulls or cast("list[Nulls]", [""] * len(named)),
        collations or [""] * len(named),
        strict=True,
    )
    for name, opclass, where, collation in described:
        column = name.removeprefix("-")
        yield IndexKey(
            column=column,
            expression="" if column else next(left),
            descending=name.startswith("-"),
            nulls=where,
            opclass=opclass,
            collation=collation,
        )


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
    """Change code that asks the database. ``model`` is the label of the model whose rows the query gives, empty where
    that is not known: names in the text of the remedy are its own."""

    kind: ClassVar = "change_query"
    before: str
    after: str
    model: str = ""


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
    ``conflicts`` is the query that finds the rows which would make it fail, empty where none can.
    ``verification`` says what the change gave when it was measured; empty means that nothing was. ``attempt`` is what
    came of trying these texts as they are printed (`dbaudit.gate`), None where nothing has tried them yet.
    """

    action: Action
    orm: str = ""
    sql: str = ""
    undo_sql: str = ""
    migration: str = ""
    verification: str = ""
    conflicts: str = ""
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
        return self.action.members() if isinstance(self.action, CreateIndex) else asdict(self.action)
