"""``manage.py dbaudit`` as users call it: in foreign projects, in processes of their own."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from pathlib import Path

import pytest

from dbaudit.management.commands.dbaudit import Command
from tests import project
from tests.project import Project
from tests.scratch import Scratch

SHOP = {
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Author(models.Model):
            name = models.CharField(max_length=50, unique=True)


        class Book(models.Model):
            author = models.ForeignKey(Author, models.CASCADE, db_index=False)
            code = models.CharField(max_length=20)

            class Meta:
                indexes = [models.Index(fields=["code"], name="book_code")]


        class Sale(models.Model):
            book = models.ForeignKey(Book, models.PROTECT)
            day = models.DateField()
    """,
}
BY_HAND = "CREATE INDEX by_hand ON shop_book (code)"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of three models, migrated, with one foreign key without an index and one index made twice."""
    found = project.make(tmp_path_factory.mktemp("shop"), apps=("shop",))
    found.write(SHOP)
    found.manage("makemigrations", "shop", "-v0")
    found.manage("migrate", "-v0")
    found.manage("shell", "-v0", "-c", f"from django.db import connection as c; c.cursor().execute({BY_HAND!r})")
    return found


@pytest.fixture
def shop(migrated: Project, tmp_path: Path) -> Project:
    """A copy of that project of the test's own."""
    return migrated.copy(tmp_path)


def test_a_freshly_migrated_vanilla_project_has_no_warning(scratch: Scratch, tmp_path: Path) -> None:
    vanilla = project.make(tmp_path, database=scratch.connection.settings_dict)
    vanilla.manage("migrate", "-v0")
    result = vanilla.manage("dbaudit", "report", "--no-queries", "--format", "json", "--fail-on", "warning")
    database = json.loads(result.stdout)["databases"][0]
    assert database["summary"]["models"] == 9
    assert [one for one in database["findings"] if one["severity"] != "info"] == []
    assert {one["owner"] for one in database["findings"] if one["check"] == "redundant_index"} == {"django"}


def test_a_foreign_project_of_three_models_gets_its_findings_with_file_and_line(shop: Project) -> None:
    database = json.loads(shop.manage("dbaudit", "report", "--no-queries", "--format", "json").stdout)["databases"][0]
    own = {one["key"]: one for one in database["findings"] if one["owner"] == "project"}
    assert own["unindexed_foreign_key:shop_book:author_id"]["location"] == {"file": "shop/models.py", "line": 9}
    assert own["duplicate_index:shop_book:plain:(code)"]["severity"] == "warning"


def test_several_outputs_are_written_each_in_the_format_of_its_suffix(shop: Project) -> None:
    result = shop.manage("dbaudit", "report", "--no-queries", "--output", "a.md", "--output", "b.json")
    assert result.stdout == ""
    assert (shop.folder / "a.md").read_text().startswith("# ")
    assert json.loads((shop.folder / "b.json").read_text())["version"] == 1


def test_base_options_work_before_and_after_the_action(shop: Project) -> None:
    before = shop.manage("dbaudit", "--no-color", "--verbosity", "2", "report", "--no-queries").stderr
    after = shop.manage("dbaudit", "report", "--no-queries", "--no-color", "--verbosity", "2").stderr
    assert "Reading the catalog of 'default'" in before
    assert before == after


def test_fail_on_sets_the_exit_status(shop: Project) -> None:
    shop.manage("dbaudit", "report", "--no-queries", "--fail-on", "error")
    assert (
        "at or above warning"
        in shop.manage("dbaudit", "report", "--no-queries", "--fail-on", "warning", status=1).stderr
    )
    shop.manage(
        "dbaudit", "report", "--no-queries", "--fail-on", "warning", "--skip", "duplicate_index", "--app", "shop"
    )


