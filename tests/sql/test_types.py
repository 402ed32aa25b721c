"""Types, families and operator classes: what is written down in dbaudit.sql.types is what a server has."""

from __future__ import annotations

import pytest

from dbaudit.sql import operator_classes, types
from tests.scratch import Scratch


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("varchar(20)", "text"),
        ("character varying(20)", "text"),
        ("timestamptz", "moment"),
        ("timestamp(3) with time zone", "moment"),
        ("numeric(10, 2)", "number"),
        ("serial", "number"),
        ("uuid", "uuid"),
        ("integer[]", "array"),
        ("varchar(20)[]", "array"),
        ("daterange", "range"),
        ("jsonb", "jsonb"),
        ("json", "json"),
        ("geometry(Point,4326)", "geometry"),
        ("mood", ""),
        ("public.mood", ""),
    ],
)
def test_a_type_has_its_family_however_it_is_spelled(text: str, family: str) -> None:
    assert types.family(text) == family


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("varchar(20)", "text"),
        ("varchar(20)", "character varying"),
        ("integer", "numeric"),
        ("smallint", "bigint"),
        ("date", "timestamp with time zone"),
        ("cidr", "inet"),
        ("varchar(20)[]", "text[]"),
    ],
)
def test_a_cast_within_the_family_to_a_wider_type_is_implicit(source: str, target: str) -> None:
    assert types.is_implicit(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("varchar(20)", "integer"),
        ("varchar(20)", "numeric"),
        ("uuid", "text"),
        ("integer", "text"),
        ("bigint", "integer"),
        ("numeric", "integer"),
        ("text", "varchar(10)"),
        ("numeric(10,2)", "numeric(5,1)"),
        ("timestamp with time zone", "date"),
        ("timestamp with time zone", "timestamp without time zone"),
        ("citext", "text"),
        ("jsonb", "text"),
        ("integer[]", "text"),
        ("text[]", "integer[]"),
        ("mood", "text"),
    ],
)
def test_a_cast_out_of_the_family_or_to_a_narrower_type_is_somebodys_own(source: str, target: str) -> None:
    assert not types.is_implicit(source, target)


@pytest.mark.parametrize(
    ("operator", "text", "expected"),
    [
        ("@>", "jsonb", [("gin", "jsonb_ops"), ("gin", "jsonb_path_ops")]),
        ("@>", "integer[]", [("gin", "array_ops")]),
        ("@>", "daterange", [("gist", "range_ops"), ("spgist", "range_ops")]),
        ("?", "jsonb", [("gin", "jsonb_ops")]),
        ("~~", "varchar(20)", [
            ("btree", "text_pattern_ops"), ("btree", "varchar_pattern_ops"), ("gin", "gin_trgm_ops"),
            ("gist", "gist_trgm_ops"),
        ]),
        ("@>", "json", []),
        ("@>", "mood", []),
    ],
)  # fmt: skip
def test_an_operator_is_answered_by_the_classes_of_its_columns_type(
    operator: str, text: str, expected: list[tuple[str, str]]
) -> None:
    assert [(each.method, each.name) for each in operator_classes.classes_for(operator, text)] == expected


@pytest.mark.parametrize("text", ["json", "jsonb", "integer[]", "tsvector", "daterange", "xml", "point", "hstore"])
def test_what_is_searched_by_what_it_contains_is_no_key_of_a_b_tree(text: str) -> None:
    assert not types.is_ordered(text)


def test_only_a_type_that_bounds_its_values_is_safe_in_a_b_tree() -> None:
    assert types.longest_value("varchar(50)") == 212
    assert not types.is_unbounded("varchar(50)")
    assert not types.is_unbounded("uuid")
    assert not types.is_unbounded("numeric")
    assert not types.is_unbounded("mood")
    assert types.is_unbounded("varchar(5000)")
    assert all(map(types.is_unbounded, ("text", "varchar", "citext", "bytea", "text[]", "jsonb")))


def test_the_server_has_these_classes_with_these_operators(postgres: Scratch) -> None:
    there = {
        (method, name): (type_text, default, set(operators))
        for method, name, type_text, default, operators in postgres.rows(
            "SELECT m.amname, o.opcname, format_type(o.opcintype, NULL), o.opcdefault,"
            " array_agg(p.oprname::text) FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod"
            " JOIN pg_amop a ON a.amopfamily = o.opcfamily AND a.amoplefttype = o.opcintype"
            " JOIN pg_operator p ON p.oid = a.amopopr GROUP BY 1, 2, 3, 4"
        )
    }
    for each in operator_classes.CLASSES:
        if (each.method, each.name) not in there:
            assert each.extension, f"the server has no {each.method} {each.name}"
            continue
        _, default, operators = there[each.method, each.name]
        assert (each.default, set(each.operators) - operators) == (default, set()), each.name


def test_the_server_makes_the_casts_that_are_called_implicit(postgres: Scratch) -> None:
    rows = postgres.rows(
        "SELECT format_type(castsource, NULL), format_type(casttarget, NULL), castcontext, castmethod FROM pg_cast"
    )
    for source, target, context, method in rows:
        if source == target:
            continue  # to a length of the same type
        if types.is_implicit(source, target):
            assert context in ("i", "a"), f"{source} to {target}"
        if types.is_relabeling(source, target):
            assert method == "b", f"{source} to {target}"


def test_the_server_orders_what_is_called_ordered(postgres: Scratch) -> None:
    ordered = {
        name
        for (name,) in postgres.rows(
            "SELECT format_type(t.oid, NULL) FROM pg_type t JOIN pg_opclass o ON o.opcintype = t.oid AND o.opcdefault"
            " JOIN pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'"
        )
    }
    known = {name for name in types._FAMILIES if types.is_ordered(name)}
    assert types.is_ordered("mood")
    assert known - ordered <= {"character varying", "cidr", "citext", "ltree"}  # by another type's, and extensions'
