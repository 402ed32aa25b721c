"""What is read of the rows: how much of it, in how many statements, and what stands in its way."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict, replace

from django.apps import apps as installed
from django.db import models
from django.test.utils import CaptureQueriesContext, isolate_apps, override_settings

from dbaudit import checks
from dbaudit.auditing import audit
from dbaudit.catalog.rows import data as reader
from dbaudit.connection.read_only import read_only
from dbaudit.facts import Data, KeyPosition, Skipped, Snapshot, TableStatistics
from dbaudit.registry import registered
from tests.scratch import Scratch, connected

LOADED = """
    CREATE TABLE parent (id serial PRIMARY KEY);
    CREATE TABLE child (id serial PRIMARY KEY, p int, word varchar(12));
    INSERT INTO child (id, p, word) SELECT n, n, substr(md5(n::text), 1, 12) FROM generate_series(1, 300) n;
    ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES parent (id) NOT VALID;
    ANALYZE;
"""


def read(scratch: Scratch, snapshot: Snapshot) -> tuple[Data, tuple[Skipped, ...]]:
    return reader.read(scratch.connection, snapshot, limit_bytes=2**24, unlimited=False)


def session_of(scratch: Scratch) -> AbstractContextManager[None]:
    return read_only(scratch.connection, statement_timeout_ms=5_000, lock_timeout_ms=50)


def data(scratch: Scratch) -> Data:
    found = scratch.snapshot().data
    assert found
    return found


def test_a_table_without_keys_tells_nothing(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (word text)")
    assert data(scratch) == Data()


def test_a_list_of_short_texts_has_no_length_of_its_own(postgres: Scratch) -> None:
    postgres.execute(
        "CREATE TABLE item (id serial PRIMARY KEY, tags varchar(12)[]);"
        "INSERT INTO item (tags) SELECT ARRAY[substr(md5(n::text), 1, 12)] FROM generate_series(1, 300) n; ANALYZE"
    )
    assert data(postgres).lengths == ()


def test_facts_are_numbers_and_the_names_of_tables_and_columns(postgres: Scratch) -> None:
    postgres.execute(LOADED)
    found = data(postgres)
    assert found.key("", "child", "id") == KeyPosition(
        schema="", table="child", column="id", maximum=300, next_value=1, taken=True
    )
    assert [one.rows for one in found.orphans] == [300]
    assert [(one.column, one.filled, one.at_limit) for one in found.lengths] == [("word", 300, 300)]
    texts = {
        value for facts in asdict(found).values() for fact in facts for value in fact.values() if str(value) == value
    }
    assert texts <= {"", "parent", "child", "id", "p", "word"}


def test_on_sqlite_references_are_told_by_the_columns_and_the_table_that_they_are_written_with(sqlite: Scratch) -> None:
    sqlite.execute("""
        PRAGMA foreign_keys = OFF;
        CREATE TABLE Parent (id integer PRIMARY KEY);
        CREATE TABLE child (id integer PRIMARY KEY, p int REFERENCES pArEnt, q int REFERENCES parent (id));
        INSERT INTO child VALUES (1, 9, NULL), (2, 9, 8);
    """)
    assert [(one.columns, one.target_table, one.rows) for one in data(sqlite).orphans] == [
        (("p",), "Parent", 2),
        (("q",), "Parent", 1),
    ]


def test_two_constraints_on_one_column_are_told_apart(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY);
        INSERT INTO two VALUES (1);
        CREATE TABLE child (id int PRIMARY KEY, p int);
        INSERT INTO child VALUES (1, 1), (2, 2);
        ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES one (id) NOT VALID,
            ADD FOREIGN KEY (p) REFERENCES two (id) NOT VALID, ADD FOREIGN KEY (p) REFERENCES two (id) NOT VALID;
    """)
    expected = [("one", 2), ("two", 1)]
    assert sorted((one.target_table, one.rows) for one in data(postgres).orphans) == expected
    assert [one.table for one in postgres.findings("orphan_rows")] == ["child", "child"]


def test_the_number_of_statements_does_not_grow_with_the_tables(scratch: Scratch) -> None:
    key = "integer" if scratch.vendor == "sqlite" else "serial"

    def statements(tables: int) -> int:
        for number in range(tables):
            scratch.execute(f"""
                CREATE TABLE t{tables}_{number} (id {key} PRIMARY KEY, p int REFERENCES t{tables}_{number} (id));
                INSERT INTO t{tables}_{number} (id) VALUES (1);
            """)
        with CaptureQueriesContext(scratch.connection) as queries:
            scratch.snapshot()
        return len(queries)

    assert statements(2) == statements(25)


def test_r27_what_another_session_locks_is_named_and_the_others_are_read(postgres: Scratch) -> None:
    postgres.execute(LOADED)
    postgres.execute("CREATE TABLE other (id serial PRIMARY KEY); INSERT INTO other VALUES (5)")
    before = postgres.snapshot()
    settings = postgres.connection.settings_dict
    with connected("locking", settings) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE child")
        with session_of(postgres):
            found, skipped = read(postgres, before)
        cursor.execute("ROLLBACK")
    assert [one.table for one in found.keys] == ["other"]
    assert {one.what for one in skipped} == {
        "highest key of child.id",
        "orphan rows of child.p → parent.id",
        "values at the limit of child.word",
    }
    assert {one.reason for one in skipped} == {"Another session keeps it locked for longer than the lock timeout."}


