"""The harness itself: if it lied, every other test could."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connections, models
from django.db.utils import OperationalError, ProgrammingError
from django.test.utils import isolate_apps

from tests.postgres import main_server
from tests.scratch import connected

if TYPE_CHECKING:
    from tests.scratch import Scratch

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("run", ["first", "second"])
def test_a_scratch_database_is_empty_whatever_the_test_before_left(scratch: Scratch, run: str) -> None:
    assert scratch.connection.introspection.table_names() == [], run
    scratch.execute("CREATE TABLE left_behind (id integer PRIMARY KEY); INSERT INTO left_behind VALUES (1)")
    assert scratch.rows("SELECT id FROM left_behind") == [(1,)]


@pytest.mark.needs("hstore")
@pytest.mark.parametrize("run", ["first", "second"])
def test_nothing_outside_the_public_schema_stays_on_postgresql(postgres: Scratch, run: str) -> None:
    # Creating all of it twice would fail if any of it were still there.
    postgres.execute(
        """
        CREATE SCHEMA sales;
        CREATE TABLE sales.orders (id integer);
        CREATE EXTENSION hstore;
        CREATE PUBLICATION news FOR TABLE sales.orders;
        CREATE FOREIGN DATA WRAPPER elsewhere;
        CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
        CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION note();
        ALTER DATABASE scratch SET work_mem = '1MB';
        BEGIN;
        CREATE TABLE prepared (id integer);
        PREPARE TRANSACTION 'two phases';
        """
    )
    postgres.role("reader")
    postgres.execute("GRANT CREATE ON DATABASE scratch TO reader")
    assert run


def test_statements_are_sent_one_by_one_and_not_cut_inside_a_body(scratch: Scratch) -> None:
    bodies = {
        "sqlite": """
            CREATE TRIGGER stamp AFTER INSERT ON item BEGIN UPDATE item SET note = 'a;b'; DELETE FROM other; END;
            """,
        "postgresql": """
            CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN NEW.note := 'a;b'; DELETE FROM other; RETURN NEW; END $$;
            CREATE TRIGGER stamp BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION stamp();
            CREATE INDEX CONCURRENTLY item_note ON item (note);
            """,
    }
    scratch.execute(
        "CREATE TABLE item (id integer, note text); CREATE TABLE other (id integer);"
        + bodies[scratch.vendor]
        + "INSERT INTO item (id) VALUES (1); VACUUM;"
    )
    assert scratch.rows("SELECT id, note FROM item WHERE id = %s", [1]) == [(1, "a;b")]


@isolate_apps("erp")
def test_models_that_refer_to_each_other_are_created_in_any_order(scratch: Scratch) -> None:
    class Line(models.Model):
        order = models.ForeignKey("Order", models.CASCADE)
        tags = models.ManyToManyField("Tag")  # type: ignore[var-annotated]

        class Meta:
            app_label = "erp"

    class Order(models.Model):
        class Meta:
            app_label = "erp"

    class Tag(models.Model):
        class Meta:
            app_label = "erp"

    scratch.create(Line, Order, Tag)
    names = ["erp_line", "erp_line_tags", "erp_order", "erp_tag"]
    assert sorted(scratch.connection.introspection.table_names()) == names


def test_a_scratch_connection_is_in_autocommit_and_its_url_names_it(scratch: Scratch) -> None:
    assert scratch.connection.get_autocommit()
    assert scratch.url.startswith({"sqlite": "sqlite:////", "postgresql": "postgres://dbaudit:"}[scratch.vendor])


@pytest.mark.needs("postgresql")
def test_both_vendors_serve_one_test(sqlite: Scratch, postgres: Scratch) -> None:
    assert (sqlite.vendor, postgres.vendor) == ("sqlite", "postgresql")
    assert {sqlite.alias, postgres.alias} <= set(connections)


def test_an_alias_is_gone_after_use_and_never_taken_twice(sqlite: Scratch) -> None:
    with (
        pytest.raises(ValueError, match="in use"),
        connected(sqlite.alias, sqlite.connection.settings_dict),
    ):
        pytest.fail("the alias was taken twice")
    with connected("brief", {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}) as brief:
        brief.ensure_connection()
    assert "brief" not in connections


def test_a_role_may_connect_and_read_nothing(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE secret (id integer)")
    with connected("reader", postgres.role("reader")) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("reader",)
        with pytest.raises(ProgrammingError, match="permission denied for table secret"):
            cursor.execute("SELECT * FROM secret")


def test_a_wrong_password_is_refused(postgres: Scratch) -> None:
    settings = {**postgres.connection.settings_dict, "PASSWORD": "wrong"}
    with (
        connected("wrong", settings) as wrong,
        pytest.raises(OperationalError, match="password authentication failed"),
    ):
        wrong.ensure_connection()


def test_every_server_version_is_the_one_it_says(postgres_versions: Scratch, request: pytest.FixtureRequest) -> None:
    (number,) = postgres_versions.rows("SHOW server_version_num")[0]
    assert f"[postgresql-{int(number) // 10000}]" in request.node.name


def test_servers_run_as_an_unprivileged_account_on_loopback_with_prepared_transactions(
    postgres: Scratch,
) -> None:
    (folder,) = postgres.rows("SHOW data_directory")[0]
    assert Path(folder).stat().st_uid != 0
    assert postgres.rows("SHOW listen_addresses") == [("127.0.0.1",)]
    assert postgres.rows("SHOW max_prepared_transactions") == [("10",)]


@pytest.mark.needs("pg_stat_statements")
def test_statement_statistics_are_collected_where_the_server_can(postgres: Scratch) -> None:
    postgres.execute("CREATE EXTENSION pg_stat_statements; SELECT 41 + 1")
    assert postgres.rows("SELECT calls FROM pg_stat_statements WHERE query = 'SELECT $1 + $2'")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.needs("postgresql")
def test_a_server_stops_with_its_process_however_that_ends(stop: signal.Signals) -> None:
    program = "from tests.postgres import main_server; print(main_server().port, flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        process.send_signal(stop)
        # What owns the server inherits standard error, so this returns when it has ended too.
        process.communicate(timeout=60)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(host="127.0.0.1", port=port, user="dbaudit", dbname="postgres")


@pytest.mark.parametrize(
    ("required", "status", "line"),
    [
        ("", 0, "needs postgresql-1: no PostgreSQL 1 server is installed on this machine"),
        ("hypopg,postgresql-1", 1, "DBAUDIT_REQUIRE names postgresql-1, but no PostgreSQL 1 server is installed"),
        ("postgresq", 4, "DBAUDIT_REQUIRE: unknown capability 'postgresq'"),
    ],
    ids=["is left out", "fails where it is required", "is refused when misspelt"],
)
def test_a_test_whose_capability_is_absent(tmp_path: Path, required: str, status: int, line: str) -> None:
    test = tmp_path / "test_absent.py"
    test.write_text("import pytest\n\n@pytest.mark.needs('postgresql-1')\ndef test_absent(): pass\n")
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
            "-c",
            "pyproject.toml",
            test,
        ],
        cwd=ROOT,
        env={**os.environ, "DBAUDIT_REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == status, result.stdout + result.stderr
    assert line in result.stdout + result.stderr


@pytest.mark.django_db(databases=["postgresql"])
def test_the_alias_postgresql_is_the_reference_erp_migrated_on_the_main_server() -> None:
    with connections["postgresql"].cursor() as cursor:
        tables = connections["postgresql"].introspection.table_names(cursor)
    assert connections["postgresql"].settings_dict["PORT"] == str(main_server().port)
    assert "erp_salesorder" in tables
