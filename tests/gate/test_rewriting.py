"""Statements meet copies only: what cannot be turned to one is not carried out."""

from __future__ import annotations

import pytest

from dbaudit.gate.bench import UntriedError
from dbaudit.gate.rewriting import turned

COPIES = {("", "order"): 'pg_temp."order"', ("crm", 'a "b"'): 'pg_temp."a ""b"""'}


def test_a_table_is_turned_to_its_copy_wherever_a_statement_names_one() -> None:
    statement = (
        'ALTER TABLE "order" ADD CONSTRAINT "fk" FOREIGN KEY ("order") '
        'REFERENCES crm."a ""b""" ("id") ON DELETE CASCADE'
    )
    assert turned(statement, COPIES, "public") == (
        'ALTER TABLE pg_temp."order" ADD CONSTRAINT "fk" FOREIGN KEY ("order") '
        'REFERENCES pg_temp."a ""b""" ("id") ON DELETE CASCADE'
    )


def test_an_index_is_built_and_dropped_without_concurrently_beside_the_copies() -> None:
    assert turned('CREATE INDEX CONCURRENTLY "i" ON "order" ("a")', COPIES, "public") == (
        'CREATE INDEX "i" ON pg_temp."order" ("a")'
    )
    assert turned('DROP INDEX CONCURRENTLY "crm"."i.j"', COPIES, "public") == 'DROP INDEX pg_temp."i.j"'


def test_the_connections_own_schema_may_be_named_or_not() -> None:
    expected = 'CREATE INDEX i ON pg_temp."order" USING btree (a)'
    assert turned("CREATE INDEX i ON public.order USING btree (a)", COPIES, "public") == expected
    assert turned('CREATE INDEX i ON "order" USING btree (a)', COPIES, "public") == expected


def test_what_stands_in_a_text_is_no_table() -> None:
    statement = """CREATE INDEX i ON "order" ("a") WHERE "a" = 'it''s ON "elsewhere"'"""
    assert turned(statement, COPIES, "public").endswith("""WHERE "a" = 'it''s ON "elsewhere"'""")


def test_a_sequence_is_set_on_the_copy_alone() -> None:
    statement = """SELECT setval(pg_get_serial_sequence('"order"', 'id'), coalesce(max("id"), 1)) FROM "order\""""
    on_the_copy = statement.replace('"order"', 'pg_temp."order"')
    assert turned(statement, COPIES, "public") == on_the_copy


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT setval('order_id_seq', 1)",
        """SELECT setval(pg_get_serial_sequence('"elsewhere"', 'id'), 1)""",
        'CREATE INDEX i ON "elsewhere" ("a")',
        'CREATE INDEX i ON "crm"."order" ("a")',
        'ALTER TABLE "order" ADD FOREIGN KEY (a) REFERENCES "elsewhere" (id)',
        'DELETE FROM "order"',
        'UPDATE "order" SET "a" = 1',
        "ALTER SYSTEM SET fsync = on",
        'ALTER TABLE "order" ATTACH PARTITION "elsewhere" DEFAULT',
        'ALTER TABLE "order" INHERIT "elsewhere"',
        "VACUUM FULL",
        "DROP TABLE order",
        "SELECT pg_terminate_backend(1)",
    ],
)
def test_a_statement_that_would_meet_more_than_copies_is_not_carried_out(statement: str) -> None:
    with pytest.raises(UntriedError):
        turned(statement, COPIES, "public")
