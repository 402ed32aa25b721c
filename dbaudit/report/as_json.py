"""The report as JSON, version 1: what other programs read. ``schema.json`` beside this file describes every key."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dbaudit.facts import Column, Index, IndexKey, Location, QueryRun, Sequence, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import (
    Baseline,
    DatabaseReport,
    Finding,
    IndexPlan,
    Recommendation,
    Remedy,
    Report,
    Suppressed,
    Suppression,
)
from dbaudit.report import references
from dbaudit.report.json_text import ROW_DEPTH, text

Row = dict[str, Any]


def render(report: Report) -> str:
    """The report as JSON text, in ASCII. The same report gives the same bytes."""
    return text(as_data(report), ROW_DEPTH) + "\n"


def as_data(report: Report) -> Row:
    """The report as dictionaries, lists, strings, numbers, booleans and None."""
    return {
        "version": report.version,
        "generated_at": report.generated_at,
        "duration_seconds": report.duration_seconds,
        "dbaudit": report.dbaudit,
        "django": report.django,
        "document": asdict(report.document),
        "databases": [_database(database) for database in report.databases],
        "unaudited": [{"alias": one.what, "reason": one.reason} for one in report.unaudited],
        "stale_suppressions": [
            {"state": one.state, **_suppression(one.suppression)} for one in report.stale_suppressions
        ],
        "baseline": _baseline(report.baseline),
    }


def _baseline(baseline: Baseline | None) -> Row | None:
    if baseline is None:
        return None
    fixed = [{"database": one.alias, "key": one.key, "subject": one.sentence} for one in baseline.fixed]
    return {"file": baseline.file, "fixed": fixed}


def _database(database: DatabaseReport) -> Row:
    snapshot = database.snapshot
    tables = sorted(snapshot.tables, key=lambda one: (one.schema, one.name))
    return {
        "alias": snapshot.alias,
        "vendor": snapshot.vendor,
        "server_version": snapshot.server_version,
        "summary": asdict(database.summary),
        "applications": [asdict(one) for one in database.applications],
        "tables": [_table(one) for one in tables],
        "indexes": [
            _index(snapshot.dialect, table, index)
            for table in tables
            for index in sorted(table.indexes, key=lambda one: one.name)
        ],
        "foreign_keys": [_foreign_key(one) for one in references.merged(snapshot)],
        "sequences": [_sequence(one) for one in sorted(snapshot.sequences, key=lambda one: (one.schema, one.name))],
        "queries": [_query(run) for run in snapshot.runs],
        "findings": [_finding(one) for one in sorted(database.findings, key=lambda one: one.order)],
        "suppressed": [_suppressed(one) for one in sorted(database.suppressed, key=lambda one: one.finding.order)],
        "recommendations": [_recommendation(one) for one in sorted(database.recommendations, key=lambda one: one.rank)],
        "ran": sorted(database.ran),
        "skipped": [
            *({**asdict(one), "crashed": False} for one in database.skipped),
            *({**asdict(one), "crashed": True} for one in database.crashed),
        ],
        "scorecard": [asdict(one) for one in database.scorecard],
        "plan": [
            {"phase": one.number, "title": one.title, "recommendations": list(one.recommendations)}
            for one in database.plan
        ],
        "index_plan": _index_plan(database.index_plan),
        "trend": [asdict(one) for one in database.trend],
    }


def _table(table: Table) -> Row:
    return {
        "schema": table.schema,
        "name": table.name,
        "kind": table.kind,
        **_ownership(table),
        "auto_created": table.ownership.auto_created,
        "location": _location(table.ownership.location),
        "readable": table.readable,
        "rows": table.rows,
        "rows_are": table.rows_are,
        "bytes": table.bytes,
        "index_bytes": table.index_bytes,
        "partitions": table.partitions,
        "primary_key": list(table.primary_key),
        "columns": [_column(one) for one in table.columns],
    }


def _column(column: Column) -> Row:
    return {
        "name": column.name,
        "type": column.type,
        "nullable": column.nullable,
        "default": column.default,
        "generated": column.generated,
        "identity": column.identity,
    }


def _key(dialect: Dialect, key: IndexKey) -> Row:
    return {
        "column": key.column,
        "expression": key.expression,
        "opclass": key.opclass,
        "collation": key.collation,
        "descending": key.descending,
        "nulls_first": dialect.nulls_first(key.nulls, descending=key.descending),
    }


def _index(dialect: Dialect, table: Table, index: Index) -> Row:
    return {
        "schema": table.schema,
        "table": table.name,
        "name": index.name,
        **_ownership(table),
        "keys": [_key(dialect, key) for key in index.keys],
        "include": list(index.included),
        "condition": index.predicate,
        "method": index.method,
        "unique": index.unique,
        "nulls_distinct": index.nulls_distinct,
        "constraint": index.constraint,
        "constraint_name": index.constraint_name,
        "valid": index.usable,
        "complete": index.complete,
        "bytes": index.bytes,
        "scans": index.scans,
        "definition": index.definition,
    }


def _sequence(sequence: Sequence) -> Row:
    return {
        "schema": sequence.schema,
        "name": sequence.name,
        "table": sequence.table,
        "column": sequence.column,
        "last_value": sequence.last_value,
        "maximum": sequence.maximum,
        "increment": sequence.increment,
        "cycles": sequence.cycles,
    }


def _query(run: QueryRun) -> Row:
    return {
        "id": run.id,
        "label": run.label,
        "origin": run.origin,
        "status": run.status,
        "reason": run.reason,
        "location": _location(run.location),
        "app": run.app,
        "model": run.model,
        "owner": run.owner,
        "median_ms": run.median_ms,
        "fastest_ms": run.spread_ms[0] if run.spread_ms else None,
        "slowest_ms": run.spread_ms[1] if run.spread_ms else None,
        "samples": len(run.samples_ms),
        "cold_ms": run.cold_ms,
        "queries": run.queries,
        "rows": run.rows,
        "calls": run.calls,
        "budget_ms": run.budget_ms,
        "max_queries": run.max_queries,
        "server": None if run.counted is None else asdict(run.counted),
    }


def _foreign_key(reference: references.Reference) -> Row:
    field, constraint, model = reference.field, reference.constraint, reference.model
    return {
        "schema": reference.schema,
        "table": reference.table,
        "columns": list(reference.columns),
        "target_schema": reference.target_schema,
        "target_table": reference.target_table,
        "target_columns": list(reference.target_columns),
        "app": model.app if model else "",
        "model": model.label if model else "",
        "owner": model.owner if model else reference.holder.ownership.owner if reference.holder else "project",
        "field": field.name if field else "",
        "relation": field.relation if field else "",
        "target_model": field.related_model if field else "",
        "on_delete": field.on_delete if field else "",
        "auto_created": bool(model and model.auto_created),
        "constraint": constraint is not None,
        "constraint_name": constraint.name if constraint else "",
        "database_on_delete": constraint.on_delete if constraint else "",
        "database_on_update": constraint.on_update if constraint else "",
        "deferrable": constraint.deferrable if constraint else None,
        "validated": constraint.validated if constraint else None,
    }


def _ownership(table: Table) -> Row:
    who = table.ownership
    return {"app": who.app, "model": who.model, "owner": who.owner}


def _finding(finding: Finding) -> Row:
    return {
        "key": finding.key,
        "check": finding.check,
        "category": finding.category,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "owner": finding.owner,
        "app": finding.app,
        "model": finding.model,
        "table": finding.table,
        "group": finding.group,
        "new": finding.new,
        "subject": finding.subject,
        "detail": finding.detail,
        "location": _location(finding.location),
        "evidence": [asdict(one) for one in finding.evidence],
        "remedy": _remedy(finding.remedy),
    }


def _suppressed(one: Suppressed) -> Row:
    return {**_suppression(one.suppression), "finding": _finding(one.finding)}


def _suppression(one: Suppression) -> Row:
    return {"reason": one.reason, "expires": one.expires.isoformat() if one.expires else "", "source": one.source}


def _remedy(remedy: Remedy) -> Row:
    return {
        "kind": remedy.kind,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in remedy.facts().items()},
        "orm": remedy.orm,
        "sql": remedy.sql,
        "undo_sql": remedy.undo_sql,
        "migration": remedy.migration,
        "verification": remedy.verification,
        "conflicts": remedy.conflicts,
        "attempt": asdict(remedy.attempt) if remedy.attempt else None,
    }


def _recommendation(one: Recommendation) -> Row:
    return {
        "rank": one.rank,
        "priority": one.priority,
        "phase": one.phase,
        "title": one.title,
        "remedy": _remedy(one.remedy),
        "findings": list(one.findings),
        "gain": {**asdict(one.gain), "ratio": one.gain.ratio} if one.gain else None,
        "cost": asdict(one.cost) if one.cost else None,
        "risk": one.risk,
        "value": one.value,
        "helps": [asdict(helped) for helped in one.helps],
        "share": one.share,
        "share_alone": one.share_alone,
        "replaces": list(one.replaces),
        "drops": [_remedy(drop) for drop in one.drops],
        "projected": one.projected,
        "after": one.after,
        "caution": one.caution,
    }


def _index_plan(plan: IndexPlan | None) -> Row | None:
    if plan is None:
        return None
    return {**asdict(plan), "refused": [asdict(one) for one in plan.refused], "net_bytes": plan.net_bytes}


def _location(location: Location | None) -> Row | None:
    return asdict(location) if location else None
