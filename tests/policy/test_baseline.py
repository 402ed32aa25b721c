"""Baselines and query budgets: the values, their files, and the command that uses them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dbaudit.errors import AuditError
from dbaudit.facts import QueryRun, Skipped
from dbaudit.facts.budgets import QueryBudget
from dbaudit.findings import Finding, Known, Report, Rule, Severity, Suppression
from dbaudit.management.standards import Standards
from dbaudit.policy import baseline, budgets, suppression
from tests import project
from tests.project import Project
from tests.report import sample

KEY = "duplicate_index:shop_order:plain:(customer_id)"
FOREIGN = "duplicate_index:auth_permission:a"


def unheld(findings: Iterable[Finding] | None = None, **changes: object) -> Report:
    """The sample's report before it is held against anything."""
    database = sample.database()
    chosen = database.findings if findings is None else findings
    plain = tuple(replace(one, new=None) for one in chosen)
    return sample.report(replace(database, findings=plain, **changes))  # type: ignore[arg-type]


def states(report: Report) -> dict[str, bool | None]:
    return {one.key: one.new for database in report.databases for one in database.findings}


def held(report: Report, *known: Known, narrowed: bool = False) -> Report:
    return baseline.held(report, known, "known.txt", narrowed=narrowed)


def fixed(report: Report, *keys: str, narrowed: bool = False) -> list[str]:
    after = held(report, *(Known("default", key) for key in keys), narrowed=narrowed)
    assert after.baseline
    return [one.key for one in after.baseline.fixed]


# -- what is known, new and fixed -----------------------------------------------------------------------------------


def test_a_finding_in_the_baseline_is_known_and_any_other_is_new() -> None:
    found = states(held(unheld(), Known("default", KEY)))
    assert found[KEY] is False
    assert found[FOREIGN] is True


def test_a_finding_known_on_one_database_is_new_on_another() -> None:
    assert states(held(unheld(), Known("replica", KEY)))[KEY] is True


def test_what_was_taken_is_known_whatever_lines_counts_and_sentences_do() -> None:
    known = baseline.taken(unheld())
    moved = tuple(
        replace(one, location=None, subject="other words", detail="", evidence=())
        for one in unheld().databases[0].findings
    )
    assert set(states(held(unheld(moved), *known)).values()) == {False}


def test_a_finding_whose_suppression_expired_is_new_and_is_not_taken() -> None:
    wish = Suppression(reason="later", source="x", key=KEY, expires=date(2025, 1, 1))
    outcome = suppression.apply(unheld().databases[0].findings, [wish], date(2025, 7, 13))
    report = unheld()
    report = replace(report, databases=(replace(report.databases[0], findings=outcome.kept),))
    assert states(report)[KEY] is True
    assert KEY not in {one.key for one in baseline.taken(report)}
    assert states(held(report, Known("default", KEY)))[KEY] is True


def test_a_suppressed_finding_is_neither_taken_nor_fixed() -> None:
    report = unheld()
    (suppressed,) = report.databases[0].suppressed
    assert suppressed.finding.key not in {one.key for one in baseline.taken(report)}
    assert fixed(report, suppressed.finding.key) == []


def test_a_known_finding_that_its_check_no_longer_finds_is_fixed() -> None:
    assert fixed(unheld(), KEY, "duplicate_index:shop_order:plain:(gone)") == [
        "duplicate_index:shop_order:plain:(gone)"
    ]


@pytest.mark.parametrize(
    "skipped",
    [
        Skipped("duplicate_index", "Not asked for."),
        Skipped("shop_order", "The audit's role may not read it."),
    ],
    ids=["its check was left out", "its table was not read"],
)
def test_nothing_is_fixed_where(skipped: Skipped) -> None:
    assert fixed(unheld(skipped=(skipped,)), "duplicate_index:shop_order:plain:(gone)") == []


