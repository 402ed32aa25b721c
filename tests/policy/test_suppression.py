"""What the project does not want to be told: by settings, by comments, with a reason, for a while."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models
from django.test.utils import isolate_apps
from pytest_django import Settings

from dbaudit import conf
from dbaudit.errors import AuditError
from dbaudit.facts import Ignore, Location
from dbaudit.findings import EditModel, Finding, Remedy, Suppression
from dbaudit.policy import suppression
from tests import project
from tests.project import Project
from tests.scratch import Scratch

TODAY = date(2027, 1, 31)
FIELD = Location("shop/models.py", 8)
FINDING = Finding(
    subject="Index i is redundant",
    detail="It is.",
    identity=("(a)",),
    remedy=Remedy(action=EditModel(model="shop.Item", change="none")),
    check="redundant_index",
    app="shop",
    model="shop.Item",
    table="shop_item",
    location=FIELD,
)


def wish(**facts: Any) -> Suppression:
    return Suppression(**{"reason": "on purpose", "source": "here", **facts})


def told(*wishes: Suppression, today: date = TODAY) -> tuple[Finding, ...]:
    return suppression.apply([FINDING], wishes, today).kept


@pytest.mark.parametrize(
    "facts",
    [
        {"checks": ("duplicate_index",)},
        {"key": "redundant_index:shop_item:(b)"},
        {"table": "erp_*"},
        {"table": "shop"},
        {"app": "sho"},
        {"checks": ("redundant_index",), "table": "erp_*"},
        {"checks": ("redundant_index",), "models": ("shop.Shelf",)},
        {"checks": ("redundant_index",), "field": Location("shop/models.py", 9)},
    ],
)
def test_a_wish_about_something_else_keeps_the_finding(facts: dict[str, Any]) -> None:
    assert told(wish(**facts)) == (FINDING,)


@pytest.mark.parametrize(
    "facts",
    [
        {"checks": ("redundant_index",)},
        {"checks": ("duplicate_index", "redundant_index")},
        {"key": "redundant_index:shop_item:(a)"},
        {"table": "shop_*"},
        {"app": "s?op"},
        {"checks": ("redundant_index",), "table": "shop_item", "app": "shop"},
        {"models": ("shop.Item", "shop.Other")},
        {"field": FIELD},
        {"app": "shop", "expires": TODAY},
    ],
)
def test_a_wish_that_fits_suppresses_and_nothing_is_lost(facts: dict[str, Any]) -> None:
    outcome = suppression.apply([FINDING], [wish(**facts)], TODAY)
    assert outcome.kept == ()
    assert [(one.finding, one.suppression) for one in outcome.suppressed] == [(FINDING, wish(**facts))]


def test_the_day_after_its_last_the_finding_is_back_and_says_so() -> None:
    expired = wish(app="shop", expires=date(2027, 1, 30))
    (found,) = told(expired)
    assert found.detail == "It is. Its suppression at here (on purpose) expired on 2027-01-30."
    assert found.key == FINDING.key
    assert told(expired, wish(table="shop_*")) == ()


@pytest.mark.parametrize(
    ("ran", "whole", "facts", "state"),
    [
        (["redundant_index"], True, {"checks": ("redundant_index",)}, "unused"),
        (["redundant_index"], True, {"key": "redundant_index:gone"}, "unused"),
        ([], True, {"table": "gone"}, "unused"),
        (["redundant_index"], False, {"checks": ("redundant_index",)}, ""),
        (["duplicate_index"], True, {"checks": ("redundant_index",)}, ""),
        (["duplicate_index"], True, {"key": "redundant_index:gone"}, ""),
        ([], False, {"table": "gone", "expires": date(2026, 1, 1)}, "expired"),
    ],
)
def test_a_wish_that_nothing_needs_is_told_where_that_is_known(
    ran: list[str], whole: bool, facts: dict[str, Any], state: str
) -> None:
    found = suppression.stale([wish(**facts)], [], TODAY, ran=ran, whole=whole)
    assert [one.state for one in found] == ([state] if state else [])


def test_a_wish_that_one_of_the_databases_needs_is_in_use() -> None:
    needed = wish(table="shop_*")
    assert not suppression.stale([needed, needed], [needed], TODAY, ran=[], whole=True)


# -- comments ------------------------------------------------------------------------------------------------------


def of(text: str) -> Suppression:
    comment = Ignore(text=text, location=Location("shop/models.py", 7), models=("shop.Item",))
    return suppression.of_comments([comment])[0]


def test_a_comment_names_checks_reason_and_last_day() -> None:
    read = of("ignore[redundant_index, duplicate_index] hot path until=2027-01-31, see the wiki")
    assert (read.checks, read.source) == (("redundant_index", "duplicate_index"), "shop/models.py:7")
    assert read.models == ("shop.Item",)


@pytest.mark.parametrize(
    "text",
    ["ignore[a] until=2027-01-31 why not", "ignore[a] why not until=2027-01-31", "ignore[a]: why not until=2027-01-31"],
)
def test_the_last_day_may_stand_on_either_side_of_the_reason(text: str) -> None:
    assert (of(text).reason, of(text).expires) == ("why not", date(2027, 1, 31))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ignore hot path", "cannot read"),
        ("ignore[] hot path", "cannot read"),
        ("ignroe[redundant_index] hot path", "cannot read"),
        ("ignore[redundant_index]", "gives no reason"),
        ("ignore[redundant_index] until=2027-01-31", "gives no reason"),
        ("ignore[redundant_index] hot until=soon", "until=soon is no date"),
    ],
)
def test_a_comment_that_cannot_be_read_is_refused_with_file_and_line(text: str, problem: str) -> None:
    with pytest.raises(AuditError, match=rf"^shop/models\.py:7: .*{problem}.*write it as '# dbaudit: ignore\["):
        of(text)


def test_an_unknown_check_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(AuditError, match=r"here: there is no check 'redundant_idx'. Did you mean 'redundant_index'\?"):
        suppression.verified([wish(checks=("redundant_idx",))], ["redundant_index", "duplicate_index"])


@isolate_apps("tests")
def test_comments_are_read_at_the_class_its_meta_and_its_fields(sqlite: Scratch) -> None:
    class Base(models.Model):
        # dbaudit: ignore[a] at a field of an abstract class
        code = models.IntegerField()

        class Meta:
            app_label = "tests"
            abstract = True

    # dbaudit: ignore[b] above the class
    # and a word of explanation
    class Shelf(Base):
        name = models.CharField(max_length=9)  # dbaudit: ignore[c] at a field
        other = models.CharField(
            max_length=9,
        )  # dbaudit: ignore[d] where a field ends
        tags = models.ManyToManyField("self")  # dbaudit: ignore[e] at a relation

        class Meta:
            app_label = "tests"
            ordering = ("name",)  # dbaudit: ignore[f] in Meta

        def length(self) -> int:
            return len("# dbaudit: ignore[g] no comment")  # dbaudit: ignore[h] at neither

    sqlite.create(Shelf)
    snapshot = sqlite.snapshot(Shelf._meta.apps)
    found = {one.text[7]: one for one in snapshot.ignores if len(one.text) > 9 and one.text[8] == "]"}
    shelf = next(one for one in snapshot.models if one.name == "Shelf")
    through = next(one for one in snapshot.models if one.auto_created)
    assert shelf.location
    places = {field.name: field.location for field in shelf.fields}
    assert sorted(found) == ["a", "b", "c", "d", "e", "f", "h"]
    assert found["a"].field == places["code"]
    assert found["b"].models == found["f"].models == ("tests.Shelf", "tests.Shelf_tags")
    assert found["b"].location.line == shelf.location.line - 2
    assert found["c"].field == places["name"]
    assert found["d"].field == places["other"]
    assert found["e"].field == through.location
    assert (found["h"].models, found["h"].field) == ((), None)


# -- settings ------------------------------------------------------------------------------------------------------


def test_entries_of_the_settings_become_suppressions(settings: Settings) -> None:
    settings.DBAUDIT = {
        "SUPPRESS": [
            {"check": "redundant_index", "table": "erp_*", "reason": "read-mostly", "expires": "2027-01-31"},
            {"key": "a:b", "reason": "known", "expires": date(2028, 1, 1)},
            {"app": "legacy*", "reason": "goes away"},
        ]
    }
    first, second, third = conf.load().suppress
    assert (first.checks, first.table, first.expires) == (("redundant_index",), "erp_*", date(2027, 1, 31))
    assert (second.key, second.expires, second.source) == ("a:b", date(2028, 1, 1), "DBAUDIT['SUPPRESS'][1]")
    assert (third.app, third.checks, third.expires) == ("legacy*", (), None)


@pytest.mark.parametrize(
    ("entries", "problem", "id_"),
    [
        ("erp_*", "DBAUDIT['SUPPRESS'] must be a list of dictionaries, not 'erp_*'.", "dbaudit.E003"),
        (["erp_*"], "DBAUDIT['SUPPRESS'] must be a list of dictionaries", "dbaudit.E003"),
        (
            [{"tabel": "erp_*", "table": "a", "reason": "x"}],
            "DBAUDIT['SUPPRESS'][0] has no key 'tabel'. Did you mean 'table'?",
            "dbaudit.E002",
        ),
        ([{"table": "erp_*"}], "DBAUDIT['SUPPRESS'][0] gives no reason. Add a 'reason' in words.", "dbaudit.E004"),
        ([{"table": "erp_*", "reason": " "}], "DBAUDIT['SUPPRESS'][0] gives no reason.", "dbaudit.E004"),
        ([{"reason": "x"}], "DBAUDIT['SUPPRESS'][0] says nothing of what to suppress. Add one of", "dbaudit.E004"),
        (
            [{"table": "a", "reason": "x"}, {"table": "b", "reason": "x", "expires": "soon"}],
            "DBAUDIT['SUPPRESS'][1]['expires'] must be a day such as '2027-01-31', not 'soon'.",
            "dbaudit.E003",
        ),
        ([{"check": ["a"], "reason": "x"}], "DBAUDIT['SUPPRESS'][0]['check'] must be a string", "dbaudit.E003"),
    ],
)
def test_a_malformed_entry_is_refused_by_the_audit_and_by_a_system_check(
    settings: Settings, entries: object, problem: str, id_: str
) -> None:
    settings.DBAUDIT = {"SUPPRESS": entries}
    with pytest.raises(AuditError) as refused:
        conf.load()
    assert str(refused.value).startswith(problem)
    assert [one.id for one in conf.check_settings()] == [id_]
    with pytest.raises(SystemCheckError, match=id_):
        call_command("check", tags=["dbaudit"])


# -- the whole way -------------------------------------------------------------------------------------------------

MODELS = """
from django.db import models


