"""The findings and recommendations of a report that was written as JSON, as far as they build or drop an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from dbaudit.errors import AuditError
from dbaudit.findings import (
    Cost,
    CreateIndex,
    DropIndex,
    Evidence,
    Finding,
    Gain,
    Helped,
    Recommendation,
    Remedy,
)
from dbaudit.report import stored

Row = Mapping[str, Any]
KINDS: Final = (CreateIndex.kind, DropIndex.kind)


def read(path: Path, alias: str) -> tuple[tuple[Recommendation, ...], tuple[Finding, ...]]:
    """What the report says of one database.

    Raises:
        AuditError: the file cannot be read, is no such report, or says nothing of this database.
    """
    data = stored.load(path)
    with stored.complete(path):
        databases = {one["alias"]: one for one in data["databases"]}
        if alias not in databases:
            named = ", ".join(map(repr, databases)) or "no database"
            raise AuditError(f"{str(path)!r} has no database {alias!r}; it has {named}.")
        rows = databases[alias]
        return (
            tuple(_recommendation(row) for row in rows["recommendations"] if row["remedy"]["kind"] in KINDS),
            tuple(_finding(row) for row in rows["findings"] if row["remedy"]["kind"] in KINDS),
        )


def own_queries(path: Path, alias: str) -> dict[str, str]:
    """The ids of the project's own queries that the report measured on this database, each with its label.

    Raises:
        AuditError: the file cannot be read or is no such report.
    """
    data = stored.load(path)
    with stored.complete(path):
        rows = next(one["queries"] for one in data["databases"] if one["alias"] == alias)
        return {row["id"]: row["label"] for row in rows if row["origin"] == "canned"}


def _recommendation(row: Row) -> Recommendation:
    gain, cost = row["gain"], row["cost"]
    return Recommendation(
        rank=row["rank"],
        priority=row["priority"],
        phase=row["phase"],
        title=row["title"],
        remedy=_remedy(row["remedy"]),
        findings=tuple(row["findings"]),
        gain=_made(Gain, gain) if gain else None,
        cost=_made(Cost, cost) if cost else None,
        risk=row["risk"],
        after=row["after"],
        caution=row.get("caution", ""),
        projected=bool(row.get("projected")),
        helps=tuple(_made(Helped, one) for one in row["helps"]),
    )


def _finding(row: Row) -> Finding:
    head = f"{row['check']}:{row['table']}:" if row["table"] else f"{row['check']}:"
    return Finding(
        subject=row["subject"],
        detail=row["detail"],
        identity=(row["key"].removeprefix(head),),
        remedy=_remedy(row["remedy"]),
        evidence=tuple(_made(Evidence, one) for one in row["evidence"]),
        table=row["table"],
        group=row["group"],
        check=row["check"],
    )


def _remedy(row: Row) -> Remedy:
    texts = {name: row[name] for name in ("orm", "sql", "undo_sql", "verification")}
    action = CreateIndex.of_members(row) if row["kind"] == CreateIndex.kind else _made(DropIndex, row)
    return Remedy(action=action, **texts)


def _made(kind: type[Any], row: Row) -> Any:
    """A value of this kind from the members of the row that it knows; lists are tuples again."""
    known = {one.name for one in fields(kind)}
    return kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in row.items() if name in known}
    )
