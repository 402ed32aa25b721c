from __future__ import annotations

import pytest

from tests.capabilities import capability
from tests.checks.operations import local, unjudged
from tests.scratch import Scratch, connected

CHECK = "collation_version_mismatch"


@pytest.fixture
def versioned(postgres: Scratch) -> Scratch:
    """A database with a collation whose sorting rules have a version."""
    if capability("icu").present:
        postgres.execute("CREATE COLLATION words (provider = icu, locale = 'und')")
    elif postgres.connection.get_database_version() >= (17,):
        postgres.execute("CREATE COLLATION words (provider = builtin, locale = 'C.UTF-8')")
    else:
        pytest.skip("this server has no collation with a version")
    return postgres


def age(scratch: Scratch) -> None:
    scratch.execute("UPDATE pg_collation SET collversion = '1.old' WHERE collname = 'words'")


def test_silent_where_versions_agree(versioned: Scratch) -> None:
    versioned.execute("CREATE TABLE t (a text COLLATE words PRIMARY KEY, b text UNIQUE)")
    assert not versioned.findings(CHECK)


def test_silent_on_rules_that_never_change(postgres: Scratch) -> None:
    postgres.execute('CREATE TABLE t (a text COLLATE "C" PRIMARY KEY, b text COLLATE "POSIX" UNIQUE)')
    assert not postgres.findings(CHECK)


def test_silent_where_the_collation_sorts_no_index(versioned: Scratch) -> None:
    versioned.execute("CREATE TABLE t (id bigint PRIMARY KEY, a text COLLATE words)")
    age(versioned)
    assert not versioned.findings(CHECK)


def test_r26_collations_that_could_not_be_read_are_not_judged(postgres: Scratch) -> None:
    assert unjudged(CHECK, local(postgres.snapshot(), outdated_collations=None))


def test_finds_indexes_of_another_version_and_the_remedy_ends_it(versioned: Scratch) -> None:
    versioned.execute("CREATE TABLE t (a text COLLATE words PRIMARY KEY, b text COLLATE words UNIQUE)")
    age(versioned)
    (found,) = versioned.findings(CHECK)
    assert (found.key, found.severity) == (f"{CHECK}:words", "error")
    facts = {one.what: one.value for one in found.evidence}
    assert facts["recorded version"] == "1.old"
    assert facts["indexes sorted by it"] == 2
    versioned.execute(found.remedy.sql)
    assert not versioned.findings(CHECK)


@pytest.mark.needs("icu")
def test_finds_the_database_s_own_collation(versioned: Scratch) -> None:
    versioned.execute("DROP DATABASE IF EXISTS aged")
    versioned.execute("CREATE DATABASE aged LOCALE_PROVIDER icu ICU_LOCALE 'und' TEMPLATE template0")
    try:
        with connected("aged", {**versioned.connection.settings_dict, "NAME": "aged"}) as connection:
            aged = Scratch(connection)
            aged.execute("CREATE TABLE t (a text PRIMARY KEY)")
            aged.execute("UPDATE pg_database SET datcollversion = '1.old' WHERE datname = 'aged'")
            (found,) = aged.findings(CHECK)
            assert (found.key, found.severity) == (f"{CHECK}:database", "error")
            aged.execute(found.remedy.sql)
            assert not aged.findings(CHECK)
    finally:
        versioned.execute("DROP DATABASE aged")