def test_nothing_is_fixed_where_a_check_crashed_or_some_applications_were_left_out() -> None:
    assert fixed(unheld(), "shop_crashing:shop_order:x") == []
    assert fixed(unheld(), "duplicate_index:shop_order:plain:(gone)", narrowed=True) == []


def test_what_a_check_found_that_no_longer_exists_is_fixed() -> None:
    assert fixed(unheld(), "check_of_old:shop_order:x") == ["check_of_old:shop_order:x"]


def measured(*runs: QueryRun) -> Report:
    rule = Rule(
        id="n_plus_one", title="", why="", fix="", silent_when="", severity=Severity.WARNING, needs=("queries",)
    )
    report = unheld(snapshot=replace(sample.SNAPSHOT, runs=runs), ran=("n_plus_one",))
    return replace(report, rules=(rule,))


def a_run(name: str, status: str = "good", queries: int | None = 2, rows: int | None = 10) -> QueryRun:
    return QueryRun(
        id=name,
        label=f"Label of {name}",
        origin="canned",
        alias="default",
        status=status,  # type: ignore[arg-type]
        queries=queries,
        rows=rows,
    )


@pytest.mark.parametrize(
    ("runs", "gone"),
    [
        ((), False),
        ((a_run("canned:shop.x"),), False),
        ((a_run("crawl:/books"),), True),
        ((a_run("crawl:/books"), a_run("crawl:/authors", "failed")), False),
        ((a_run("crawl:/authors"),), True),
    ],
    ids=["nothing was measured", "another kind was", "the route is gone", "it failed this time", "it was well"],
)
def test_a_query_s_finding_is_fixed_only_by_an_audit_of_that_kind_of_query(
    runs: tuple[QueryRun, ...], gone: bool
) -> None:
    key = "n_plus_one:crawl:/authors:shop.Book.author"
    assert fixed(measured(*runs), key) == ([key] if gone else [])


# -- the files ------------------------------------------------------------------------------------------------------


def test_a_baseline_has_a_sorted_line_a_finding_with_its_sentence_and_nothing_that_changes_by_itself() -> None:
    drawn = baseline.text(baseline.taken(unheld(one for one in sample.findings() if one.check == "duplicate_index")))
    assert drawn.splitlines()[1:] == [
        f"default  {FOREIGN}  # Index a repeats b",
        f"default  {KEY}  # Index shop_order_customer_id_12345678 repeats idx_order_customer",
        "# end",
    ]


def test_the_same_findings_in_another_order_give_the_same_bytes() -> None:
    known = baseline.taken(unheld())
    assert baseline.text(known) == baseline.text(reversed(known))


def test_what_was_written_reads_back_whatever_is_in_the_names(tmp_path: Path) -> None:
    spaces = ["a  b", " a", "b ", "#c", "a  # b", "a\tb", "a\nb", "\x85"]
    names = [*spaces, sample.HOSTILE, "a\\x20b", "a\\", "\udce9", "ü→😀", "<<<<<<<"]
    known = tuple(Known(alias, f"check:{one}", one) for one in names for alias in ("default", "b c#"))
    path = tmp_path / "known.txt"
    path.write_bytes(baseline.text(known).encode())
    assert {(one.alias, one.key) for one in baseline.read(path)} == {(one.alias, one.key) for one in known}


