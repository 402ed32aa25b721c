"""What the report says of a step goes with it into the plan; what is to be reviewed is not built unseen."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dbaudit.apply import advice, rendering
from dbaudit.apply.narrowing import without
from dbaudit.apply.plan import Choice, plan
from dbaudit.apply.steps import Step
from dbaudit.findings import CreateIndex, Gain, Helped, Recommendation, Remedy
from tests.apply.test_command import SHOP, indexes
from tests.apply.test_plan import DROPS, build, drop, index, snapshot
from tests.project import ROOT, Project, make

HELPED = Helped(query="'Books by code'", statement="SELECT", before=200, after=4, unit="cost", fingerprint="f" * 16)
TOLD = Recommendation(
    rank=1,
    priority="high",
    phase=1,
    title="items: an index on (kind)",
    remedy=Remedy(action=CreateIndex(table="items", columns=("kind",), name="new")),
    findings=(),
    gain=Gain(before=200, after=4, unit="cost", source="HypoPG"),
    risk="review",
    helps=(HELPED,),
    caution="A plan may turn over.",
)
CANNED = {
    "shop/dbaudit_queries.py": """
        from dbaudit.queries import query

        from shop.models import Book


        @query(label="Books by code")
        def books_by_code():
            return Book.objects.filter(code="c7")
    """,
}


def step(**more: Any) -> Step:
    (found,) = plan(snapshot(), advice.of([Recommendation(**{**fields(TOLD), **more})], []), Choice()).steps
    return found


def fields(one: Recommendation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def test_a_safe_step_needs_no_review() -> None:
    assert not step(risk="safe").needs_review


def test_a_drop_is_asked_for_by_an_option_of_its_own_and_needs_no_review() -> None:
    wide = index("wide", "kind", "code")
    (dropped,) = plan(snapshot(index("narrow", "kind"), wide), [drop("narrow")], DROPS).steps
    assert not dropped.needs_review


def test_a_step_carries_the_report_s_risk_caution_and_what_it_is_expected_to_give() -> None:
    found = step()
    assert (found.risk, found.caution, found.needs_review) == ("review", "A plan may turn over.", True)
    assert found.helps == ("'Books by code': 200 → 4 cost",)
    assert Step.from_data(json.loads(json.dumps(found.as_data()))) == found
    made = plan(snapshot(), advice.of([TOLD], []), Choice())
    text = rendering.text(made)
    assert "risk     review: A plan may turn over." in text
    assert "gain     200 → 4 cost (HypoPG)" in text
    assert "helps    'Books by code': 200 → 4 cost" in text
    assert "-- risk: review: A plan may turn over." in rendering.as_sql(made)


def test_a_step_that_goes_takes_those_that_need_it_along_and_the_others_are_numbered_anew() -> None:
    made = plan(snapshot(index("narrow", "kind")), [build("kind", "code"), build("day", name="other")], DROPS)
    assert [one.number for one in made.steps] == [1, 2, 3]
    kept = without(made, {1: "not wanted"})
    assert [(one.number, one.definition.name) for one in kept.steps] == [(1, "other")]
    assert [one.reason for one in kept.left_out] == ["not wanted", "new is not built, so narrow is still needed."]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project and its report, which marks the one index that it recommends for review."""
    found = make(tmp_path_factory.mktemp("review"), apps=("shop",), contrib=())
    found.write({**SHOP, **CANNED})
    found.configure('DBAUDIT = {"FLOOR": {"table_rows": 0}}')
    found.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"))
    found.manage("dbaudit", "report", "--output", "report.json")
    path = found.folder / "report.json"
    report = json.loads(path.read_text())
    statement = {
        "query": "'Books by code', 'Admin: books'", "statement": "SELECT", "before": 9.0, "after": 1.0,
        "unit": "steps", "fingerprint": "0" * 16, "today_before": None, "today_after": None, "ms": None, "rows": None,
    }  # fmt: skip
    for one in report["databases"][0]["recommendations"]:
        if one["remedy"]["kind"] == "create_index":
            one |= {"risk": "review", "caution": "Look at the writers first.", "helps": [statement]}
    path.write_text(json.dumps(report))
    return found


@pytest.fixture
def shop(made: Project, tmp_path: Path) -> Project:
    return made.copy(tmp_path)


FROM = ("dbaudit", "apply-indexes", "--from", "report.json")


def test_noinput_leaves_out_what_is_to_be_reviewed_and_says_how_to_include_it(shop: Project) -> None:
    said = shop.manage(*FROM, "--noinput").stdout
    assert "The report asks to review it first, and --noinput leaves it out; --include-review builds it, too." in said
    assert indexes(shop) == []


def test_with_include_review_it_is_built_and_the_report_s_queries_are_timed_or_told(shop: Project) -> None:
    said = shop.manage(*FROM, "--noinput", "--include-review").stdout
    (name,) = indexes(shop)
    assert "risk     review: Look at the writers first." in said
    assert f"{name}: not timed, because only queries of a dbaudit_queries module can be run from a report" in said
    assert f"{name}: the one measured query of shop_book does not use it" in said
    assert "no queries were measured" not in said


@pytest.mark.parametrize(("answers", "built"), [(b"n\n", 0), (b"y\ny\n", 1), (b"y\nn\n", 0)])
def test_on_a_terminal_each_is_asked_for_by_itself(shop: Project, answers: bytes, built: int) -> None:
    ours, theirs = pty.openpty()
    with closing(os.fdopen(ours, "wb", buffering=0)) as keyboard, closing(os.fdopen(theirs)) as terminal:
        keyboard.write(answers)
        asked = subprocess.run(
            [sys.executable, "manage.py", *FROM],
            cwd=shop.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert "which is to be reviewed? [y/N]" in asked.stderr
    assert "risk     review: Look at the writers first." in asked.stderr
    assert len(indexes(shop)) == built
