"""The SQL that brings a database to what a model declares, each time with the SQL that takes it back.

On PostgreSQL in steps that do not lock writers out while rows are read, where the server has such steps. ``""`` stands
where a vendor has no statement for it.
"""

from __future__ import annotations

from dbaudit.drift.columns import ChangedColumn
from dbaudit.drift.pairing import name_of
from dbaudit.facts import Column, Constraint, ForeignKey, Index, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.sql import ddl, names
from dbaudit.sql.normal_form import statements

Both = tuple[str, str]

NOTHING: Both = ("", "")


def make_index(dialect: Dialect, table: Table, index: Index) -> Both:
    """An index as a model declares it, unique or not."""
    sql = index.declared.sql if index.declared else ""
    if not sql:
        sql = _unique_of_a_field(dialect, table, index)
    if not sql.startswith("ALTER"):
        name = index.name or statements.index(sql, table.name).name
        return _concurrent(dialect, sql), ddl.drop_index(dialect, table, name)
    name, definition = statements.added(sql)
    undo = ddl.drop_constraint(dialect, table, name)
    if dialect.vendor != "postgresql":
        return f"{sql};", undo
    columns = ", ".join(map(dialect.quote, index.columns))
    distinct = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
    where, quoted = dialect.quote(table.schema, table.name), dialect.quote(name)
    deferrable = {"deferred": " DEFERRABLE INITIALLY DEFERRED", "immediate": " DEFERRABLE", "": ""}
    return (
        f"CREATE UNIQUE INDEX CONCURRENTLY {quoted} ON {where} ({columns}){distinct};\n"
        f"ALTER TABLE {where} ADD CONSTRAINT {quoted} UNIQUE USING INDEX {quoted}"
        f"{deferrable[statements.deferrable(definition)]};"
    ), undo


def _unique_of_a_field(dialect: Dialect, table: Table, index: Index) -> str:
    """Django makes it together with the column, and finds it by that: any name will do."""
    name = names.index_name(table.name, index.columns, "unique").removesuffix("idx") + "uniq"
    key = ", ".join(map(dialect.quote, index.columns))
    where, quoted = dialect.quote(table.schema, table.name), dialect.quote(name)
    if dialect.vendor == "sqlite":
        return f"CREATE UNIQUE INDEX {quoted} ON {where} ({key})"
    return f"ALTER TABLE {where} ADD CONSTRAINT {quoted} UNIQUE ({key})"


def make_constraint(dialect: Dialect, table: Table, constraint: Constraint) -> Both:
    """A check or exclusion constraint as a model declares it."""
    if dialect.vendor == "sqlite":
        return NOTHING
    name = constraint.name or f"{table.name}_{'_'.join(constraint.columns)}_check"
    where = dialect.quote(table.schema, table.name)
    add = f"ALTER TABLE {where} ADD CONSTRAINT {dialect.quote(name)} {constraint.definition}"
    undo = ddl.drop_constraint(dialect, table, name)
    if constraint.kind != "check" or dialect.vendor != "postgresql":
        return f"{add};", undo
    return f"{add} NOT VALID;\n{ddl.validate_constraint(dialect, table, name)}", undo


def make(dialect: Dialect, table: Table, declared: Index | Constraint) -> Both:
    """An index or a constraint as a model declares it."""
    if isinstance(declared, Index):
        return make_index(dialect, table, declared)
    return make_constraint(dialect, table, declared)


def exchange_foreign_key(dialect: Dialect, table: Table, found: ForeignKey, wanted: ForeignKey) -> Both:
    """A foreign key that acts or waits otherwise, under the name that it has.

    PostgreSQL alters by itself when it is checked; another action takes a new constraint, which is compared with the
    rows in a step of its own.
    """
    if dialect.vendor == "sqlite" or not found.name:
        return NOTHING
    if dialect.vendor == "postgresql" and found.on_delete == wanted.on_delete and found.on_update == wanted.on_update:
        altered = f"ALTER TABLE {dialect.quote(table.schema, table.name)} ALTER CONSTRAINT {dialect.quote(found.name)}"
        into, back = (f"{altered}{_waits(key) or ' NOT DEFERRABLE'};" for key in (wanted, found))
        return into, back
    return _exchanged(dialect, table, found.name, wanted), _exchanged(dialect, table, found.name, found)


def drop_foreign_key(dialect: Dialect, table: Table, found: ForeignKey) -> Both:
    """A foreign key that is not to be there, and what brings it back."""
    if dialect.vendor == "sqlite" or not found.name:
        return NOTHING
    where, name = dialect.quote(table.schema, table.name), dialect.quote(found.name)
    back = f"ALTER TABLE {where} ADD CONSTRAINT {name} {_reference(dialect, found)};"
    return ddl.drop_constraint(dialect, table, found.name), back


def _exchanged(dialect: Dialect, table: Table, name: str, wanted: ForeignKey) -> str:
    where, quoted = dialect.quote(table.schema, table.name), dialect.quote(name)
    add = f"ADD CONSTRAINT {quoted} {_reference(dialect, wanted)}"
    if dialect.vendor != "postgresql":
        return f"ALTER TABLE {where} DROP CONSTRAINT {quoted};\nALTER TABLE {where} {add};"
    return (
        f"ALTER TABLE {where} DROP CONSTRAINT {quoted}, {add} NOT VALID;\n"
        f"{ddl.validate_constraint(dialect, table, name)}"
    )


