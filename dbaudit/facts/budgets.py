"""What measured queries took when that was recorded as the most that they may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryBudget:
    """The most statements that a measured query may ask and the most rows that it may return.

    ``id`` is that of its `QueryRun`, on the database ``alias``. None where the figure was not seen.
    """

    alias: str
    id: str
    queries: int | None = None
    rows: int | None = None