def test_lines_that_a_merge_doubled_or_put_out_of_order_are_read(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    path.write_text(
        f"# dbaudit baseline, version 1\r\ndefault  z\r\ndefault  {KEY}\r\n\r\n# why\r\ndefault  z\r\n# end\r\n"
    )
    assert [one.key for one in baseline.read(path)] == ["z", KEY, "z"]


def refused(path: Path, read: object = baseline.read) -> str:
    with pytest.raises(AuditError) as caught:
        read(path)  # type: ignore[operator]
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no baseline file of dbaudit"),
        (b"default  x\n# end\n", "is no baseline file of dbaudit"),
        (b"\xff\xfe\x00", "not even text"),
        (b"# dbaudit query budgets, version 1\n# end\n", "is no baseline file of dbaudit"),
        (b"# dbaudit baseline, version 2\n# end\n", "is a baseline of version 2, and this dbaudit reads version 1"),
        (b"# dbaudit baseline, version 1\ndefault  x:y\n", "is cut short"),
        (b"# dbaudit baseline, version 1\ndefault  x:y\n# en", "is cut short"),
        (b"# dbaudit baseline, version 1\nx:y\n# end\n", "2: cannot read 'x:y'"),
        (b"# dbaudit baseline, version 1\ndefault  Not A Key\n# end\n", "2: cannot read"),
        (b"# dbaudit baseline, version 1\n<<<<<<< HEAD\n# end\n", "2: a merge conflict is left"),
    ],
)
def test_a_file_that_is_no_whole_baseline_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "known.txt"
    path.write_bytes(content)
    assert sentence in refused(path)


def test_every_baseline_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    whole = baseline.text(baseline.taken(unheld()))
    path = tmp_path / "known.txt"
    for length in range(0, len(whole) - 1, 97):
        path.write_text(whole[:length])
        refused(path)


def test_a_file_that_is_not_there_or_is_a_directory_is_refused(tmp_path: Path) -> None:
    assert "write it first with --write-baseline" in refused(tmp_path / "none.txt")
    assert "name a file that you may read" in refused(tmp_path)


# -- budgets --------------------------------------------------------------------------------------------------------


def report_of(*runs: QueryRun) -> Report:
    return unheld(snapshot=replace(sample.SNAPSHOT, runs=runs))


def test_budgets_are_of_the_project_s_queries_its_views_and_admin_lists(tmp_path: Path) -> None:
    runs = (
        a_run("canned:shop.x"),
        a_run("crawl:/books", rows=None),
        a_run("admin:shop.Book"),
        a_run("page:shop.Book"),
        a_run("statements:1"),
        a_run("canned:shop.failed", "failed"),
    )
    path = tmp_path / "budgets.txt"
    path.write_text(budgets.text(report_of(*runs)))
    assert path.read_text().splitlines()[1:] == [
        "default  admin:shop.Book  queries=2  rows=10  # Label of admin:shop.Book",
        "default  canned:shop.x  queries=2  rows=10  # Label of canned:shop.x",
        "default  crawl:/books  queries=2  # Label of crawl:/books",
        "# end",
    ]
    assert budgets.read(path)[2] == QueryBudget(alias="default", id="crawl:/books", queries=2)


def test_with_old_budgets_the_lower_figures_stay_and_so_do_those_of_what_was_not_measured() -> None:
    old = (
        QueryBudget(alias="default", id="canned:a", queries=1, rows=50),
        QueryBudget(alias="default", id="canned:gone", queries=7, rows=None),
    )
    drawn = budgets.text(report_of(a_run("canned:a", queries=3, rows=5), a_run("canned:new")), old)
    assert [line.partition("  #")[0] for line in drawn.splitlines()[1:-1]] == [
        "default  canned:a  queries=1  rows=5",
        "default  canned:gone  queries=7",
        "default  canned:new  queries=2  rows=10",
    ]


@pytest.mark.parametrize(
    "line", ["default  canned:a", "default  canned:a  queries=x", "default  other:a  queries=1", "canned:a  queries=1"]
)
def test_a_line_that_is_no_budget_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "budgets.txt"
    path.write_text(f"# dbaudit query budgets, version 1\n{line}\n# end\n")
    assert "2: cannot read" in refused(path, budgets.read)


# -- the command ----------------------------------------------------------------------------------------------------

