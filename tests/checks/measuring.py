"""Measured queries of a test's own: run as the audit runs a canned query, recorded and planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.apps.registry import Apps

from dbaudit.checks import Outcome
from dbaudit.facts import QueryRun
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from tests.checks.operations import outcome
from tests.scratch import Scratch


def measured(scratch: Scratch, name: str, task: Callable[[], Any]) -> QueryRun:
    """One run of the scratch database; it must come to its end."""
    run = QueryRun(id=name, label=name, origin="canned", alias=scratch.alias, status="not audited")
    found = Bench(scratch.connection, Limits()).measure(run, task)
    assert found.audited, found.reason
    return found


def judged_with(check: str, scratch: Scratch, apps: Apps, *tasks: Callable[[], Any], **options: Any) -> Outcome:
    """What a check makes of the database where these queries were measured."""
    runs = tuple(measured(scratch, f"query {number}", task) for number, task in enumerate(tasks, 1))
    return outcome(check, replace(scratch.snapshot(apps, **options), runs=runs))
