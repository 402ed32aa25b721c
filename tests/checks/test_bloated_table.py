from __future__ import annotations

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.registry import registered
from tests.scratch import Scratch, connected

CHECK = "bloated_table"
MIB = 2**20
FILL = """
    CREATE TABLE item (id int, flag boolean, note text, word varchar(9), at timestamptz);
    INSERT INTO item SELECT n, true, CASE WHEN n % 3 = 0 THEN repeat('x', 900) END, 'abc', now()
        FROM generate_series(1, 250000) n;
"""


def test_silent_on_rows_that_fill_their_pages(postgres: Scratch) -> None:
    postgres.execute(FILL)
    postgres.execute("ANALYZE item")
    table = postgres.snapshot().table("item")
    assert table
    assert (table.heap_bytes or 0) > 64 * MIB
    assert not postgres.findings(CHECK)


def test_silent_on_a_small_table_however_empty(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id int); INSERT INTO item SELECT generate_series(1, 100000)")
    postgres.execute("DELETE FROM item WHERE id > 10; VACUUM ANALYZE item")
    assert not postgres.findings(CHECK)


def test_silent_where_dead_rows_fill_it_as_another_check_tells_that(postgres: Scratch) -> None:
    postgres.execute(FILL)
    postgres.execute("DELETE FROM item WHERE id % 10 > 0; ANALYZE item")
    postgres.connection.close()
    assert not postgres.findings(CHECK)
    assert len(postgres.findings("dead_rows")) == 1


def test_silent_where_large_values_lie_beside_the_table(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id int, document text);
        ALTER TABLE item ALTER document SET STORAGE EXTERNAL;
        INSERT INTO item SELECT n, repeat('x', 100000) FROM generate_series(1, 1000) n;
        ANALYZE item;
    """)
    table = postgres.snapshot().table("item")
    assert table
    assert (table.bytes or 0) > 64 * MIB > (table.heap_bytes or 0)
    assert not postgres.findings(CHECK)


def test_a_fillfactor_is_no_waste(postgres: Scratch) -> None:
    postgres.execute(FILL.replace("at timestamptz)", "at timestamptz) WITH (fillfactor = 40)"))
    postgres.execute("ANALYZE item")
    assert not postgres.findings(CHECK)


def test_r25_a_table_that_cannot_be_estimated_is_named_as_not_examined(postgres: Scratch) -> None:
    postgres.execute(FILL)
    settings = postgres.role("reader")
    postgres.execute("GRANT SELECT (id) ON item TO reader; ANALYZE item")
    checks.load(installed)
    with connected("as_reader", settings) as connection:
        outcome = checks.run(Scratch(connection).snapshot(), [one for one in registered() if one.id == CHECK])
    assert not outcome.findings
    assert [one.reason for one in outcome.skipped] == ["item: The width of its rows is not known."]


def test_finds_a_table_that_was_emptied_and_vacuumed_and_a_rebuild_silences_the_check(postgres: Scratch) -> None:
    postgres.execute(FILL)
    postgres.execute("DELETE FROM item WHERE id % 10 > 0; VACUUM ANALYZE item")
    (found,) = postgres.findings(CHECK)
    assert (found.key, found.severity, found.confidence) == (CHECK + ":item", "info", "medium")
    size, needed = (float(one.value) for one in found.evidence[:2])
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK)
    ((rebuilt,),) = postgres.rows("SELECT pg_relation_size('item')")
    assert 0.75 * rebuilt < needed < 1.25 * rebuilt < size
