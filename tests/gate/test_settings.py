"""Settings are advised where the server and this Django know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbaudit.findings import ChangeSetting, Remedy
from tests.gate.gating import attempt

if TYPE_CHECKING:
    from tests.scratch import Scratch


def setting(orm: str = "", sql: str = "") -> Remedy:
    return Remedy(action=ChangeSetting(setting="OPTIONS", value="x", where="DATABASES"), orm=orm, sql=sql)


def test_options_of_sqlite_are_connected_with(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE item (id integer PRIMARY KEY)")
    options = 'DATABASES["default"].setdefault("OPTIONS", {}).update({"timeout": 20})'
    assert attempt(sqlite, setting(options)).state == "verified"
    wrong = 'DATABASES["default"].setdefault("OPTIONS", {}).update({"no_such_option": 20})'
    assert attempt(sqlite, setting(wrong)).state == "failed"


def test_what_the_check_advises_works(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE item (id integer PRIMARY KEY)")
    [found] = sqlite.findings("sqlite_posture")
    assert attempt(sqlite, found.remedy).state == "verified"


@pytest.mark.needs("postgresql")
def test_settings_of_the_server_are_looked_up(postgres: Scratch) -> None:
    known = attempt(postgres, setting(sql="ALTER ROLE CURRENT_USER SET lock_timeout = '5s';"))
    assert (known.state, "knows" in known.reason) == ("not_tried", True)
    unknown = attempt(postgres, setting('x["options"] = "-c lock_timeout=5s -c transaction_timeouts=9s"'))
    assert unknown.state == "failed"
    assert "transaction_timeouts" in unknown.reason


def test_other_settings_are_not_tried(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer PRIMARY KEY)")
    assert attempt(scratch, setting('DATABASES["default"]["CONN_MAX_AGE"] = 0')).state == "not_tried"
