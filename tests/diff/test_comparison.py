"""``dbaudit diff``: two reports as the program writes them, and what changed between them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from dbaudit import diff
from dbaudit.diff import Difference
from dbaudit.diff.changes import DatabaseDifference
from dbaudit.diff.drawing import COMMENT
from dbaudit.errors import AuditError
from dbaudit.facts import QueryRun, Sequence, Snapshot
from dbaudit.findings import DatabaseReport, Finding, Severity
from dbaudit.report import as_json
from tests import project
from tests.report import sample

START = datetime.fromisoformat("2025-07-13T14:30:00+00:00")
HOSTILE = "shop_hostile"
DUPLICATE = "duplicate_index:shop_order:plain:(customer_id)"


def database(**changes: Any) -> DatabaseReport:
    return replace(sample.database(), **changes)


def without(check: str) -> tuple[Finding, ...]:
    return tuple(one for one in sample.findings() if one.check != check)


def snapshot(**changes: Any) -> Snapshot:
    return replace(sample.SNAPSHOT, **changes)


def run(name: str, *samples: float, queries: int = 1, rows: int = 10) -> QueryRun:
    return QueryRun(
        id=f"canned:{name}",
        label=name,
        origin="canned",
        alias="default",
        status="good",
        samples_ms=samples,
        queries=queries,
        rows=rows,
    )


@pytest.fixture
def difference(tmp_path: Path) -> Any:
    """Writes both reports, a number of days apart, reads them and compares."""

    def compared(old: DatabaseReport, new: DatabaseReport, days: float = 1) -> Difference:
        paths = []
        for name, one, at in (("old", old, START), ("new", new, START + timedelta(days=days))):
            path = tmp_path / f"{name}.json"
            path.write_text(as_json.render(replace(sample.report(one), generated_at=at.isoformat())))
            paths.append(path)
        return diff.compare(*map(diff.read, paths))

    return compared


def only(difference: Difference) -> DatabaseDifference:
    (one,) = difference.databases
    return one


def test_silent_on_the_same_report_twice(difference: Any) -> None:
    found = difference(database(), database(), days=0)
    assert not only(found).changed
    assert "No difference." in diff.FORMATS["text"](found)
    assert "No difference." in diff.FORMATS["markdown"](found)


def test_a_finding_that_came_is_new_and_one_that_went_is_fixed(difference: Any) -> None:
    less = database(findings=without(HOSTILE))
    assert [one.check for one in only(difference(less, database())).new] == [HOSTILE]
    assert [one.check for one in only(difference(database(), less)).fixed] == [HOSTILE]


def test_a_finding_of_a_check_that_did_not_run_before_is_not_called_new(difference: Any) -> None:
    before = database(findings=without(HOSTILE), ran=("duplicate_index", "redundant_index"))
    found = only(difference(before, database()))
    assert found.new == ()
    assert [one.check for one in found.first_seen] == [HOSTILE]


def test_a_finding_whose_check_did_not_run_again_is_not_called_fixed(difference: Any) -> None:
    after = database(findings=without(HOSTILE), ran=("duplicate_index", "redundant_index"))
    found = only(difference(database(), after))
    assert found.fixed == ()
    assert [one.check for one in found.unseen] == [HOSTILE]


def of_query(name: str) -> Finding:
    found = next(one for one in sample.findings() if one.check == HOSTILE)
    return replace(found, identity=(f"canned:{name}", "a relation"))


def test_a_finding_whose_query_was_not_measured_again_is_not_called_fixed_nor_new_where_it_was_not_before(
    difference: Any,
) -> None:
    measured = database(findings=(of_query("list"),), snapshot=snapshot(runs=(run("list", 1.0), run("other", 1.0))))
    without_it = database(findings=(), snapshot=snapshot(runs=(run("other", 1.0),)))
    refused = database(findings=(), snapshot=snapshot(runs=(run("list"), run("other", 1.0))))
    for less in (without_it, refused):
        found = only(difference(measured, less))
        assert (found.fixed, [one.check for one in found.unseen]) == ((), [HOSTILE])
        found = only(difference(less, measured))
        assert (found.new, [one.check for one in found.first_seen]) == ((), [HOSTILE])
    repaired = database(findings=(), snapshot=snapshot(runs=(run("list", 1.0), run("other", 1.0))))
    assert [one.check for one in only(difference(measured, repaired)).fixed] == [HOSTILE]


def test_a_finding_that_was_suppressed_is_not_called_fixed_nor_one_that_is_no_longer_called_first_seen(
    difference: Any,
) -> None:
    hostile = next(one for one in sample.findings() if one.check == HOSTILE)
    silenced = database(
        findings=without(HOSTILE), suppressed=(replace(sample.database().suppressed[0], finding=hostile),)
    )
    found = only(difference(database(suppressed=()), silenced))
    assert (found.fixed, [one.check for one in found.silenced]) == ((), [HOSTILE])
    assert [one.check for one in only(difference(silenced, database(suppressed=()))).new] == [HOSTILE]


def test_a_severity_that_rose_is_worse_and_one_that_fell_is_better(difference: Any) -> None:
    raised = tuple(replace(one, severity=Severity.ERROR) if one.key == DUPLICATE else one for one in sample.findings())
    for old, new, name in (
        (database(), database(findings=raised), "worse"),
        (database(findings=raised), database(), "better"),
    ):
        ((was, now),) = getattr(only(difference(old, new)), name)
        assert (was.key, now.key) == (DUPLICATE, DUPLICATE)


def test_tables_are_told_with_rows_and_bytes_the_most_changed_first(difference: Any) -> None:
    tables = tuple(
        replace(one, rows=one.rows + 5, bytes=2**30) if one.name == "shop_customer" and one.rows else one
        for one in sample.TABLES
        if one.name != "django_migrations"
    )
    found = difference(database(), database(snapshot=snapshot(tables=tables)))
    labels = [one.label for was, now in only(found).tables if (one := now or was)]
    assert labels == ["shop_customer", "django_migrations"]
    drawn = diff.FORMATS["text"](found)
    assert "about 1,200,000 → about 1,200,005 (+5)" in drawn
    assert "django_migrations (gone)" in drawn


def test_query_medians_are_told_only_where_no_run_of_the_one_is_as_fast_as_a_run_of_the_other(difference: Any) -> None:
    before = (run("apart", 10, 12, 14), run("overlap", 10, 12, 60), run("small", 0.1), run("gone", 5))
    after = (run("apart", 20, 30, 40), run("overlap", 20, 30, 70), run("small", 0.9), run("added", 5))
    found = difference(database(snapshot=snapshot(runs=before)), database(snapshot=snapshot(runs=after)))
    assert [now.label for _, now in only(found).queries] == ["apart"]
    assert "12.00 ms → 30.00 ms" in diff.FORMATS["text"](found)


def test_another_number_of_statements_or_rows_is_told_whatever_the_time(difference: Any) -> None:
    before = (run("more", 5, queries=2), run("less", 5, queries=21), run("rows", 5, rows=10))
    after = (run("more", 5, queries=12), run("less", 5, queries=1), run("rows", 5, rows=11))
    drawn = diff.FORMATS["text"](
        difference(database(snapshot=snapshot(runs=before)), database(snapshot=snapshot(runs=after)))
    )
    worse, _, better = drawn.partition("Queries that take less (1)")
    assert "Queries that take more (2)" in worse
    assert "2 → 12" in worse
    assert "10 → 11" in worse
    assert "21 → 1" in better


def keyed(used: int | None, **facts: Any) -> DatabaseReport:
    values = {"name": "s", "table": "shop_order", "column": "id", "maximum": 2**63 - 1, "last_value": used, **facts}
    tables = tuple(
        replace(one, columns=tuple(replace(c, type="integer") for c in one.columns))
        if one.name == "shop_order"
        else one
        for one in sample.TABLES
    )
    return database(snapshot=snapshot(tables=tables, sequences=(Sequence(**values),)))


def test_the_runway_is_counted_in_days_to_the_column_s_end_where_that_comes_first(difference: Any) -> None:
    (runway,) = only(difference(keyed(2**31 - 1_001_001), keyed(2**31 - 1_000_001), days=2)).runways
    assert (runway.label, runway.left, runway.per_day, runway.days) == ("shop_order.id", 1_000_000, 500, 2_000)


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        (keyed(10), keyed(10), 1),
        (keyed(10), keyed(20), 0),
        (keyed(None), keyed(20), 1),
        (keyed(10, cycles=True), keyed(20, cycles=True), 1),
        (keyed(20, increment=-1), keyed(30, increment=-1), 1),
    ],
    ids=["did not move", "no time passed", "was not seen", "cycles", "counts downwards"],
)
def test_no_runway_where_it(before: DatabaseReport, after: DatabaseReport, days: float, difference: Any) -> None:
    assert only(difference(before, after, days)).runways == ()


def test_a_database_that_only_one_report_has_is_named(difference: Any) -> None:
    other = database(snapshot=snapshot(alias="replica"))
    drawn = diff.FORMATS["text"](difference(database(), other))
    assert "old.json has default" in drawn
    assert "new.json has replica" in drawn


def test_the_markdown_fits_into_a_comment_and_no_name_acts_in_it(difference: Any) -> None:
    first = sample.findings()[0]
    many = tuple(
        replace(first, identity=(str(number),), subject=f"{number} {sample.HOSTILE * 9}", table=sample.HOSTILE)
        for number in range(5_000)
    )
    drawn = diff.FORMATS["markdown"](difference(database(findings=()), database(findings=many)))
    assert len(drawn) <= COMMENT
    assert "New findings (5,000)" in drawn
    assert "<script" not in MarkdownIt("gfm-like", {"linkify": False}).render(drawn)
    assert all(one.isprintable() or one == "\n" for one in drawn)


# -- bad input: one sentence ----------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(AuditError) as caught:
        diff.read(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refused(tmp_path / "none.json")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "name a file that you may read" in refused(tmp_path)


@pytest.mark.parametrize("share", [0, 0.3, 0.999])
def test_a_report_that_was_cut_short_is_refused_wherever_that_was(tmp_path: Path, share: float) -> None:
    whole = as_json.render(sample.report())
    path = tmp_path / "cut.json"
    path.write_text(whole[: int(len(whole) * share)])
    assert "cut short" in refused(path)


@pytest.mark.parametrize("content", ["[]", "{}", '"text"', "12"])
def test_json_that_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    assert "is no report of dbaudit" in refused(path)


def test_a_report_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.json"
    path.write_text(as_json.render(replace(sample.report(), version=2)))
    assert "is a report of version 2, and this dbaudit reads version 1" in refused(path)


def test_a_report_without_what_reports_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "spoilt.json"
    for spoil in ("findings", "tables", "ran", "queries", "skipped"):
        data = json.loads(as_json.render(sample.report()))
        data["databases"][0][spoil] = None
        path.write_text(json.dumps(data))
        assert "lacks what a report of version 1 has" in refused(path)


def test_a_report_of_the_first_days_knows_no_sequences_and_is_read(tmp_path: Path) -> None:
    data = json.loads(as_json.render(sample.report()))
    del data["databases"][0]["sequences"]
    path = tmp_path / "early.json"
    path.write_text(json.dumps(data))
    assert diff.read(path).databases[0].keys == {}


def test_the_command_writes_what_the_suffix_says_and_refuses_in_one_sentence(tmp_path: Path) -> None:
    shop = project.make(tmp_path)
    for name in ("old.json", "new.json"):
        (tmp_path / name).write_text(as_json.render(sample.report()))
    assert shop.manage("dbaudit", "diff", "old.json", "new.json").stdout.startswith("From old.json to new.json")
    shop.manage("dbaudit", "diff", "old.json", "new.json", "--output", "comment.md")
    assert (tmp_path / "comment.md").read_text().startswith("## Database audit: what changed")
    assert "its directory does not exist" in shop.refused(
        "dbaudit", "diff", "old.json", "new.json", "--output", "a/b.md"
    )
    (tmp_path / "old.json").write_text("{")
    assert "cut short" in shop.refused("dbaudit", "diff", "old.json", "new.json", "--output", "comment.md")
    assert (tmp_path / "comment.md").read_text().startswith("## Database audit: what changed")
