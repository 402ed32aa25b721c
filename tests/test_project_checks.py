"""A project's own checks, through ``manage.py``: refused with file and line, or run beside the built-in ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import project
from tests.project import Project

MODELS = """
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=9)
"""
PAGE = '''
    """The shop has items.

    Why: To see that it runs.

    Fix: Nothing.

    Silent when: Never.
    """
'''
GOOD = f"""
from dbaudit import EditModel, Finding, Remedy, check


@check(severity="warning", needs=["models"])
def shop_has_items(snapshot):{PAGE}
    remedy = Remedy(action=EditModel(model="shop.Item", change="none"))
    yield Finding(subject="It runs", detail="It ran.", identity=(), remedy=remedy, app="shop", table="shop_item")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return project.shop(tmp_path, MODELS)


@pytest.mark.parametrize(
    ("what", "source", "sentence"),
    [
        (
            "signature",
            f"from dbaudit import check\n\n@check()\ndef broken(snapshot, more):{PAGE}    yield from ()\n",
            "shop/dbaudit_checks.py:3: check 'broken' must take exactly one argument, the snapshot.",
        ),
        (
            "keyword argument",
            f"from dbaudit import check\n\n@check()\ndef broken(*, snapshot):{PAGE}    yield from ()\n",
            "shop/dbaudit_checks.py:3: check 'broken' must take exactly one argument, the snapshot.",
        ),
        (
            "no docstring",
            "from dbaudit import check\n\n@check()\ndef broken(snapshot):\n    yield from ()\n",
            "shop/dbaudit_checks.py:3: check 'broken' needs a docstring with a title and the paragraphs Why:, Fix:, ",
        ),
        (
            "half a docstring",
            'from dbaudit import check\n\n@check()\ndef broken(snapshot):\n    """Title.\n\n    Why: So."""\n',
            "shop/dbaudit_checks.py:3: check 'broken' needs a docstring",
        ),
        (
            "unknown need",
            f"from dbaudit import check\n\n@check(needs=['luck'])\ndef broken(snapshot):{PAGE}    yield from ()\n",
            "shop/dbaudit_checks.py:3: check 'broken' needs 'luck'; known needs are",
        ),
        (
            "unknown severity",
            f"from dbaudit import check\n\n@check(severity='bad')\ndef broken(snapshot):{PAGE}    yield from ()\n",
            "shop/dbaudit_checks.py:3: check 'broken' has the severity 'bad'. Valid names: error, info, warning.",
        ),
        (
            "import",
            "import os\nimport no_such_module\n",
            "shop/dbaudit_checks.py:2: ModuleNotFoundError: No module named 'no_such_module'; correct it.",
        ),
        ("syntax", "def broken(:\n", "shop/dbaudit_checks.py:1: "),
        ("exception", "\n1 / 0\n", "shop/dbaudit_checks.py:"),
    ],
)
def test_a_module_that_cannot_be_used_is_refused_in_one_sentence(
    shop: Project, what: str, source: str, sentence: str
) -> None:
    shop.write({"shop/dbaudit_checks.py": source})
    assert shop.refused("dbaudit", "report").startswith(f"CommandError: {sentence}"), what


@pytest.mark.parametrize("action", [("checks",), ("explain", "redundant_index")])
def test_the_other_actions_refuse_it_too(shop: Project, action: tuple[str, ...]) -> None:
    shop.write({"shop/dbaudit_checks.py": "import no_such_module\n"})
    assert shop.refused("dbaudit", *action).startswith("CommandError: shop/dbaudit_checks.py:1: ")


def test_checks_of_one_name_in_two_apps_or_of_a_built_in_s_name_live_side_by_side(shop: Project) -> None:
    named_alike = GOOD.replace("shop_has_items", "redundant_index")
    shop.write({"shop/dbaudit_checks.py": GOOD, "stall/__init__.py": "", "stall/dbaudit_checks.py": named_alike})
    shop.write({"kiosk/__init__.py": "", "kiosk/dbaudit_checks.py": GOOD})
    shop.configure('INSTALLED_APPS += ["stall", "kiosk"]')
    shop.migrate()
    (database,) = shop.report()["databases"]
    ids = {"shop.shop_has_items", "kiosk.shop_has_items", "stall.redundant_index", "redundant_index"}
    assert ids <= {*database["ran"]}


