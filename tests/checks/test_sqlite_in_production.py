from __future__ import annotations

from pytest_django import Settings

from tests.scratch import Scratch

CHECK = "sqlite_in_production"


def test_silent_with_debug(sqlite: Scratch, settings: Settings) -> None:
    settings.DEBUG = True
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY)")
    assert not sqlite.findings(CHECK)


def test_a_remark_without_debug(sqlite: Scratch, settings: Settings) -> None:
    settings.DEBUG = False
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY)")
    (found,) = sqlite.findings(CHECK)
    assert (found.key, found.severity, found.category) == (CHECK, "info", "operations")
