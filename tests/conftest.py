"""Fixtures and the capability report of the test suite."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from tests import capabilities, erp_database
from tests.capabilities import Capability, capability
from tests.postgres import main_server, server
from tests.scratch import Scratch, postgres_scratch, sqlite_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker


def pytest_configure() -> None:
    """Refuse a misspelt DBAUDIT_REQUIRE: it would require nothing. Let programs under test be interrupted."""
    # A shell that starts the tests in the background ignores Ctrl-C for them and for all that they start.
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for name in capabilities.required():
            capabilities.check_name(name)
    except LookupError as error:
        raise pytest.UsageError(f"DBAUDIT_REQUIRE: {error}") from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests that ask for ``postgres_versions`` on every server version."""
    if "postgres_versions" in metafunc.fixturenames:
        names = [f"postgresql-{major}" for major in capabilities.postgres_majors()] or ["postgresql"]
        versions = [pytest.param(name, marks=pytest.mark.needs(name)) for name in names]
        metafunc.parametrize("postgres_versions", versions, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs what is absent, or fail it where that is required."""
    for name in _needs(item):
        found = capability(name)
        item.user_properties.append(("capability", tuple(found)))
        if not found.present:
            if name in capabilities.required():
                pytest.fail(f"DBAUDIT_REQUIRE names {name}, but {found.detail}", pytrace=False)
            pytest.skip(f"needs {name}: {found.detail}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the capabilities that the tests asked for, those that were absent with the reason."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    tests = Counter(
        Capability(*value)
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == ("setup" if report.skipped else "call")
        for name, value in report.user_properties
        if name == "capability" and isinstance(value, tuple)
    )
    if tests:
        terminalreporter.section("capabilities")
    for found, count in sorted(tests.items()):
        number = f"{count} test{'s' if count > 1 else ''}"
        if found.present:
            terminalreporter.write_line(f"present  {' '.join(filter(None, (found.name, found.detail)))} ({number})")
        else:
            terminalreporter.write_line(f"absent   {found.name} ({number} left out: {found.detail})")


def _needs(item: pytest.Item) -> list[str]:
    """The capabilities that an item names, or that its fixtures and databases imply."""
    names = [name for marker in item.iter_markers("needs") for name in marker.args]
    databases = [
        alias
        for marker in item.iter_markers("django_db")
        for alias in (
            connections if marker.kwargs.get("databases") == "__all__" else marker.kwargs.get("databases") or ()
        )
    ]
    if "postgres" in getattr(item, "fixturenames", ()) or "postgresql" in databases:
        names.append("postgresql")
    return list(dict.fromkeys(names))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    django_db_modify_db_settings_parallel_suffix: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Prepare what the test databases are made of; if any test wants it, start the server of "postgresql"."""
    with django_db_blocker.unblock():
        if "postgresql" in connections.settings and any("postgresql" in _needs(item) for item in request.session.items):
            connections.settings["postgresql"].update(main_server().settings("dbaudit"))
            erp_database.make_template(main_server().major)
        creation: Any = connections["default"].creation
        kept = erp_database.in_memory(creation._get_test_db_name())
    with kept:
        yield


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def scratch(request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Scratch]:
    """An empty database of its own, once on SQLite and once on PostgreSQL."""
    empty = sqlite_scratch(tmp_path) if request.param == "sqlite" else postgres_scratch(main_server())
    with django_db_blocker.unblock(), empty as database:
        yield database


@pytest.fixture
def sqlite(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Scratch]:
    """An empty SQLite database of its own."""
    with django_db_blocker.unblock(), sqlite_scratch(tmp_path) as database:
        yield database


@pytest.fixture
def postgres(django_db_blocker: DjangoDbBlocker) -> Iterator[Scratch]:
    """An empty PostgreSQL database of its own, on the main server."""
    with django_db_blocker.unblock(), postgres_scratch(main_server()) as database:
        yield database


@pytest.fixture
def postgres_versions(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[Scratch]:
    """An empty PostgreSQL database of its own, once on every server version of this machine."""
    with (
        django_db_blocker.unblock(),
        postgres_scratch(server(int(request.param.removeprefix("postgresql-")))) as database,
    ):
        yield database
