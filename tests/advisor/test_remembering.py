"""Plans that were made are not made again, for whatever lies between what they used and what they had."""

from __future__ import annotations

from dbaudit.advisor.candidate import Asked, Candidate
from dbaudit.advisor.remembering import Remembering
from dbaudit.facts import IndexKey
from tests.advisor.test_selection import Arithmetic

ASKED = Asked(fingerprint="a", sql="SELECT * FROM line")


def on(column: str, table: str = "line") -> Candidate:
    return Candidate(table=table, keys=(IndexKey(column=column),))


def test_a_plan_holds_between_what_it_used_and_what_it_had() -> None:
    planner = Arithmetic({"a": lambda present: (5.0, frozenset({"(day)"}) & present)})
    remembering = Remembering(planner)
    day, price, part = on("day"), on("price"), on("part")
    everything = remembering.cost(ASKED, frozenset({day, price, part, on("day", "other")}))
    assert everything.used == {day}
    assert remembering.cost(ASKED, frozenset({day, price})) == everything
    assert remembering.cost(ASKED, frozenset({day})) == everything
    assert planner.calls == 1
    assert not remembering.cost(ASKED, frozenset({price})).used
    assert remembering.cost(ASKED, frozenset()).used == frozenset()
    assert remembering.calls == 2
