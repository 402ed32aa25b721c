from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps import apps as installed
from django.db import models
from django.test.utils import isolate_apps

from dbaudit import checks
from dbaudit.facts import Column, Data, KeyPosition, Snapshot, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.registry import registered
from tests.scratch import Scratch, connected

CHECK = "integer_runway"
INT4 = 2**31 - 1


def share(scratch: Scratch) -> dict[str, tuple[str, float]]:
    """What is found by its key's end, with its severity and the per cent used."""
    found = scratch.findings(CHECK)
    return {one.key.removeprefix(f"{CHECK}:"): (one.severity, float(one.evidence[0].value)) for one in found}


def test_silent_on_sqlite_where_every_integer_has_eight_bytes(sqlite: Scratch) -> None:
    sqlite.execute(f"CREATE TABLE item (id integer PRIMARY KEY); INSERT INTO item VALUES ({INT4 - 1})")
    checks.load(installed)
    outcome = checks.run(sqlite.snapshot(), [one for one in registered() if one.id == CHECK])
    assert not outcome.findings


def test_silent_below_half(postgres: Scratch) -> None:
    postgres.execute(f"CREATE TABLE item (id serial PRIMARY KEY); SELECT setval('item_id_seq', {int(INT4 * 0.49)})")
    postgres.execute("CREATE TABLE fresh (id smallserial PRIMARY KEY); CREATE TABLE big (id bigserial PRIMARY KEY)")
    assert not postgres.findings(CHECK)


def test_silent_on_sequences_that_cycle_or_count_downwards_or_are_no_longer_asked(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE SEQUENCE round MAXVALUE 100 CYCLE; SELECT setval('round', 99);
        CREATE SEQUENCE down INCREMENT -1 MINVALUE 1 MAXVALUE 100 START 99; SELECT setval('down', 98);
        CREATE TABLE item (id serial PRIMARY KEY);
        SELECT setval('item_id_seq', 2147483000);
        ALTER TABLE item ALTER id DROP DEFAULT;
    """)
    assert not postgres.findings(CHECK)


@pytest.mark.parametrize(("part", "severity"), [(0.51, "info"), (0.76, "warning"), (0.91, "error")])
def test_the_more_is_used_the_worse_it_is(postgres: Scratch, part: float, severity: str) -> None:
    postgres.execute(f"CREATE TABLE item (id serial PRIMARY KEY); SELECT setval('item_id_seq', {int(INT4 * part)})")
    assert share(postgres) == {"item:id": (severity, part * 100)}


def test_the_ceiling_is_the_smaller_one_of_sequence_and_column(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE narrow_column (id int PRIMARY KEY);
        CREATE SEQUENCE wide OWNED BY narrow_column.id;
        ALTER TABLE narrow_column ALTER id SET DEFAULT nextval('wide');
        CREATE TABLE narrow_sequence (id serial PRIMARY KEY);
        ALTER TABLE narrow_sequence ALTER id TYPE bigint;
        CREATE TABLE identity (id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        SELECT setval('wide', 1932735283), setval('narrow_sequence_id_seq', 1932735283),
            setval('identity_id_seq', 32000);
    """)
    assert share(postgres) == {
        "narrow_column:id": ("error", 90.0),
        "narrow_sequence:id": ("error", 90.0),
        "identity:id": ("error", 97.7),
    }


