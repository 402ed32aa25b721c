"""What takes a run back: its steps turned round, the last first. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from dbaudit.apply import wording
from dbaudit.apply.journal import Record, Run
from dbaudit.apply.steps import Step
from dbaudit.facts import Table
from dbaudit.facts.dialect import Dialect
from dbaudit.sql import ddl

# What the report said of the step says nothing of its undo.
_UNTOLD: Final[dict[str, Any]] = {"risk": "safe", "caution": "", "helps": ()}


def steps(run: Run, dialect: Dialect) -> tuple[Step, ...]:
    """The steps that take back exactly what the run changed, or may have changed when it was killed."""
    found = (_turned(one, dialect) for one in reversed(run.records) if not one.undone)
    return tuple(one for one in found if one is not None)


def _turned(record: Record, dialect: Dialect) -> Step | None:
    step = record.step
    if step.completes:  # PostgreSQL takes no part from an index again, and the rest of it stood before
        return None
    changed = record.outcome in ("built", "dropped")
    # Begun, and no end was written: the database knows whether it was done. What stood before is not ours.
    unknown = record.begun and record.outcome in ("", "failed") and record.before == (step.action == "drop")
    if not changed and not unknown:
        return None
    table = Table(name=step.table, schema=step.schema, kind="partitioned table" if step.partitioned else "table")
    definition = wording.parsed(record.definition) if record.definition else None
    definition = definition or step.definition
    if step.action == "create":
        name = record.index or step.definition.name
        return replace(
            step,
            action="drop",
            definition=replace(definition, name=name),
            expected=record.definition,
            sql=ddl.drop_index(dialect, table, name),
            undo_sql=step.sql,
            title=f"Undo: drop {name} on {step.label}",
            bytes=None if step.bytes is None else -step.bytes,
            evidence=(),
            gain=None,
            after=None,
            **_UNTOLD,
        )
    return replace(
        step,
        action="create",
        definition=replace(definition, name=step.definition.name, exact=True),
        sql=step.undo_sql,
        undo_sql=step.sql,
        title=f"Undo: build {step.definition.name} on {step.label} again",
        because="",
        bytes=None if step.bytes is None else abs(step.bytes),
        evidence=(),
        gain=None,
        after=None,
        **_UNTOLD,
    )
