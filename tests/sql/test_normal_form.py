"""SQL in a normal form: what Django compiles against what servers print, word for word as they do."""

from __future__ import annotations

import pytest

from dbaudit.facts import IndexKey
from dbaudit.sql.normal_form import (
    Verdict,
    affinity,
    compare,
    compare_defaults,
    declared_type,
    mentioned,
    statements,
    tree,
    type_name,
)
from dbaudit.sql.normal_form.tokens import tokenize

# What Django 5.2 compiles, and what PostgreSQL 15 to 18 make of it.
TYPES = {
    "status": "character varying(20)",
    "name": "character varying(100)",
    "kind": "character varying(10)",
    "text": "text",
    "tags": "character varying(5)[]",
    "qty": "integer",
    "price": "numeric(10,2)",
    "code": "character varying(10)",
    "number": "integer",
    "ref": "uuid",
    "mail": "citext",
    "ip": "inet",
    "made": "timestamp with time zone",
}
CONDITIONS = [
    ("\"status\" = 'open'", "((status)::text = 'open'::text)"),
    (
        "\"status\" IN ('open', 'closed')",
        "((status)::text = ANY ((ARRAY['open'::character varying, 'closed'::character varying])::text[]))",
    ),
    (
        "\"status\" IN ('open', 'closed')",
        "((status)::text = ANY (ARRAY[('closed'::character varying)::text, ('open'::character varying)::text]))",
    ),
    ('"status" IN (\'open\') AND NOT ("active")', "(((status)::text = 'open'::text) AND (NOT active))"),
    (
        "NOT (\"status\" IN ('a', 'b'))",
        "(NOT ((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
    ),
    (
        '"qty" > 5 OR "price" <= 2.50 OR "rate" < 1.5',
        "((qty > 5) OR (price <= 2.50) OR (rate < (1.5)::double precision))",
    ),
    ('"price" > 0', "(price > (0)::numeric)"),
    (
        "\"text\"::text LIKE  E'a\\\\%b%' OR UPPER(\"text\"::text) LIKE UPPER('%x''y%')",
        "((text ~~ 'a\\%b%'::text) OR (upper(text) ~~ upper('%x''y%'::text)))",
    ),
    ("\"text\"::text ~  E'^\\\\d+$'", "(text ~ '^\\d+$'::text)"),
    ("NOT (\"name\"::text LIKE 'a%')", "((name)::text !~~ 'a%'::text)"),
    (
        "\"at\" > '2020-01-01 00:00:00+00:00'::timestamptz OR \"day\" < '2020-01-01'::date",
        "((at > '2020-01-01 01:00:00+01'::timestamp with time zone) OR (day < '2020-01-01'::date))",
    ),
    (
        "\"day\" BETWEEN '2020-01-01'::date AND '2020-12-31'::date",
        "((day >= '2020-01-01'::date) AND (day <= '2020-12-31'::date))",
    ),
    (
        "\"t\" > '12:00:00'::time OR \"dur\" > '1 day 0:00:00'::interval",
        "((t > '12:00:00'::time without time zone) OR (dur > '1 day'::interval))",
    ),
    (
        '("data" -> \'a\') = \'1\'::jsonb OR "data" ? \'b\' OR "data" @> \'{"x":[1, "y"]}\'::jsonb',
        "(((data -> 'a'::text) = '1'::jsonb) OR (data ? 'b'::text) OR (data @> '{\"x\": [1, \"y\"]}'::jsonb))",
    ),
    ("(\"data\" #> '{a,b}') = '\"s\"'::jsonb", "((data #> '{a,b}'::text[]) = '\"s\"'::jsonb)"),
    (
        "\"u\" = '00000000000000000000000000000005'::uuid",
        "(u = '00000000-0000-0000-0000-000000000005'::uuid)",
    ),
    ("\"tags\" @> (ARRAY['a'])::varchar(5)[]", "(tags @> ARRAY['a'::character varying(5)])"),
    ('"rng" @> (5)::integer', "(rng @> 5)"),
    ('"other_id" IS NOT NULL AND "t" IS NULL', "((other_id IS NOT NULL) AND (t IS NULL))"),
    (
        'NOT ("status" = \'a\') AND NOT ("t" IS NULL)',
        "((NOT ((status)::text = 'a'::text)) AND (NOT (t IS NULL)))",
    ),
    ('"small" >  -1 AND "big" >= 5000000000', "((small > '-1'::integer) AND (big >= '5000000000'::bigint))"),
    ('"active" AND "qty" = 1', "((active = true) AND (qty = 1))"),
    (
        'CASE WHEN "tags" IS NULL THEN NULL ELSE coalesce(array_length("tags", 1), 0) END = 2',
        "\nCASE\n    WHEN (tags IS NULL) THEN NULL::integer\n    ELSE COALESCE(array_length(tags, 1), 0)\nEND = 2",
    ),
    ("(\"tags\")[1] = 'a'", "((tags[1])::text = 'a'::text)"),
    ('"t"."name" < ("status")', "((name)::text < (status)::text)"),
    ('NOT ("qty" = 1 AND "big" = 2)', "(NOT ((qty = 1) AND (big = 2)))"),
    ('"qty" BETWEEN 1 AND 10 AND ("active")', "(((qty >= 1) AND (qty <= 10)) AND active)"),
]
EXPRESSIONS = [
    ('UPPER("name")', "upper((name)::text)"),
    ('("qty" * "price")', "((qty)::numeric * price)"),
    ("COALESCE(\"name\", 'z')", "COALESCE(name, 'z'::character varying)"),
    ("(\"at\" AT TIME ZONE 'UTC')::date", "((at AT TIME ZONE 'UTC'::text))::date"),
    ("(\"at\" AT TIME ZONE 'UTC')::date", "(timezone('UTC'::text, at))::date"),
    ('SUBSTRING("name", 1, 3)', '"substring"((name)::text, 1, 3)'),
    ('TRIM("name")', "TRIM(BOTH FROM name)"),
    ('TRIM("name")', "btrim((name)::text)"),
    ('EXTRACT(YEAR FROM "day")', "EXTRACT(year FROM day)"),
    ('("small" *  -1)', "(small * '-1'::integer)"),
    ("NULLIF(\"name\", '')", "NULLIF((name)::text, ''::text)"),
    ("CURRENT_TIMESTAMP", "now()"),
    (
        "(COALESCE(\"name\", '') || COALESCE(\"status\", ''))",
        "((COALESCE(name, ''::character varying))::text || (COALESCE(status, ''::character varying))::text)",
    ),
    ('"name" COLLATE "C"', '(name COLLATE "C")'),
    ('CAST("qty" AS smallint)', "(qty)::smallint"),
    ('"code"', "(code)::text"),
    ('UPPER("ref"::text)', "upper((ref)::text)"),
    ('UPPER(CAST("number" AS text))', "upper((number)::text)"),
    ('HOST("ip")', "host(ip)"),
]
# Each pair says something else, in words of which a server changes none.
DIFFERENT = [
    ("\"status\" = 'open'", "((status)::text = 'closed'::text)"),
    ("\"status\" = 'open'", "((kind)::text = 'open'::text)"),
    ('"qty" > 5', "(qty >= 5)"),
    ('"qty" > 5', "(qty > 6)"),
    ('"qty" > 5', "((qty > 5) AND active)"),
    ('"qty" > 5 AND "active"', "((qty > 5) OR active)"),
    ("\"status\" IN ('a', 'b')", "((status)::text = ANY (ARRAY['a'::text, 'b'::text, 'c'::text]))"),
    ('"t" IS NULL', "(t IS NOT NULL)"),
    ('"active"', "(NOT active)"),
    ("\"day\" < '2020-01-01'::date", "(day < '2021-01-01'::date)"),
    ('UPPER("name")', "lower((name)::text)"),
    ('UPPER("name")', "upper('name'::text)"),
    ('"a" - "b"', "(b - a)"),
    ('"code"', "(code)::integer"),
    ('"code"', "(code)::numeric"),
    ("(code)::integer", "(code)::numeric"),
    ('"code"', "(code)::character varying(5)"),
    ('"number"', "(number)::text"),
    ('"number"', "(number)::character varying"),
    ('"number"', "(number)::smallint"),
    ('UPPER("ref")', "upper((ref)::text)"),
    ("\"mail\" = 'a'", "((mail)::text = 'a'::text)"),
    ('"made"', "(made)::date"),
]
# A server or another version of Django may have made the one out of the other.
UNSURE = [
    ('CAST("name" AS inet)', "(other)::inet"),
    ("\"rng\" && '[1,2]'::int4range", "(rng && '[1,3)'::int4range)"),
    ('ST_X("point") > 1', "(st_x(place) > (1)::double precision)"),
    ("\"dur\" > '1 mon'::interval", "(dur > '1 month'::interval)"),
    ("a OVERLAPS b", "b OVERLAPS a"),
    ("a = {b}", "a = b"),
]


