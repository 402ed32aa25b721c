from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps as installed

from tests import project
from tests.migrations import INITIAL, SESSION, made_up, record
from tests.project import Project
from tests.scratch import Scratch

CHECK = "unmade_migration"
MODELS = """
    from django.db import models


    class Book(models.Model):
        code = models.CharField(max_length=20, unique=True)
        shelf = models.IntegerField(default=0)

        class Meta:
            constraints = [models.UniqueConstraint(fields=["code", "shelf"], name="book_unique")]
            indexes = [models.Index(fields=["shelf"], name="book_shelf")]
"""


def test_silent_where_only_python_would_learn_of_it_and_the_application_is_a_packages(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite)
    # What the file leaves out of Django's own migration changes no table.
    with made_up(tmp_path, monkeypatch, INITIAL):
        assert not sqlite.findings(CHECK, installed)


def test_what_a_package_changes_is_a_remark_without_makemigrations(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite)
    with made_up(tmp_path, monkeypatch, {"0001_initial": SESSION.replace("max_length=40", "max_length=41")}):
        (found,) = sqlite.findings(CHECK, installed)
    assert found.key == "unmade_migration:sessions"
    assert (found.severity, found.owner) == ("info", "django")
    assert "Alter field session_key on session" in found.detail
    assert "makemigrations" not in found.remedy.orm


def test_migrations_that_cannot_be_loaded_are_named_as_not_examined(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite)
    with made_up(tmp_path, monkeypatch, {"0001_initial": "1 / 0"}):
        snapshot = sqlite.snapshot(installed)
    assert snapshot.migrations is None
    assert "They cannot be loaded" in next(one.reason for one in snapshot.skipped if one.what == "migrations")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one migration, which is applied."""
    made = project.shop(tmp_path_factory.mktemp("shop"), MODELS)
    made.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"))
    return made


def _told(shop: Project, models: str) -> list[tuple[str, str, str]]:
    """Check, severity and detail of what is found about the shop once its models are these."""
    shop.write({"shop/models.py": models})
    (database,) = shop.report("--no-queries")["databases"]
    return [(one["check"], one["severity"], one["detail"]) for one in database["findings"] if one["app"] == "shop"]


def _checks(told: list[tuple[str, str, str]]) -> set[str]:
    return {check for check, _, _ in told}


def test_what_only_python_knows_is_a_remark(shop: Project) -> None:
    told = _told(shop, MODELS.replace("default=0", 'default=0, verbose_name="place"'))
    ((_, severity, detail),) = [one for one in told if one[0] == CHECK]
    assert (severity, detail) == (
        "info",
        "makemigrations would write: Alter field shelf on book. None of it changes the database.",
    )


def test_uniqueness_that_was_taken_out_of_the_model_is_not_to_be_declared(shop: Project) -> None:
    gone = MODELS.replace(", unique=True", "").replace(
        'constraints = [models.UniqueConstraint(fields=["code", "shelf"], name="book_unique")]', "constraints = []"
    )
    told = _told(shop, gone)
    assert (CHECK, "warning") in {(check, severity) for check, severity, _ in told}
    undeclared = [detail for check, _, detail in told if check == "undeclared_constraint"]
    assert undeclared
    assert all("No migration has it yet." in detail for detail in undeclared)


def test_an_index_that_was_taken_out_of_the_model_is_not_to_be_declared(shop: Project) -> None:
    told = _told(shop, MODELS.replace('indexes = [models.Index(fields=["shelf"], name="book_shelf")]', "indexes = []"))
    assert all("No migration has it yet." in detail for check, _, detail in told if check == "undeclared_index")
    assert {CHECK, "undeclared_index"} <= _checks(told)


def test_an_index_that_is_put_on_the_model_at_import_needs_no_migration(shop: Project) -> None:
    bare = MODELS.replace('            indexes = [models.Index(fields=["shelf"], name="book_shelf")]\n', "")
    hooked = f'{bare}\n    Book._meta.indexes.append(models.Index(fields=["shelf", "code"], name="at_import"))\n'
    told = _told(shop, hooked)
    assert not [detail for check, _, detail in told if check == CHECK and "at_import" in detail]
    ((_, severity, detail),) = [one for one in told if one[0] == "missing_index"]
    assert severity == "info"
    assert "put on the model while it is imported" in detail
