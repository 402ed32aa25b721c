"""What is made of the set that the search found: nothing that hardly helps, and of equal indexes the one that makes
another needless."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.apps.registry import Apps

from dbaudit.advisor.candidate import Asked, Candidate, Planned
from dbaudit.advisor.prune import TOO_LITTLE, natural, settled
from dbaudit.advisor.trials.sqlite import SqlitePlanner, copied
from dbaudit.advisor.values import Advice, Chosen, Effect, Rejected
from dbaudit.advisor.writes import Written
from dbaudit.facts import IndexKey, Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbaudit.facts import Snapshot
    from tests.scratch import Scratch

TABLES = """
    PRAGMA foreign_keys = OFF;
    CREATE TABLE place (id integer PRIMARY KEY);
    CREATE TABLE item (id integer PRIMARY KEY, day text NOT NULL, place_id integer NOT NULL REFERENCES place (id),
        state integer NOT NULL);
    CREATE INDEX item_place ON item (place_id);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO item SELECT i, 'day ' || (i % 900), i % 50, i % 3 FROM n;
"""


def on(*columns: str) -> Candidate:
    return Candidate(table="item", keys=tuple(IndexKey(column=one) for one in columns))


def asked(sql: str, *values: object) -> Asked:
    return Asked(fingerprint=sql, sql=sql, samples=(Parameters(values),))


LOOKUP = asked('SELECT * FROM "item" WHERE "day" = %s AND "place_id" = %s', "day 7", 7)


@contextmanager
def planner(database: Scratch) -> Iterator[tuple[SqlitePlanner, Snapshot]]:
    database.execute(TABLES)
    snapshot = database.snapshot(Apps([]))
    with copied(database.connection) as copy:
        yield SqlitePlanner(copy, snapshot), snapshot


def advice(
    trial: SqlitePlanner, question: Asked, *candidates: Candidate, refused: tuple[Candidate, ...] = ()
) -> Advice:
    """As the search would give it, with these chosen."""
    before, after = trial.cost(question, frozenset()), trial.cost(question, frozenset(candidates))
    return Advice(
        chosen=tuple(
            Chosen(
                candidate=one,
                bytes=trial.size(one),
                gain=0.001,
                alone=0.001,
                written=Written(0, 0),
                helps=(question.fingerprint,) if one in after.used else (),
            )
            for one in candidates
        ),
        effects=(Effect(asked=question, share=1.0, before=before, after=after),),
        rejected=tuple(Rejected(candidate=one, reason="another is as good") for one in refused),
        before=before.cost,
        after=after.cost,
    )


def test_an_index_that_helps_and_reads_like_the_model_stays(sqlite: Scratch) -> None:
    with planner(sqlite) as (trial, snapshot):
        found = advice(trial, LOOKUP, on("place_id", "day"))
        [one] = settled(found, trial, snapshot).chosen
        assert one.candidate == on("place_id", "day")
        assert one.helps == (LOOKUP.fingerprint,)


def test_a_foreign_key_leads_so_that_its_own_index_is_needless(sqlite: Scratch) -> None:
    with planner(sqlite) as (trial, snapshot):
        found = settled(advice(trial, LOOKUP, on("day", "place_id")), trial, snapshot)
        [one] = found.chosen
        assert one.candidate == on("place_id", "day")
        assert [index.name for index in one.replaces] == ["item_place"]
        [effect] = found.effects
        assert effect.after.used == {one.candidate}


def test_a_refused_one_with_a_column_more_is_taken_where_it_makes_another_needless(sqlite: Scratch) -> None:
    with planner(sqlite) as (trial, snapshot):
        trial_of_day = advice(trial, LOOKUP, on("day"), refused=(on("day", "place_id"),))
        [one] = settled(trial_of_day, trial, snapshot).chosen
        assert one.candidate == on("place_id", "day")


def test_an_order_stays_where_a_statement_needs_it(sqlite: Scratch) -> None:
    page = asked('SELECT * FROM "item" WHERE "day" > %s ORDER BY "day", "place_id" LIMIT 5', "day 7")
    with planner(sqlite) as (trial, snapshot):
        [one] = settled(advice(trial, page, on("day", "place_id")), trial, snapshot).chosen
        assert one.candidate == on("day", "place_id")


def test_an_index_that_saves_hardly_anything_is_refused_with_the_reason(sqlite: Scratch) -> None:
    unselective = asked('SELECT * FROM "item" WHERE "state" < %s', 3)
    with planner(sqlite) as (trial, snapshot):
        found = settled(advice(trial, unselective, on("state")), trial, snapshot)
        assert not found.chosen
        assert [(one.candidate, one.reason) for one in found.rejected] == [(on("state"), TOO_LITTLE)]
        assert found.bytes == 0
        assert found.after == pytest.approx(found.before)


def test_an_index_without_which_a_statement_costs_no_more_is_refused(sqlite: Scratch) -> None:
    with planner(sqlite) as (trial, snapshot):
        found = advice(trial, LOOKUP, on("place_id", "day"))
        [effect] = found.effects
        nothing = replace(effect, before=replace(effect.before, cost=0.0), after=replace(effect.after, cost=0.0))
        assert not settled(replace(found, effects=(nothing,)), trial, snapshot).chosen


JOINED = asked(
    'SELECT "item"."id" FROM "item" JOIN "place" ON "place"."id" = "item"."place_id" WHERE "item"."day" = %s', "day 7"
)


def test_a_column_that_a_join_supplies_is_no_constant(sqlite: Scratch) -> None:
    with planner(sqlite) as (trial, snapshot):
        found = settled(advice(trial, JOINED, on("day", "place_id")), trial, snapshot)
        table = snapshot.table("item")
        assert table is not None
        assert natural(on("day", "place_id"), table, [JOINED], snapshot) == on("day", "place_id")
        measured = trial.cost(JOINED, frozenset({on("day", "place_id")})).cost
    [index] = found.chosen
    assert index.candidate.keys[0] == IndexKey(column="day")
    assert found.effects[0].after.cost <= measured * 1.02


def test_an_order_that_costs_a_join_more_than_the_trials_measured_is_not_taken(sqlite: Scratch) -> None:
    """Turned around, the index of the foreign key would be needless: the join would read the whole table for that."""
    with planner(sqlite) as (trial, snapshot):
        found = settled(advice(trial, JOINED, on("day", "place_id"), refused=(on("place_id", "day"),)), trial, snapshot)
    assert [one.candidate.keys[0].column for one in found.chosen] == ["day"]


def test_a_statement_that_uses_an_index_for_the_same_work_is_not_helped_by_it() -> None:
    index, question = on("a"), asked("SELECT 1")

    def effect(after: float) -> Effect:
        before, planned = Planned(cost=100.0, used=frozenset()), Planned(cost=after, used=frozenset({index}))
        return Effect(asked=question, share=1.0, before=before, after=planned)

    assert not effect(100.0).is_helped_by(index)
    assert effect(50.0).is_helped_by(index)
    assert not effect(50.0).is_helped_by(on("b"))