@pytest.mark.parametrize(("compiled", "printed"), CONDITIONS + EXPRESSIONS)
def test_what_django_compiles_is_the_same_as_what_postgresql_prints(compiled: str, printed: str) -> None:
    assert compare(compiled, printed, TYPES) is Verdict.SAME
    assert compare(printed, compiled, TYPES) is Verdict.SAME


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_literal_column_operator_or_function_is_a_difference(one: str, other: str) -> None:
    assert compare(one, other, TYPES) is Verdict.DIFFERENT
    assert compare(other, one, TYPES) is Verdict.DIFFERENT


@pytest.mark.parametrize(("one", "other"), UNSURE)
def test_what_a_server_may_have_rewritten_is_no_difference(one: str, other: str) -> None:
    assert compare(one, other, TYPES) is Verdict.UNSURE


def test_a_cast_of_which_no_type_is_known_is_neither_the_servers_nor_somebodys() -> None:
    assert compare("(x)::text", "x") is Verdict.UNSURE
    assert compare("(x)::text = 'a'", "x = 'a'") is Verdict.UNSURE
    assert compare("(x)::text", "CAST(x AS text)") is Verdict.SAME


def test_without_types_a_tree_keeps_what_was_written() -> None:
    assert tree('CAST("code" AS text)') == ("cast", "text", ("column", "code"))
    assert tree('CHAR_LENGTH("code")') == ("call", "char_length", ("column", "code"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1 AND b = 2", "b = 2 AND (a = 1)"),
        ("5 < a", "a > 5"),
        ("a != 1", "NOT a = 1"),
        ("a NOT IN (2, 1)", "a <> ALL (ARRAY[1, 2])"),
        ("a ISNULL", "a IS NULL"),
        ("a = 1 OR a = 2", "a IN (2, 1)"),
        ("a = 1 OR a IN (2, 3)", "a IN (3, 2, 1)"),
        ("a <> 1 AND a <> 2", "NOT a IN (1, 2)"),
        ("a = 1 OR b = 2 OR a = 3", "b = 2 OR a IN (1, 3)"),
        ('"Big" = 1', "big = 1.0"),
        ("a = 'it''s'", "a = E'it\\'s'"),
        ("x.f(a)", "f(a)"),
        ("a -- why\n = /* so */ 1", "a=1"),
        ("a BETWEEN 1 AND 2 OR b", "(b) OR ((a >= 1) AND (a <= 2))"),
        ("a = -1", "a = (-1)"),
        ("a>-1", "a > -1"),
    ],
)
def test_layout_order_and_case_do_not_count(one: str, other: str) -> None:
    assert compare(one, other) is Verdict.SAME