def test_a_sequence_is_read_as_a_table_is_and_takes_the_privilege_for_that(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE used (id serial PRIMARY KEY); INSERT INTO used DEFAULT VALUES")
    postgres.execute("CREATE TABLE loaded (id serial PRIMARY KEY); INSERT INTO loaded VALUES (7)")
    settings = postgres.role("app")
    postgres.execute("GRANT SELECT ON used, loaded, used_id_seq TO app; GRANT USAGE ON loaded_id_seq TO app")
    with connected("as_app", settings) as connection:
        snapshot = Scratch(connection).snapshot()
    assert snapshot.data
    assert [(one.table, one.next_value) for one in snapshot.data.keys] == [("used", 2)]
    assert [(one.name, one.last_value) for one in snapshot.sequences if one.readable] == [("used_id_seq", 1)]


def test_a_key_that_statistics_show_to_be_behind_its_sequence_is_not_asked_for(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item SELECT nextval('item_id_seq')")
    postgres.execute("INSERT INTO item SELECT nextval('item_id_seq') FROM generate_series(1, 99); ANALYZE item")

    def asked() -> list[int | None]:
        # As the server tells it, once it has taken the counts of this session.
        seen = TableStatistics(last_analyze="2026-01-01T00:00:00Z", modified_since_analyze=changed)
        snapshot = postgres.snapshot()
        snapshot = replace(snapshot, tables=tuple(replace(table, statistics=seen) for table in snapshot.tables))
        with session_of(postgres):
            return [one.maximum for one in read(postgres, snapshot)[0].keys]

    changed = 0
    assert asked() == []
    changed = 1
    assert asked() == [100]
    changed = 0
    postgres.execute("SELECT setval('item_id_seq', 99)")
    assert asked() == [100]
    postgres.execute("ALTER SEQUENCE item_id_seq RESTART WITH 200")  # it was never used since
    assert asked() == [100]


def test_tables_that_the_role_may_not_read_are_left_alone(postgres: Scratch) -> None:
    postgres.execute(LOADED)
    settings = postgres.role("nobody")
    with connected("as_nobody", settings) as connection:
        snapshot = Scratch(connection).snapshot()
    assert snapshot.data == Data()
    assert "orphan rows of child.p → parent.id" in [one.what for one in snapshot.skipped]


def test_reading_takes_no_lock_that_outlives_it_and_none_stronger_than_access_share(postgres: Scratch) -> None:
    postgres.execute(LOADED)
    before = postgres.snapshot()
    with session_of(postgres):
        read(postgres, before)
        held = postgres.rows(
            "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation::regclass::text IN ('child', 'parent')"
        )
    assert not held


def test_a_sequence_at_the_end_of_its_numbers_is_read_all_the_same(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id bigserial PRIMARY KEY); INSERT INTO item VALUES (1)")
    postgres.execute(f"SELECT setval('item_id_seq', {2**63 - 1})")
    (key,) = data(postgres).keys
    assert key.next_value == 2**63 - 1


@isolate_apps("tests")
def test_a_reference_between_columns_that_cannot_be_compared_is_named(postgres: Scratch) -> None:
    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, models.CASCADE, db_constraint=False)

        class Meta:
            app_label = "tests"

    postgres.create(Parent)
    postgres.execute("CREATE TABLE tests_child (id bigint PRIMARY KEY, parent_id text)")
    snapshot = postgres.snapshot(Child._meta.apps)
    assert "orphan rows of tests_child.parent_id → tests_parent.id" in [one.what for one in snapshot.skipped]


def test_rows_past_their_time_are_counted_where_the_model_is_known(scratch: Scratch) -> None:
    scratch.create(installed.get_model("sessions.Session"))
    snapshot = scratch.snapshot(installed)
    assert snapshot.data
    assert [(one.table, one.rows) for one in snapshot.data.old_rows] == [("django_session", 0)]


def test_large_tables_are_read_where_the_settings_or_the_command_ask_for_it(postgres: Scratch) -> None:
    postgres.execute(LOADED)

    def orphans(settings: dict[str, object], *, read_data: bool = False) -> int:
        with override_settings(DBAUDIT={"COUNT_LIMIT_BYTES": 0, **settings}):
            report = audit(postgres.alias, checks="orphan_rows", queries=False, read_data=read_data)
        return len(report.databases[0].findings)

    assert orphans({}) == 0
    assert orphans({"READ_DATA": True}) == 1
    assert orphans({}, read_data=True) == 1


def test_every_check_of_the_rows_has_its_questions() -> None:
    checks.load(installed)
    assert {one.id for one in registered() if "data" in one.needs} == reader.KNOWN


def test_what_no_check_looks_at_is_not_read(postgres: Scratch) -> None:
    postgres.execute(LOADED)
    snapshot = postgres.snapshot(data_for=["sequence_behind"])
    assert snapshot.data
    assert [one.column for one in snapshot.data.keys] == ["id"]
    assert (snapshot.data.orphans, snapshot.data.lengths) == ((), ())
    everything = postgres.snapshot(data_for=["a_check_of_the_projects_own"]).data
    assert everything
    assert everything.orphans
