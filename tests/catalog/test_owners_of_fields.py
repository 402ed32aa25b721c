"""Whose a field or a model is that code put there: nobody can edit a line that is in no file."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib import auth
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps

from dbaudit import conf, places
from dbaudit.catalog.models import owners
from tests.scratch import Scratch

#: A package in the way of django-mptt and django-simple-history.
PACKAGE = """
from django.db import models


class TreeBase(models.base.ModelBase):
    def __new__(mcs, name, bases, attrs, **kwargs):
        cls = super().__new__(mcs, name, bases, attrs, **kwargs)
        if not cls._meta.abstract:
            models.PositiveIntegerField(db_index=True).contribute_to_class(cls, "tree_id")
        return cls


class Tree(models.Model, metaclass=TreeBase):
    depth = models.IntegerField()

    class Meta:
        abstract = True


class History:
    def __str__(self):
        return "history"


def with_history(model):
    attrs = {"__module__": model.__module__, "Meta": type("Meta", (), {"app_label": "tests"})}
    attrs["history_date"] = models.DateTimeField()
    return type(f"Historical{model.__name__}", (History, models.Model), attrs)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An installed package."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "made_up_trees.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "made_up_trees", raising=False)
    places.source_file.cache_clear()
    module: ModuleType = __import__("made_up_trees")
    return module


def _genre(package: Any) -> type[models.Model]:
    class Genre(package.Tree):  # type: ignore[misc]
        name = models.CharField(max_length=9, db_index=True)
        if PACKAGE:
            shelf = models.IntegerField(db_index=True)

        class Meta:
            app_label = "tests"

    found: type[models.Model] = Genre
    return found


@isolate_apps("tests")
def test_fields_that_a_package_adds_are_the_packages(sqlite: Scratch, package: ModuleType) -> None:
    (model,) = owners.read_models(_genre(package)._meta.apps, sqlite.connection)
    assert model.owner == "project"
    whose = {field.name: field.owner for field in model.fields}
    assert whose == {"id": None, "name": None, "shelf": None, "tree_id": "third-party", "depth": "third-party"}


@isolate_apps("tests")
def test_models_that_a_package_makes_are_the_packages(sqlite: Scratch, package: Any) -> None:
    class Book(models.Model):
        class Meta:
            app_label = "tests"

    package.with_history(Book)
    found = owners.read_models(Book._meta.apps, sqlite.connection)
    assert {model.name: model.owner for model in found} == {"Book": "project", "HistoricalBook": "third-party"}


@isolate_apps("tests")
def test_models_that_the_project_makes_by_code_are_its_own(sqlite: Scratch) -> None:
    class Book(models.Model):
        class Meta:
            app_label = "tests"

    attrs: dict[str, Any] = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "tests"})}
    type("Made", (models.Model,), attrs)
    models.IntegerField().contribute_to_class(Book, "pages")
    found = owners.read_models(Book._meta.apps, sqlite.connection)
    assert {model.name: model.owner for model in found} == {"Book": "project", "Made": "project"}
    assert {field.owner for model in found for field in model.fields} == {None}


@isolate_apps("tests")
def test_advice_about_a_packages_field_is_a_remark_and_no_edit(scratch: Scratch, package: ModuleType) -> None:
    model = _genre(package)
    scratch.create(model)
    scratch.execute("CREATE INDEX wide_one ON tests_genre (tree_id, depth)")
    scratch.execute("CREATE INDEX wide_other ON tests_genre (shelf, depth)")
    found = {one.key.rpartition(":")[2]: one for one in scratch.findings("redundant_index", model._meta.apps)}
    theirs, ours = found["(tree_id)"], found["(shelf)"]
    assert (ours.owner, ours.severity) == ("project", "warning")
    assert "db_index=False" in ours.remedy.orm
    assert (theirs.owner, theirs.severity) == ("third-party", "info")
    assert "db_index=False" not in theirs.remedy.orm
    assert "A package puts tree_id on tests.Genre" in theirs.remedy.orm


def test_installed_applications_and_modules_may_be_called_the_projects_own() -> None:
    file = pytest.__file__
    assert not places.is_project(file)
    for name in ("pytest", "_pytest"):
        with override_settings(DBAUDIT={"PROJECT_APPS": [name]}):
            assert places.is_project(file) is (name == "pytest")
            assert conf.check_settings() == []
    with override_settings(DBAUDIT={"PROJECT_APPS": ["contenttypes", "django.contrib.auth"]}):
        assert conf.check_settings() == []
        assert places.is_project(str(Path(auth.__file__).parent / "models.py"))


def test_a_name_that_is_neither_is_refused_with_the_nearest() -> None:
    with override_settings(DBAUDIT={"PROJECT_APPS": ["inventori"]}):
        (error,) = conf.check_settings()
    assert error.id == "dbaudit.E003"
    assert "'inventori'" in error.msg
    assert error.hint == "Did you mean 'inventory'?"
    with override_settings(DBAUDIT={"PROJECT_APPS": "inventory"}):
        assert [one.id for one in conf.check_settings()] == ["dbaudit.E003"]
