"""When PostgreSQL's autovacuum looks after a table: its settings, and what the table itself says instead."""

from __future__ import annotations

from typing import Literal

from dbaudit.facts import Snapshot, Table

OFF = frozenset({"off", "false", "no", "0"})


def enabled(snapshot: Snapshot, table: Table) -> bool:
    """Whether autovacuum runs at all, and is not switched off for this table."""
    own = dict(table.options or ())
    return dict(snapshot.settings).get("autovacuum") != "off" and own.get("autovacuum_enabled", "on").lower() not in OFF


def trigger(snapshot: Snapshot, table: Table, work: Literal["vacuum", "analyze"]) -> float | None:
    """How many changed (dead) rows make it analyze (vacuum) the table, None where settings or rows were not seen."""
    values = {**dict(snapshot.settings), **dict(table.options or ())}
    threshold = values.get(f"autovacuum_{work}_threshold")
    scale = values.get(f"autovacuum_{work}_scale_factor")
    if threshold is None or scale is None or table.rows is None:
        return None
    return float(threshold) + float(scale) * table.rows
