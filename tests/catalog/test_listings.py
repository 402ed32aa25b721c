from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from dbaudit.catalog.models import listings
from dbaudit.facts import Model
from tests import project
from tests.scratch import Scratch

REPORT = ("dbaudit", "report", "--no-queries", "--check", "unserved_ordering", "--format", "json")
SIMPLE = ("django.contrib.admin.apps.SimpleAdminConfig", *project.CONTRIB[1:])


def read(scratch: Scratch, model: type[models.Model]) -> Model:
    scratch.create(*model._meta.apps.get_models())
    snapshot = scratch.snapshot(model._meta.apps)
    return next(one for one in snapshot.models if one.label == model._meta.label)


def item(**meta: Any) -> type[models.Model]:
    class Group(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"
            ordering = ("-name",)

    class Item(models.Model):
        code = models.CharField(max_length=20, unique=True)
        alias = models.CharField(max_length=20, unique=True, null=True)
        number = models.IntegerField(db_column="no")
        line = models.IntegerField()
        group = models.ForeignKey(Group, models.CASCADE)
        spare = models.ForeignKey(Group, models.CASCADE, null=True, related_name="+")

        Meta = type("Meta", (), {"app_label": "tests", **meta})

    return Item


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ((), []),
        (("-number", "code"), ["no DESC", "code"]),
        (("pk",), ["id"]),
        (("group",), ["tests_group.name DESC"]),
        (("-group",), ["tests_group.name"]),
        (("group_id",), ["group_id"]),
        ((models.F("number").desc(),), ["no DESC"]),
        (("?",), None),
        ((Lower("code"),), None),
        ((models.F("number").desc(nulls_last=True),), None),
    ],
)
@isolate_apps("tests")
def test_an_ordering_is_expanded_as_django_does_it(sqlite: Scratch, ordering: Any, expected: list[str] | None) -> None:
    keys = read(sqlite, item(ordering=ordering)).ordering
    assert (keys if keys is None else [*map(str, keys)]) == expected


@isolate_apps("tests")
def test_an_order_through_a_foreign_key_that_may_be_null_keeps_rows_without_a_partner(sqlite: Scratch) -> None:
    keys = read(sqlite, item(ordering=("spare", "group_id"))).ordering or ()
    assert [key.outer for key in keys] == [True, False]


@isolate_apps("tests")
def test_an_order_through_a_foreign_key_that_is_never_null_keeps_none(sqlite: Scratch) -> None:
    assert [key.outer for key in read(sqlite, item(ordering=("group",))).ordering or ()] == [False]


@pytest.mark.parametrize(
    ("ordering", "meta"),
    [
        ((), {}),
        (("number",), {}),
        (("code",), {}),
        (("alias",), {}),
        (("group",), {}),
        (("line", "number"), {"unique_together": (("number", "line"),)}),
        (("line",), {"unique_together": (("number", "line"),)}),
        (("group_id", "line"), {"constraints": (models.UniqueConstraint(fields=["group", "line"], name="u"),)}),
    ],
)
@isolate_apps("tests")
def test_the_admin_s_tie_break_is_the_one_that_its_change_list_adds(
    sqlite: Scratch, ordering: tuple[str, ...], meta: dict[str, Any]
) -> None:
    model = item(**meta)
    listed = type("Listed", (admin.ModelAdmin,), {"ordering": ordering})
    admin.site.register(model, listed)
    try:
        page = read(sqlite, model).admin
        adds = _with_tie_break(model, ordering)
        own = model._base_manager.using(sqlite.alias).order_by(*adds)
        assert page
        assert len(page.ordering or ()) == len(own.query.order_by)
    finally:
        admin.site.unregister(model)


def _with_tie_break(model: type[models.Model], ordering: tuple[str, ...]) -> list[str]:
    """As the change list of this Django orders; from 6.1 on querysets know whether they are totally ordered."""
    before = vars(ChangeList).get("_get_deterministic_ordering")
    if before:
        return list(before(_Options(model), list(ordering)))
    rows: Any = model._base_manager.order_by(*ordering)
    return [*ordering] if rows.totally_ordered else [*ordering, "-pk"]


class _Options:
    """What the change list's tie-break looks at."""

    def __init__(self, model: type[models.Model]) -> None:
        self.lookup_opts = model._meta


@isolate_apps("tests")
def test_options_of_the_admin_are_columns_of_the_own_table(sqlite: Scratch) -> None:
    model = item()
    options = {
        "list_filter": ("number", ("group", admin.RelatedOnlyFieldListFilter), "group__name", admin.SimpleListFilter),
        "search_fields": ("=code", "^alias", "code__exact", "group__name", "code"),
        "list_per_page": 20,
    }
    admin.site.register(model, type("Listed", (admin.ModelAdmin,), options))
    try:
        page = read(sqlite, model).admin
    finally:
        admin.site.unregister(model)
    assert page
    assert (page.list_filter, page.list_per_page) == (("no", "group_id"), 20)
    assert page.search == (("code", "iexact"), ("alias", "istartswith"), ("code", "exact"), ("code", "icontains"))


def test_a_broken_admin_module_stops_no_audit(tmp_path: Path) -> None:
    made = project.make(tmp_path, contrib=SIMPLE, apps=("shop",))
    made.write({"shop/__init__.py": "", "shop/admin.py": "raise RuntimeError('on the machine of a colleague')\n"})
    made.manage("migrate", "-v0")
    told = made.manage(*REPORT).stdout
    assert "Its modules do not import: RuntimeError." in told


def test_an_admin_that_is_not_installed_is_not_imported(tmp_path: Path) -> None:
    made = project.make(tmp_path, contrib=("django.contrib.auth", "django.contrib.contenttypes"))
    made.manage("migrate", "-v0")
    told = made.manage(*REPORT).stdout
    assert "Its modules do not import" not in told


# Django 6.1 deprecates True, which projects have.
@pytest.mark.filterwarnings("ignore:Setting ModelAdmin.list_select_related to True")
@isolate_apps("tests")
def test_the_joins_of_a_list_are_those_that_it_names_or_that_django_makes_by_itself() -> None:
    class Person(models.Model):
        class Meta:
            app_label = "tests"

    class Task(models.Model):
        owner = models.ForeignKey(Person, models.CASCADE, related_name="+")
        asked_by = models.ForeignKey(Person, models.CASCADE, related_name="+", null=True)
        checked_by = models.ForeignKey(Person, models.CASCADE, related_name="+", null=True)

        class Meta:
            app_label = "tests"

    def joins(**options: Any) -> tuple[str, ...]:
        page = type("TaskAdmin", (admin.ModelAdmin,), options)(Task, admin.AdminSite())
        return tuple(listings._joined(Task, page))

    assert joins(list_display=("__str__",)) == ()
    assert joins(list_display=("__str__", "asked_by")) == ("asked_by", "owner")
    assert joins(list_display=("checked_by",), list_select_related=("asked_by",)) == ("asked_by",)
    assert joins(list_display=("id",), list_select_related=True) == ("owner",)