class Shelf(models.Model):
    name = models.CharField(max_length=9)


class Item(models.Model):{at_class}
    shelf = models.ForeignKey(Shelf, models.CASCADE){at_field}
    number = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shelf", "number"], name="item_place")]
"""
KEY = "redundant_index:shop_item:(shelf_id)"


def shop(folder: Path, settings: str = "", at_class: str = "", at_field: str = "") -> Project:
    made = project.shop(folder, MODELS.format(at_class=at_class, at_field=at_field))
    made.migrate()
    made.configure(settings)
    return made


def keys(report: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """The keys of the project's own schema findings, those that are not, and the states of stale suppressions."""
    (database,) = report["databases"]
    return (
        [one["key"] for one in database["findings"] if (one["category"], one["owner"]) == ("schema", "project")],
        [one["finding"]["key"] for one in database["suppressed"]],
        [one["state"] for one in report["stale_suppressions"]],
    )


def test_an_audit_of_one_of_two_databases_does_not_judge_what_is_unused(tmp_path: Path) -> None:
    other = "DATABASES['other'] = {**DATABASES['default'], 'NAME': BASE_DIR / 'other.sqlite3'}"
    made = shop(tmp_path, f'{other}\nDBAUDIT = {{"SUPPRESS": [{{"table": "gone_*", "reason": "sold"}}]}}')
    assert keys(made.report("--check", "redundant_index"))[2] == []
    assert keys(made.report())[2] == []


