"""The findings that a team knows and lives with for now: only new ones fail a build. Pure but for its one file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dbaudit.findings import Baseline, DatabaseReport, Finding, Known, Report
from dbaudit.policy import ledger
from dbaudit.policy.ledger import Entry, Kind
from dbaudit.registry import identified

KIND = Kind("baseline", "--write-baseline")
#: What the ids of measured queries begin with.
ORIGINS = frozenset({"admin", "canned", "captured", "crawl", "forward", "page", "reverse", "statements"})
_KEY = re.compile(r"[A-Za-z_][\w.]*(?::.*)?", re.DOTALL)


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
    ids = {rule.id for rule in report.rules}
    every = tuple(dict.fromkeys(_in_full(entry, ids) for entry in known))
    keys = {(one.alias, one.key) for one in every}
    queries = {rule.id for rule in report.rules if "queries" in rule.needs}
    fixed: list[Known] = []
    for database in () if narrowed else report.databases:
        gone = _Gone.of(database, queries)
        fixed += (one for one in every if one.alias == database.snapshot.alias and gone.has(one.key))
    return replace(
        report,
        databases=tuple(_marked(database, keys) for database in report.databases),
        baseline=Baseline(file=file, fixed=tuple(fixed)),
    )


def _in_full(known: Known, ids: set[str]) -> Known:
    """With the id that a project's check has today: older baselines name it without its app."""
    check, colon, rest = known.key.partition(":")
    return replace(known, key=f"{identified(check, ids)}{colon}{rest}")


def _marked(database: DatabaseReport, keys: set[tuple[str, str]]) -> DatabaseReport:
    def marked(finding: Finding) -> Finding:
        known = (database.snapshot.alias, finding.key) in keys
        return replace(finding, new=finding.new or not known)

    return replace(database, findings=tuple(map(marked, database.findings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """Tells which findings are gone from a database: they would have been found, and were not.

    ``untold`` are the checks and tables that were not examined. Whether a finding of a query is gone takes an audit
    that measured its kind (``origins``), and the query itself where there still is one (``failed``).
    """

    found: frozenset[str]
    untold: frozenset[str]
    queries: frozenset[str]
    origins: frozenset[str]
    failed: tuple[str, ...]

    @classmethod
    def of(cls, database: DatabaseReport, queries: Iterable[str]) -> _Gone:
        runs = database.snapshot.runs
        return cls(
            found=frozenset(
                [*(one.key for one in database.findings), *(one.finding.key for one in database.suppressed)]
            ),
            untold=frozenset(one.what for one in (*database.skipped, *database.crashed)),
            queries=frozenset(queries),
            origins=frozenset(run.id.partition(":")[0] for run in runs if run.audited),
            failed=tuple(f":{run.id}" for run in runs if not run.audited),
        )

    def has(self, key: str) -> bool:
        """Whether a finding is gone. What a check found that no longer exists is."""
        check, *parts = key.split(":")
        if key in self.found or check in self.untold or not self.untold.isdisjoint(parts):
            return False
        if check not in self.queries:
            return True
        named = ORIGINS.intersection(parts[:2])
        return (named <= self.origins if named else bool(self.origins)) and not any(one in key for one in self.failed)


def _known(entry: Entry, path: str | Path) -> Known:
    if len(entry.fields) != 2 or not _KEY.fullmatch(entry.fields[1]):
        raise ledger.unreadable(path, entry, KIND)
    return Known(entry.fields[0], entry.fields[1], entry.sentence)