SHOP = {
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Author(models.Model):
            name = models.CharField(max_length=50, unique=True)


        class Book(models.Model):
            author = models.ForeignKey(Author, models.CASCADE)
            code = models.CharField(max_length=20)

            class Meta:
                indexes = [models.Index(fields=["code"], name="book_code")]
    """,
    "shop/dbaudit_queries.py": """
        from dbaudit import query
        from shop.models import Author


        @query(label="Authors")
        def authors():
            return Author.objects.all()
    """,
}
REPORT = ("dbaudit", "report", "--no-queries", "--fail-on", "warning")
DOUBLED = "default  duplicate_index:shop_book:plain:(code)"
BY_HAND = "CREATE INDEX by_hand ON shop_book (code)"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one warning, migrated, with three authors."""
    found = project.make(tmp_path_factory.mktemp("shop"), apps=("shop",), contrib=("django.contrib.contenttypes",))
    found.write({**SHOP, "urls.py": "urlpatterns = []\n"})
    settings = (found.folder / "settings.py").read_text()
    (found.folder / "settings.py").write_text(settings + "MIDDLEWARE = []\nTEMPLATES = []\n")
    found.manage("makemigrations", "shop", "-v0")
    found.manage("migrate", "-v0")
    execute(found, BY_HAND)
    authors(found, 3)
    return found


def execute(shop: Project, sql: str) -> None:
    shop.manage("shell", "-v0", "-c", f"from django.db import connection as c; c.cursor().execute({sql!r})")


def authors(shop: Project, count: int) -> None:
    names = f"[Author(name=f'{count}-{{n}}') for n in range({count})]"
    shop.manage("shell", "-v0", "-c", f"from shop.models import Author; Author.objects.bulk_create({names})")


@pytest.fixture
def shop(migrated: Project, tmp_path: Path) -> Project:
    return migrated.copy(tmp_path)


def test_a_team_adopts_a_baseline_and_only_what_is_new_fails(shop: Project) -> None:
    shop.manage(*REPORT, status=1)
    wrote = shop.manage(*REPORT, "--write-baseline", "known.txt")
    assert "written to known.txt" in wrote.stderr
    assert f"{DOUBLED}  # " in (shop.folder / "known.txt").read_text()
    told = shop.manage(*REPORT, "--baseline", "known.txt", "--format", "json")
    data = json.loads(told.stdout)
    assert {one["new"] for one in data["databases"][0]["findings"]} == {False}
    assert data["baseline"] == {"file": "known.txt", "fixed": []}
    execute(shop, "CREATE TABLE t (a INTEGER PRIMARY KEY)")
    assert "1 new finding at or above" in shop.manage(*REPORT[:-1], "info", "--baseline", "known.txt", status=1).stderr


def test_fixed_findings_are_told_and_pruned_on_request(shop: Project) -> None:
    path = shop.folder / "known.txt"
    stale = "default  duplicate_index:shop_book:plain:(gone)"
    path.write_text(f"# dbaudit baseline, version 1\n{stale}\n{DOUBLED}\n# end\n")
    told = shop.manage(*REPORT, "--baseline", "known.txt")
    assert "1 finding of known.txt fixed; --prune-baseline takes them out." in told.stderr
    assert stale in path.read_text()
    shop.manage(*REPORT, "--baseline", "known.txt", "--prune-baseline")
    assert stale not in path.read_text()
    assert DOUBLED in path.read_text()


ASKED = {
    "fail_on": "none",
    "fail_on_operations": "none",
    "app": None,
    "no_queries": False,
    "baseline": None,
    "write_baseline": None,
    "prune_baseline": False,
    "budgets": None,
    "write_budgets": None,
}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"baseline": "none.txt"}, "there is no such file; write it first with --write-baseline"),
        ({"baseline": "cut.txt"}, "cut.txt' is cut short"),
        ({"prune_baseline": True}, "name it with --baseline FILE"),
        ({"baseline": "good.txt", "prune_baseline": True, "write_baseline": "b.txt"}, "give one of them"),
        ({"budgets": "good.txt", "no_queries": True}, "--budgets needs measured queries; leave --no-queries out"),
        ({"write_budgets": "b.txt", "no_queries": True}, "--write-budgets needs measured queries"),
        ({"budgets": "good.txt"}, "is no query budgets file of dbaudit"),
    ],
)
def test_bad_input_of_the_gate_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.txt").write_text("# dbaudit baseline, version 1\n# end\n")
    Path("cut.txt").write_text("# dbaudit baseline, version 1\n")
    with pytest.raises(AuditError, match=re.escape(sentence)):
        Standards.of({**ASKED, **asked})