def test_without_a_wish_the_finding_is_told(tmp_path: Path) -> None:
    assert keys(shop(tmp_path).report()) == ([KEY], [], [])


@pytest.mark.parametrize(
    "where",
    [
        {"settings": f'DBAUDIT = {{"SUPPRESS": [{{"key": "{KEY}", "reason": "hot path"}}]}}'},
        {"settings": 'DBAUDIT = {"SUPPRESS": [{"check": "redundant_index", "app": "sh*", "reason": "hot path"}]}'},
        {"at_class": "  # dbaudit: ignore[redundant_index] hot path"},
        {"at_field": "  # dbaudit: ignore[redundant_index] hot path"},
    ],
)
def test_a_suppressed_finding_is_counted_and_listed_in_every_format(tmp_path: Path, where: dict[str, str]) -> None:
    made = shop(tmp_path, **where)
    made.manage("dbaudit", "report", "--no-queries", "--fail-on", "warning", "--output", "a.json", "--output", "a.md")
    report = json.loads((tmp_path / "a.json").read_text())
    assert keys(report) == ([], [KEY], [])
    (database,) = report["databases"]
    assert database["suppressed"][0]["reason"] == "hot path"
    assert not database["recommendations"] or KEY not in str(database["recommendations"])
    for text in ((tmp_path / "a.md").read_text(), made.manage("dbaudit", "report", "--no-queries").stdout):
        assert "1 suppressed" in text
        assert "hot path" in text
        assert "redundant_index" in text


