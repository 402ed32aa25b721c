"""The gain is measured beside what was promised, on the real index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbaudit.apply import proof, running
from dbaudit.apply.proof import Gained
from dbaudit.apply.running import Ears, Result
from dbaudit.apply.steps import Step
from dbaudit.apply.taken import TIMES, UNITS, Taken
from dbaudit.facts import Parameters, QueryRun, Statement
from dbaudit.findings import Gain
from tests.apply.applying import QUICK, Run, creation

GAIN = Gain(before=100, after=5, unit="cost", source="HypoPG")
CODE = creation("items", "items_code_idx", "(code)", gain=GAIN)
KIND = creation("items", "items_kind_idx", "(kind)")
UNDO = "manage.py dbaudit apply-indexes --undo RUN"


def asked(run: Run, sql: str, *values: object, name: str = "one") -> Statement:
    return Statement(
        sql=sql,
        template=sql,
        fingerprint=name,
        alias=run.scratch.alias,
        kind="select",
        duration_ms=1.0,
        tables=("items",),
        parameters=Parameters(values),
    )


def proved(run: Run, step: Step, *statements: Statement) -> tuple[Result, list[str]]:
    """Carry a step out with these measured queries, and what is told of its gain."""
    runs = [
        QueryRun(
            id="q", label="The items", origin="canned", alias=run.scratch.alias, status="good", statements=statements
        )
    ]
    record = run.journal
    result = running.carry_out(run.scratch.connection, [step], record, QUICK, Ears(), runs)
    return result, list(proof.told(result.done, result.gained, result.asked, UNDO, measured=True))


def test_an_index_whose_table_no_query_reads_is_not_called_useless(items: Run) -> None:
    _, told = proved(items, KIND)
    assert told == ["items_kind_idx: its use was not proven, no measured query reads items."]


def test_a_query_that_uses_the_index_is_timed_before_and_after(items: Run) -> None:
    items.scratch.execute("ANALYZE items")
    result, told = proved(items, CODE, asked(items, "SELECT * FROM items WHERE code = %s", "c77"))
    (gained,) = result.gained
    assert gained.used
    assert gained.before is not None
    assert gained.before.work is not None
    assert gained.after.work is not None
    assert gained.after.work < gained.before.work
    assert len(gained.after.pairs) == TIMES
    assert told[0] == "items_code_idx: promised 100 → 5 cost (HypoPG)"
    work = f"{gained.before.work:,} → {gained.after.work:,} {UNITS[items.scratch.vendor]}"
    times = f"{gained.before.ms:.2f} ms → {gained.after.ms:.2f} ms"
    assert told[1].startswith(f"items_code_idx: {work}, {times}  'The items': SELECT")
    assert "c77" not in "".join(told)


def test_an_index_that_no_query_uses_is_told_with_the_way_back(items: Run) -> None:
    items.scratch.execute("ANALYZE items")
    result, told = proved(items, KIND, asked(items, "SELECT count(*) FROM items WHERE id > %s", 0))
    assert [one.used for one in result.gained] == [False]
    assert "the one measured query of items does not use it; it was advised because of the schema. If" in told[0]
    assert "apply-indexes --undo RUN --only items_kind_idx" in told[0]


def test_an_index_that_was_advised_for_more_rows_is_not_called_useless_today(items: Run) -> None:
    items.scratch.execute("ANALYZE items")
    step = replace(KIND, projected=True)
    _, told = proved(items, step, asked(items, "SELECT count(*) FROM items WHERE id > %s", 0))
    why = "does not use it with the rows that there are today; it was advised for more of them."
    assert told == [f"items_kind_idx: the one measured query of items {why}"]


def test_the_queries_of_the_evidence_are_timed_however_many_slower_ones_there_are(items: Run) -> None:
    slow = [
        replace(asked(items, f"SELECT {number} FROM items WHERE id = %s", 1, name=f"slow {number}"), duration_ms=100.0)
        for number in range(2 * proof.MOST)
    ]
    step = replace(CODE, queries=("fast",))
    fast = replace(asked(items, "SELECT * FROM items WHERE code = %s", "c77", name="fast"), duration_ms=0.01)
    result, _ = proved(items, step, *slow, fast)
    assert len(result.gained) == proof.MOST + 1
    assert [one.query for one in result.gained if one.evidence] == ["SELECT * FROM items WHERE code = %s"]
    unused = [replace(one, used=False) for one in result.gained]
    told = list(proof.told(result.done, unused, result.asked, UNDO, measured=True))
    assert "the one measured query that it was advised for does not use it; if nothing else" in told[-1]


def test_an_index_that_makes_a_query_slower_is_told_with_the_way_back(items: Run) -> None:
    result, _ = proved(items, CODE, asked(items, "SELECT * FROM items WHERE code = %s", "c77"))
    (gained,) = result.gained
    slower = replace(gained, before=taken(10, 2.0), after=taken(900, 20.0), used=True, unit="pages")
    told = list(proof.told(result.done, [slower], result.asked, UNDO, measured=True))
    assert told[1].startswith("items_code_idx: SLOWER: 10 → 900 pages, 2.00 ms → 20.00 ms  'The items': SELECT")
    assert told[2].startswith("items_code_idx: with it a query reads more and takes longer in every run; take it back")


def taken(work: int | None, ms: float, *others: float, pace: float = 1.0) -> Taken:
    return Taken(indexes=frozenset(), work=work, pairs=tuple((each, pace) for each in (ms, *(others or (ms, ms)))))


@pytest.mark.parametrize(
    ("why", "before", "after"),
    [
        ("it reads less, whatever a busy machine made of the times", taken(900, 0.84), taken(10, 3.91)),
        ("it reads as much as before", taken(100, 2.0), taken(110, 20.0)),
        ("nobody counts what it reads", taken(None, 2.0), taken(None, 20.0)),
        ("one of its runs was as fast as before", taken(10, 2.0, 30.0), taken(900, 20.0, 25.0, 90.0)),
        ("everything takes ten times as long now", taken(10, 2.0, pace=1.0), taken(900, 20.0, pace=10.0)),
        ("nobody notices", taken(10, 0.01), taken(900, 0.09)),
    ],
)
def test_a_query_is_not_called_slower_where(why: str, before: Taken, after: Taken) -> None:
    one = Gained(step=1, label="", query="", before=before, after=after, used=True)
    assert not one.slower, why
    assert replace(one, before=taken(10, 2.0), after=taken(900, 20.0)).slower
    assert not replace(one, before=taken(10, 2.0), after=taken(900, 20.0), used=False).slower
    assert not replace(one, before=None, after=taken(900, 20.0)).slower


def test_a_query_that_fails_or_writes_is_left_out(items: Run) -> None:
    broken = asked(items, "SELECT nonsense FROM items", name="broken")
    writing = replace(asked(items, "DELETE FROM items", name="writing"), kind="delete")
    result, _ = proved(items, KIND, broken, writing)
    assert result.gained == ()
    assert items.scratch.rows("SELECT count(*) FROM items") == [(2000,)]


@pytest.mark.needs("hypopg")
def test_hypothetical_indexes_of_the_audit_s_session_prove_nothing(items: Run) -> None:
    items.scratch.execute("CREATE EXTENSION hypopg; ANALYZE items")
    items.scratch.rows("SELECT hypopg_create_index('CREATE INDEX ON items (code)')")
    question = asked(items, "SELECT * FROM items WHERE code = %s", "c77")
    result, _ = proved(items, KIND, question)
    assert [one.used for one in result.gained] == [False]
    assert items.scratch.rows("SELECT count(*) FROM hypopg_list_indexes") == [(0,)]
