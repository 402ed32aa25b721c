"""What there is: the figures of a report's summary, counted from a snapshot. Pure; nothing here judges."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from dbaudit import drift
from dbaudit.facts import Index, Model, ModelField, Snapshot, Table
from dbaudit.findings import Application, Finding, IndexKinds, RecordsAre, Relations, Severity, Summary

# Django names an index or constraint table_columns_HASH plus a suffix that says what it serves, the hash being 8
# hexadecimal digits (BaseDatabaseSchemaEditor._create_index_name), 6 for an unnamed models.Index (set_name_with_model).
_DJANGO = re.compile(r"_(?:[0-9a-f]{8}(?:_(?:uniq|idx|like|pk|check|fk(?:_.*)?))?|[0-9a-f]{6}_[a-z]{1,6})$")
_PATTERN_OPCLASSES = ("text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops")

MOST_REFERENCED = 10
CRITICAL = 10
NAMED_REFERRERS = 4
_HARD = ("CASCADE", "PROTECT", "RESTRICT")


def counted_models(snapshot: Snapshot) -> tuple[Model, ...]:
    """The models a report counts: the concrete ones. Proxies, swapped-out models and the through models that Django
    makes for many-to-many fields are none of them."""
    return tuple(model for model in snapshot.models if not (model.proxy or model.swapped or model.auto_created))


def model_tables(snapshot: Snapshot, models: Iterable[Model] | None = None) -> tuple[Table, ...]:
    """The tables that hold the rows of these models (all counted ones unless given), each once, in order of name."""
    chosen = counted_models(snapshot) if models is None else models
    found = {(model.schema, model.table) for model in chosen}
    return tuple(table for table in snapshot.stored_tables() if (table.schema, table.name) in found)


def relation_fields(models: Iterable[Model]) -> Iterator[tuple[Model, ModelField]]:
    """Every ``ForeignKey`` and ``OneToOneField`` once, at the model whose table has the column."""
    return ((model, field) for model in models for field in model.fields if field.relation)


def total(values: Iterable[int | None]) -> int | None:
    """The sum of the values that are known, None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def summary(snapshot: Snapshot, findings: Iterable[Finding]) -> Summary:
    """The first figures. Records are None where no table's rows are known, else the sum of those that are."""
    models = counted_models(snapshot)
    tables = model_tables(snapshot, models)
    severities = Counter(finding.severity for finding in findings)
    return Summary(
        models=len(models),
        applications=len({model.app for model in models}),
        tables=len(tables),
        other_tables=sum(1 for _ in snapshot.stored_tables()) - len(tables),
        records=total(table.rows for table in tables),
        records_are=_records_are(tables),
        indexes=sum(len(table.indexes) for table in tables),
        foreign_keys=sum(1 for _ in relation_fields(models)),
        findings={
            severity.value: severities[severity] for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
        },
    )


def applications(snapshot: Snapshot) -> tuple[Application, ...]:
    """The applications that have models, the largest first. A table that two models share counts once."""
    models: defaultdict[str, list[Model]] = defaultdict(list)
    for model in counted_models(snapshot):
        models[model.app].append(model)
    found = []
    for label, own in models.items():
        tables = model_tables(snapshot, own)
        found.append(
            Application(
                label=label,
                owner=own[0].owner,
                models=len(own),
                records=total(table.rows for table in tables),
                bytes=total(size for table in tables for size in (table.bytes, table.index_bytes)),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.models, one.label)))


def index_kinds(snapshot: Snapshot) -> IndexKinds:
    """How many indexes of each kind on the models' tables, and the project's named ones by model.

    ``partial`` is None where a reader saw no predicates, ``undeclared`` where models were not compared with the
    database.
    """
    models = counted_models(snapshot)
    tables = model_tables(snapshot, models)
    indexes = [index for table in tables for index in table.indexes]
    relations = {(model.schema, model.table, field.column) for model, field in relation_fields(models)}
    return IndexKinds(
        primary=sum(index.primary for index in indexes),
        unique=sum(index.unique and not index.primary for index in indexes),
        foreign_key=sum(
            not index.unique
            and not is_pattern_twin(index)
            and len(index.keys) == 1
            and (table.schema, table.name, index.columns[0]) in relations
            for table in tables
            for index in table.indexes
        ),
        framework=sum(is_pattern_twin(index) for index in indexes),
        composite=sum(len(index.keys) > 1 for index in indexes),
        partial=sum(not index.plain for index in indexes) if all(index.complete for index in indexes) else None,
        expression=sum(any(key.expression for key in index.keys) for index in indexes),
        undeclared=_undeclared(snapshot),
        named=_named(tables, models),
    )


def _undeclared(snapshot: Snapshot) -> int | None:
    if snapshot.expected is None:
        return None
    return sum(len(one.indexes.undeclared) + len(one.uniques.undeclared) for one in drift.compared(snapshot))


def relations(snapshot: Snapshot) -> Relations:
    """What the models' relations do on delete, whom they point at most, and which behaviour reaches widest."""
    found = list(relation_fields(counted_models(snapshot)))
    behaviours = Counter(field.on_delete for _, field in found)
    targets = Counter(field.related_model for _, field in found)
    referrers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for model, field in found:
        referrers[field.related_model, field.on_delete].add(model.label)
    widest = sorted(referrers.items(), key=lambda one: (one[0][1] not in _HARD, -len(one[1]), one[0]))
    return Relations(
        on_delete=_ranked(behaviours),
        most_referenced=_ranked(targets)[:MOST_REFERENCED],
        critical=tuple(
            (target, on_delete, len(models), _first(sorted(models)))
            for (target, on_delete), models in widest[:CRITICAL]
        ),
    )


def is_pattern_twin(index: Index) -> bool:
    """Whether it is the ``LIKE`` twin that Django adds on PostgreSQL beside the index of a character column."""
    return index.name.endswith("_like") and len(index.keys) == 1 and index.keys[0].opclass in _PATTERN_OPCLASSES


def is_named(index: Index) -> bool:
    """Whether someone gave this index a name, for its own sake: not Django, and not because a constraint needs one."""
    return not index.unique and not _DJANGO.search(index.name)


def _named(tables: Iterable[Table], models: Iterable[Model]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    areas: dict[tuple[str, str], str] = {}
    for model in models:
        if model.owner == "project":
            areas.setdefault((model.schema, model.table), model.label)
    found = []
    for table in tables:
        area = areas.get((table.schema, table.name))
        names = sorted(index.name for index in table.indexes if is_named(index))
        if area and names:
            found.append((area, tuple(names)))
    return tuple(sorted(found))


def _records_are(tables: Iterable[Table]) -> RecordsAre:
    seen: set[RecordsAre] = {table.rows_are for table in tables if table.rows is not None}
    return "mixed" if len(seen) > 1 else next(iter(seen), "")


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _first(names: list[str]) -> str:
    text = ", ".join(names[:NAMED_REFERRERS])
    return f"{text}, …" if len(names) > NAMED_REFERRERS else text
