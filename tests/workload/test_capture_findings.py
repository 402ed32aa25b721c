"""What ``dbaudit.capture()`` finds: the checks of a report, in a block that is not run again."""

from __future__ import annotations

import pytest

import dbaudit
from dbaudit.errors import AuditError
from tests.scratch import Scratch
from tests.workload.models import Author


def test_a_block_without_statements_has_no_findings(library: Scratch) -> None:
    with dbaudit.capture() as run:
        pass
    assert run.findings == ()
    run.assert_none()


def test_findings_may_be_read_inside_the_block_and_after_it(library: Scratch) -> None:
    with dbaudit.capture() as run:
        for author in Author.objects.all():
            _ = author.publisher
        assert [one.check for one in run.findings] == ["n_plus_one"]
    (finding,) = run.findings
    assert finding.confidence == "high"
    assert finding.location is not None
    assert finding.location.file == "tests/workload/test_capture_findings.py"


def test_only_the_named_checks_are_asserted(library: Scratch) -> None:
    with dbaudit.capture() as run:
        for author in Author.objects.all():
            _ = author.publisher
    run.assert_none("duplicate_statement", "deep_offset")
    with pytest.raises(AssertionError, match=r"tests\.Author\.publisher is asked once for each row.*test_capture_fin"):
        run.assert_none("n_plus_one")


def test_a_check_that_looks_at_no_statements_is_refused(library: Scratch) -> None:
    with dbaudit.capture() as run:
        Author.objects.count()
    for name in ("n_plus_on", "duplicate_index"):
        with pytest.raises(AuditError, match=f"No check of statements is called '{name}'; known: .*n_plus_one"):
            run.assert_none(name)
