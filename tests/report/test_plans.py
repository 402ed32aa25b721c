from __future__ import annotations

from dataclasses import replace

from dbaudit.facts import Plan, PlanNode, QueryRun, Statement
from dbaudit.report import html, plans
from tests.report import sample

SCAN = PlanNode(
    type="Seq Scan",
    depth=1,
    access="scan",
    table="shop_order",
    rows_actual=20.0,
    rows_estimated=1_500.4,
    rows_removed=99_980.0,
    cost_total=1834.5,
    time_ms=12.345,
    filter="(status = ?)",
)
SORT = PlanNode(
    type="Sort",
    depth=0,
    access="sort",
    sort_keys=("placed DESC",),
    sort_method="external merge",
    sort_kb=2_048,
    spilled=True,
)


def plan(*nodes: PlanNode, fingerprint: str = "f") -> Plan:
    return Plan(fingerprint=fingerprint, alias="default", source="EXPLAIN (ANALYZE)", nodes=nodes, analyzed=True)


def run(label: str, *durations: float, fingerprint: str = "f", planned: bool = True) -> QueryRun:
    statement = Statement(
        sql="SELECT 1",
        template=f"SELECT '{sample.HOSTILE}'",
        fingerprint=fingerprint,
        alias="default",
        kind="select",
        duration_ms=0,
    )
    return QueryRun(
        id=f"canned:{label}",
        label=label,
        origin="canned",
        alias="default",
        status="good",
        samples_ms=(1.0,),
        statements=tuple(replace(statement, duration_ms=one) for one in durations),
        plans=(plan(SORT, SCAN, fingerprint=fingerprint),) if planned else (),
    )


def test_a_step_stands_below_its_parent_with_what_was_expected_and_what_came() -> None:
    assert plans.excerpt(plan(SORT, SCAN)).splitlines() == [
        "Sort (spilled to disk)",
        "  by: placed DESC (external merge, 2,048 KiB)",
        "  Seq Scan on shop_order (20 rows, 1,500 expected, 99,980 thrown away, cost 1,834.5, 12.35 ms)",
        "    filter: (status = ?)",
    ]


def test_a_step_that_the_server_put_into_words_keeps_them() -> None:
    step = PlanNode(
        type="SEARCH", depth=0, access="index", table="t", condition="a=?", text="SEARCH t USING INDEX i (a=?)"
    )
    assert plans.excerpt(plan(step)) == "SEARCH t USING INDEX i (a=?)"


def test_of_a_long_plan_the_first_steps_are_shown_and_the_others_counted() -> None:
    lines = plans.excerpt(plan(*[replace(SCAN, filter="")] * (plans.STEPS + 3))).splitlines()
    assert len(lines) == plans.STEPS + 1
    assert lines[-1] == "… and 3 more steps"


def test_a_statement_is_shown_once_where_it_took_longest_and_only_with_a_plan() -> None:
    runs = [run("fast", 1, 2), run("slow", 3, 9), run("other", 4, fingerprint="g"), run("bare", 50, planned=False)]
    shown = [(one.label, statement.duration_ms) for one, statement, _ in plans.slowest(runs)]
    assert shown == [("slow", 9), ("other", 4)]


def test_the_page_has_the_plans_and_nothing_in_them_acts() -> None:
    snapshot = replace(sample.SNAPSHOT, runs=(run(sample.HOSTILE, 5),))
    page = html.render(sample.report(replace(sample.database(), snapshot=snapshot)))
    assert "Seq Scan on shop_order (20 rows, 1,500 expected" in page
    assert "<b>" not in page
