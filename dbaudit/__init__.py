"""dbaudit: the database-performance audit for Django."""

from typing import TYPE_CHECKING, Any

from dbaudit.findings import (
    AddConstraint,
    ChangeQuery,
    ChangeSetting,
    Confidence,
    CreateIndex,
    DropIndex,
    EditModel,
    Evidence,
    Finding,
    Remedy,
    RunSql,
    Severity,
)
from dbaudit.queries import query
from dbaudit.registry import check

if TYPE_CHECKING:
    from dbaudit.auditing import audit
    from dbaudit.live.capture import capture

__version__ = "0.1.0"

__all__ = [
    "AddConstraint",
    "ChangeQuery",
    "ChangeSetting",
    "Confidence",
    "CreateIndex",
    "DropIndex",
    "EditModel",
    "Evidence",
    "Finding",
    "Remedy",
    "RunSql",
    "Severity",
    "audit",
    "capture",
    "check",
    "query",
]


def __getattr__(name: str) -> Any:
    """Import what needs Django once it is asked for: pytest loads the plugin of this package in every project."""
    if name == "capture":
        from dbaudit.live.capture import capture  # noqa: PLC0415 - as the docstring says

        return capture
    if name == "audit":
        from dbaudit.auditing import audit  # noqa: PLC0415

        return audit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
