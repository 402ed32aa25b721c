"""What is too little to recommend an index for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbaudit.advisor import floors
from dbaudit.advisor.candidate import Asked, Candidate, Planned
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.growth import Growth
from dbaudit.advisor.provenance import Provenance
from dbaudit.advisor.values import Advice, Chosen, Effect
from dbaudit.advisor.writes import Written
from dbaudit.facts import IndexKey, Snapshot, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import ChangeQuery, CreateIndex, Finding, Floor, Remedy

INDEX = Candidate(table="item", keys=(IndexKey(column="a"),))
NONE = Floor(table_rows=0, statement_ms=0, time_percent=0, gain_percent=0)


def snapshot(rows: int | None) -> Snapshot:
    tables = (Table(name="item", rows=rows), Table(name="items", rows=500_000))
    return Snapshot(
        alias="default", vendor="postgresql", server_version="16", dialect=Dialect("postgresql"), tables=tables
    )


def asked(provenance: Provenance = Provenance.CRAWL, **changes: object) -> Asked:
    return replace(Asked(fingerprint="f", sql='SELECT 1 FROM "item" WHERE a = %s', provenance=provenance), **changes)  # type: ignore[arg-type]


def advised(one: Asked, *, before: float = 5_000.0, after: float = 10.0, share: float = 0.9) -> Advised:
    helped = Effect(
        asked=one,
        share=share,
        before=Planned(cost=before, used=frozenset()),
        after=Planned(cost=after, used=frozenset({INDEX})),
    )
    free = Written(entries=0, wal_bytes=0)
    chosen = Chosen(candidate=INDEX, bytes=8_192, gain=0.5, alone=0.5, written=free, helps=("f",))
    advice = Advice(chosen=(chosen,), effects=(helped,), before=10_000.0, after=6_000.0, bytes=8_192)
    return Advised(advice=advice, unit="cost", source="the planner")


def left(one: Asked, rows: int | None = 50_000, floor: Floor | None = None, **figures: float) -> str:
    """The reason why the index is left out, ``""`` where it is told."""
    found = floors.above(advised(one, **figures), snapshot(rows), floor or Floor()).advice
    return "" if found.chosen else found.rejected[-1].reason


def test_an_index_of_a_large_table_for_a_slow_statement_is_told() -> None:
    assert left(asked()) == ""
    assert left(asked(), rows=None) == "", "nobody knows that the table is small"


@pytest.mark.parametrize(
    ("reason", "rows", "figures"),
    [
        ("Its table has fewer than 1,000 rows", 999, {}),
        ("take less than 1 ms", 50_000, {"before": 99.0, "after": 1.0}),
        ("take less than 1 % of the time", 50_000, {"share": 0.009}),
    ],
)
def test_below_a_floor_it_is_refused_with_the_reason_unless_a_canned_query_asks(
    reason: str, rows: int, figures: dict[str, float]
) -> None:
    assert reason in left(asked(), rows, None, **figures)
    assert left(asked(Provenance.CANNED), rows, None, **figures) == ""
    assert left(asked(), rows, NONE, **figures) == ""


def test_a_gain_under_a_fifth_is_refused_whoever_asks() -> None:
    for provenance in Provenance:
        assert "20 %" in left(asked(provenance), before=5_000.0, after=4_100.0)
        assert left(asked(provenance), before=5_000.0, after=3_900.0) == ""


def test_a_projection_need_not_show_more_than_a_quarter_of_that() -> None:
    one = advised(asked(Provenance.CANNED), before=5_000.0, after=4_700.0)
    assert not floors.above(one, snapshot(12), Floor()).advice.chosen
    assert floors.above(replace(one, growth=Growth(factor=5, span=10)), snapshot(12), Floor()).advice.chosen


def test_a_time_that_the_server_took_counts_and_not_the_cost() -> None:
    assert "1 ms" in left(asked(Provenance.SERVER, observed_ms=0.4))
    assert left(asked(Provenance.SERVER, observed_ms=1.4), before=50.0, after=1.0) == ""


def test_a_time_of_this_run_decides_nothing() -> None:
    """The same on an idle and on a busy machine."""
    assert left(asked(mean_ms=0.01)) == left(asked(mean_ms=900.0)) == ""
    assert "1 ms" in left(asked(mean_ms=900.0), before=50.0, after=1.0)


def test_without_an_index_its_statements_cost_what_they_did() -> None:
    found = floors.above(advised(asked(), share=0.005), snapshot(50_000), Floor()).advice
    assert [effect.ratio for effect in found.effects] == [1.0]
    assert found.bytes == 0
    assert found.after == pytest.approx(6_000 + 10_000 * 0.005 * (1 - 10 / 5_000))


def test_statements_of_small_tables_are_not_even_tried_unless_canned() -> None:
    small = snapshot(12)
    assert not floors.asked([asked(), asked(Provenance.SERVER)], small, Floor())
    assert floors.asked([asked(Provenance.CANNED)], small, Floor())
    joined = asked(sql='SELECT 1 FROM "item" JOIN "items" ON true')
    assert floors.asked([joined], small, Floor()) == (joined,)
    assert floors.asked([asked()], snapshot(None), Floor())


def wish(check: str) -> Finding:
    remedy = Remedy(action=CreateIndex(table="item", columns=("a",)))
    return Finding(check=check, table="item", subject="", detail="", identity=("a",), remedy=remedy)


def test_a_check_asks_for_no_index_of_a_small_table_but_for_one_that_is_declared() -> None:
    assert floors.asks_too_early(wish("unindexed_foreign_key"), snapshot(12), Floor())
    assert not floors.asks_too_early(wish("unindexed_foreign_key"), snapshot(12), NONE)
    assert not floors.asks_too_early(wish("unindexed_foreign_key"), snapshot(1_000), Floor())
    assert not floors.asks_too_early(wish("unindexed_foreign_key"), snapshot(None), Floor())
    assert not floors.asks_too_early(wish("missing_index"), snapshot(12), Floor())
    change = replace(wish("n_plus_one"), remedy=Remedy(action=ChangeQuery(before="", after="")))
    assert not floors.asks_too_early(change, snapshot(12), Floor())
