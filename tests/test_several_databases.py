"""Several databases in one audit: read in parallel, and a dead one costs only itself."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.parallel import on_each
from dbaudit.errors import AuditError
from tests import project
from tests.project import Project
from tests.scratch import Scratch, connected

FIVE = """
DATABASES |= {
    "second": {**DATABASES["default"], "NAME": BASE_DIR / "second.sqlite3"},
    "dead": {
        **{"ENGINE": "django.db.backends.postgresql", "NAME": "x"},
        **{"HOST": "127.0.0.1", "PORT": "1", "PASSWORD": "s3cret"},
    },
    "third": {**DATABASES["default"], "NAME": BASE_DIR / "third.sqlite3"},
    "fourth": {**DATABASES["default"], "NAME": BASE_DIR / "fourth.sqlite3"},
}
"""
MODELS = """
from django.db import models


class Item(models.Model):
    code = models.CharField(max_length=9)
"""


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project.shop(tmp_path_factory.mktemp("five"), MODELS, FIVE)
    made.commands(
        *(("migrate", "--run-syncdb", "-v0", "--database", alias) for alias in ("default", "second", "third", "fourth"))
    )
    return made


def test_a_dead_database_costs_only_itself(five: Project, tmp_path: Path) -> None:
    paths = [tmp_path / f"report{suffix}" for suffix in (".json", ".md", ".html", ".txt")]
    result = five.manage(
        *("dbaudit", "report", "--all-databases", "--no-queries"),
        *(part for path in paths for part in ("--output", str(path))),
        status=2,
    )
    said = result.stderr.strip().splitlines()
    assert said[-1].startswith("CommandError: Database 'dead' (x on 127.0.0.1:1) cannot be opened: nothing listens")
    report = json.loads(paths[0].read_text())
    assert [one["alias"] for one in report["databases"]] == ["default", "second", "third", "fourth"]
    assert [one["alias"] for one in report["unaudited"]] == ["dead"]
    for path in paths:
        assert "Database &#x27;dead" in path.read_text() or "Database 'dead'" in path.read_text().replace("\\", "")
        assert "s3cret" not in path.read_text()


def test_only_dead_ones_are_one_sentence(five: Project) -> None:
    sentence = five.refused("dbaudit", "report", "--database", "dead", "--no-queries")
    assert sentence.startswith("CommandError: Database 'dead' (x on 127.0.0.1:1) cannot be opened")


def test_databases_are_worked_on_at_the_same_time_each_in_a_thread_and_on_a_connection_of_its_own(
    postgres: Scratch,
) -> None:
    together = threading.Barrier(2, timeout=20)
    settings = dict(postgres.connection.settings_dict)

    def work(connection: BaseDatabaseWrapper) -> tuple[str, int]:
        together.wait()  # passes only where both are at work
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return threading.current_thread().name, cursor.fetchone()[0]

    with connected("one", settings) as one, connected("two", settings):
        found = on_each(["one", "two"], work)
        assert one.connection is None
    threads, pids = zip(*(value for value in found.values() if isinstance(value, tuple)), strict=True)
    assert len({*threads}) == len({*pids}) == 2
    assert postgres.rows("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [list(pids)]) in ([(0,)], [(1,)])


def test_what_another_thread_could_not_see_is_worked_on_by_the_callers(sqlite: Scratch) -> None:
    memory = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}

    def tables(connection: BaseDatabaseWrapper) -> tuple[str, list[str]]:
        return threading.current_thread().name, connection.introspection.table_names()

    with connected("memory", memory) as connection:
        connection.cursor().execute("CREATE TABLE item (id integer)")
        found = on_each(["memory", sqlite.alias], tables)
    assert found["memory"] == (threading.current_thread().name, ["item"])
    assert isinstance(found[sqlite.alias], tuple)
    assert found[sqlite.alias] != found["memory"]


def test_what_one_refuses_is_given_and_the_others_go_on(sqlite: Scratch, tmp_path: Path) -> None:
    gone = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "gone.sqlite3")}

    def work(connection: BaseDatabaseWrapper) -> str:
        if connection.alias == "gone":
            raise AuditError("It is gone.")
        return connection.alias

    with connected("gone", gone):
        found = on_each(["gone", sqlite.alias], work)
    assert str(found["gone"]) == "It is gone."
    assert found[sqlite.alias] == sqlite.alias
