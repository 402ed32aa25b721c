"""Opening a database, and the one sentence that says why it could not be opened."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import ConnectionHandler

from dbaudit.connection.opening import connect
from dbaudit.connection.refusals import misconfigured
from dbaudit.errors import AuditError
from tests.scratch import Scratch, connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker


@pytest.fixture(autouse=True)
def _unblocked(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


START = "start the server, or correct HOST and PORT."
LOOK = "look at its entry in settings.DATABASES."


def refusal(settings: dict[str, Any]) -> str:
    with connected("shop", settings) as connection, pytest.raises(AuditError) as info:
        connect(connection)
    assert "\n" not in str(info.value)
    return str(info.value)


def test_a_database_that_answers_is_opened(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer)")
    scratch.connection.close()
    connect(scratch.connection)
    assert scratch.connection.connection is not None
    connect(scratch.connection)


def test_a_connection_that_went_stale_is_opened_again(postgres: Scratch) -> None:
    (pid,) = postgres.rows("SELECT pg_backend_pid()")[0]
    with connected("killer", dict(postgres.connection.settings_dict)) as killer, killer.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    connect(postgres.connection)
    assert postgres.rows("SELECT 1") == [(1,)]


def test_a_database_in_memory_is_opened() -> None:
    with connected("memory", {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}) as connection:
        connect(connection)


def test_a_wrong_password_is_refused_and_never_printed(postgres: Scratch) -> None:
    settings = {**postgres.connection.settings_dict, "PASSWORD": "hunter2 hunter2"}
    place = f"scratch on 127.0.0.1:{settings['PORT']} as dbaudit"
    assert refusal(settings) == (
        f"Database 'shop' ({place}) cannot be opened:"
        " the server refuses this user and password; correct USER and PASSWORD."
    )
    assert refusal({**settings, "PASSWORD": ""}) == (
        f"Database 'shop' ({place}) cannot be opened: the server asks for a password; set PASSWORD."
    )


def test_an_unknown_database_is_refused(postgres: Scratch) -> None:
    settings = {**postgres.connection.settings_dict, "NAME": "nowhere"}
    assert refusal(settings) == (
        f"Database 'shop' (nowhere on 127.0.0.1:{settings['PORT']} as dbaudit) cannot be opened:"
        " the server has no such database; correct NAME, or create it and run migrate."
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"HOST": "127.0.0.1", "PORT": "1"},
            "(shop on 127.0.0.1:1 as me) cannot be opened: nothing listens there; " + START,
        ),
        (
            {"HOST": "nowhere.invalid", "PORT": ""},
            "(shop on nowhere.invalid:5432 as me) cannot be opened: the host name is unknown; correct HOST.",
        ),
        (
            {"HOST": "/nowhere", "PORT": ""},
            "(shop on /nowhere:5432 as me) cannot be opened: nothing listens there; " + START,
        ),
        (
            {"HOST": "127.0.0.1", "OPTIONS": {"nonsense": "secret"}},
            '(shop on 127.0.0.1:5432 as me) cannot be opened: invalid connection option "nonsense"; ' + LOOK,
        ),
    ],
    ids=["unreachable server", "unknown host", "unknown socket", "unknown option"],
)
def test_a_server_that_is_not_there_is_refused(change: dict[str, Any], expected: str) -> None:
    pytest.importorskip("psycopg")
    settings = {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "USER": "me", "PASSWORD": "secret"}
    assert refusal({**settings, **change}) == f"Database 'shop' {expected}"


def test_a_password_in_the_wrong_place_is_not_printed(postgres: Scratch) -> None:
    name = "postgres://me:hunter2@db/shop"
    assert "hunter2" not in refusal({**postgres.connection.settings_dict, "NAME": name})
    name = "host=db password=hunter2"
    assert "hunter2" not in refusal({**postgres.connection.settings_dict, "NAME": name})


def test_a_role_that_may_not_connect_is_refused_in_the_servers_words(postgres: Scratch) -> None:
    settings = postgres.role("reader")
    postgres.execute("ALTER ROLE reader NOLOGIN")
    assert refusal(settings).endswith(f'role "reader" is not permitted to log in; {LOOK}')


def test_an_sqlite_file_that_is_not_there_is_refused_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite3"
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": path}
    assert refusal(settings) == f"Database 'shop': {path} does not exist; run migrate."
    assert refusal({**settings, "NAME": f"file:{path}?mode=rw"}) == (
        f"Database 'shop': {path} does not exist; run migrate."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_or_is_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "shop.sqlite3"
    assert refusal({"ENGINE": "django.db.backends.sqlite3", "NAME": path}) == (
        f"Database 'shop': {path} does not exist, nor does the directory {path.parent}; correct NAME."
    )
    assert refusal({"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path}) == (
        f"Database 'shop': {tmp_path} is not a file; correct NAME."
    )


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite3"
    path.write_text("a letter, and long enough to be read as a page of a database " * 20)
    before = path.read_bytes()
    assert refusal({"ENGINE": "django.db.backends.sqlite3", "NAME": path}) == (
        f"Database 'shop' ({path}) cannot be opened:"
        " the file is not an SQLite database, or it is encrypted; correct NAME."
    )
    assert path.read_bytes() == before


def test_an_empty_sqlite_file_is_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite3"
    path.touch()
    with connected("shop", {"ENGINE": "django.db.backends.sqlite3", "NAME": path}) as connection:
        connect(connection)
        assert connection.introspection.table_names() == []


def test_a_database_that_is_not_configured_is_refused() -> None:
    assert refusal({"ENGINE": ""}).startswith("Database 'shop' is not usable as configured: settings.DATABASES is")


def test_a_missing_driver_is_refused_with_the_words_of_django() -> None:
    if importlib.util.find_spec("MySQLdb"):
        pytest.skip("the driver of MySQL is installed")
    handler = ConnectionHandler({"default": {}, "shop": {"ENGINE": "django.db.backends.mysql", "NAME": "shop"}})
    with pytest.raises(ImproperlyConfigured) as info:
        handler["shop"]
    sentence = str(misconfigured("shop", info.value))
    assert sentence.startswith("Database 'shop' is not usable as configured: Error loading MySQLdb module.")
