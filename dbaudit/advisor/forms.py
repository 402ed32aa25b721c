"""An index in Django's words: the entry of ``Meta.indexes``, and the migration that builds it.

The SQL that they come down to is the same as that of `dbaudit.sql.ddl`, which the tests hold by running both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import IndexKey, Model, Snapshot, Table
from dbaudit.findings import CreateIndex, Remedy
from dbaudit.sql import ddl, names
from dbaudit.sql.normal_form import condition as condition_tree
from dbaudit.sql.normal_form import tree as expression_tree

_METHODS = {"gin": "GinIndex", "gist": "GistIndex", "brin": "BrinIndex", "hash": "HashIndex", "spgist": "SpGistIndex"}
_FUNCTIONS = {
    "upper": "Upper", "lower": "Lower", "trim": "Trim", "length": "Length", "abs": "Abs", "coalesce": "Coalesce",
}  # fmt: skip
_COMPARISONS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "exact"}
_POSTGRES_INDEXES = "from django.contrib.postgres.indexes import"


class UntranslatableError(Exception):
    """SQL that Django has no words for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Python that makes an index, and the imports that it needs beside ``from django.db import models``."""

    code: str
    imports: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((*self.imports, self.code))


def action(candidate: Candidate, snapshot: Snapshot) -> CreateIndex:
    """The index as a remedy has it, under a name that nothing in the database has yet."""
    table = snapshot.table(candidate.table, candidate.schema)
    return CreateIndex(
        table=table.label if table else candidate.table,
        keys=candidate.keys,
        name=_free(snapshot, candidate),
        include=candidate.include,
        condition=candidate.condition,
        method="" if candidate.method == "btree" else candidate.method,
    )


def remedy(snapshot: Snapshot, table: Table, index: CreateIndex, verification: str = "") -> Remedy:
    """The index in its three forms: ``Meta.indexes`` and migration where the project has the model, SQL and its
    undo."""
    model = holder(snapshot, table)
    unmanaged = next((one for one in snapshot.models_of(table) if not one.managed and one.owner == "project"), None)
    if model is None:
        why = f"No model of the project has {table.label}"
        if unmanaged is not None:
            why = f"{unmanaged.label} is unmanaged (managed = False), so that migrations leave its table alone"
        orm = f"{why}: build it by SQL, best by RunSQL in a migration."
        text = ""
    else:
        written = entry(snapshot, table, index)
        orm = f"# In the indexes of {model.label}'s Meta:\n{written}"
        text = migration(snapshot, [(table, index)])
    return Remedy(
        action=index,
        orm=orm,
        sql=ddl.create_index(snapshot.dialect, table, index),
        undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
        migration=text,
        verification=verification,
    )


def holder(snapshot: Snapshot, table: Table) -> Model | None:
    """The project's model in whose ``Meta`` an index of the table can stand: that which has the columns themselves,
    not one that inherits them. None for tables that Django makes for a many-to-many field, and others' models."""
    found = (one for one in snapshot.models_of(table) if one.managed and not one.auto_created)
    return next((one for one in found if one.owner == "project"), None)


def entry(snapshot: Snapshot, table: Table, index: CreateIndex) -> Entry:
    """The entry of ``Meta.indexes``."""
    words = _Words(snapshot, table)
    arguments = []
    if any(key.expression or key.nulls or key.collation for key in index.keys):
        arguments += [words.key(key) for key in index.keys]
    else:
        fields = ", ".join(f'"{"-" if key.descending else ""}{words.field(key.column)}"' for key in index.keys)
        arguments.append(f"fields=[{fields}]")
        if any(key.opclass for key in index.keys):
            arguments.append(f"opclasses=[{', '.join(_quoted(key.opclass) for key in index.keys)}]")
    arguments.append(f"name={_quoted(index.name)}")
    if index.include:
        arguments.append(f"include=[{', '.join(_quoted(words.field(name)) for name in index.include)}]")
    if index.condition:
        arguments.append(f"condition={words.condition(index.condition)}")
    kind = _METHODS.get(index.method, "")
    if kind:
        words.imports.add(f"{_POSTGRES_INDEXES} {kind}")
    return Entry(f"{kind or 'models.Index'}({', '.join(arguments)})", tuple(sorted(words.imports)))