def test_what_cannot_be_read_or_written_is_refused_before_the_audit(shop: Project) -> None:
    (shop.folder / "cut.txt").write_text("# dbaudit baseline, version 1\n")
    assert "is cut short" in shop.refused(*REPORT, "--baseline", "cut.txt", "--prune-baseline")
    assert (shop.folder / "cut.txt").read_text() == "# dbaudit baseline, version 1\n"
    assert "its directory does not exist" in shop.refused(*REPORT, "--write-baseline", "missing/known.txt")
    same = ("--write-baseline", "same.md", "--output", "same.md")
    assert "Two outputs go to one file" in shop.refused(*REPORT, *same)


def test_a_report_does_not_replace_the_baseline_that_it_is_held_against(shop: Project) -> None:
    (shop.folder / "known.txt").write_text("# dbaudit baseline, version 1\n# end\n")
    told = shop.refused(*REPORT, "--baseline", "known.txt", "--output", "known.txt")
    assert "A report would replace 'known.txt', which is read here" in told
    assert (shop.folder / "known.txt").read_text() == "# dbaudit baseline, version 1\n# end\n"


@pytest.mark.skipif(os.geteuid() != 0 and not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_is_full_leaves_one_sentence(shop: Project) -> None:
    assert "the disk is full" in shop.refused(
        *REPORT, "--output", "r.json", "--verbosity", "0", "--write-baseline", "/dev/full"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--check", "duplicate_index", "--skip", "duplicate_index"],
        ["--check", "connection_saturation"],
    ],
)
def test_an_audit_of_nothing_is_no_success_and_leaves_the_old_baseline(shop: Project, arguments: list[str]) -> None:
    path = shop.folder / "known.txt"
    path.write_text("# dbaudit baseline, version 1\n# end\n")
    told = shop.manage(*REPORT, *arguments, "--write-baseline", "known.txt", status=2)
    assert "Nothing was audited: no check ran on 'default'" in told.stderr
    assert path.read_text() == "# dbaudit baseline, version 1\n# end\n"


def test_an_application_without_tables_is_nothing_audited(shop: Project) -> None:
    assert "has neither tables nor models" in shop.manage(*REPORT, "--app", "dbaudit", status=2).stderr


def test_a_query_over_its_budget_fails_the_next_run_and_is_a_finding(shop: Project) -> None:
    queries = ("dbaudit", "report", "--format", "json", "--check", "grown_query")
    shop.manage(*queries, "--write-budgets", "budgets.txt")
    path = shop.folder / "budgets.txt"
    assert "default  canned:shop.authors  queries=1  rows=3  # Authors" in path.read_text()
    shop.manage(*queries, "--budgets", "budgets.txt")
    authors(shop, 2)
    over = shop.manage(*queries, "--budgets", "budgets.txt", "--write-budgets", "new.txt", status=1)
    assert "1 query over the budgets in budgets.txt: 'Authors' has grown: rows." in over.stderr
    (finding,) = json.loads(over.stdout)["databases"][0]["findings"]
    assert finding["detail"] == "It has 5 rows where it had 3."
    assert "queries=1  rows=3" in (shop.folder / "new.txt").read_text()
    shop.manage(*queries, "--budgets", "budgets.txt", "--write-baseline", "known.txt", status=1)
    assert "grown_query" not in (shop.folder / "known.txt").read_text().partition("\n")[2]
    path.write_text("# dbaudit query budgets, version 1\ndefault  canned:shop.gone  queries=1\n# end\n")
    assert (
        "None of the queries in budgets.txt was measured"
        in shop.manage(*queries, "--budgets", "budgets.txt", status=2).stderr
    )
