"""Whose finding comes first: the project's own, whatever others have."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

from dbaudit.advisor.recommend import recommend
from dbaudit.facts import Owner
from dbaudit.findings import OWNERS, Confidence, EditModel, Finding, Remedy, Severity
from dbaudit.report import as_json, markdown, outline, text
from tests.report import sample

REMEDY = Remedy(action=EditModel(model="shop.Item", change="none"))


def finding(
    owner: Owner, severity: Severity, confidence: Confidence = Confidence.HIGH, verification: str = ""
) -> Finding:
    return Finding(
        subject=f"{owner} {severity} {confidence}",
        detail="It is.",
        identity=(owner, severity, confidence, verification),
        remedy=replace(REMEDY, verification=verification),
        severity=severity,
        confidence=confidence,
        owner=owner,
        check=f"{owner}_{severity}".replace("-", "_"),
        app="shop",
        table="shop_item",
    )


EVERY = [
    finding(owner, severity, confidence, verification)
    for owner, severity, confidence, verification in itertools.product(
        reversed(OWNERS), (Severity.ERROR, Severity.WARNING, Severity.INFO), Confidence, ("", "Planned.")
    )
]


def test_no_finding_of_others_outranks_one_of_the_project() -> None:
    owners = [one.owner for one in sorted(EVERY, key=lambda one: one.order)]
    assert owners == sorted(owners, key=OWNERS.index)


def test_within_an_owner_the_severest_and_surest_comes_first() -> None:
    for _, group in itertools.groupby(sorted(EVERY, key=lambda one: one.order), key=lambda one: one.owner):
        ranks = [(one.severity.rank, one.confidence.rank) for one in group]
        assert ranks == sorted(ranks, reverse=True)


def test_operations_come_after_the_schema_and_before_others() -> None:
    operations = replace(finding("project", Severity.ERROR), category="operations")
    told = sorted(
        [finding("django", Severity.ERROR), operations, finding("project", Severity.INFO)], key=lambda one: one.order
    )
    assert [(one.owner, one.category) for one in told] == [
        ("project", "schema"),
        ("project", "operations"),
        ("django", "schema"),
    ]


def test_an_operations_error_is_still_what_to_do_first() -> None:
    operations = replace(finding("project", Severity.ERROR), category="operations")
    remark = replace(finding("project", Severity.INFO), category="operations", identity=("another",))
    own = finding("project", Severity.INFO)
    told = [one.findings for one in recommend([remark, own, operations])]
    assert told == [(operations.key,), (own.key,), (remark.key,)]


def test_no_recommendation_about_others_outranks_one_about_the_project() -> None:
    by_key = {one.key: one for one in EVERY}
    owners = [by_key[one.findings[0]].owner for one in recommend(EVERY)]
    assert owners == sorted(owners, key=OWNERS.index)
    assert {"project", "django"} <= {*owners}


def test_what_others_only_remark_is_no_recommendation() -> None:
    by_key = {one.key: one for one in EVERY}
    told = [by_key[key] for one in recommend(EVERY) for key in one.findings]
    assert not [one for one in told if one.owner != "project" and one.severity is Severity.INFO]


def test_every_format_lists_the_project_s_own_first() -> None:
    database = replace(sample.clean(), findings=tuple(EVERY))
    report = sample.report(database)
    (drawn,) = json.loads(as_json.render(report))["databases"]
    owners = [one["owner"] for one in drawn["findings"]]
    assert owners == sorted(owners, key=OWNERS.index)
    for page in (markdown.render(report), text.render(report)):
        places = [page.index(outline.OWNER_TITLES[owner]) for owner in OWNERS]
        assert places == sorted(places)
