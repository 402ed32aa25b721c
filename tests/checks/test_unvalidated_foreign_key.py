from __future__ import annotations

import pytest

from tests.scratch import Scratch

CHECK = "unvalidated_foreign_key"
TABLES = """
    CREATE TABLE parent (id bigint PRIMARY KEY);
    CREATE TABLE child (id bigint PRIMARY KEY, p bigint);
"""
NOT_VALID = "ALTER TABLE child ADD CONSTRAINT child_p FOREIGN KEY (p) REFERENCES parent (id) NOT VALID"


def test_silent_on_a_constraint_that_is_valid(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    postgres.execute("ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES parent (id)")
    assert not postgres.findings(CHECK)


def test_silent_on_r15_partitions_of_a_table_whose_constraint_is_valid(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY);
        CREATE TABLE child (id bigint, p bigint REFERENCES parent (id)) PARTITION BY RANGE (id);
        CREATE TABLE child_1 PARTITION OF child FOR VALUES FROM (0) TO (10);
    """)
    assert not postgres.findings(CHECK)


def test_finds_a_constraint_that_is_not_valid_and_its_statement_silences_the_check(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    postgres.execute(NOT_VALID)
    (found,) = postgres.findings(CHECK)
    assert (found.key, found.severity) == ("unvalidated_foreign_key:child:p:→:parent", "warning")
    assert found.remedy.sql == 'ALTER TABLE "child" VALIDATE CONSTRAINT "child_p";'
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)


def test_finds_r15_the_partitions_of_one_constraint_once_and_one_that_is_not_enforced(
    postgres_versions: Scratch,
) -> None:
    if postgres_versions.connection.pg_version < 180000:  # type: ignore[attr-defined]
        pytest.skip("needs PostgreSQL 18, which has NOT ENFORCED and NOT VALID of partitioned tables")
    postgres_versions.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY);
        CREATE TABLE whole (id bigint, p bigint) PARTITION BY RANGE (id);
        CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (0) TO (10);
        CREATE TABLE whole_2 PARTITION OF whole FOR VALUES FROM (10) TO (20);
        ALTER TABLE whole ADD FOREIGN KEY (p) REFERENCES parent (id) NOT VALID;
        CREATE TABLE loose (id bigint PRIMARY KEY, p bigint);
        ALTER TABLE loose ADD FOREIGN KEY (p) REFERENCES parent (id) NOT ENFORCED;
    """)
    loose, whole = postgres_versions.findings(CHECK)
    assert (whole.table, loose.table) == ("whole", "loose")
    assert "NOT ENFORCED" in loose.subject
    postgres_versions.execute(loose.remedy.sql)
    assert [one.table for one in postgres_versions.findings(CHECK)] == ["whole"]
    postgres_versions.execute(loose.remedy.undo_sql)
    assert len(postgres_versions.findings(CHECK)) == 2