def test_check_and_app_narrow_the_audit_and_say_so(shop: Project) -> None:
    result = shop.manage(
        "dbaudit", "report", "--no-queries", "--check", "duplicate_index", "--app", "shop", "--format", "json"
    )
    database = json.loads(result.stdout)["databases"][0]
    assert {one["check"] for one in database["findings"]} == {"duplicate_index"}
    skipped = {one["what"]: one["reason"] for one in database["skipped"]}
    assert skipped["unindexed_foreign_key"] == "Not asked for."
    assert "shop only" in skipped["Other applications"]


def test_the_report_changes_nothing_in_an_sqlite_file(shop: Project) -> None:
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in shop.folder.glob("db.sqlite3*")}
    shop.manage("dbaudit", "report", "--no-queries")
    after = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in shop.folder.glob("db.sqlite3*")}
    assert after == before


def test_checks_lists_and_explain_shows_the_page(shop: Project) -> None:
    assert "duplicate_index" in shop.manage("dbaudit", "checks").stdout
    page = shop.manage("dbaudit", "explain", "duplicate_index").stdout
    assert page.startswith("duplicate_index: Two indexes are the same")
    assert max(map(len, page.splitlines())) < 80


# -- bad input: one sentence, exit status 2 ------------------------------------------------------------------------


def test_an_unmigrated_database_is_told_to_migrate_and_reported_all_the_same(tmp_path: Path) -> None:
    fresh = project.make(tmp_path)
    (tmp_path / "db.sqlite3").write_bytes(b"")
    result = fresh.manage("dbaudit", "report", "--no-queries", status=2)
    assert "run `manage.py migrate --database default`" in result.stderr
    assert "missing_table" in fresh.manage("dbaudit", "report", "--no-queries", "--format", "json", status=2).stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--database", "defualt"], "Unknown database 'defualt'. Did you mean 'default'?"),
        (["--app", "shpo"], "Unknown application 'shpo'. Did you mean 'shop'?"),
        (["--check", "duplicate_indexes"], "Unknown check 'duplicate_indexes'. Did you mean 'duplicate_index'?"),
        (["--skip", "nonsense"], "Unknown check 'nonsense'. Valid names: "),
        (["--output", "missing/report.md"], "Cannot write 'missing/report.md'"),
        (["--output", "report.pdf"], "Cannot tell the format of 'report.pdf'"),
        (["--output", "a.md", "--output", "./a.md"], "Two outputs go to one file"),
    ],
)
def test_bad_options_are_refused_with_the_nearest_valid_name(
    shop: Project, arguments: list[str], sentence: str
) -> None:
    assert sentence in shop.refused("dbaudit", "report", "--no-queries", *arguments)


def test_an_unknown_page_is_refused_with_the_nearest_one(shop: Project) -> None:
    assert "Did you mean 'redundant_index'?" in shop.refused("dbaudit", "explain", "redundent_index")


def test_a_setting_that_does_not_exist_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    wrong = project.make(tmp_path, more='DBAUDIT = {"STATEMENT_TIMEOUT": 5}')
    wrong.manage("migrate", "--skip-checks", "-v0")
    assert "Did you mean 'STATEMENT_TIMEOUT_MS'?" in wrong.refused("dbaudit", "report", "--no-queries")
    assert "dbaudit.E002" in wrong.manage("check", status=1).stderr


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def broken(:\n", "shop/dbaudit_checks.py:1: "),
        ("import dbaudit\n\nnonsense\n", "shop/dbaudit_checks.py:3: NameError: name 'nonsense' is not defined"),
        ("from dbaudit import check\n\n\n@check()\ndef mine(snapshot):\n    pass\n", "needs a docstring"),
    ],
)
def test_a_project_s_broken_checks_are_refused_with_file_and_line(shop: Project, source: str, sentence: str) -> None:
    shop.write({"shop/dbaudit_checks.py": source})
    assert sentence in shop.refused("dbaudit", "report", "--no-queries")


