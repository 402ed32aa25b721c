"""What to do with a report, as commands to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from dbaudit.findings import CreateIndex, DatabaseReport, Report

_MANAGE = ("python", "manage.py", "dbaudit")


@dataclass(frozen=True, slots=True)
class NextStep:
    """A reason, a sentence without its full stop, and the command."""

    why: str
    command: str


def next_steps(report: Report, database: DatabaseReport) -> tuple[NextStep, ...]:
    """The steps that this report calls for, in the order in which they are best done."""
    return tuple(_steps(report, database))


def _steps(report: Report, database: DatabaseReport) -> Iterator[NextStep]:
    alias = database.snapshot.alias
    where = () if alias == "default" else ("--database", alias)
    if any(isinstance(one.remedy.action, CreateIndex) for one in database.recommendations):
        yield _step("See how the indexes would be built, and what each takes", "apply-indexes", "--dry-run", *where)
        yield _step("Build them, edit the models and write the migrations", "apply-indexes", "--migrations", *where)
    if database.findings:
        check = min(database.findings, key=lambda one: one.order).check
        yield _step("Read why the first finding matters and how it is fixed", "explain", check)
        if report.baseline is None:
            baseline = ("--write-baseline", "dbaudit-baseline.txt")
            yield _step(
                "Accept what there is today, so that only new findings fail a build", "report", *where, *baseline
            )
    if not database.snapshot.runs:
        yield _step("Measure the queries, too", "report", *where)
    yield _step("Keep the figures, for the trend and for `dbaudit diff`", "report", *where, "--output", "report.json")


def _step(why: str, *arguments: str) -> NextStep:
    return NextStep(why, shlex.join((*_MANAGE, *arguments)))
