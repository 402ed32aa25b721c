"""What code hosts need of a finding: its place in the repository, a fingerprint, and its sentence."""

from __future__ import annotations

import hashlib

from dbaudit.facts import Location
from dbaudit.findings import ChangeQuery, Finding, Report
from dbaudit.report import remedies, words


def place(report: Report, finding: Finding) -> Location:
    """Where a host shows the finding: its line of the project, otherwise where the settings name the databases.

    Files of installed packages are in nobody's repository.
    """
    own = finding.location if finding.owner == "project" else None
    return in_repository(report, own or report.code.settings)


def in_repository(report: Report, location: Location) -> Location:
    """The place with its path from the root of the repository."""
    return Location(f"{report.code.prefix}{location.file}", location.line)


def fingerprint(alias: str, key: str) -> str:
    """32 hexadecimal digits that stay when lines move and rows come and go."""
    return hashlib.sha256(f"{alias} {key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def message(finding: Finding) -> str:
    """What is wrong and what to do, in a few sentences on one line."""
    remedy = finding.remedy
    deed = f"{remedies.action(remedy.action)}."
    if isinstance(remedy.action, ChangeQuery) and remedy.orm and "\n" not in remedy.orm.strip():
        deed = f"{remedies.action(remedy.action)}: {remedy.orm.strip()}"
    if remedy.failed:
        deed = remedies.verification(remedy)
    return words.printable(" ".join(filter(None, (f"{finding.subject}.", finding.detail, deed))))