def test_a_project_s_check_runs_beside_the_built_in_ones_and_has_its_page(shop: Project) -> None:
    shop.write({"shop/dbaudit_checks.py": GOOD})
    shop.migrate()
    (database,) = shop.report()["databases"]
    assert "shop.shop_has_items:shop_item" in [one["key"] for one in database["findings"]]
    assert {"shop.shop_has_items", "redundant_index"} <= {*database["ran"]}
    assert "The shop has items" in shop.manage("dbaudit", "explain", "shop.shop_has_items").stdout


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    raise LookupError('no such shelf')\n    yield\n", "LookupError: no such shelf (shop/dbaudit_checks.py:"),
        ("    return None\n", "TypeError: 'NoneType' object is not iterable (shop/dbaudit_checks.py:"),
    ],
)
def test_r27_a_check_that_raises_is_named_and_the_others_still_report(shop: Project, body: str, words: str) -> None:
    shop.write({"shop/dbaudit_checks.py": f"{GOOD}\n\n@check()\ndef broken(snapshot):{PAGE}{body}"})
    shop.migrate()
    outputs = ("--output", "report.json", "--output", "report.md")
    done = shop.manage("dbaudit", "report", "--no-queries", *outputs, status=2)
    assert f"CommandError: shop.broken: The check raised {words}" in done.stderr
    assert "Traceback" not in done.stderr
    markdown = (shop.folder / "report.md").read_text()
    assert "The check raised" in markdown
    assert "It runs" in markdown
    assert '"shop.shop_has_items:shop_item"' in (shop.folder / "report.json").read_text()


FINDING = "Finding(subject='It is', detail='So.', identity='id', remedy=REMEDY, table='shop_item', {members})"
YIELDING = f"""{GOOD}

REMEDY = Remedy(action=EditModel(model="shop.Item", change="none"))


@check()
def yields(snapshot):{PAGE}
    yield FINDING
"""


def yielding(shop: Project, text: str) -> None:
    """Let the shop have a check that yields this, as its sixth-last line."""
    shop.write({"shop/dbaudit_checks.py": YIELDING.replace("FINDING", text)})
    shop.migrate()


def test_what_can_only_mean_one_thing_is_converted(shop: Project) -> None:
    members = "severity='info', confidence='low', location='shop/models.py:3', evidence=[('rows', 3)], model=None"
    yielding(shop, FINDING.format(members=members))
    (found,) = (one for one in shop.report()["databases"][0]["findings"] if one["check"] == "shop.yields")
    assert found["key"] == "shop.yields:shop_item:id"
    assert (found["severity"], found["confidence"], found["model"]) == ("info", "low", "")
    assert found["location"] == {"file": "shop/models.py", "line": 3}
    assert [(one["what"], one["value"]) for one in found["evidence"]] == [("rows", 3)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (FINDING.format(members="severity='infos'"), "severity is 'infos'. Did you mean 'info'?"),
        ("'a string'", "'a string' is neither a Finding nor a Skipped"),
    ],
    ids=["finding", "string"],
)
def test_what_is_ambiguous_is_refused_with_its_line_and_the_others_report(
    shop: Project, text: str, sentence: str
) -> None:
    yielding(shop, text)
    done = shop.manage("dbaudit", "report", "--no-queries", "--output", "report.json", status=2)
    lines = (shop.folder / "shop/dbaudit_checks.py").read_text().splitlines()
    place = f"(shop/dbaudit_checks.py:{max(number for number, line in enumerate(lines, 1) if 'yield ' in line)})"
    assert f"CommandError: shop.yields: The check yielded what is no finding: {sentence} {place}" in done.stderr
    assert "Traceback" not in done.stderr
    assert '"shop.shop_has_items:shop_item"' in (shop.folder / "report.json").read_text()
