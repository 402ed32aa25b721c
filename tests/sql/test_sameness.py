"""One table of pairs for each vendor: what is the same index, and what serves another, wherever that is asked.

The pairs are built, read by the catalog reader, and put to everything that compares indexes.
"""

from __future__ import annotations

import random

import pytest

from dbaudit.advisor import served
from dbaudit.advisor.candidate import Candidate
from dbaudit.apply.advice import Advice
from dbaudit.apply.plan import Choice, plan
from dbaudit.facts import Index, Table
from dbaudit.findings import CreateIndex
from dbaudit.sql import equivalence
from dbaudit.sql.equivalence import signature
from dbaudit.sql.normal_form import Verdict, statements
from tests.scratch import Scratch

TABLE = {
    "postgresql": "CREATE TABLE item (id int PRIMARY KEY, code varchar(20), note text, number int, ref uuid, mail text,"
    " active boolean, data jsonb, made timestamptz)",
    "sqlite": "CREATE TABLE item (id integer PRIMARY KEY, code varchar(20), note text, number int, ref char(32),"
    " mail text COLLATE NOCASE, active bool, data text, made datetime)",
}
SAME = [
    ("(code)", '("code")'),
    ("(CODE)", "(code ASC)"),
    ("(lower(code))", '(LOWER("code"))'),
    ("((lower( code )))", "(lower(code))"),
    ("(code) WHERE active", '(code) WHERE "active"'),
    ("(code) WHERE number = 1", "(code) WHERE (number) = (1)"),
    ("(code) WHERE number = 1 AND note = 'a'", "(code) WHERE note = 'a' AND number = 1"),
    ("(code) WHERE number IN (1, 2)", "(code) WHERE number IN (2, 1)"),
    ("(code) WHERE number > 1", "(code) WHERE 1 < number"),
    ("(code) WHERE NOT number = 1", "(code) WHERE number <> 1"),
    ("(code, number DESC)", "(code DESC, number)"),
    ("((number + 1))", "((number+1))"),
]
SAME_ON = {
    "postgresql": [
        ("((code::text))", "(code)"),
        ("(upper(code::text))", "(upper(code))"),
        ("(upper(ref::text))", '(UPPER(CAST("ref" AS text)))'),
        ("(code NULLS LAST)", "(code)"),
        ("(code DESC NULLS FIRST)", "(code)"),
        ("(code varchar_pattern_ops)", "(code text_pattern_ops)"),
        ("(code) INCLUDE (note, number)", "(code) INCLUDE (number, note)"),
        ("(code) WHERE code IN ('a', 'b')", "(code) WHERE code = ANY (ARRAY['b', 'a'])"),
    ],
    "sqlite": [
        ("(code COLLATE BINARY)", "(code)"),
        ("(mail COLLATE nocase)", "(mail)"),
        ("([code])", "(`code`)"),
        ("(code)  -- by hand\n", "(code)"),
    ],
}
DIFFERENT = [
    ("(code)", "(note)"),
    ("(code, number)", "(number, code)"),
    ("(code, number)", "(code, number DESC)"),
    ("(lower(code))", "(upper(code))"),
    ("(lower(code))", "(code)"),
    ("(code) WHERE number = 1", "(code) WHERE number = 2"),
    ("(code) WHERE number = 1", "(code)"),
    ("((CAST(code AS integer)))", "(code)"),
    ("((CAST(code AS integer)))", "((CAST(code AS numeric)))"),
    ("((CAST(number AS text)))", "(number)"),
    ("((CAST(number AS text)))", "((CAST(number AS varchar(3))))"),
]
DIFFERENT_ON = {
    "postgresql": [
        ("(upper(ref::text))", "(upper(code))"),
        ("((number::numeric))", "(number)"),
        ("((number::smallint))", "(number)"),
        ("((code::varchar(3)))", "(code)"),
        ("(code text_pattern_ops)", "(code)"),
        ('(code COLLATE "C")', "(code)"),
        ("(code NULLS FIRST)", "(code)"),
        ("(code) INCLUDE (note)", "(code)"),
        ("USING gin (data)", "USING gin (data jsonb_path_ops)"),
        ("USING hash (code)", "(code)"),
    ],
    "sqlite": [
        ("(mail COLLATE BINARY)", "(mail)"),
        ("(code COLLATE NOCASE)", "(code)"),
        ("((CAST(code AS text)))", "(code)"),
    ],
}
#: The first serves every read of the second, and is another index.
SERVES = [
    ("(code, number)", "(CODE)"),
    ("(code DESC, number)", "(code)"),
    ("(lower(code), number)", '(LOWER("code"))'),
    ("(code, number) WHERE active", '(code) WHERE "active"'),
]

