"""The order of the list: what breaks, what costs time, what will, what can be tidied up, remarks."""

from __future__ import annotations

from dataclasses import replace

from dbaudit.advisor.provenance import Provenance
from dbaudit.advisor.recommend import _falling, recommend
from dbaudit.advisor.worth import Tier, Worth, of_build, of_finding
from dbaudit.facts import Index, IndexKey, Snapshot, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import ChangeQuery, DropIndex, Evidence, Finding, Priority, Recommendation, Remedy, Severity


def finding(check: str, severity: Severity = Severity.WARNING, **changes: object) -> Finding:
    base = Finding(
        check=check,
        subject=check,
        detail="",
        identity=(check,),
        severity=severity,
        remedy=Remedy(action=ChangeQuery(before="", after="")),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_errors_then_causes_then_clean_ups_then_remarks() -> None:
    told = [
        finding("unused_eager_load", Severity.INFO),
        finding("redundant_index"),
        finding("n_plus_one"),
        finding("missing_constraint"),
        finding("orphan_rows", Severity.ERROR),
        finding("sequence_behind", Severity.ERROR),
        finding("missing_timeout", Severity.WARNING, category="operations"),
    ]
    found = recommend(told)
    assert [(one.title, one.priority) for one in found] == [
        ("sequence_behind", "high"),
        ("orphan_rows", "high"),
        ("missing_constraint", "high"),
        ("n_plus_one", "medium"),
        ("redundant_index", "medium"),
        ("missing_timeout", "medium"),
        ("unused_eager_load", "low"),
    ]


def test_the_repetition_of_more_queries_comes_first() -> None:
    few, many = (
        finding("n_plus_one", identity=(name,), subject=name, evidence=(Evidence("executions", count, "queries"),))
        for name, count in (("few", 4), ("many", 90))
    )
    snapshot = Snapshot(alias="default", vendor="sqlite", server_version="3", dialect=Dialect("sqlite"))
    assert [one.title for one in recommend([few, many], snapshot)] == ["many", "few"]


def test_of_two_clean_ups_the_one_that_frees_more_comes_first() -> None:
    names = {"small": 8_192, "large": 900_000_000}
    table = Table(
        name="t",
        indexes=tuple(Index(name=one, table="t", keys=(IndexKey(column=one),), bytes=names[one]) for one in names),
    )
    snapshot = Snapshot(
        alias="default", vendor="sqlite", server_version="3", dialect=Dialect("sqlite"), tables=(table,)
    )
    drops = [
        finding(
            "redundant_index",
            Severity.INFO,
            subject=one,
            identity=(one,),
            table="t",
            remedy=Remedy(action=DropIndex(table="t", name=one)),
        )
        for one in names
    ]
    assert [one.title for one in recommend([*drops, finding("json_not_jsonb")], snapshot)] == [
        "large",
        "json_not_jsonb",
        "small",
    ]


def test_what_is_projected_comes_after_what_hurts_today_and_before_clean_ups() -> None:
    today = of_build("project", projected=False, saved_ms=0.1, evidence=Provenance.ADMIN)
    later = of_build("project", projected=True, saved_ms=900.0, evidence=Provenance.CANNED)
    tidy = of_finding(finding("redundant_index"), None, freed=10)
    assert today < later < tidy
    assert later.tier is Tier.GROWS


def test_stronger_evidence_weighs_more() -> None:
    server, listed = (
        of_build("project", projected=False, saved_ms=10, evidence=one) for one in (Provenance.SERVER, Provenance.ADMIN)
    )
    assert server < listed


def test_what_the_admin_asks_to_name_all_that_a_deletion_takes_along_is_a_remark() -> None:
    for page, tier in (("/<path:object_id>/delete/", Tier.REMARKS), ("/<path:object_id>/change/", Tier.COSTS)):
        assert (
            of_finding(finding("n_plus_one", identity=(f"crawl:/admin/a/b{page}", "a.B.c")), None, freed=0).tier is tier
        )


def test_of_what_costs_time_nothing_is_of_high_priority_behind_what_is_not() -> None:
    costs = Worth(owner=0, tier=Tier.COSTS)
    remedy = Remedy(action=ChangeQuery(before="", after=""))

    def priorities(*given: Priority) -> list[Priority]:
        placed = [
            (costs, Recommendation(rank=0, priority=priority, phase=1, title="", remedy=remedy, findings=()))
            for priority in given
        ]
        return [one.priority for one in _falling(placed)]

    assert priorities("high", "high") == ["high", "high"]
    assert priorities("high", "medium", "high", "low", "medium") == ["high", "medium", "medium", "low", "medium"]
