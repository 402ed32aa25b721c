"""JSON laid out for diffs: a line for every member down to some depth, and what lies deeper on one line."""

from __future__ import annotations

import json
from typing import Any

# Report, databases, database, list: what lies deeper stands on one line, so that a table, an index or a finding is a
# line of a diff, and a big report is half as long.
ROW_DEPTH = 4


def text(value: Any, depth: int, margin: str = "") -> str:
    """JSON with a line for every member down to ``depth``."""
    if depth == 0 or not value or not isinstance(value, dict | list):
        return json.dumps(value, allow_nan=False)
    inner = f"{margin} "
    if isinstance(value, dict):
        members = [f"{json.dumps(name)}: {text(one, depth - 1, inner)}" for name, one in value.items()]
    else:
        members = [text(one, depth - 1, inner) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    separator = f",\n{inner}"
    return f"{opening}\n{inner}{separator.join(members)}\n{margin}{closing}"