#: Rows that the first keeps apart cannot be alike in the second.
IMPLIES = [
    ("(code)", "(number, CODE)"),
    ("(number DESC, code)", "(code, number, note)"),
    ("(lower(code))", '(number, LOWER("code"))'),
    ("(code) WHERE number = 1 OR number = 2", "(note, code) WHERE number IN (2, 1)"),
    ("(code)", "(code, note) WHERE active"),
]
IMPLIES_NOT = [
    ("(code, number)", "(code)"),
    ("(code)", "(number, note)"),
    ("(lower(code))", "(number, code)"),
    ("(code) WHERE active", "(code, note)"),
    ("((CAST(code AS integer)))", "(code, note)"),
]


def built(scratch: Scratch, *bodies: str, kind: str = "INDEX") -> tuple[Table, list[Index]]:
    names = [f"i{place}" for place, _ in enumerate(bodies)]
    scratch.execute(TABLE[scratch.vendor])
    for name, body in zip(names, bodies, strict=True):
        scratch.execute(f"CREATE {kind} {name} ON item {body}")
    (table,) = scratch.snapshot().tables
    found = {index.name: index for index in table.indexes}
    return table, [found[name] for name in names]


def pairs(everywhere: list[tuple[str, str]], own: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str, str]]:
    return [(vendor, *pair) for vendor in TABLE for pair in (*everywhere, *own.get(vendor, ()))]


def as_asked(index: Index) -> CreateIndex:
    return CreateIndex(
        table="item",
        keys=index.keys,
        name="asked",
        include=index.included,
        condition=index.predicate,
        method="" if index.method == "btree" else index.method,
    )


def all_say(scratch: Scratch, one: str, other: str) -> set[bool]:
    """What each of those that compare indexes says of two of them."""
    table, (first, second) = built(scratch, one, other)
    said = {
        signature(first) == signature(second),
        equivalence.covers(first, second) and equivalence.covers(second, first),
        bool(scratch.findings("duplicate_index")),
    }
    # An index that is asked for in the words of the second, where only the first stands.
    scratch.execute("DROP INDEX i1")
    snapshot = scratch.snapshot()
    (alone,) = snapshot.tables
    asked = as_asked(second)
    steps = plan(snapshot, [Advice(key="k", title="t", action=asked)], Choice())
    said.add(any("has it already" in left.reason for left in steps.left_out))
    candidate = Candidate(
        table="item", keys=asked.keys, include=asked.include, condition=asked.condition, method=asked.method or "btree"
    )
    found = served.serving(candidate, alone)
    said.add(found is not None and len(found.keys) == len(second.keys) and found.included == first.included)
    written = statements.index(f"CREATE INDEX x ON item {other}", "item", brackets=scratch.vendor == "sqlite")
    said.add(signature(equivalence.of_table(written, table)) == signature(first))
    return said


@pytest.fixture
def on(request: pytest.FixtureRequest) -> Scratch:
    return request.getfixturevalue("postgres" if request.param == "postgresql" else "sqlite")  # type: ignore[no-any-return]


@pytest.mark.parametrize(("on", "one", "other"), pairs(SAME, SAME_ON), indirect=["on"])
def test_two_spellings_of_one_index_are_the_same_to_all(on: Scratch, one: str, other: str) -> None:
    assert all_say(on, one, other) == {True}


@pytest.mark.parametrize(("on", "one", "other"), pairs(DIFFERENT, DIFFERENT_ON), indirect=["on"])
def test_two_indexes_are_the_same_to_nobody(on: Scratch, one: str, other: str) -> None:
    _, (first, second) = built(on, one, other)
    assert signature(first) != signature(second)
    assert not on.findings("duplicate_index")
    if first.method == second.method and not (first.predicate or second.predicate):
        verdict = equivalence.compare_keys(first, second)
        assert verdict is not Verdict.SAME or first.included != second.included


