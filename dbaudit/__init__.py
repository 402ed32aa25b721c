"""dbaudit: the database-performance audit for Django."""

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
from dbaudit.workload.capture import capture

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
    "capture",
    "check",
    "query",
]