def test_an_expired_one_lets_the_finding_through_and_says_so(tmp_path: Path) -> None:
    made = shop(tmp_path, at_field="  # dbaudit: ignore[redundant_index] hot path until=2020-01-31")
    assert keys(made.report()) == ([KEY], [], ["expired"])
    done = made.manage("dbaudit", "report", "--no-queries")
    assert "expired suppression of 2020-01-31 at shop/models.py:9 (hot path)" in " ".join(done.stdout.split())


def test_an_unused_one_is_told_unless_the_audit_was_of_a_part(tmp_path: Path) -> None:
    made = shop(tmp_path, 'DBAUDIT = {"SUPPRESS": [{"table": "gone_*", "reason": "sold"}]}')
    assert keys(made.report())[2] == ["unused"]
    assert keys(made.report("--app", "shop"))[2] == []
    assert keys(made.report("--no-queries"))[2] == []
    done = made.manage("dbaudit", "report")
    assert "unused suppression at DBAUDIT['SUPPRESS'][0] (sold)" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        (
            {"settings": 'DBAUDIT = {"SUPPRESS": [{"check": "redundnt_index", "reason": "x"}]}'},
            "DBAUDIT['SUPPRESS'][0]: there is no check 'redundnt_index'. Did you mean 'redundant_index'?",
        ),
        (
            {"settings": 'DBAUDIT = {"SUPPRESS": [{"chekc": "redundant_index", "reason": "x"}]}'},
            "DBAUDIT['SUPPRESS'][0] has no key 'chekc'. Did you mean 'check'?",
        ),
        (
            {"at_field": "  # dbaudit: ignore[redundnt_index] hot path"},
            "shop/models.py:9: there is no check 'redundnt_index'. Did you mean 'redundant_index'?",
        ),
        ({"at_class": "  # dbaudit: ignore[redundant_index]"}, "shop/models.py:8: the suppression gives no reason;"),
    ],
)
def test_what_cannot_be_read_ends_the_audit_in_one_sentence(
    tmp_path: Path, where: dict[str, str], sentence: str
) -> None:
    made = shop(tmp_path, **where)
    assert made.refused("dbaudit", "report", "--no-queries").startswith(f"CommandError: {sentence}")


def test_operations_findings_fail_a_build_only_where_that_is_asked(tmp_path: Path) -> None:
    made = shop(tmp_path, at_field="  # dbaudit: ignore[redundant_index] hot path")
    made.manage("dbaudit", "report", "--no-queries", "--fail-on", "warning")
    asked = made.manage("dbaudit", "report", "--no-queries", "--fail-on-operations", "info", status=1)
    assert re.search(r"operations findings? at or above info", asked.stderr)


def test_the_order_of_findings_does_not_change(tmp_path: Path) -> None:
    findings = [replace(FINDING, identity=(name,)) for name in "abc"]
    outcome = suppression.apply(findings, [wish(key=findings[1].key)], TODAY)
    assert [one.identity for one in outcome.kept] == [("a",), ("c",)]