def test_nothing_is_different_from_something() -> None:
    assert compare("", "") is Verdict.SAME
    assert compare("", "a = 1") is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("declared", "printed"),
    [
        ("'x'", "'x'::character varying"),
        ("0", "0"),
        ("1.50", "1.5"),
        ("true", "true"),
        ("(STATEMENT_TIMESTAMP())", "statement_timestamp()"),
        ("'{}'::jsonb", "'{}'::jsonb"),
        ("", "NULL::character varying"),
        ("NULL", ""),
    ],
)
def test_a_default_is_the_same_with_the_casts_of_the_server(declared: str, printed: str) -> None:
    assert compare_defaults(declared, printed) is Verdict.SAME


@pytest.mark.parametrize(
    ("declared", "printed"), [("'x'", "'y'::text"), ("", "0"), ("now()", ""), ("1", "'1 a'::text")]
)
def test_another_default_is_a_difference(declared: str, printed: str) -> None:
    assert compare_defaults(declared, printed) is Verdict.DIFFERENT


def test_the_columns_of_an_expression_are_not_its_functions_types_and_words() -> None:
    assert mentioned('upper("Name"::text) = x.y AND EXTRACT(year FROM day) > 1') == {"name", "y", "day"}
    assert mentioned("", "a = 1") == {"a"}


@pytest.mark.parametrize(
    "sql",
    ["", "(", "a =", "a IN (", "CASE WHEN a", "a::", "a b c", "'never ends", "CAST(a AS", "a[1", "NOT", "a = { b"],
)
def test_text_that_is_no_expression_is_opaque_and_raises_nothing(sql: str) -> None:
    assert tree(sql)[0] == "opaque"


def test_a_text_nested_beyond_reason_is_opaque() -> None:
    assert tree("(" * 100_000)[0] == "opaque"


