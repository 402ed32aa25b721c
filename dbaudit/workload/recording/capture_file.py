"""The workload file: one JSON line for each request or test, without the value of any parameter.

A line holds the distinct statements once, and each execution as [statement, milliseconds, rows, arguments].
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dbaudit.errors import AuditError
from dbaudit.facts import Location, QueryRun, Skipped, Statement
from dbaudit.workload.sampling import status

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One request or test. ``ms`` is its wall-clock time, None where that says nothing (a test)."""

    id: str
    label: str
    ms: float | None
    statements: tuple[Statement, ...]
    dropped: int = 0


def append(path: Path, captured: Captured) -> None:
    """Add a line in one write, so that processes that share the file do not mix. Raises `OSError`."""
    data = (json.dumps(_line(captured), separators=(",", ":")) + "\n").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, data)
    finally:
        os.close(file)


def read(path: Path, alias: str) -> tuple[tuple[QueryRun, ...], tuple[Skipped, ...]]:
    """The runs of a file on one alias, requests of one route together, and what could not be read.

    Raises: `AuditError` where the file cannot be opened or holds not one whole line.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise AuditError(f"The workload file {path} cannot be read: {error.strerror}.") from error
    whole: list[Captured] = []
    bad: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            whole.append(_captured(json.loads(line)))
        except (ValueError, KeyError, TypeError, IndexError):
            bad.append(number)
    if bad and not whole:
        raise AuditError(f"The workload file {path} holds no line that dbaudit wrote; name the file of a capture.")
    skipped = [
        Skipped(f"{path.name}:{number}", f"The line is cut short or not of version {VERSION}; the others are used.")
        for number in bad
    ]
    return tuple(_runs(whole, alias, path.name)), tuple(skipped)


def _runs(captured: Iterable[Captured], alias: str, file: str) -> Iterator[QueryRun]:
    groups: defaultdict[str, list[Captured]] = defaultdict(list)
    for one in captured:
        here = tuple(statement for statement in one.statements if statement.alias == alias)
        if here:
            groups[one.id].append(replace(one, statements=here))
    for identity, members in sorted(groups.items()):
        # The call with most statements shows what one call can take; the times are those of all.
        worst = max(members, key=lambda one: len(one.statements) + one.dropped)
        run = QueryRun(
            id=f"captured:{identity}",
            label=worst.label,
            origin="captured",
            alias=alias,
            status="not timed",
            location=next((one.location for one in worst.statements if one.location), None),
            samples_ms=tuple(one.ms for one in members if one.ms is not None),
            queries=len(worst.statements) + worst.dropped,
            calls=len(members),
            statements=worst.statements,
            statements_dropped=worst.dropped,
            source=file,
        )
        yield replace(run, status=status(run)) if run.samples_ms else run


def _line(captured: Captured) -> dict[str, Any]:
    kinds: dict[tuple[Any, ...], int] = {}
    executions = []
    for one in captured.statements:
        what = (
            one.template,
            one.fingerprint,
            one.alias,
            one.kind,
            one.tables,
            tuple((place.file, place.line) for place in one.stack),
            one.asked,
            one.asker,
            one.via,
            one.error,
            one.many,
        )
        number = kinds.setdefault(what, len(kinds))
        executions.append([number, round(one.duration_ms, 4), one.rows, one.arguments])
    return {
        "version": VERSION,
        "id": captured.id,
        "label": captured.label,
        "ms": captured.ms if captured.ms is None else round(captured.ms, 3),
        "statements": list(kinds),
        "executions": executions,
        "dropped": captured.dropped,
    }


def _captured(line: dict[str, Any]) -> Captured:
    if line["version"] != VERSION:
        raise ValueError("version")
    kinds = [
        Statement(
            sql=text,
            template=text,
            fingerprint=fingerprint,
            alias=alias,
            kind=kind,
            duration_ms=0.0,
            tables=tuple(tables),
            stack=tuple(Location(file, int(number)) for file, number in stack),
            asked=asked,
            asker=asker,
            via=via,
            error=error,
            many=many,
        )
        for text, fingerprint, alias, kind, tables, stack, asked, asker, via, error, many in line["statements"]
    ]
    return Captured(
        id=str(line["id"]),
        label=str(line["label"]),
        ms=line["ms"],
        statements=tuple(
            replace(kinds[number], duration_ms=float(ms), rows=rows, arguments=int(arguments))
            for number, ms, rows, arguments in line["executions"]
        ),
        dropped=int(line["dropped"]),
    )
