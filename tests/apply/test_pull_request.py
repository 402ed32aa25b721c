"""Files and a description for people who review; no database is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dbaudit.apply.plan import Choice, plan
from dbaudit.report import pull_request
from tests import project
from tests.apply.test_command import SHOP, indexes
from tests.apply.test_plan import DROPS, build, index, snapshot
from tests.project import Project

PULL = ("dbaudit", "apply-indexes", "--no-queries", "--pull-request")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A migrated project with one foreign key that has no index."""
    found = project.make(tmp_path_factory.mktemp("shop"), apps=("shop",), contrib=())
    found.write(SHOP)
    found.configure('DBAUDIT = {"FLOOR": {"table_rows": 0}}')
    found.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"))
    return found


@pytest.fixture
def shop(migrated: Project, tmp_path: Path) -> Project:
    return migrated.copy(tmp_path)


def test_a_plan_without_steps_is_described_as_nothing_to_declare() -> None:
    told = pull_request.describe(plan(snapshot(index("new", "kind")), [build("kind")], Choice()), [], {})
    assert "Nothing to declare" in told
    assert "has it already" in told
    assert "## Files" not in told


def test_the_description_has_plan_risk_evidence_files_and_the_way_back() -> None:
    made = plan(snapshot(index("narrow", "kind")), [build("kind", "code")], DROPS)
    told = pull_request.describe(made, ["shop/models.py"], {"shop": "0001_initial"}, ["shop.0002_more"])
    assert "Builds 1 index and drops 1." in told
    assert "Risk: safe." in told
    assert "CREATE INDEX CONCURRENTLY" in told
    assert "- `shop/models.py`" in told
    assert "$ python manage.py migrate shop 0001_initial" in told
    assert "migrations are not atomic" in told


def test_files_and_description_are_written_and_the_database_is_as_it_was(shop: Project) -> None:
    before = (shop.folder / "db.sqlite3").read_bytes()
    shop.manage(*PULL, "--output", "pull-request.md")
    told = (shop.folder / "pull-request.md").read_text()
    assert (shop.folder / "db.sqlite3").read_bytes() == before
    assert indexes(shop) == []
    assert not list(shop.folder.glob("*.jsonl"))
    (migration,) = (shop.folder / "shop" / "migrations").glob("0002_*.py")
    assert "EnsureIndex" in migration.read_text()
    assert "atomic = False" in migration.read_text()
    assert f"`shop/migrations/{migration.name}`" in told
    assert "python manage.py migrate shop 0001_initial" in told
    shop.commands(("makemigrations", "--check", "-v0"), ("migrate", "-v0"))
    assert len(indexes(shop)) == 1
    shop.commands(("migrate", "shop", "0001_initial", "-v0"))
    assert indexes(shop) == []


def test_a_dry_run_shows_all_of_it_and_writes_nothing(shop: Project) -> None:
    models = (shop.folder / "shop" / "models.py").read_text()
    said = shop.manage(*PULL, "--dry-run").stdout
    assert "# Indexes for database `default`" in said
    assert "+++ shop/models.py" in said
    assert (shop.folder / "shop" / "models.py").read_text() == models
    assert len(list((shop.folder / "shop" / "migrations").glob("0*.py"))) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--output", "x.md"], "--output is where --pull-request writes its description"),
        (["--pull-request", "--resume"], "--resume says nothing beside --pull-request"),
        (["--pull-request", "--undo"], "--undo says nothing beside --pull-request"),
        (["--pull-request", "--window", "22:00-05:00"], "--window says nothing beside --pull-request"),
        (["--pull-request", "--format", "sql"], "--format says nothing beside --pull-request"),
        (["--pull-request", "--output", "no/such/folder/x.md"], "Cannot write 'no/such/folder/x.md'"),
    ],
)
def test_what_says_nothing_together_is_refused(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("dbaudit", "apply-indexes", *arguments)
    assert sentence in str(refused.value)
    assert refused.value.returncode == 2