@pytest.mark.parametrize(
    ("declared", "printed"),
    [
        ("varchar(30)", "character varying(30)"),
        ("varchar", "character varying"),
        ("numeric(10, 2)", "numeric(10,2)"),
        ("char(32)", "character(32)"),
        ("timestamp with time zone", "timestamp with time zone"),
        ("timestamptz(3)", "timestamp(3) with time zone"),
        ("time", "time without time zone"),
        ("varchar(5)[]", "character varying(5)[]"),
        ("integer[3][]", "integer[]"),
        ("serial", "integer"),
        ("citext", "extensions.citext"),
        ("geometry(POINT,4326)", "geometry(Point,4326)"),
        ("double precision", "float8"),
    ],
)
def test_a_type_has_one_name_on_postgresql(declared: str, printed: str) -> None:
    assert type_name(declared) == type_name(printed)


def test_types_that_differ_keep_different_names() -> None:
    names = ["integer", "bigint", "character varying(3)", "character varying(4)", "text", "integer[]", "date", "time"]
    assert len({type_name(name) for name in names}) == len(names)


def test_a_declared_type_of_sqlite_is_compared_without_case_and_spaces() -> None:
    assert declared_type("VARCHAR( 30 )") == declared_type("varchar(30)")
    assert declared_type("INT UNSIGNED") == declared_type("integer  unsigned")
    assert declared_type("varchar(30)") != declared_type("varchar(31)")


def test_the_affinity_of_a_type_is_what_sqlite_documents() -> None:
    words = ("bigint unsigned", "varchar(3)", "text", "", "real", "decimal", "datetime", "bool", "floating point")
    assert [affinity(word) for word in words] == [
        "integer", "text", "text", "blob", "real", "numeric", "numeric", "numeric", "integer",
    ]  # fmt: skip


def test_tokens_keep_quotes_apart_from_words() -> None:
    found = [(token.kind, token.value) for token in tokenize("\"a\"\"B\" `c` 'it''s' E'\\n' x.y>-1")]
    assert found == [
        ("quoted", 'a"B'),
        ("quoted", "c"),
        ("string", "it's"),
        ("string", "\n"),
        ("word", "x"),
        ("mark", "."),
        ("word", "y"),
        ("operator", ">"),
        ("operator", "-"),
        ("number", "1"),
        ("end", ""),
    ]


def test_an_index_statement_is_read_with_all_its_clauses() -> None:
    found = statements.index(
        'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "i" ON ONLY "s"."t" USING gist '
        '((LOWER("a")) COLLATE "C" text_pattern_ops DESC NULLS LAST, "b", ("c"), "d" gist_trgm_ops (siglen=32)) '
        'INCLUDE ("e", "f") NULLS NOT DISTINCT WITH (fillfactor = 70) TABLESPACE x WHERE ("g" AND "h" = \'),(\')',
        "t",
    )
    assert found.keys == (
        IndexKey(expression='LOWER("a")', collation="C", opclass="text_pattern_ops", descending=True, nulls="last"),
        IndexKey(column="b"),
        IndexKey(column="c"),
        IndexKey(column="d", opclass="gist_trgm_ops (siglen=32)"),
    )
    assert (found.name, found.method, found.unique, found.nulls_distinct) == ("i", "gist", True, False)
    assert (found.included, found.predicate) == (("e", "f"), '("g" AND "h" = \'),(\')')


def test_the_definitions_of_constraints_are_read() -> None:
    assert statements.added('ALTER TABLE "t" ADD CONSTRAINT "n" CHECK ("a" > 0)') == ("n", 'CHECK ("a" > 0)')
    assert statements.check("CHECK (((a > 0))) NOT VALID") == "((a > 0))"
    unique = statements.unique("UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (c)", "t", "n")
    assert (unique.columns, unique.included, unique.nulls_distinct, unique.constraint) == (
        ("a", "b"),
        ("c",),
        False,
        "unique",
    )
    found = statements.exclusion(
        "EXCLUDE USING gist (room WITH =, tstzrange(a, b) WITH &&) WHERE ((NOT gone)) DEFERRABLE INITIALLY DEFERRED"
    )
    again = 'EXCLUDE USING gist ("a" WITH &&) WHERE (NOT "gone") DEFERRABLE INITIALLY IMMEDIATE'
    assert statements.exclusion(again).deferrable == "immediate"
    assert [str(key) for key in found.keys] == ["room", "(tstzrange(a, b))"]
    assert (found.operators, found.predicate, found.deferrable) == (("=", "&&"), "((NOT gone))", "deferred")


@pytest.mark.parametrize("sql", ["DROP TABLE x", "CREATE INDEX i ON t (a", "CREATE INDEX 1 ON t (a)"])
def test_another_statement_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        statements.index(sql, "t")
