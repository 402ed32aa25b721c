"""Whether an index is there is told by its definition, as the server spells it."""

from __future__ import annotations

import pytest

from tests.apply.applying import Run, creation, indexes, invalid


@pytest.mark.parametrize(
    ("standing", "wanted"),
    [
        ("(kind)", "(kind)"),
        ("(kind)", 'USING btree ("kind" ASC NULLS LAST)'),
        ("(code) WHERE code <> 'x'", "(code) WHERE (code) != 'x'"),
        ("(code) WHERE code = 'x'::text", "(code) WHERE code = 'x'"),
        ("(kind) WHERE active IS TRUE", "(kind) WHERE (active) IS TRUE"),
        ("((kind + 1))", "((kind+1))"),
        ("(kind) WHERE active AND code = 'x'", "(kind) WHERE code = 'x' AND active"),
        ("(kind) WHERE code = 'x' OR code = 'y'", "(kind) WHERE code IN ('y', 'x')"),
        ("(upper(code))", '(UPPER("code"))'),
        ("(upper(code))", "((upper(code)))"),
        ("(code text_pattern_ops)", "(code text_pattern_ops)"),
        ("(kind) INCLUDE (code, active)", "(kind) INCLUDE (active, code)"),
        ("USING hash (code)", "USING hash (code)"),
    ],
)
def test_the_same_definition_under_another_name_is_not_built_again(items: Run, standing: str, wanted: str) -> None:
    items.scratch.execute(f"CREATE INDEX theirs ON items {standing}")
    (done,) = items(creation("items", "ours", wanted))
    assert (done.outcome, done.index) == ("adopted", "theirs")
    assert indexes(items.scratch) == ["items_pkey", "theirs"]


@pytest.mark.parametrize(
    ("standing", "wanted"),
    [
        ("(kind)", "(kind DESC)"),
        ("(kind)", "(kind NULLS FIRST)"),
        ("(kind)", "(kind) WHERE active"),
        ("(kind)", "(kind) INCLUDE (code)"),
        ("(code)", "(code text_pattern_ops)"),
        ("(code)", '(code COLLATE "C")'),
        ("(code)", "USING hash (code)"),
        ("(kind, code)", "(code, kind)"),
        ("(kind) WHERE active", "(kind) WHERE NOT active"),
    ],
)
def test_another_definition_is_built_beside_it(items: Run, standing: str, wanted: str) -> None:
    items.scratch.execute(f"CREATE INDEX theirs ON items {standing}")
    assert items.outcomes(creation("items", "ours", wanted)) == ["built"]
    assert indexes(items.scratch) == ["items_pkey", "ours", "theirs"]


def test_an_index_of_the_same_name_elsewhere_is_not_taken_for_ours(items: Run) -> None:
    items.scratch.execute("CREATE TABLE others (kind int); CREATE INDEX items_kind_idx ON others (kind)")
    (done,) = items(creation("items", "items_kind_idx", "(kind)"))
    assert "The name items_kind_idx is taken by an index of others" in done.reason
    assert indexes(items.scratch, "others") == ["items_kind_idx"]


def test_a_name_that_the_server_would_cut_is_refused(items: Run) -> None:
    (done,) = items(creation("items", "ü" * 32, "(kind)"))
    assert "has more than 63 bytes" in done.reason
    assert indexes(items.scratch) == ["items_pkey"]


def test_names_of_any_kind_are_quoted(items: Run) -> None:
    items.scratch.execute('CREATE SCHEMA "Große Söhne"')
    items.scratch.execute('CREATE TABLE "Große Söhne"."a ""b"" USING (c)" ("select" int, "Ünï;--" text)')
    step = creation('a "b" USING (c)', 'x "y" ON z', '("select", "Ünï;--")', schema="Große Söhne")
    (done,) = items(step)
    assert done.outcome == "built", done.reason
    assert items.outcomes(step) == ["present"]
    name = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'Große Söhne' AND indexname = 'x \"y\" ON z'"
    assert items.scratch.rows(name) == [(1,)]
    assert invalid(items.scratch) == []


def test_a_table_of_another_schema_with_an_index_of_that_name_is_no_obstacle(items: Run) -> None:
    items.scratch.execute("CREATE SCHEMA other; CREATE TABLE other.items (kind int)")
    items.scratch.execute("CREATE INDEX items_kind_idx ON other.items (kind)")
    assert items.outcomes(creation("items", "items_kind_idx", "(kind)")) == ["built"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("(colour)", 'Column "colour" does not exist: a column is gone; audit again.'),
        ("USING gin (code gin_trgm_ops)", "install its extension (pg_trgm, btree_gin …) first"),
        ("(unaccent(code))", "a function is missing; install its extension first"),
        ("((now() > '2020-01-01'))", "an expression is not immutable"),
    ],
)
def test_a_definition_that_the_server_does_not_accept_is_refused_before_the_table_is_touched(
    items: Run, body: str, sentence: str
) -> None:
    (done,) = items(creation("items", "ours", body))
    assert done.outcome == "failed"
    assert sentence in done.reason
    assert indexes(items.scratch) == ["items_pkey"]


def test_an_index_of_an_expression_leaves_statistics_of_it(items: Run) -> None:
    (done,) = items(creation("items", "items_upper_idx", "(upper(code))"))
    assert "items was analyzed" in done.notes[0]
    assert items.scratch.rows("SELECT count(*) FROM pg_stats WHERE tablename = 'items_upper_idx'") == [(1,)]