@pytest.mark.parametrize(("on", "one", "other"), pairs(SERVES, {}), indirect=["on"])
def test_a_wider_index_serves_a_narrow_one_however_both_are_spelled(on: Scratch, one: str, other: str) -> None:
    _, (wide, narrow) = built(on, one, other)
    assert equivalence.covers(wide, narrow)
    assert not equivalence.covers(narrow, wide)
    assert [finding.remedy.action.name for finding in on.findings("redundant_index")] == ["i1"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("on", "one", "other"), pairs(IMPLIES, {}), indirect=["on"])
def test_uniqueness_by_fewer_keys_implies_uniqueness_by_more(on: Scratch, one: str, other: str) -> None:
    table, (strong, weak) = built(on, one, other, kind="UNIQUE INDEX")
    assert equivalence.implies_unique(strong, weak, table)


@pytest.mark.parametrize(("on", "one", "other"), pairs(IMPLIES_NOT, {}), indirect=["on"])
def test_uniqueness_by_other_keys_or_of_fewer_rows_implies_none(on: Scratch, one: str, other: str) -> None:
    table, (strong, weak) = built(on, one, other, kind="UNIQUE INDEX")
    assert not equivalence.implies_unique(strong, weak, table)


# -- spellings at random ---------------------------------------------------------------------------------------------

TYPES = {"code": "character varying(20)", "number": "integer", "note": "text", "ref": "uuid"}
KEYS = {
    "code": ["code", '"code"', "CODE", "(code)", "((code)::text)"],
    "lower": ["lower(code)", '(LOWER("code"))', "(lower((code)::text))", "( lower( CODE ) )"],
    "sum": ["((number + 1))", "(number+1)", '("number" + 1)'],
    "ref": ["(upper((ref)::text))", 'UPPER(CAST("ref" AS TEXT))', "(upper(ref::text))"],
}
CONDITIONS = {
    "one": ["number = 1", "(number = 1)", "1 = number", "number IN (1)", "NOT number <> 1"],
    "both": ["number = 1 AND note = 'a'", "note = 'a'::text AND (number = 1)", "(note)::text = 'a' AND 1 = number"],
    "some": ["number IN (1, 2)", "number = ANY (ARRAY[2, 1])", "(number IN (2, 1))"],
}


def spelled(chance: random.Random, keys: list[tuple[str, bool]], condition: str) -> str:
    """A statement of an index, in one of its spellings; a b-tree may be read from its end."""
    turned = chance.random() < 0.5
    parts = [chance.choice(KEYS[key]) + (" DESC" if down != turned else "") for key, down in keys]
    where = f" WHERE {chance.choice(CONDITIONS[condition])}" if condition else ""
    using = chance.choice(["", "USING btree "])
    return f"CREATE INDEX {chance.choice(['i', 'j'])} ON item {using}({', '.join(parts)}){where}"


def meaning(sql: str) -> object:
    table = Table(name="item", types=TYPES)
    return signature(equivalence.of_table(statements.index(sql, "item"), table))


@pytest.mark.parametrize("seed", range(60))
def test_any_spelling_of_an_index_is_that_index_and_a_change_of_meaning_is_none(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same pairs on every machine
    names = chance.sample(sorted(KEYS), chance.randint(1, 3))
    keys = [(name, chance.random() < 0.5) for name in names]
    condition = chance.choice(["", *CONDITIONS])
    one = meaning(spelled(chance, keys, condition))
    assert one == meaning(spelled(chance, keys, condition))
    others = [
        (keys, next(name for name in ("", *CONDITIONS) if name != condition)),
        (keys[:-1] or [("sum", True)] * 2, ""),
    ]
    if len(keys) > 1:
        others += [(keys[::-1], condition), ([(keys[0][0], not keys[0][1]), *keys[1:]], condition)]
    for changed, where in others:
        assert meaning(spelled(chance, changed, where)) != one
