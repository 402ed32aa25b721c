"""Judging a snapshot whose posture differs in something that no test can bring about: another machine, another day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from django.apps import apps

from dbaudit import checks
from dbaudit.checks import Outcome
from dbaudit.facts import Snapshot
from dbaudit.findings import Finding
from dbaudit.registry import registered

#: Anywhere: Python counts the addresses that are kept for documentation among the private ones.
PUBLIC_ADDRESS = "9.9.9.9"


def elsewhere(snapshot: Snapshot, **server: Any) -> Snapshot:
    """The same server on another machine, with these facts of it changed."""
    assert snapshot.posture
    assert snapshot.server
    other = replace(snapshot.server, **{"address": PUBLIC_ADDRESS, **server})
    return replace(snapshot, posture=replace(snapshot.posture, server=other))


def local(snapshot: Snapshot, **server: Any) -> Snapshot:
    """The same server where it is, with these facts of it changed."""
    assert snapshot.server
    return elsewhere(snapshot, **{"address": snapshot.server.address, **server})


def on(snapshot: Snapshot, today: date, **posture: Any) -> Snapshot:
    """The same audit on another day, with these facts of the posture changed."""
    assert snapshot.posture
    return replace(snapshot, posture=replace(snapshot.posture, today=today, **posture))


def with_django(snapshot: Snapshot, **django: Any) -> Snapshot:
    """The same database with other settings of Django."""
    assert snapshot.posture
    return replace(snapshot, posture=replace(snapshot.posture, django=replace(snapshot.posture.django, **django)))


def outcome(check: str, snapshot: Snapshot) -> Outcome:
    """What one check makes of a snapshot; a check that crashes fails the test."""
    checks.load(apps)
    found = checks.run(snapshot, [one for one in registered() if one.id == check])
    assert not found.crashed
    return found


def judge(check: str, snapshot: Snapshot) -> tuple[Finding, ...]:
    """What one check finds; one that could not judge fails the test."""
    found = outcome(check, snapshot)
    assert not found.skipped
    return found.findings


def unjudged(check: str, snapshot: Snapshot) -> bool:
    """Whether a check says, instead of nothing, that it could not judge."""
    found = outcome(check, snapshot)
    assert not found.findings
    return [one.what for one in found.skipped] == [check]