def migration(snapshot: Snapshot, indexes: Iterable[tuple[Table, CreateIndex]]) -> str:
    """A migration that builds these indexes of one application's models; on PostgreSQL without blocking writers.

    ``""`` where one of the tables has no model of the project, or they are of several applications.
    """
    operations: list[str] = []
    imports = {"from django.db import migrations, models"}
    apps = set()
    concurrent = False
    for table, index in indexes:
        model = holder(snapshot, table)
        if model is None:
            return ""
        apps.add(model.app)
        written = entry(snapshot, table, index)
        imports |= set(written.imports)
        operation = "migrations.AddIndex"
        if snapshot.vendor == "postgresql" and table.kind != "partitioned table":
            operation, concurrent = "AddIndexConcurrently", True
            imports.add("from django.contrib.postgres.operations import AddIndexConcurrently")
        operations.append(
            f"        {operation}(\n            model_name={_quoted(model.name.lower())},\n"
            f"            index={written.code},\n        ),\n"
        )
    if len(apps) != 1:
        return ""
    [app] = apps
    latest = [one for one in (snapshot.migrations.latest if snapshot.migrations else ()) if one.app == app]
    dependencies = ", ".join(f"({_quoted(one.app)}, {_quoted(one.name)})" for one in latest)
    return (
        "\n".join(sorted(imports))
        + "\n\n\nclass Migration(migrations.Migration):\n"
        + ("    atomic = False\n\n" if concurrent else "")
        + f"    dependencies = [{dependencies}]\n\n    operations = [\n{''.join(operations)}    ]\n"
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """Writes SQL of one table in Django's words; ``imports`` are what the words need so far."""

    snapshot: Snapshot
    table: Table
    imports: set[str] = field(default_factory=set)

    def field(self, column: str) -> str:
        """The model's field of a column; the column's own name where no field is seen."""
        actual = next((one.name for one in self.table.columns if one.name.lower() == column.lower()), column)
        found = self.snapshot.columns_field(self.table, actual)
        return found.name if found else actual

    def key(self, key: IndexKey) -> str:
        """A key as an expression: ``F("a").desc()``, ``Upper("b")``."""
        text = f"models.F({_quoted(self.field(key.column))})" if key.column else self.expression(key.expression)
        if key.collation:
            self.imports.add("from django.db.models.functions import Collate")
            text = f"Collate({text}, {_quoted(key.collation)})"
        if key.opclass:
            self.imports.add(f"{_POSTGRES_INDEXES} OpClass  # with django.contrib.postgres in INSTALLED_APPS")
            text = f"OpClass({text}, name={_quoted(key.opclass)})"
        nulls = f"nulls_{key.nulls}=True" if key.nulls else ""
        if key.descending:
            return f"{text}.desc({nulls})"
        return f"{text}.asc({nulls})" if nulls else text

    def expression(self, sql: str) -> str:
        """An expression of a key, as the SQL itself where Django has no function for it."""
        try:
            return self._function(expression_tree(sql))
        except UntranslatableError:
            return self._raw(sql)

    def condition(self, sql: str) -> str:
        """The condition of a partial index as a ``Q``, around the SQL itself where Django has no lookup for it."""
        try:
            return self._q(condition_tree(sql))
        except UntranslatableError:
            return f"models.Q({self._raw(sql, ', output_field=models.BooleanField()')})"

    def _raw(self, sql: str, more: str = "") -> str:
        self.imports.add("from django.db.models.expressions import RawSQL")
        return f"RawSQL({_quoted(sql.replace('%', '%%'))}, (){more})"

    def _function(self, tree: object) -> str:
        match tree:
            case ("column", str(name)):
                return f"models.F({_quoted(self.field(name))})"
            case ("call", str(name), *arguments) if name in _FUNCTIONS:
                self.imports.add(f"from django.db.models.functions import {_FUNCTIONS[name]}")
                return f"{_FUNCTIONS[name]}({', '.join(map(self._argument, arguments))})"
            case ("cast", "date", ("call", "timezone", ("text", str(zone)), ("column", str(name)))):
                self.imports.update(
                    ("from zoneinfo import ZoneInfo", "from django.db.models.functions import TruncDate")
                )
                return f"TruncDate({_quoted(self.field(name))}, tzinfo=ZoneInfo({_quoted(zone)}))"
            case ("call", "to_tsvector", ("text", str(config)), document):
                self.imports.add("from django.contrib.postgres.search import SearchVector")
                fields = ", ".join(_quoted(self.field(name)) for name in _searched(document))
                return f"SearchVector({fields}, config={_quoted(config)})"
            case ("operation", "->" | "->>" as arrow, ("column", str(name)), ("text", str(key))):
                kind = "KeyTransform" if arrow == "->" else "KeyTextTransform"
                self.imports.add(f"from django.db.models.fields.json import {kind}")
                return f"{kind}({_quoted(key)}, {_quoted(self.field(name))})"
        raise UntranslatableError

    def _argument(self, tree: object) -> str:
        match tree:
            case ("column", str(name)):
                return _quoted(self.field(name))
            case ("text", str(value)):
                return f"models.Value({_quoted(value)})"
        return self._function(tree)

    def _q(self, tree: object) -> str:
        match tree:
            case ("and", *parts):
                return " & ".join(sorted(self._q(part) for part in parts))
            case ("or", *parts):
                return f"({' | '.join(sorted(self._q(part) for part in parts))})"
            case ("is" | "is not" as verb, ("null",), ("column", str(name))):
                return f"models.Q({self.field(name)}__isnull={verb == 'is'})"
            case ("operation", str(sign), ("column", str(name)), value) if sign in _COMPARISONS:
                lookup = "" if sign == "=" else f"__{_COMPARISONS[sign]}"
                return f"models.Q({self.field(name)}{lookup}={self._value(name, value)})"
            case ("member", "=", "any", ("column", str(name)), *values):
                listed = ", ".join(self._value(name, value) for value in values)
                return f"models.Q({self.field(name)}__in=[{listed}])"
        raise UntranslatableError

    def _value(self, column: str, tree: object) -> str:
        found = self.snapshot.columns_field(self.table, column)
        match tree:
            case ("text", str(value)):
                return _quoted(value)
            case ("number", str(value)) if found is not None and found.kind == "BooleanField":
                return str(value == "1")
            case ("number", str(value)) if value.lstrip("-").isdigit():
                return value
            case ("number", str(value)):
                self.imports.add("from decimal import Decimal")
                return f"Decimal({_quoted(value)})"
        raise UntranslatableError


def _searched(document: object) -> Iterator[str]:
    """The columns of a text that is searched, put together as ``SearchVector`` does it."""
    match document:
        case ("operation", "||", ("operation", "||", first, ("text", " ")), last):
            yield from _searched(first)
            yield from _searched(last)
        case ("call", "coalesce", ("column", str(name)), ("text", "")):
            yield name
        case _:
            raise UntranslatableError


def _free(snapshot: Snapshot, candidate: Candidate) -> str:
    """Its name, or another one where an index or model has that already."""
    taken = {index.name for table in (*snapshot.tables, *(snapshot.expected or ())) for index in table.indexes}
    name, number = candidate.name, 1
    while name in taken:
        number += 1
        name = names.index_name(
            candidate.table, (key.column for key in candidate.keys), candidate.describe(), str(number)
        )
    return name


def _quoted(text: str) -> str:
    """A string of Python, in double quotes wherever that needs no escape."""
    return f'"{text}"' if text.isprintable() and not {'"', "\\"} & {*text} else repr(text)
