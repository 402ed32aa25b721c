from __future__ import annotations

from dataclasses import replace

from dbaudit.advisor.recommend import plan, recommend
from dbaudit.facts import QueryRun, Snapshot, Trial
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import AddConstraint, ChangeQuery, CreateIndex, DropIndex, Finding, Gain, Remedy, Severity

BUILD = Remedy(action=CreateIndex(table="item", columns=("a",), name="item_a"))
DROP = Remedy(action=DropIndex(table="item", name="item_b"))
KEY = Remedy(action=AddConstraint(table="item", columns=("id",), constraint="primary key"))


def finding(name: str, remedy: Remedy | None = None, **changes: object) -> Finding:
    """A finding about an object of its own, unless it is given a remedy that others have."""
    if remedy is None:
        remedy = Remedy(action=CreateIndex(table="item", columns=(name,), name=name))
    base = Finding(
        check="some_check",
        table="item",
        subject=name,
        detail="",
        identity=(name,),
        remedy=remedy,
        severity=Severity.WARNING,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_nothing_is_recommended_where_nothing_was_found() -> None:
    assert recommend([]) == ()
    assert plan([]) == ()


def test_a_remark_on_somebody_else_s_table_is_no_recommendation() -> None:
    assert not recommend([finding("a", owner="django", severity=Severity.INFO)])
    assert len(recommend([finding("a", owner="django", severity=Severity.ERROR)])) == 1


def test_the_worst_comes_first_and_the_project_s_own_before_that_of_others() -> None:
    found = recommend(
        [
            finding("mild", severity=Severity.INFO),
            finding("theirs", owner="third-party", severity=Severity.ERROR),
            finding("bad", severity=Severity.ERROR),
        ]
    )
    assert [(one.rank, one.title, one.priority) for one in found] == [
        (1, "bad", "high"),
        (2, "mild", "low"),
        (3, "theirs", "high"),
    ]


def test_of_two_equal_ones_the_verified_comes_first() -> None:
    tried = Remedy(action=CreateIndex(table="item", columns=("c",)), verification="It was planned with and without.")
    found = recommend([finding("a"), finding("b", remedy=tried)])
    assert [one.title for one in found] == ["b", "a"]


def test_what_a_change_of_a_query_gave_when_it_was_run_is_its_gain() -> None:
    trial = Trial(
        fingerprint="q",
        change='select_related("order")',
        before="",
        after="",
        worked=True,
        queries_before=51,
        queries_after=1,
        ms_before=10.5,
        ms_after=0.8,
    )
    run = QueryRun(id="canned:shop.lines", label="lines", origin="canned", alias="default", status="good")
    change = Remedy(action=ChangeQuery(before="", after=""), orm=trial.change, verification="It was run.")
    asked_often = finding("canned:shop.lines", remedy=change)

    def gain(*trials: Trial) -> Gain | None:
        runs = (replace(run, trials=trials),)
        snapshot = Snapshot(alias="default", vendor="sqlite", server_version="3", dialect=Dialect("sqlite"), runs=runs)
        (one,) = recommend([asked_often], snapshot)
        return one.gain

    assert gain() is None
    assert gain(replace(trial, worked=False)) is None
    assert gain(trial) == Gain(before=51, after=1, unit="queries", source="run on this data")
    same = replace(trial, queries_after=51)
    assert gain(same) == Gain(before=10.5, after=0.8, unit="ms", source="run on this data")


def test_findings_of_one_group_are_one_recommendation() -> None:
    (one,) = recommend([finding("a", group="One cause"), finding("b", group="One cause")])
    assert one.title == "One cause"
    assert one.findings == ("some_check:item:a", "some_check:item:b")


def test_the_plan_goes_from_safe_to_structural() -> None:
    found = recommend([finding("key", KEY), finding("drop", DROP), finding("build", BUILD)])
    risks = {one.title: one.risk for one in found}
    assert risks == {"build": "safe", "drop": "review", "key": "review"}
    ranks = {one.title: one.rank for one in found}
    assert [(phase.number, phase.recommendations) for phase in plan(found)] == [
        (1, (ranks["build"],)),
        (2, (ranks["drop"],)),
        (3, (ranks["key"],)),
    ]
