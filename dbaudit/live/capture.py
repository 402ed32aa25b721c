"""``dbaudit.capture()``: the statements of a block of code, and what is wrong with them."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from django.apps import apps
from django.core.signals import got_request_exception
from django.db import DEFAULT_DB_ALIAS, connections

from dbaudit import checks
from dbaudit.errors import AuditError
from dbaudit.facts import QueryRun, Snapshot, Statement, WrongName
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import Finding
from dbaudit.registry import Check, Need, identified
from dbaudit.workload.recording.recorder import Recorder
from dbaudit.workload.wrong_names import raised


class capture:  # noqa: N801 - read as a word: `with dbaudit.capture() as run`
    """Record the statements of a block: of all aliases, of its tasks, and of the threads that begin within it.

    Works as ``with`` and as ``async with``. ``statements`` and ``findings`` may be read inside the block, where they
    hold what was recorded until then, and after it. ``threads=False`` leaves other threads out: for a server that
    handles one request in each.
    """

    def __init__(self, *, threads: bool = True) -> None:
        self._recorder = Recorder(threads=threads)
        self._block: AbstractContextManager[Recorder] | None = None
        self._wrong: WrongName | None = None

    def __enter__(self) -> Self:
        if self._block is not None:
            raise RuntimeError("This capture has been used; make a new one with dbaudit.capture().")
        self._block = self._recorder.recording()
        self._block.__enter__()
        got_request_exception.connect(self._failed)
        return self

    def _failed(self, **_: Any) -> None:
        """A view failed in the block: its error becomes a page, and is seen here only."""
        error = sys.exc_info()[1]
        if error is not None and self._wrong is None:
            self._wrong = raised(error)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._block is not None:
            got_request_exception.disconnect(self._failed)
            self._block.__exit__(kind, error, traceback)
            if error is not None and self._wrong is None:
                self._wrong = raised(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What ran until now, in order, without the statements that only begin and end transactions."""
        return tuple(one for one in self._recorder.statements if one.kind != "transaction")

    @property
    def dropped(self) -> int:
        """How many statements ran beyond those that are kept."""
        return self._recorder.dropped

    @property
    def run(self) -> QueryRun:
        """The block as a run without a time of its own."""
        statements = self.statements
        return QueryRun(
            id="capture",
            label="capture",
            origin="captured",
            alias=statements[0].alias if statements else "",
            status="not timed",
            queries=len(statements) + self.dropped,
            statements=statements,
            statements_dropped=self.dropped,
            wrong_name=self._wrong or self._recorder.wrong_name,
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the statements, by descriptor and statement evidence: there is no second run.

        Found by the same checks as in a report, the project's own among them, as far as they need nothing but queries.
        """
        return judge(self.run).findings

    def assert_none(self, *ids: str) -> None:
        """Raise an `AssertionError` that lists the findings of these checks; of all, where none is named.

        Raises `AuditError` for the name of a check that looks at no statements: it would always pass.
        """
        known = sorted(one.id for one in _checks())
        ids = tuple(identified(name, known) for name in ids)
        unknown = [one for one in ids if one not in known]
        if unknown:
            raise AuditError(f"No check of statements is called {unknown[0]!r}; known: {', '.join(known)}.")
        found = [one for one in self.findings if not ids or one.check in ids]
        if found:
            lines = (f"{one.subject}: {one.detail}{_at(one)}" for one in found)
            raise AssertionError(f"{len(found)} findings in this block:\n" + "\n".join(lines))


def judge(run: QueryRun, snapshot: Snapshot | None = None) -> checks.Outcome:
    """What the checks find in one run that cannot be run again; its statements may be of several aliases.

    Without a snapshot by those that look at nothing but queries; with one, by those that look at its tables, too.
    """
    selected = _checks() if snapshot is None else _checks("schema")
    if snapshot is None:
        connection = connections[run.alias or DEFAULT_DB_ALIAS]
        snapshot = Snapshot(
            alias=connection.alias, vendor=connection.vendor, server_version="", dialect=Dialect.of(connection)
        )
    return checks.run(replace(snapshot, runs=(run,)), selected if run.statements or run.wrong_name else ())


def _checks(*more: Need) -> list[Check]:
    """Those that look at queries and at what is named, and at nothing else."""
    return [one for one in checks.load(apps) if one.enabled and {*one.needs} == {"queries", *more}]


def _at(finding: Finding) -> str:
    return f" ({finding.location.file}:{finding.location.line})" if finding.location else ""
