"""The limit of the automatic workload: fair to each kind, and the same on an idle and on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dbaudit.facts import QueryRun
from dbaudit.workload.limits import Limits
from dbaudit.workload.shares import Budget, Tally, fairly


def runs(kind: str, count: int, statements: int, tally: Tally) -> Iterator[QueryRun]:
    """Runs that execute so many statements each."""
    for number in range(count):
        tally.statements += statements
        yield QueryRun(id=f"{kind}:{number}", label="", origin="automatic", alias="default", status="good")


def reached(limit: int, **kinds: tuple[int, int]) -> tuple[list[str], list[str]]:
    tally, told = Tally(), list[str]()
    found = {name: runs(name, count, statements, tally) for name, (count, statements) in kinds.items()}
    ids = [run.id for run in fairly(found, Budget(limit, Limits(), tally), told.append)]
    return ids, told


def test_everything_comes_where_the_limit_is_not_reached() -> None:
    ids, told = reached(1_000, lists=(3, 10), pages=(2, 1))
    assert sorted(ids) == ["lists:0", "lists:1", "lists:2", "pages:0", "pages:1"]
    assert told == []


def test_an_expensive_kind_does_not_eat_the_time_of_the_others() -> None:
    ids, told = reached(1_000, lists=(100, 300), pages=(50, 1), relations=(50, 2))
    assert sum(one.startswith("pages") for one in ids) == 50
    assert sum(one.startswith("relations") for one in ids) == 50
    assert sum(one.startswith("lists") for one in ids) < 5
    assert len(told) == 1
    assert "lists (after" in told[0]
    assert "pages" not in told[0]
    assert "1,000 statements" in told[0]


@pytest.mark.parametrize("limit", [100, 500])
def test_the_same_is_reached_each_time(limit: int) -> None:
    kinds = {"lists": (40, 7), "pages": (40, 1), "relations": (40, 3)}
    assert reached(limit, **kinds) == reached(limit, **kinds)


def test_a_kind_that_is_finished_leaves_its_share_to_the_others() -> None:
    ids, _ = reached(100, lists=(1_000, 1), pages=(1, 1))
    assert len(ids) > 90
