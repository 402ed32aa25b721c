from __future__ import annotations

from collections.abc import Iterator

import pytest

from dbaudit import registry
from dbaudit.errors import AuditError
from dbaudit.facts import Snapshot
from dbaudit.findings import Finding


def complete(snapshot: Snapshot) -> Iterator[Finding]:
    """A title.

    Why: Because.

    Fix: Do it.

    Silent when: Never.
    """
    yield from ()


@pytest.fixture
def clean() -> Iterator[None]:
    before = dict(registry._checks)
    yield
    registry._checks.clear()
    registry._checks.update(before)


@pytest.mark.usefixtures("clean")
def test_a_function_is_registered_under_its_name_with_the_paragraphs_of_its_docstring() -> None:
    registry.check(severity="info", needs=["models"])(complete)
    found = next(check for check in registry.registered() if check.id == "complete")
    assert (found.title, found.why, found.fix, found.silent_when) == ("A title", "Because.", "Do it.", "Never.")
    assert found.severity == "info"
    assert found.works_on("anything")


def test_a_docstring_without_a_paragraph_is_refused_with_file_and_line() -> None:
    def incomplete(snapshot: Snapshot) -> Iterator[Finding]:
        """A title.

        Why: Because.
        """
        yield from ()

    with pytest.raises(AuditError, match=r"test_registry\.py:\d+: check 'incomplete' needs a docstring"):
        registry.check()(incomplete)


def test_a_check_with_another_signature_is_refused_with_file_and_line() -> None:
    def twofold(snapshot: Snapshot, extra: int) -> Iterator[Finding]:
        yield from ()

    with pytest.raises(AuditError, match=r"test_registry\.py:\d+: check 'twofold' must take exactly one argument"):
        registry.check()(twofold)  # type: ignore[arg-type]


@pytest.mark.usefixtures("clean")
def test_two_checks_of_one_name_are_refused_with_both_places() -> None:
    def other(snapshot: Snapshot) -> Iterator[Finding]:
        yield from ()

    other.__doc__, other.__name__ = complete.__doc__, "complete"
    registry.check()(complete)
    with pytest.raises(AuditError, match=r"'complete' is already registered at .*test_registry\.py:\d+; rename one"):
        registry.check()(other)


def test_an_unknown_need_is_refused() -> None:
    with pytest.raises(AuditError, match="needs 'luck'"):
        registry.check(needs=["luck"])(complete)  # type: ignore[list-item]
