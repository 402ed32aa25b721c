from __future__ import annotations

from typing import Any

import pytest

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.hot import is_blocker, threat
from dbaudit.advisor.writes import inserted
from dbaudit.facts import (
    Column,
    ForeignKey,
    Index,
    IndexKey,
    Model,
    ModelField,
    Snapshot,
    Table,
    TableStatistics,
)
from dbaudit.facts.dialect import Dialect


def _table(rows: int, counted: int) -> Table:
    return Table(name="item", rows=rows, rows_are="estimated", statistics=TableStatistics(inserted=counted))


def test_rows_that_filled_a_table_are_no_writing_also_where_the_estimate_is_above_the_count() -> None:
    assert inserted(_table(rows=6_001_700, counted=6_001_215)) == 0
    assert inserted(_table(rows=6_001_000, counted=6_001_215)) == 215


def test_rows_inserted_into_a_filled_table_are_writing() -> None:
    assert inserted(_table(rows=1_000_000, counted=40_000)) == 40_000


def _snapshot(hot: int = 20_000, *, version: str = "15.4", counter: bool = False, auto_now: bool = False) -> Snapshot:
    names = ("id", "team_id", "name", "points")
    table = Table(
        name="player",
        primary_key=("id",),
        rows=5_000,
        columns=tuple(Column(name=name, type="integer", nullable=False) for name in names),
        indexes=(Index(name="player_name", table="player", keys=(IndexKey(column="name"),)),),
        foreign_keys=(
            ForeignKey(name="team", table="player", columns=("team_id",), target_table="team", target_columns=("id",)),
        ),
        statistics=TableStatistics(updated=20_000, hot_updated=hot, inserted=5_000),
    )
    points = ModelField(name="points", column="points", kind="IntegerField", counter=counter, auto_now=auto_now)
    model = Model(label="game.Player", app="game", name="Player", table="player", owner="project", fields=(points,))
    return Snapshot(
        alias="default",
        vendor="postgresql",
        server_version=version,
        dialect=Dialect("postgresql"),
        tables=(table,),
        models=(model,),
    )


def _on(*columns: str, **more: Any) -> Candidate:
    return Candidate(table="player", keys=tuple(IndexKey(column=one) for one in columns), **more)


@pytest.mark.parametrize("candidate", [_on("id"), _on("team_id"), _on("team_id", "name")])
def test_silent_on_columns_that_do_not_change(candidate: Candidate) -> None:
    assert threat(candidate, _snapshot(), {}) is None


def test_silent_where_updates_are_not_heap_only_or_a_block_range_index_sums_up() -> None:
    assert threat(_on("points"), _snapshot(hot=0, counter=True), {}) is None
    assert threat(_on("points", method="brin"), _snapshot(version="16.1", counter=True), {}) is None
    assert threat(_on("points", method="brin"), _snapshot(version="15.4", counter=True), {}) is not None


def test_silent_where_the_measured_updates_change_other_columns() -> None:
    assert threat(_on("points"), _snapshot(), {("", "player"): {"name": 1.0}}) is None


@pytest.mark.parametrize(
    "candidate",
    [_on("points"), _on("team_id", "points"), _on("team_id", include=("points",)), _on("name", condition="points > 0")],
)
def test_what_each_save_changes_loses_all_of_them_and_is_refused(candidate: Candidate) -> None:
    found = threat(candidate, _snapshot(auto_now=True), {})
    assert found is not None
    assert (found.lost, found.sure) == (20_000, True)
    assert is_blocker(found)
    assert "Of 20,000 updates 20,000 were heap-only" in found.told()


def test_a_measured_update_tells_its_share() -> None:
    found = threat(_on("points"), _snapshot(), {("", "player"): {"points": 0.25}})
    assert found is not None
    assert (found.lost, found.sure, is_blocker(found)) == (5_000, True, False)


@pytest.mark.parametrize("counter", [True, False])
def test_the_server_s_counter_alone_is_told_as_a_guess(counter: bool) -> None:
    found = threat(_on("points"), _snapshot(counter=counter), {})
    assert found is not None
    assert (found.column, found.sure, is_blocker(found)) == ("points", False, False)
    assert "20,000" in found.told()
