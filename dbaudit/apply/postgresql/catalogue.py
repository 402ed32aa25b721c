"""What the server's catalogue says of one table and its indexes, at this moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dbaudit.apply.postgresql.sessions import Session
from dbaudit.apply.steps import Step, StepError
from dbaudit.sql import normal_form

# What an index is, apart from its name: method, uniqueness, and for each key its words, operator class, collation,
# direction and parameters; then the included columns and the predicate, all as the server itself spells them.
INDEXES = """
SELECT i.indexrelid::bigint, n.nspname::text, c.relname::text,
    i.indisvalid AND i.indisready AND i.indislive, i.indisunique,
    i.indisprimary OR i.indisexclusion OR i.indisreplident OR i.indisclustered OR EXISTS (
        SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid
    ),
    EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid),
    c.relkind = 'I',
    pg_get_indexdef(i.indexrelid),
    json_build_array(m.amname, i.indisunique, i.indisexclusion, {nulls}, (
        SELECT json_agg(json_build_array(
            pg_get_indexdef(i.indexrelid, x.attnum, false), i.indclass[x.attnum - 1], i.indcollation[x.attnum - 1],
            i.indoption[x.attnum - 1], x.attoptions
        ) ORDER BY x.attnum)
        FROM pg_attribute x WHERE x.attrelid = i.indexrelid AND x.attnum <= i.indnkeyatts
    ), (
        SELECT json_agg(x.attname ORDER BY x.attname)
        FROM pg_attribute x WHERE x.attrelid = i.indexrelid AND x.attnum > i.indnkeyatts
    ), pg_get_expr(i.indpred, i.indrelid))::text,
    (SELECT count(*) FROM pg_attribute x WHERE x.attrelid = i.indexrelid AND i.indkey[x.attnum - 1] = 0)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am m ON m.oid = c.relam
WHERE i.indrelid = %s::oid
ORDER BY c.relname
"""
TABLE = """
SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind = 'p', pg_has_role(c.relowner, 'USAGE'),
    has_schema_privilege(n.oid, 'CREATE'), pg_get_userbyid(c.relowner)::text, current_user::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(%s)
"""
CHILDREN = """
SELECT h.inhrelid::bigint, n.nspname::text, c.relname::text, c.relkind::text
FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE h.inhparent = %s::oid
ORDER BY n.nspname, c.relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table by its OID; ``quoted`` is its name with the schema, in quotes."""

    oid: int
    schema: str
    name: str
    quoted: str
    partitioned: bool = False

    @property
    def label(self) -> str:
        """The name for a sentence."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An index that stands. ``usable`` means valid, ready and live; ``bound`` that a constraint, replica identity or
    clustering depends on it; ``attached`` that it belongs to a partitioned index. ``signature`` is what the server
    says that it is, as JSON."""

    oid: int
    schema: str
    name: str
    usable: bool
    unique: bool
    bound: bool
    attached: bool
    partitioned: bool
    definition: str
    signature: str
    expressions: int

    def is_like(self, other: Standing) -> bool:
        """Whether they are the same index: by what the server says of all but the condition, which it prints in the
        order in which somebody wrote it, and by what that means."""
        return self.signature == other.signature or self._meaning() == other._meaning()

    def _meaning(self) -> tuple[Any, ...]:
        *parts, predicate = json.loads(self.signature)
        return (*parts, normal_form.condition(predicate) if predicate else ())


def table(session: Session, step: Step) -> Relation:
    """The table of a step, by its OID from now on.

    Raises:
        StepError: it is gone, or the role may not build an index of it.
    """
    quoted = ".".join(_quote(one) for one in (step.schema, step.table) if one)
    rows = session.ask(TABLE, [quoted])
    if not rows:
        raise StepError(f"The table {step.label} does not exist; audit again.")
    ((oid, schema, name, partitioned, owns, creates, owner, role),) = rows
    if not owns:
        raise StepError(
            f"The role {role} does not own {step.label}: only {owner}, a member of it or a superuser may build and "
            "drop its indexes. Run this with the owner's USER in settings.DATABASES."
        )
    if not creates:
        raise StepError(
            f"The role {role} may not create in the schema {schema}: GRANT CREATE ON SCHEMA {_quote(schema)}."
        )
    return Relation(
        oid=oid, schema=schema, name=name, quoted=f"{_quote(schema)}.{_quote(name)}", partitioned=partitioned
    )


def indexes(session: Session, oid: int) -> tuple[Standing, ...]:
    """All indexes of a table, invalid ones too."""
    version = session.wrapper.pg_version  # type: ignore[attr-defined]
    nulls = "i.indnullsnotdistinct" if version >= 150000 else "false"
    names = (
        "oid",
        "schema",
        "name",
        "usable",
        "unique",
        "bound",
        "attached",
        "partitioned",
        "definition",
        "signature",
        "expressions",
    )
    return tuple(
        Standing(**dict(zip(names, row, strict=True))) for row in session.ask(INDEXES.format(nulls=nulls), [oid])
    )


def named(session: Session, relation: Relation, name: str) -> Standing | None:
    """The table's index of this name, None where it has none."""
    return next((one for one in indexes(session, relation.oid) if one.name == name), None)


def holder(session: Session, schema: str, name: str) -> str:
    """What bears a name in a schema, in words; ``""`` where nothing does."""
    rows = session.ask(
        "SELECT CASE c.relkind WHEN 'i' THEN 'an index of ' || i.indrelid::regclass::text"
        " WHEN 'I' THEN 'an index of ' || i.indrelid::regclass::text WHEN 'r' THEN 'a table' WHEN 'v' THEN 'a view'"
        " WHEN 'S' THEN 'a sequence' ELSE 'another relation' END"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE n.nspname = %s AND c.relname = %s",
        [schema, name],
    )
    return str(rows[0][0]) if rows else ""


def children(session: Session, relation: Relation) -> tuple[tuple[Relation, str], ...]:
    """The partitions of a table with what they are (``r``, ``p``, ``f`` as in pg_class)."""
    return tuple(
        (
            Relation(
                oid=oid, schema=schema, name=name, quoted=f"{_quote(schema)}.{_quote(name)}", partitioned=kind == "p"
            ),
            kind,
        )
        for oid, schema, name, kind in session.ask(CHILDREN, [relation.oid])
    )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