def _reference(dialect: Dialect, key: ForeignKey) -> str:
    here, there = (", ".join(map(dialect.quote, names)) for names in (key.columns, key.target_columns))
    actions = [("DELETE", key.on_delete), ("UPDATE", key.on_update)]
    says = "".join(f" ON {event} {action}" for event, action in actions if action and action != "NO ACTION")
    target = dialect.quote(key.target_schema, key.target_table)
    return f"FOREIGN KEY ({here}) REFERENCES {target} ({there}){says}{_waits(key)}"


def _waits(key: ForeignKey) -> str:
    if not key.deferrable:
        return ""
    return f" DEFERRABLE INITIALLY {'DEFERRED' if key.deferred else 'IMMEDIATE'}"


def drop(dialect: Dialect, table: Table, found: Index | Constraint) -> Both:
    """What the database has, and what brings it back."""
    if isinstance(found, Index) and not found.constraint:
        return ddl.drop_index(dialect, table, found.name), ddl.recreate_index(dialect, found)
    if dialect.vendor == "sqlite":
        return NOTHING
    name = name_of(found)
    where = f"ALTER TABLE {dialect.quote(table.schema, table.name)}"
    definition = next((one.definition for one in table.constraints if one.name == name), "")
    back = f"{where} ADD CONSTRAINT {dialect.quote(name)} {definition};" if definition else ""
    return ddl.drop_constraint(dialect, table, name), back


def exchange(out: Both, into: Both) -> Both:
    """One thing instead of another: drop and make, and back in the opposite order."""
    if not (out[0] and into[0]):
        return NOTHING
    return f"{out[0]}\n{into[0]}", f"{into[1]}\n{out[1]}" if out[1] else ""


def rename(dialect: Dialect, table: Table, found: Index | Constraint, name: str) -> Both:
    """Another name; SQLite has no statement for that."""
    if dialect.vendor != "postgresql":
        return NOTHING
    old = name_of(found)
    if isinstance(found, Index) and not found.constraint:
        return (
            f"ALTER INDEX {dialect.quote(table.schema, old)} RENAME TO {dialect.quote(name)};",
            f"ALTER INDEX {dialect.quote(table.schema, name)} RENAME TO {dialect.quote(old)};",
        )
    where = f"ALTER TABLE {dialect.quote(table.schema, table.name)} RENAME CONSTRAINT"
    quoted, new = dialect.quote(old), dialect.quote(name)
    return f"{where} {quoted} TO {new};", f"{where} {new} TO {quoted};"


def add_column(dialect: Dialect, table: Table, column: Column) -> Both:
    """A column that may be added to a table with rows: one that may be NULL or has a default of its own."""
    if column.generated or column.identity or not (column.nullable or column.default):
        return NOTHING
    if dialect.vendor == "sqlite" and "(" in (column.default or ""):
        return NOTHING
    where = f"ALTER TABLE {dialect.quote(table.schema, table.name)}"
    words = [f"{where} ADD COLUMN {dialect.quote(column.name)} {column.type}"]
    words += [f"COLLATE {dialect.quote(column.collation)}"] if column.collation else []
    words += [f"DEFAULT {column.default}"] if column.default else []
    words += [] if column.nullable else ["NOT NULL"]
    return f"{' '.join(words)};", f"{where} DROP COLUMN {dialect.quote(column.name)};"


def alter_column(dialect: Dialect, table: Table, changed: ChangedColumn) -> Both:
    """What differs of a column. On PostgreSQL alone, and not what takes a new column."""
    what = [difference.what for difference in changed.differences]
    if dialect.vendor != "postgresql" or {"generated as", "filled by"} & set(what):
        return NOTHING
    return _altered(dialect, table, what, changed.declared), _altered(dialect, table, what, changed.found)


def _altered(dialect: Dialect, table: Table, what: list[str], wanted: Column) -> str:
    """The statements that give a column what is wanted of it; a type is given together with its collation."""
    where, column = dialect.quote(table.schema, table.name), dialect.quote(wanted.name)
    clauses = dict.fromkeys("type" if one == "collation" else one for one in what if one != "comment")
    alter = ", ".join(_clause(dialect, column, one, wanted) for one in clauses)
    statements = [f"ALTER TABLE {where} {alter};"] if alter else []
    if "comment" in what:
        text = (wanted.comment or "").replace("'", "''")
        statements.append(f"COMMENT ON COLUMN {where}.{column} IS '{text}';")
    return "\n".join(statements)


def _clause(dialect: Dialect, column: str, what: str, wanted: Column) -> str:
    if what == "type":
        collation = f" COLLATE {dialect.quote(wanted.collation)}" if wanted.collation else ""
        return f"ALTER COLUMN {column} TYPE {wanted.type}{collation} USING {column}::{wanted.type}"
    if what == "NULL":
        return f"ALTER COLUMN {column} {'DROP' if wanted.nullable else 'SET'} NOT NULL"
    return f"ALTER COLUMN {column} " + (f"SET DEFAULT {wanted.default}" if wanted.default else "DROP DEFAULT")


def _concurrent(dialect: Dialect, sql: str) -> str:
    text = sql.rstrip().rstrip(";")
    return (text.replace(" INDEX ", " INDEX CONCURRENTLY ", 1) if dialect.vendor == "postgresql" else text) + ";"
