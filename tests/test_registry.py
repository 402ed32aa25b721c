from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    found = next(check for check in registry.registered() if check.id == "tests.complete")
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


@pytest.mark.usefixtures("clean")
def test_a_lone_name_is_a_list_of_one_and_never_its_letters() -> None:
    registry.check(needs="models", vendors="sqlite")(complete)
    (found,) = (check for check in registry.registered() if check.id == "tests.complete")
    assert (found.needs, found.vendors) == (("models",), ("sqlite",))


@pytest.mark.usefixtures("clean")
def test_a_vendor_that_is_none_of_django_s_own_may_be_that_of_another_backend() -> None:
    registry.check(vendors=["microsoft", "cockroachdb"])(complete)
    (found,) = (check for check in registry.registered() if check.id == "tests.complete")
    assert found.works_on("microsoft")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"needs": ["luck"]}, r"needs 'luck'; known needs are schema, models,"),
        ({"needs": "luck"}, r"needs 'luck'; known needs are schema, models,"),
        ({"vendors": ["postgres"]}, r"works on the vendor 'postgres'\. Did you mean 'postgresql'\?"),
        ({"vendors": ["SQLite"]}, r"works on the vendor 'SQLite'\. Did you mean 'sqlite'\?"),
        ({"vendors": "mariadb"}, r"works on the vendor 'mariadb'\. Did you mean 'mysql'\?"),
        ({"category": "money"}, r"has the category 'money'\. Valid names: operations, schema\."),
        ({"severity": "warn"}, r"has the severity 'warn'\. Did you mean 'warning'\?"),
        ({"severity": "default"}, r"has the severity 'default'\. Valid names: error, info, warning\."),
    ],
)
def test_an_unknown_value_is_refused_with_file_line_and_the_valid_ones(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AuditError, match=rf"test_registry\.py:\d+: check 'complete' {sentence}"):
        registry.check(**values)(complete)


@pytest.mark.parametrize("name", ["shop.full", "redundant_index", "unknown", "twice"])
def test_a_name_that_is_an_id_or_fits_none_or_several_is_left_as_it_is(name: str) -> None:
    assert registry.identified(name, ["shop.full", "redundant_index", "a.twice", "b.twice"]) == name


def test_a_project_s_check_is_still_found_without_its_app_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match=r"The check 'full' is now called 'shop\.full': write it so\."):
        assert registry.identified("full", ["shop.full", "redundant_index"]) == "shop.full"
