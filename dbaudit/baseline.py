"""The findings that a team knows and lives with for now: only new ones fail a build. Pure but for its one file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dbaudit import ledger
from dbaudit.findings import Baseline, DatabaseReport, Finding, Known, Report
from dbaudit.ledger import Entry, Kind

KIND = Kind("baseline", "--write-baseline")
#: What the ids of measured queries begin with.
ORIGINS = frozenset({"admin", "canned", "captured", "crawl", "forward", "page", "reverse", "statements"})
_KEY = re.compile(r"[a-z_]\w*(?::.*)?", re.DOTALL)


def read(path: str | Path) -> tuple[Known, ...]:
    """The findings that a baseline knows.

    Raises `AuditError`, in one sentence, for a file that cannot be read, is none, is of another version, was cut
    short, or has a line that names no finding.
    """
    return tuple(_known(entry, path) for entry in ledger.read(path, KIND))


def text(known: Iterable[Known]) -> str:
    """The baseline as a file: keys only, sorted, one a line, with their sentences as comments."""
    return ledger.text(KIND, (Entry((one.alias, one.key), one.sentence) for one in known))


def taken(report: Report) -> tuple[Known, ...]:
    """What a baseline written now would know, of a report that was held against none.

    Findings whose suppression expired are not taken: a date that was set is set anew, not forgotten.
    """
    return tuple(
        Known(database.snapshot.alias, finding.key, finding.subject)
        for database in report.databases
        for finding in database.findings
        if not finding.new
    )


def held(report: Report, known: Iterable[Known], file: str, *, narrowed: bool = False) -> Report:
    """The report with each finding marked as new or known, and with the known ones that are fixed.

    ``narrowed`` says that the audit looked at some applications only; then nothing is said to be fixed.
    """
    every = tuple(known)
    keys = {(one.alias, one.key) for one in every}
    queries = {rule.id for rule in report.rules if "queries" in rule.needs}
    fixed: list[Known] = []
    for database in () if narrowed else report.databases:
        fixed += (one for one in every if one.alias == database.snapshot.alias and _fixed(database, one.key, queries))
    return replace(
        report,
        databases=tuple(_marked(database, keys) for database in report.databases),
        baseline=Baseline(file=file, fixed=tuple(dict.fromkeys(fixed))),
    )


def _marked(database: DatabaseReport, keys: set[tuple[str, str]]) -> DatabaseReport:
    def marked(finding: Finding) -> Finding:
        known = (database.snapshot.alias, finding.key) in keys
        return replace(finding, new=finding.new or not known)

    return replace(database, findings=tuple(map(marked, database.findings)))


def _fixed(database: DatabaseReport, key: str, queries: set[str]) -> bool:
    """Whether a finding is gone: it would have been found, and was not. A check that no longer exists finds nothing."""
    found = {one.key for one in database.findings} | {one.finding.key for one in database.suppressed}
    check, *parts = key.split(":")
    untold = {one.what for one in (*database.skipped, *database.crashed)}
    if key in found or check in untold or not untold.isdisjoint(parts):
        return False
    return check not in queries or _asked(database, key, parts)


def _asked(database: DatabaseReport, key: str, parts: list[str]) -> bool:
    """Whether this audit measured the kind of query that a key is about; and the query, where there still is one."""
    origins = {run.id.partition(":")[0] for run in database.snapshot.runs if run.audited}
    if any(f":{run.id}" in key for run in database.snapshot.runs if not run.audited):
        return False
    named = ORIGINS.intersection(parts[:2])
    return named <= origins if named else bool(origins)


def _known(entry: Entry, path: str | Path) -> Known:
    if len(entry.fields) != 2 or not _KEY.fullmatch(entry.fields[1]):
        raise ledger.unreadable(path, entry, KIND)
    return Known(entry.fields[0], entry.fields[1], entry.sentence)