def test_a_check_that_raises_is_named_and_the_others_still_report(shop: Project) -> None:
    shop.write(
        {
            "shop/dbaudit_checks.py": '''
            from dbaudit import check


            @check()
            def mine(snapshot):
                """Mine.

                Why: A.

                Fix: B.

                Silent when: C.
                """
                raise ValueError("no luck")
                yield
        '''
        }
    )
    result = shop.manage("dbaudit", "report", "--no-queries", "--format", "json", status=2)
    assert "mine: The check raised ValueError: no luck (shop/dbaudit_checks.py:14)." in result.stderr
    assert json.loads(result.stdout)["databases"][0]["findings"]


def test_a_file_that_is_not_sqlite_is_refused(tmp_path: Path) -> None:
    wrong = project.make(tmp_path)
    (tmp_path / "db.sqlite3").write_text("This is a text and no database, whatever its name says. " * 50)
    assert "db.sqlite3" in wrong.refused("dbaudit", "report", "--no-queries")


def test_an_engine_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    wrong = project.make(tmp_path, more='DATABASES["other"] = {"ENGINE": "no.such.engine", "NAME": "x"}')
    assert "no.such.engine" in wrong.refused("dbaudit", "report", "--database", "other")


def test_a_database_file_that_does_not_exist_is_refused_and_not_made(tmp_path: Path) -> None:
    wrong = project.make(tmp_path)
    assert "migrate" in wrong.refused("dbaudit", "report", "--no-queries")
    assert not (tmp_path / "db.sqlite3").exists()


def test_an_unreachable_server_is_refused_without_the_password(tmp_path: Path) -> None:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": "1",
        "NAME": "shop",
        "USER": "shop",
        "PASSWORD": "hunter2",
    }
    sentence = project.make(tmp_path, database=database).refused("dbaudit", "report", "--no-queries")
    assert "127.0.0.1" in sentence
    assert "hunter2" not in sentence


def test_a_wrong_password_is_refused_and_never_printed(postgres: Scratch, tmp_path: Path) -> None:
    database = {**postgres.role("auditor"), "PASSWORD": "hunter2"}
    sentence = project.make(tmp_path, database=database).refused("dbaudit", "report", "--no-queries")
    assert "auditor" in sentence
    assert "hunter2" not in sentence


def test_tables_without_privilege_are_not_examined_and_the_rest_is(postgres: Scratch, tmp_path: Path) -> None:
    owner = project.make(tmp_path, database=postgres.connection.settings_dict)
    owner.manage("migrate", "-v0")
    role = postgres.role("auditor")
    postgres.execute("GRANT SELECT ON django_site TO auditor")
    auditor = project.make(tmp_path, database=role)
    result = auditor.manage("dbaudit", "report", "--no-queries", "--format", "json")
    database = json.loads(result.stdout)["databases"][0]
    rows = {one["name"]: one["rows"] for one in database["tables"]}
    assert rows["django_site"] == 1
    assert rows["auth_user"] is None
    assert "auth_user" in {one["what"] for one in database["skipped"]}


ACTIONS = ("", "report", "apply-indexes", "diff", "checks", "explain")


@pytest.mark.parametrize("action", ACTIONS)
def test_help_teaches_by_examples_that_are_right(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = Command().create_parser("manage.py", "dbaudit")
    with pytest.raises(SystemExit):
        parser.parse_args([*filter(None, [action]), "--help"])
    examples = re.findall(r"^  manage\.py dbaudit (.+?)(?:  +.*|[|>&].*)?$", capsys.readouterr().out, re.MULTILINE)
    assert examples
    for example in examples:
        assert parser.parse_args(shlex.split(example)).action == (action or example.split()[0])


@pytest.mark.parametrize("action", [("report", "--no-queries"), ("checks",), ("explain", "n_plus_one")], ids=" ".join)
def test_a_reader_that_has_seen_enough_ends_no_run(shop: Project, action: tuple[str, ...]) -> None:
    assert shop.unread("dbaudit", *action) == (0, "")


def test_a_gate_holds_also_where_nobody_reads_on(shop: Project) -> None:
    status, said = shop.unread("dbaudit", "report", "--no-queries", "--fail-on", "info")
    assert status == 1
    assert "Traceback" not in said
