from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from dbaudit.analysis.integers import ceiling
from dbaudit.analysis.relations import relations
from dbaudit.facts import Column, Sequence, Skipped, Snapshot, Table
from dbaudit.facts.data import Place
from dbaudit.findings import EditModel, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: Shares of what a number can reach. The last tenth of an int4 goes in days where the first took years.
NOTED, LATE, URGENT = 0.5, 0.75, 0.9
BIGINT = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runway:
    """A column (or a sequence of its own) with how far its numbers have come, and what ends them."""

    used: int
    ceiling: int
    source: str
    table: Table | None = None
    column: Column | None = None
    sequence: Sequence | None = None
    follows: str = ""
    as_narrow: int = 0

    @property
    def share(self) -> float:
        return self.used / self.ceiling


@check(severity="info", needs=["schema", "models", "data"], vendors=["postgresql", "mysql"])
def integer_runway(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An integer key is running out of numbers.

    Why: When the last number is used, every insert fails, and making the column wider takes a rewrite of the table and
    of whatever refers to it, under a lock that nobody wants in that hour. The end is that of the sequence or of the
    column, whichever comes first; a narrower column that refers to the key ends earlier than the key itself.

    Fix: Make the column, its sequence and all columns that refer to it ``bigint`` while there is time. Django does it
    for ``BigAutoField``; the key of an automatic many-to-many table it cannot change, so that takes SQL.

    Silent when: Less than half of the numbers are used; the sequence cycles, or counts downwards; the database is
    SQLite, where every integer has eight bytes. From half on it is a remark, from three quarters a warning, from nine
    tenths an error. What refers to a key and is as wide ends with it and is counted, not told apart. A sequence that
    the role may not read is named as not examined.
    """
    hidden = [one.name for one in snapshot.sequences if not one.readable]
    if hidden:
        yield Skipped("integer_runway", f"The role may not read the positions of {', '.join(sorted(hidden))}.")
    for runway in _runways(snapshot):
        if runway.share >= NOTED:
            yield _finding(snapshot, runway)


def _runways(snapshot: Snapshot) -> Iterator[_Runway]:
    used = _used(snapshot)
    feeding = {(one.schema, one.table, one.column): one for one in snapshot.sequences if one.table}
    narrower, as_narrow = _references(snapshot)
    for place, (reached, source) in used.items():
        table = snapshot.table(place[1], place[0])
        column = table.column(place[2]) if table else None
        if table is None or column is None:
            continue
        sequence = feeding.get(place)
        ends = [end for end in (ceiling(snapshot.dialect, column.type), sequence and sequence.maximum) if end]
        if ends:
            yield _Runway(
                used=reached,
                ceiling=min(ends),
                source=source,
                table=table,
                column=column,
                sequence=sequence,
                as_narrow=as_narrow[place],
            )
        for child, own in narrower[place]:
            end = ceiling(snapshot.dialect, own.type)
            if end:
                follows = f"{table.label}.{column.name}"
                yield _Runway(used=reached, ceiling=end, source=source, table=child, column=own, follows=follows)
    for sequence in snapshot.sequences:
        if not sequence.table and sequence.position and sequence.increment > 0 and not sequence.cycles:
            yield _Runway(used=sequence.position, ceiling=sequence.maximum, source="pg_sequences", sequence=sequence)


def _used(snapshot: Snapshot) -> dict[Place, tuple[int, str]]:
    """The highest number of each key that a sequence feeds, or that was read from its index, and where it was seen."""
    used: dict[Place, tuple[int, str]] = {}
    for key in snapshot.data.keys if snapshot.data else ():
        if key.maximum:
            used[key.schema, key.table, key.column] = (key.maximum, "max() by the key's index")
    for sequence in snapshot.sequences:
        place = (sequence.schema, sequence.table, sequence.column)
        table = snapshot.table(sequence.table, sequence.schema)
        column = table.column(sequence.column) if table else None
        if column is None or not column.identity or sequence.increment < 0 or sequence.cycles:
            used.pop(place, None)
        elif (sequence.position or 0) >= used.get(place, (1, ""))[0]:
            used[place] = (sequence.position or 0, "pg_sequences")
    return used


def _references(
    snapshot: Snapshot,
) -> tuple[defaultdict[Place, list[tuple[Table, Column]]], defaultdict[Place, int]]:
    """By key the columns that refer to it and end before it, and how many end with it."""
    narrower: defaultdict[Place, list[tuple[Table, Column]]] = defaultdict(list)
    as_narrow: defaultdict[Place, int] = defaultdict(int)
    seen = set()
    for relation in relations(snapshot):
        for name, target_name in zip(relation.columns, relation.target_columns, strict=False):
            here, there = relation.table.column(name), relation.target.column(target_name)
            place = (relation.target.schema, relation.target.name, target_name)
            known = (place, relation.table.label, name)
            if here is None or there is None or known in seen:
                continue
            seen.add(known)
            ends = ceiling(snapshot.dialect, here.type), ceiling(snapshot.dialect, there.type)
            if ends[0] and ends[0] < (ends[1] or BIGINT):
                narrower[place].append((relation.table, here))
            elif ends[0] and ends[0] == ends[1]:
                as_narrow[place] += 1
    return narrower, as_narrow


def _finding(snapshot: Snapshot, runway: _Runway) -> Finding:
    table, column, sequence = runway.table, runway.column, runway.sequence
    label = f"{table.label}.{column.name}" if table and column else f"sequence {sequence.name if sequence else ''}"
    evidence = [
        Evidence("used", round(100 * runway.share, 1), "%", "computed"),
        Evidence("highest number", runway.used, source=runway.source),
        Evidence("ceiling", runway.ceiling, source=column.type if column else "pg_sequence"),
    ]
    if runway.as_narrow:
        evidence.append(Evidence("columns that refer to it and end with it", runway.as_narrow, "columns", "catalog"))
    severity = Severity.INFO
    if runway.share >= LATE:
        severity = Severity.ERROR if runway.share >= URGENT else Severity.WARNING
    detail = f"{runway.ceiling - runway.used:,} numbers are left."
    if runway.follows:
        detail += f" It refers to {runway.follows}, which goes on beyond its end."
    subject = f"{label} has used {runway.share:.0%} of its numbers"
    remedy = _remedy(snapshot, runway)
    if table and column:
        field = snapshot.columns_field(table, column.name)
        return Finding.about(
            table,
            subject=subject,
            detail=detail,
            identity=(column.name,),
            severity=severity,
            written=field,
            evidence=evidence,
            remedy=remedy,
        )
    return Finding(
        subject=subject[0].upper() + subject[1:],
        detail=detail,
        identity=(label,),
        severity=severity,
        evidence=tuple(evidence),
        remedy=remedy,
    )


def _remedy(snapshot: Snapshot, runway: _Runway) -> Remedy:
    table, column, sequence = runway.table, runway.column, runway.sequence
    quote = snapshot.dialect.quote
    sql = []
    end = ceiling(snapshot.dialect, column.type) if column else None
    if table and column and end and end < BIGINT:
        sql.append(f"ALTER TABLE {quote(table.schema, table.name)} ALTER COLUMN {quote(column.name)} TYPE bigint;")
    # An identity's sequence follows its column by itself.
    if sequence and (not column or column.identity == "serial" or not sql):
        word = "NO MAXVALUE" if sequence.type == "bigint" else "AS bigint"
        sql.append(f"ALTER SEQUENCE {quote(sequence.schema, sequence.name)} {word};")
    field = snapshot.columns_field(table, column.name) if table and column else None
    model = table.ownership.model if table else ""
    if field and table and not table.ownership.auto_created and not field.relation:
        action: EditModel | RunSql = EditModel(model=model, field=field.name, change="BigAutoField or BigIntegerField")
        orm = f"{field.name} = models.BigAutoField(primary_key=True)" if field.primary_key else "models.BigIntegerField"
    else:
        action = RunSql(purpose="Widen the column, its sequence and all that refers to it.")
        orm = "No migration of Django's does it here: put the SQL into a RunSQL operation."
    return Remedy(action=action, orm=orm, sql="\n".join(sql) if snapshot.vendor == "postgresql" else "")
