"""Small numbers in place of what the process knows statements, rows, values and requests by."""

from __future__ import annotations

from typing import Any

from dbaudit.facts import AskingRow
from dbaudit.workload.recording import origins


class Numbers:
    """Numbers of one run, from 1 on."""

    def __init__(self) -> None:
        self._known: dict[str, dict[Any, int]] = {}

    def of(self, what: str, key: Any) -> int:
        """The number of something among what is like it."""
        known = self._known.setdefault(what, {})
        return known.setdefault(key, len(known) + 1)

    def statement(self, number: int) -> int:
        """The number of a statement of the run."""
        return self.of("statements", number)

    def row(self, row: origins.Row) -> AskingRow:
        """The row that asked. Of what was loaded by a statement that is not of the run the number is negative."""
        mark, path = row.mark if isinstance(row.mark, tuple) else (row.mark, "")
        loaded_by: int | None
        if mark is None:
            loaded_by = origins.MADE if origins.knows_all() else None
        elif mark == origins.MADE:
            loaded_by = origins.MADE
        else:
            loaded_by = self._known.get("statements", {}).get(mark) or -self.of("earlier", mark)
        return AskingRow(number=self.of("rows", row.identity), loaded_by=loaded_by, path=path, alone=row.alone)
