"""The pages of the checks, drawn from their docstrings: for the terminal and for ``docs/checks.md``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from tabulate import tabulate

from dbaudit.errors import AuditError, nearest
from dbaudit.registry import Check, identified

INTRODUCTION = """# Checks

<!-- Generated from the checks' docstrings by `make docs`; do not edit. -->

Every check of this version. `manage.py dbaudit explain ID` shows the same page on the terminal.
"""


def listing(checks: Iterable[Check]) -> str:
    """A table of every check: id, default severity, needs, vendors, title."""
    rows = [
        (
            check.id,
            check.severity if check.enabled else f"{check.severity} (off)",
            ", ".join(check.needs),
            _vendors(check),
            check.title,
        )
        for check in checks
    ]
    return tabulate(rows, headers=("check", "severity", "needs", "works on", "finds"), tablefmt="simple") + "\n"


def page(checks: Iterable[Check], name: str, width: int = 79) -> str:
    """One check's page, wrapped for a terminal. Raises `AuditError` with the nearest id for an unknown one."""
    known = {check.id: check for check in checks}
    name = identified(name, known)
    if name not in known:
        raise AuditError(f"Unknown check {name!r}. {nearest(name, known)}")
    check = known[name]
    parts = [
        textwrap.fill(f"{check.id}: {check.title}", width),
        f"{check.severity}; needs {', '.join(check.needs)}; works on {_vendors(check)}{_about(check)}",
    ]
    for heading, text in _paragraphs(check):
        parts.append(f"{heading}\n{textwrap.fill(text, width, initial_indent='  ', subsequent_indent='  ')}")
    return "\n\n".join(parts) + "\n"


def document(checks: Iterable[Check]) -> str:
    """All pages as Markdown."""
    parts = [INTRODUCTION]
    for check in checks:
        facts = f"Severity: {check.severity}. Needs: {', '.join(check.needs)}. Works on: {_vendors(check)}."
        facts += " About operations." if check.category == "operations" else ""
        parts.append(f"## {check.id}\n\n**{check.title}.** {facts}{'' if check.enabled else ' Off unless enabled.'}\n")
        parts += [f"**{heading}** {text}\n" for heading, text in _paragraphs(check)]
    return "\n".join(parts)


def _paragraphs(check: Check) -> Iterable[tuple[str, str]]:
    for heading, text in (("Why", check.why), ("Fix", check.fix), ("Silent when", check.silent_when)):
        yield heading, " ".join(text.split())


def _vendors(check: Check) -> str:
    return ", ".join(check.vendors) or "every database"


def _about(check: Check) -> str:
    return "; about operations" if check.category == "operations" else ""
