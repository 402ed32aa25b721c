from __future__ import annotations

from tests.scratch import Scratch

CHECK = "duplicate_foreign_key"


def test_silent_on_composite_keys_that_share_a_column(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE tenant (id bigint PRIMARY KEY);
        CREATE TABLE parent (tenant bigint REFERENCES tenant (id), id bigint, PRIMARY KEY (tenant, id));
        CREATE TABLE child (tenant bigint REFERENCES tenant (id), a bigint, b bigint,
            FOREIGN KEY (tenant, a) REFERENCES parent (tenant, id),
            FOREIGN KEY (tenant, b) REFERENCES parent (tenant, id));
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_another_column_of_the_same_table(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY, code bigint UNIQUE);
        CREATE TABLE child (p bigint REFERENCES parent (id) REFERENCES parent (code));
    """)
    assert not scratch.findings(CHECK)


def test_silent_on_r15_partitions_of_a_table_with_the_key(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY);
        CREATE TABLE child (id bigint, p bigint REFERENCES parent (id)) PARTITION BY RANGE (id);
        CREATE TABLE child_1 PARTITION OF child FOR VALUES FROM (0) TO (10);
    """)
    assert not postgres.findings(CHECK)


def test_finds_the_same_key_twice_whatever_the_order_of_its_columns(scratch: Scratch) -> None:
    scratch.execute("""
        CREATE TABLE parent (a bigint, b bigint, PRIMARY KEY (a, b), UNIQUE (b, a));
        CREATE TABLE child (a bigint, b bigint, FOREIGN KEY (a, b) REFERENCES parent (a, b),
            FOREIGN KEY (b, a) REFERENCES parent (b, a));
    """)
    (found,) = scratch.findings(CHECK)
    assert (found.key, found.severity) == ("duplicate_foreign_key:child:a:b:→:parent", "warning")


def test_keeps_the_valid_one_and_its_statement_can_be_taken_back(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE parent (id bigint PRIMARY KEY);
        CREATE TABLE child (p bigint);
        ALTER TABLE child ADD CONSTRAINT a FOREIGN KEY (p) REFERENCES parent (id) NOT VALID;
        ALTER TABLE child ADD CONSTRAINT b FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE;
    """)
    (found,) = postgres.findings(CHECK)
    assert found.detail == "a repeats b, but acts differently on delete or update."
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
    postgres.execute(found.remedy.undo_sql)
    assert [one.key for one in postgres.findings(CHECK)] == [found.key]
