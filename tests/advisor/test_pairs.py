"""Indexes that take the place of another: what one lookup is worth, and what it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.apps.registry import Apps

from dbaudit.advisor.candidate import Asked, Candidate
from dbaudit.advisor.swap import paired
from dbaudit.advisor.trials.sqlite import SqlitePlanner, copied
from dbaudit.advisor.values import Advice, Effect
from dbaudit.facts import IndexKey, Ownership, Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbaudit.facts import Snapshot
    from tests.scratch import Scratch


TABLES = """
    PRAGMA foreign_keys = OFF;
    CREATE TABLE place (id integer PRIMARY KEY);
    CREATE TABLE item (id integer PRIMARY KEY, state integer NOT NULL, day integer NOT NULL,
        place_id integer NOT NULL REFERENCES place (id));
    CREATE INDEX item_place ON item (place_id);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO item SELECT i, i % 7, i % 11, i % 50 FROM n;
"""
BOTH = Candidate(table="item", keys=(IndexKey(column="place_id"), IndexKey(column="state")))
PLENTY = 2**30


def asked(sql: str, *values: object) -> Asked:
    return Asked(fingerprint=sql, sql=sql, samples=(Parameters(values),))


LOOKUP = asked('SELECT * FROM "item" WHERE "state" = %s AND "place_id" = %s', 3, 7)


@pytest.fixture
def trial(sqlite: Scratch) -> Iterator[tuple[SqlitePlanner, Snapshot]]:
    sqlite.execute(TABLES)
    snapshot = sqlite.snapshot(Apps([]))
    own = tuple(replace(table, ownership=Ownership(owner="project")) for table in snapshot.tables)
    snapshot = replace(snapshot, tables=own)
    with copied(sqlite.connection) as copy:
        yield SqlitePlanner(copy, snapshot), snapshot


def nothing_chosen(planner: SqlitePlanner, *questions: Asked, budget: int = PLENTY) -> Advice:
    """As the search leaves what saves too little of a workload."""
    plans = [planner.cost(one, frozenset()) for one in questions]
    effects = (
        Effect(asked=one, share=1 / len(plans), before=plan, after=plan)
        for one, plan in zip(questions, plans, strict=True)
    )
    return Advice(effects=tuple(effects), before=1.0, after=1.0, budget_bytes=budget)


def test_a_lookup_by_two_columns_buys_the_index_that_takes_the_place_of_the_foreign_key_s(
    trial: tuple[SqlitePlanner, Snapshot],
) -> None:
    planner, snapshot = trial
    found = paired(nothing_chosen(planner, LOOKUP), planner, snapshot)
    [one] = found.chosen
    assert one.candidate == BOTH
    assert [index.name for index in one.replaces] == ["item_place"]
    assert one.helps == (LOOKUP.fingerprint,)
    [effect] = found.effects
    assert effect.after.cost < effect.before.cost
    assert found.bytes == one.bytes > 0


def test_what_is_asked_once_for_each_row_buys_none(trial: tuple[SqlitePlanner, Snapshot]) -> None:
    planner, snapshot = trial
    assert not paired(nothing_chosen(planner, replace(LOOKUP, repeated=True)), planner, snapshot).chosen


def test_nothing_is_bought_beyond_the_budget(trial: tuple[SqlitePlanner, Snapshot]) -> None:
    planner, snapshot = trial
    assert not paired(nothing_chosen(planner, LOOKUP, budget=1_000), planner, snapshot).chosen


def test_nothing_is_bought_where_no_index_becomes_needless(trial: tuple[SqlitePlanner, Snapshot]) -> None:
    planner, snapshot = trial
    other = asked('SELECT * FROM "item" WHERE "state" = %s AND "day" = %s', 3, 7)
    assert not paired(nothing_chosen(planner, other), planner, snapshot).chosen


def test_the_tables_of_others_are_left_as_they_are(trial: tuple[SqlitePlanner, Snapshot]) -> None:
    planner, snapshot = trial
    foreign = tuple(replace(table, ownership=Ownership(owner="third-party")) for table in snapshot.tables)
    assert not paired(nothing_chosen(planner, LOOKUP), planner, replace(snapshot, tables=foreign)).chosen


def test_no_more_than_two_begin_with_the_same_column(trial: tuple[SqlitePlanner, Snapshot]) -> None:
    planner, snapshot = trial
    by_day = asked('SELECT * FROM "item" WHERE "day" = %s AND "place_id" = %s', 3, 7)
    by_key = asked('SELECT * FROM "item" WHERE "state" = %s AND "day" = %s AND "place_id" = %s', 3, 3, 3)
    found = paired(nothing_chosen(planner, LOOKUP, by_day, by_key), planner, snapshot)
    assert len(found.chosen) == 2
    assert {one.candidate.keys[0].column for one in found.chosen} == {"place_id"}
