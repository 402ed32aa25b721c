"""What an audit is asked for, in one value: the command, `dbaudit.audit` and ``apply-indexes`` fill it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dbaudit.facts.budgets import QueryBudget
from dbaudit.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an audit is asked for. Empty ``apps`` and ``checks`` mean all; ``progress`` is told what is being done.

    ``queries`` measures the canned and automatic workload, ``crawl`` the GET routes too; ``workload`` names files of
    captured queries. ``budgets`` are those that the queries are held against, None for none.
    ``index_budget`` (``64MB``, ``25%``) is what new indexes may take, ``advise_for`` (``60s``) how long they are looked
    for, as in the settings where empty; ``quick`` makes one pass; ``what_if`` is ``sample`` or ``build``, which
    builds the chosen ones on the live tables and rolls that back; ``explain_rejected`` tells of those refused.
    ``arguments`` are the command's, for the report's "how to reproduce".
    """

    databases: tuple[str, ...] = ("default",)
    apps: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    exact_counts: bool = False
    read_data: bool = False
    queries: bool = True
    crawl: bool = False
    crawl_exclude: tuple[str, ...] = ()
    workload: tuple[Path, ...] = ()
    budgets: tuple[QueryBudget, ...] | None = None
    index_budget: str = ""
    advise_for: str = ""
    quick: bool = False
    what_if: str = ""
    explain_rejected: bool = False
    arguments: tuple[str, ...] = ()
    progress: Progress = silent


def listed(names: Iterable[str] | str) -> tuple[str, ...]:
    """The names. A lone one is a list of one, never its letters."""
    return (names,) if isinstance(names, str) else tuple(names)