def test_a_sequence_of_its_own_and_a_key_without_one_are_found(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE SEQUENCE invoice AS integer MAXVALUE 1000; SELECT setval('invoice', 600);
        CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (5), (1200000000);
    """)
    assert share(postgres) == {"sequence invoice": ("info", 60.0), "item:id": ("info", 55.9)}


def test_a_column_that_is_narrower_than_the_key_ends_earlier_and_those_as_wide_are_only_counted(
    postgres: Scratch,
) -> None:
    postgres.execute(f"""
        CREATE TABLE parent (id bigserial PRIMARY KEY);
        CREATE TABLE child (id bigserial PRIMARY KEY, p int REFERENCES parent (id));
        CREATE TABLE old (id serial PRIMARY KEY);
        CREATE TABLE friend (id bigserial PRIMARY KEY, o int REFERENCES old (id));
        SELECT setval('parent_id_seq', {int(INT4 * 0.8)}), setval('old_id_seq', {int(INT4 * 0.6)});
    """)
    assert share(postgres) == {"child:p": ("warning", 80.0), "old:id": ("info", 60.0)}
    old = next(one for one in postgres.findings(CHECK) if one.table == "old")
    assert ("columns that refer to it and end with it", 1) in [(one.what, one.value) for one in old.evidence]


@isolate_apps("tests")
def test_finds_the_key_of_a_many_to_many_table_that_django_cannot_change(postgres: Scratch) -> None:
    class Post(models.Model):
        friends = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"

    postgres.create(Post)
    postgres.execute("ALTER TABLE tests_post_friends ALTER id TYPE int")
    postgres.execute(f"SELECT setval('tests_post_friends_id_seq', {int(INT4 * 0.7)})")
    (found,) = postgres.findings(CHECK, Post._meta.apps)
    assert (found.table, found.remedy.kind) == ("tests_post_friends", "run_sql")


def test_its_statement_makes_room(postgres: Scratch) -> None:
    postgres.execute(f"CREATE TABLE item (id serial PRIMARY KEY); SELECT setval('item_id_seq', {int(INT4 * 0.95)})")
    (found,) = postgres.findings(CHECK)
    assert [one.what for one in found.evidence] == ["used", "highest number", "ceiling"]
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
    assert not postgres.findings("sequence_narrower_than_column")


def test_a_sequence_that_the_role_may_not_read_is_named(postgres: Scratch) -> None:
    postgres.execute(f"CREATE TABLE item (id serial PRIMARY KEY); SELECT setval('item_id_seq', {int(INT4 * 0.95)})")
    settings = postgres.role("reader")
    postgres.execute("GRANT USAGE ON SCHEMA public TO reader; GRANT SELECT ON item TO reader")
    with connected("as_reader", settings) as connection:
        other = Scratch(connection)
        assert not other.findings(CHECK)
        outcome = checks.run(other.snapshot(), [one for one in registered() if one.id == CHECK])
    assert "item_id_seq" in outcome.skipped[0].reason


@pytest.mark.parametrize(("type_name", "found"), [("int", True), ("int unsigned", False), ("bigint", False)])
def test_an_unsigned_integer_of_mysql_reaches_twice_as_far(type_name: str, found: bool) -> None:
    item = Table(name="item", columns=(Column(name="id", type=type_name, nullable=False),), primary_key=("id",))
    snapshot = Snapshot(alias="default", vendor="mysql", server_version="8.4", dialect=Dialect("mysql", "`", "`"))
    key = KeyPosition(schema="", table="item", column="id", maximum=int(INT4 * 0.9))
    snapshot = replace(snapshot, tables=(item,), data=Data(keys=(key,)))
    checks.load(installed)
    outcome = checks.run(snapshot, [one for one in registered() if one.id == CHECK])
    assert bool(outcome.findings) is found


def test_a_sequence_that_was_set_anew_and_not_called_yet_counts_from_there(postgres: Scratch) -> None:
    postgres.execute(f"""
        CREATE TABLE item (id serial PRIMARY KEY);
        ALTER SEQUENCE item_id_seq RESTART WITH {int(INT4 * 0.8)};
        CREATE SEQUENCE alone AS integer;
        ALTER SEQUENCE alone RESTART WITH {int(INT4 * 0.6)};
        CREATE SEQUENCE fresh AS integer;
    """)
    assert {key: severity for key, (severity, _) in share(postgres).items()} == {
        "item:id": "warning",
        "sequence alone": "info",
    }
