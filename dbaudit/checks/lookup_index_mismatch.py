from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.lookups import Miss, containment, misses
from dbaudit.facts import IndexKey, Skipped, Snapshot
from dbaudit.findings import ChangeQuery, Confidence, CreateIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.entry import entry
from dbaudit.sql.orm import UntranslatableError
from dbaudit.sql.types import family

#: With it a b-tree serves LIKE in every collation.
PATTERNS = "text_pattern_ops"
TRIGRAMS = "gin_trgm_ops"
_CLASSES = {"gin": "GinIndex", "gist": "GistIndex", "spgist": "SpGistIndex"}


@check(severity="warning", needs=["queries", "schema"])
def lookup_index_mismatch(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A measured lookup and the index on its column cannot meet.

    Why: Django compiles ``iexact``, ``icontains`` and ``istartswith`` to ``UPPER(column)``, which an index on
    ``Lower(column)``, or one of trigrams on the bare column, never serves. Nor does an index on a moment serve
    ``__date``, a b-tree the containment of JSON, or a GIN index on JSON the comparison of one key
    (``data__customer="x"``). The index is written all the same, and the query reads the table.

    Fix: Index what the lookup asks for: ``models.Index(Upper("column"), name=...)``, a ``GinIndex`` for containment.
    Ask for a day by a range (``__gte`` and ``__lt``), which the index on the moment serves, and for a key by
    ``data__contains={"customer": "x"}``, which the GIN index serves.

    Silent when: The table has fewer than 1,000 rows or they are unknown; the plan reaches the table by an index; an
    index of that spelling exists, or none could answer the operator for the column's type; measured statements ask for
    the spelling that is indexed, too, so that the index has its use; there is no index of the column in another
    spelling (that is a missing index, not a wrong one), containment apart; it is a search inside the text and there is
    no index of trigrams (`lookup_without_possible_index`).
    """
    yield from measured.unmeasured(snapshot, "lookup_index_mismatch")
    told = set()
    for miss in misses(snapshot):
        cause = miss.table.label, miss.kind, miss.column, miss.path
        if cause not in told:
            told.add(cause)
            yield _finding(snapshot, miss)


def _finding(snapshot: Snapshot, miss: Miss) -> Finding:
    table, one = miss.table, miss.statement
    there = miss.beside.describe() if miss.beside else "no index for it"
    part = " -> ".join((miss.column, *(repr(key) for key in miss.path)))
    asks = {
        "case": f"{miss.case.upper()}({miss.column})",
        "inside": f"UPPER({miss.column}) LIKE",
        "contains": f"{miss.column} @>",
        "part": f"{part} =",
        "date": f"{miss.column}::date",
    }
    return Finding.about(
        table,
        subject=f"The lookup {asks[miss.kind]} and the indexes of {table.label} cannot meet",
        detail=f"{miss.run.label!r} asks for {asks[miss.kind]}; there is {there}, which does not serve it.",
        identity=("json" if miss.kind == "contains" else miss.kind, *miss.path, miss.column),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.HIGH if miss.kind in ("case", "inside") else Confidence.MEDIUM,
        location=one.location,
        evidence=[
            Evidence("statement", measured.short(one.template), source="measured queries"),
            Evidence("rows", table.rows or 0, "rows", table.rows_are),
        ],
        remedy=_remedy(snapshot, miss),
    )


def _remedy(snapshot: Snapshot, miss: Miss) -> Remedy:
    table, one = miss.table, miss.statement
    field = snapshot.columns_field(table, miss.column)
    name = field.name if field else miss.column
    if miss.kind == "date":
        orm = f"{name}__gte=day, {name}__lt=day + timedelta(days=1)"
        return Remedy(action=ChangeQuery(before=one.template, after=orm), orm=orm)
    if miss.kind == "part":
        asked = "value"
        for key in reversed(miss.path):
            asked = f'{{"{key}": {asked}}}'
        orm = f"{name}__contains={asked}"
        return Remedy(action=ChangeQuery(before=one.template, after=orm), orm=orm)
    if miss.kind == "contains":
        best = containment(table, miss.column)[0]
        index = CreateIndex(
            table=table.label,
            columns=(miss.column,),
            name=names.index_name(table.name, (miss.column,), best.method),
            method=best.method,
        )
        orm = f'{_CLASSES[best.method]}(fields=["{name}"], name="{index.name}")'
    elif miss.kind == "inside":
        index = CreateIndex(
            table=table.label,
            keys=(IndexKey(expression=_cased(snapshot, miss), opclass=TRIGRAMS),),
            name=names.index_name(table.name, (miss.column,), miss.case, "gin"),
            method="gin",
        )
        orm = _orm(snapshot, miss, index)
    else:
        index = CreateIndex(
            table=table.label,
            keys=(IndexKey(expression=_cased(snapshot, miss), opclass=PATTERNS if miss.pattern else ""),),
            name=names.index_name(table.name, (miss.column,), miss.case),
        )
        orm = _orm(snapshot, miss, index)
        if miss.pattern:
            orm += "  # for a beginning; what stands within the text takes a GIN index with gin_trgm_ops"
    return Remedy(
        action=index,
        orm=orm,
        sql=ddl.create_index(snapshot.dialect, table, index),
        undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
    )


def _cased(snapshot: Snapshot, miss: Miss) -> str:
    """What the lookup compiles to. On PostgreSQL it casts what is no text."""
    column = snapshot.dialect.quote(miss.column)
    found = miss.table.column(miss.column)
    cast = snapshot.vendor == "postgresql" and found is not None and family(found.type) not in ("text", "citext", "")
    return f"{miss.case.upper()}({f'({column})::text' if cast else column})"


def _orm(snapshot: Snapshot, miss: Miss, index: CreateIndex) -> str:
    try:
        return entry(snapshot, miss.table, index).code
    except UntranslatableError as error:
        return f"{error} Build it by SQL."
