"""``apply-indexes --drop-redundant --migrations`` on models written in every way: all three agree, or nothing is done.

The migrations are written by hand where a project's history matters: a renamed model keeps the names of its indexes,
and old migrations spell ``unique_together`` as a list of lists.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.codemods.test_whole_way import REPORT, keys
from tests.postgres import main_server
from tests.project import Project, make
from tests.scratch import Scratch

MODELS = """
from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=20)


class Owned(models.Model):
    owner = models.ForeignKey(Person, models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class Named(models.Model):
    who = models.ForeignKey(Person, models.CASCADE)
    at = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["who", "at"], name="named_who_at")]


class Unnamed(models.Model):
    who = models.IntegerField()
    at = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["who"]), models.Index(fields=["who", "at"], name="unnamed_who_at")]


class Renamed(models.Model):
    who = models.ForeignKey(Person, models.CASCADE)
    at = models.DateField()

    class Meta:
        unique_together = [["who", "at"]]


class Inheriting(Owned):
    at = models.DateField()

    class Meta:
        unique_together = [("owner", "at")]


def made(name):
    fields = {"who": models.ForeignKey(Person, models.CASCADE), "at": models.DateField(), "__module__": __name__}
    fields["Meta"] = type("Meta", (), {"unique_together": [("who", "at")]})
    return type(name, (models.Model,), fields)


Made = made("Made")
"""
INITIAL = """
from django.db import migrations, models

KEY = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def who():
    return ("who", models.ForeignKey("shop.person", models.CASCADE))


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Person", [KEY, ("name", models.CharField(max_length=20))]),
        migrations.CreateModel(
            "Named",
            [KEY, who(), ("at", models.DateField())],
            options={"indexes": [models.Index(fields=["who", "at"], name="named_who_at")]},
        ),
        migrations.CreateModel(
            "Unnamed",
            [KEY, ("who", models.IntegerField()), ("at", models.DateField())],
            options={
                "indexes": [
                    models.Index(fields=["who"], name="UNNAMED"),
                    models.Index(fields=["who", "at"], name="unnamed_who_at"),
                ]
            },
        ),
        migrations.CreateModel(
            "Former", [KEY, who(), ("at", models.DateField())], options={"unique_together": [["who", "at"]]}
        ),
        migrations.CreateModel(
            "Inheriting",
            [
                KEY,
                ("owner", models.ForeignKey("shop.person", models.CASCADE, related_name="+")),
                ("at", models.DateField()),
            ],
            options={"unique_together": [["owner", "at"]]},
        ),
        migrations.CreateModel(
            "Made", [KEY, who(), ("at", models.DateField())], options={"unique_together": [["who", "at"]]}
        ),
        migrations.RenameModel("Former", "Renamed"),
    ]
"""
#: What Django calls ``Index(fields=["who"])`` of the model Unnamed.
UNNAMED = "shop_unname_who_afb9ff_idx"
APPLY = ("dbaudit", "apply-indexes", "--noinput", "--no-queries", "--drop-redundant", "--migrations")
CHECK = ("makemigrations", "--check", "--dry-run")
DRIFT = ("missing_index", "undeclared_index", "changed_index", "unmade_migration", "renamed_index")


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    database = None
    if request.param == "postgresql":
        scratch: Scratch = request.getfixturevalue("postgres")
        database = main_server().settings(scratch.connection.settings_dict["NAME"])
    found = make(tmp_path, apps=("shop",), contrib=("django.contrib.contenttypes",), database=database)
    found.write({"shop/__init__.py": "", "shop/models.py": MODELS, "shop/migrations/__init__.py": ""})
    found.write({"shop/migrations/0001_initial.py": INITIAL.replace("UNNAMED", UNNAMED)})
    found.commands(CHECK, ("migrate", "-v0"))
    return found


def text(project: Project) -> str:
    return (project.folder / "shop" / "models.py").read_text()


def test_what_can_be_edited_is_dropped_and_the_rest_is_left_out_with_the_reason(project: Project) -> None:
    before = text(project)
    planned = project.manage(*APPLY, "--dry-run").stdout
    assert "+    who = models.ForeignKey(Person, models.CASCADE, db_index=False)" in planned
    assert '-        indexes = [models.Index(fields=["who"]), models' in planned
    assert "+++ shop/migrations/0002_" in planned
    assert "Not with --migrations: Inheriting.owner is inherited from the abstract model Owned" in planned
    assert "Not with --migrations: There is no class Made in its file." in planned
    assert text(project) == before
    project.manage(*APPLY)
    assert 'indexes = [models.Index(fields=["who", "at"], name="unnamed_who_at")]' in text(project)
    assert text(project).count("db_index=False") == 2
    *_, report = project.commands(CHECK, ("migrate", "-v0"), CHECK, REPORT)
    assert {key.partition(":")[0] for key in keys(report)}.isdisjoint(DRIFT)
    again = project.manage(*APPLY, "--dry-run", "--format", "json").stdout
    assert json.loads(again)["steps"] == []
    project.manage(*APPLY[:3], "--undo")
    assert text(project) == before
    *_, report = project.commands(CHECK, ("migrate", "-v0"), REPORT)
    assert {key.partition(":")[0] for key in keys(report)}.isdisjoint(DRIFT)
