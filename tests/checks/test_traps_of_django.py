"""Must stay quiet: what the checks of Django's own traps say of all of ``django.contrib``, freshly migrated."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.registry import registered
from tests import project
from tests.checks.usage import counted, grow_old
from tests.scratch import Scratch

CHECKS = frozenset(
    {
        "lookup_index_mismatch",
        "soft_delete_without_partial_index",
        "unenforced_uniqueness",
        "unserved_ordering",
        "unused_pattern_index",
    }
)


def test_nothing_on_a_freshly_migrated_django_a_month_later(scratch: Scratch, tmp_path: Path) -> None:
    project.make(tmp_path, database=scratch.connection.settings_dict).manage("migrate", "-v0")
    if scratch.vendor == "postgresql":
        grow_old(scratch)
    checks.load(installed)
    chosen = [check for check in registered() if check.id in CHECKS]
    assert len(chosen) == len(CHECKS)
    outcome = checks.run(counted(scratch, installed), chosen)
    assert not outcome.crashed
    assert not outcome.findings
