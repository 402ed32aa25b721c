"""The workload file: one JSON line for each request or test, without the value of any parameter.

A line holds the distinct statements once, and each execution as [statement, milliseconds, rows, arguments, number,
work, row, loaded by]. A file is read line by line: of each route the call with most statements and all times are kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dbaudit.errors import AuditError
from dbaudit.facts import AskingRow, Location, QueryRun, Skipped, Statement, WrongName
from dbaudit.workload.sampling import status

VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One request or test. ``ms`` is its wall-clock time, None where that says nothing (a test)."""

    id: str
    label: str
    ms: float | None
    statements: tuple[Statement, ...]
    dropped: int = 0
    is_test: bool = False
    wrong: WrongName | None = None


@dataclass(slots=True)
class _Calls:
    """What is kept of the calls of one route: the one with most statements, as its line, and the times of all."""

    line: dict[str, Any]
    size: int
    times: list[float] = field(default_factory=list)
    number: int = 0


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
    groups: dict[str, _Calls] = {}
    skipped: list[Skipped] = []
    whole = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    reason = _take(line, alias, groups)
                    whole += not reason
                    skipped += [Skipped(f"{path.name}:{number}", reason)] if reason else []
    except OSError as error:
        raise AuditError(f"The workload file {path} cannot be read: {error.strerror}.") from error
    if skipped and not whole:
        raise AuditError(f"The workload file {path} holds no line that dbaudit wrote; name the file of a capture.")
    return tuple(_run(identity, calls, alias, path.name) for identity, calls in sorted(groups.items())), tuple(skipped)


def _take(line: bytes, alias: str, groups: dict[str, _Calls]) -> str:
    """Add a line to the calls of its route; the reason where it cannot be used."""
    try:
        found = json.loads(line)
    except ValueError:
        return "The line is cut short, or two processes wrote it at once; the others are used."
    try:
        if found["version"] != VERSION:
            return (
                f"The line was recorded by a dbaudit that writes version {found['version']}; this one reads version "
                f"{VERSION}. Record again."
            )
        # Statements of another alias belong to another report.
        kinds = [kind[2] == alias for kind in found["statements"]]
        here = sum(kinds[execution[0]] for execution in found["executions"])
        size = here + int(found["dropped"])
        if not here and (found["executions"] or not found.get("wrong")):
            return ""
        calls = groups.get(str(found["id"]))
        if calls is None or size > calls.size:
            _captured(found)  # a line is used only where all of it can be read
            calls = groups[str(found["id"])] = _Calls(found, size, *((calls.times, calls.number) if calls else ([], 0)))
        calls.number += 1
        if found["ms"] is not None:
            calls.times.append(float(found["ms"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return "The line is not what dbaudit writes; the others are used."
    return ""


def _run(identity: str, calls: _Calls, alias: str, file: str) -> QueryRun:
    worst = _captured(calls.line)
    statements = tuple(one for one in worst.statements if one.alias == alias)
    run = QueryRun(
        id=f"captured:{identity}",
        label=worst.label,
        origin="captured",
        alias=alias,
        status="not timed",
        location=next((one.location for one in statements if one.location), None),
        samples_ms=tuple(calls.times),
        queries=len(statements) + worst.dropped,
        calls=calls.number,
        statements=statements,
        statements_dropped=worst.dropped,
        source=file,
        is_test=worst.is_test,
        wrong_name=worst.wrong,
    )
    return replace(run, status=status(run)) if run.samples_ms else run


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
            one.model,
            one.lookup,
            one.part,
            one.method,
            one.call,
            one.direct,
            one.apart,
            *((one.row.path, one.row.alone) if one.row else ("", False)),
        )
        kind = kinds.setdefault(what, len(kinds))
        row = (one.row.number, one.row.loaded_by) if one.row else (None, None)
        executions.append([kind, round(one.duration_ms, 4), one.rows, one.arguments, one.number, one.work, *row])
    return {
        "version": VERSION,
        "id": captured.id,
        "label": captured.label,
        "ms": captured.ms if captured.ms is None else round(captured.ms, 3),
        "test": captured.is_test,
        "statements": list(kinds),
        "executions": executions,
        "dropped": captured.dropped,
        "wrong": _wrong(captured.wrong),
    }


def _wrong(wrong: WrongName | None) -> list[Any] | None:
    if wrong is None:
        return None
    place = (wrong.location.file, wrong.location.line) if wrong.location else None
    return [wrong.name, wrong.model, wrong.valid, wrong.nearest, wrong.sure, place]


def _wrong_name(values: list[Any] | None) -> WrongName | None:
    if not values:
        return None
    name, model, valid, nearest, sure, place = values
    return WrongName(
        name=str(name),
        model=str(model),
        valid=tuple(valid),
        nearest=str(nearest),
        sure=bool(sure),
        location=Location(str(place[0]), int(place[1])) if place else None,
    )


def _captured(line: dict[str, Any]) -> Captured:
    kinds = [*map(_kind, line["statements"])]
    return Captured(
        id=str(line["id"]),
        label=str(line["label"]),
        ms=line["ms"],
        statements=tuple(_executions(kinds, line["executions"])),
        dropped=int(line["dropped"]),
        is_test=bool(line["test"]),
        wrong=_wrong_name(line.get("wrong")),
    )


def _kind(values: list[Any]) -> tuple[Statement, AskingRow]:
    """What is the same of all executions of a statement, and of the rows that asked."""
    text, fingerprint, alias, kind, tables, stack, asked, asker, via, error, many, *more = values
    model, lookup, part, method, call, direct, apart, path, alone = more
    statement = Statement(
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
        model=model,
        lookup=lookup,
        part=part,
        method=method,
        call=int(call),
        direct=direct,
        apart=apart,
    )
    return statement, AskingRow(number=0, path=path, alone=alone)


def _executions(kinds: list[tuple[Statement, AskingRow]], executions: list[list[Any]]) -> Iterator[Statement]:
    for kind, ms, rows, arguments, number, work, row, loaded_by in executions:
        statement, asking = kinds[kind]
        yield replace(
            statement,
            duration_ms=float(ms),
            rows=rows,
            arguments=int(arguments),
            number=int(number),
            work=int(work),
            row=replace(asking, number=int(row), loaded_by=loaded_by) if row is not None else None,
        )
