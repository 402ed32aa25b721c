from __future__ import annotations

from pathlib import Path

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import connection, models
from django.test import override_settings
from django.test.utils import isolate_apps

from dbaudit.catalog.models.owners import read_models
from dbaudit.facts import Model
from tests.scratch import Scratch


def found(apps: Apps) -> dict[str, Model]:
    return {model.label: model for model in read_models(apps, connection)}


def test_django_s_models_are_django_s_and_the_project_s_its_own_with_their_places() -> None:
    every = found(installed)
    user, order = every["auth.User"], every["erp.SalesOrder"]
    assert (user.owner, order.owner) == ("django", "project")
    assert user.location
    assert user.location.file == "django/contrib/auth/models.py"
    assert order.location
    source = (Path(__file__).parents[2] / order.location.file).read_text().splitlines()
    assert source[order.location.line - 1].startswith("class SalesOrder(")


def test_a_field_from_a_base_class_is_placed_where_it_is_written() -> None:
    order = found(installed)["erp.SalesOrder"]
    company = next(field for field in order.fields if field.name == "company")
    assert company.location
    assert order.location
    assert company.location.file != order.location.file
    source = (Path(__file__).parents[2] / company.location.file).read_text().splitlines()
    assert source[company.location.line - 1].strip().startswith("company = ")


@isolate_apps("tests")
def test_every_kind_of_model_is_told_apart() -> None:
    class Place(models.Model):
        links = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"

    class Bar(Place):
        class Meta:
            app_label = "tests"

    class Nick(Place):
        class Meta:
            app_label = "tests"
            proxy = True

    class Foreign(models.Model):
        class Meta:
            app_label = "tests"
            managed = False
            db_table = 'other"."place'

    every = found(Place._meta.apps)
    assert every["tests.Place_links"].auto_created
    assert every["tests.Nick"].proxy
    assert not every["tests.Nick"].stored
    assert not every["tests.Foreign"].managed
    bar = every["tests.Bar"]
    assert [(field.name, field.parent_link, field.relation) for field in bar.fields] == [
        ("place_ptr", True, "one to one")
    ]
    assert bar.fields[0].related_columns == ("id",)


@isolate_apps("tests")
def test_a_composite_primary_key_is_read_column_by_column(scratch: Scratch) -> None:
    class Line(models.Model):
        pk = models.CompositePrimaryKey("order", "number")
        order = models.IntegerField()
        number = models.IntegerField()

        class Meta:
            app_label = "tests"

    scratch.create(Line)
    snapshot = scratch.snapshot(Line._meta.apps)
    assert snapshot.tables[0].primary_key == ("order", "number")
    assert [(field.name, field.primary_key) for field in snapshot.models[0].fields] == [
        ("order", True),
        ("number", True),
    ]


@isolate_apps("tests")
def test_a_model_in_another_schema_finds_its_table(postgres: Scratch) -> None:
    class Far(models.Model):
        class Meta:
            app_label = "tests"
            db_table = 'far"."away'

    postgres.execute("CREATE SCHEMA far; CREATE TABLE far.away (id bigint PRIMARY KEY)")
    postgres.execute("SET search_path = public, far")
    (table,) = postgres.snapshot(Far._meta.apps).tables
    assert (table.label, table.ownership.model) == ("far.away", "tests.Far")
    assert not postgres.findings("missing_table", Far._meta.apps)


@override_settings(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "my_cache"}}
)
def test_a_database_cache_is_django_s_table(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE my_cache (cache_key varchar(255) PRIMARY KEY)")
    (table,) = scratch.snapshot().tables
    assert table.ownership.owner == "django"
    assert not scratch.findings("table_without_model")


@isolate_apps("tests")
def test_a_model_that_the_router_keeps_elsewhere_is_not_missing_here(scratch: Scratch) -> None:
    class Here(models.Model):
        class Meta:
            app_label = "tests"

    class There(models.Model):
        class Meta:
            app_label = "tests"

    scratch.create(Here)
    with override_settings(DATABASE_ROUTERS=["tests.catalog.test_owners.OnlyHere"]):
        assert not scratch.findings("missing_table", Here._meta.apps)
        assert [model.label for model in scratch.snapshot(Here._meta.apps).models] == ["tests.Here"]
    assert [one.model for one in scratch.findings("missing_table", Here._meta.apps)] == ["tests.There"]


class OnlyHere:
    """A router that keeps ``There`` on another database."""

    def allow_migrate(self, _db: str, _app_label: str, model_name: str | None = None, **_hints: object) -> bool:
        return model_name != "there"
