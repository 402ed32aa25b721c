"""Which schemas are read, where the tables of models are found, and what is named as not examined."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import models
from django.test.utils import isolate_apps

from dbaudit.facts import Skipped, Snapshot
from tests.scratch import Scratch, connected

LONG = "a_table_name_that_somebody_wrote_out_in_full_and_that_is_longer_than_the_server_keeps"


def _models() -> type[models.Model]:
    """Call it inside ``isolate_apps("tests")``."""

    class Customer(models.Model):
        name = models.CharField(max_length=9, db_index=True)

        class Meta:
            app_label = "tests"
            db_table = 'crm"."customer'

    class Visit(models.Model):
        customer = models.ForeignKey(Customer, models.CASCADE)

        class Meta:
            app_label = "tests"
            db_table = '"crm"."Visit Log"'

    class Plain(models.Model):
        visit = models.ForeignKey(Visit, models.CASCADE)

        class Meta:
            app_label = "tests"

    return Plain


@contextmanager
def _path(scratch: Scratch, path: str) -> Iterator[Scratch]:
    """The scratch database through a connection with another search path."""
    settings = {**scratch.connection.settings_dict, "OPTIONS": {"options": f"-c search_path={path}"}}
    with connected("other_path", settings) as connection:
        yield Scratch(connection)


def _said(snapshot: Snapshot) -> list[Skipped]:
    return [one for one in snapshot.skipped if one.what in ("schemas", "models")]


@isolate_apps("tests")
def test_a_schema_that_a_model_names_is_read_beside_the_search_path(postgres: Scratch) -> None:
    model = _models()
    registry = model._meta.apps
    postgres.execute("CREATE SCHEMA crm")
    postgres.create(*sorted(registry.get_models(), key=lambda one: ["Customer", "Visit", "Plain"].index(one.__name__)))
    snapshot = postgres.snapshot(registry)
    assert [one.label for one in snapshot.tables] == ["tests_plain", "crm.Visit Log", "crm.customer"]
    assert {one.label: (one.schema, one.table) for one in snapshot.models} == {
        "tests.Customer": ("crm", "customer"),
        "tests.Plain": ("", "tests_plain"),
        "tests.Visit": ("crm", "Visit Log"),
    }
    for check in ("missing_table", "table_without_model", "missing_index", "missing_foreign_key_constraint"):
        assert not postgres.findings(check, registry)
    assert _said(snapshot) == []


@isolate_apps("tests")
def test_a_schema_that_is_not_there_has_no_table(postgres: Scratch) -> None:
    found = postgres.findings("missing_table", _models()._meta.apps)
    assert [one.table for one in found] == ["crm.Visit Log", "crm.customer", "tests_plain"]


@pytest.mark.parametrize("path", ["tenant,public", "public,tenant"])
@isolate_apps("tests")
def test_shared_tables_are_found_behind_those_of_a_tenant(postgres: Scratch, path: str) -> None:
    class Shared(models.Model):
        class Meta:
            app_label = "tests"

    class Own(models.Model):
        shared = models.ForeignKey(Shared, models.CASCADE)

        class Meta:
            app_label = "tests"

    postgres.execute("CREATE SCHEMA tenant")
    postgres.create(Shared)
    with _path(postgres, path) as tenant:
        tenant.execute("SET search_path = tenant, public")
        tenant.create(Own)
        tenant.connection.close()
        assert not tenant.findings("missing_table", Own._meta.apps)
        assert not tenant.findings("table_without_model", Own._meta.apps)
        assert not tenant.findings("missing_foreign_key_constraint", Own._meta.apps)
        labels = {one.label for one in tenant.snapshot(Own._meta.apps).tables}
    own, shared = ("tests_own", "public.tests_shared") if path[0] == "t" else ("tenant.tests_own", "tests_shared")
    assert labels == {own, shared}


@isolate_apps("tests")
def test_a_schema_named_like_the_role_stands_before_public(postgres: Scratch) -> None:
    class Shared(models.Model):
        class Meta:
            app_label = "tests"

    postgres.create(Shared)
    ((role,),) = postgres.rows("SELECT current_user::text")
    postgres.execute(f'CREATE SCHEMA "{role}"; CREATE TABLE "{role}".other (id int)')
    assert not postgres.findings("missing_table", Shared._meta.apps)
    assert [one.table for one in postgres.findings("table_without_model", Shared._meta.apps)] == ["other"]


@isolate_apps("tests")
def test_tables_that_an_earlier_schema_hides_are_not_examined_and_belong_to_their_model(postgres: Scratch) -> None:
    class Own(models.Model):
        class Meta:
            app_label = "tests"

    names = [f"t{number:03}" for number in range(20)]
    for name in names:
        postgres.execute(f"CREATE SCHEMA {name}; CREATE TABLE {name}.tests_own (id bigserial PRIMARY KEY)")
    with _path(postgres, ",".join([*names, "public"])) as tenants:
        snapshot = tenants.snapshot(Own._meta.apps)
        assert not tenants.findings("table_without_model", Own._meta.apps)
    assert [one.label for one in snapshot.tables] == ["tests_own"]
    (said,) = _said(snapshot)
    assert said.reason.startswith("t001, t002, t003, t004, t005 and 14 more: ")
    assert "These tables were not examined." in said.reason


@isolate_apps("tests")
def test_schemas_that_are_not_on_the_path_are_named_as_not_examined(postgres: Scratch) -> None:
    class Own(models.Model):
        class Meta:
            app_label = "tests"

    postgres.create(Own)
    postgres.execute("""
        CREATE SCHEMA billing; CREATE TABLE billing.invoice (id int); CREATE SCHEMA bare;
        CREATE SCHEMA tenant_a; CREATE TABLE tenant_a.tests_own (id int);
        CREATE SCHEMA tenant_b; CREATE TABLE tenant_b.tests_own (id int); CREATE TABLE tenant_b.more (id int);
    """)
    copies, others = (one.reason for one in _said(postgres.snapshot(Own._meta.apps)))
    assert copies.startswith("tenant_a, tenant_b: They have tables of models")
    assert "tenant_b for example, by a search path that begins with it" in copies
    assert others == "billing: They are not on the search path, so they were not examined."


@pytest.mark.parametrize(("schemas", "told"), [(1, True), (2, False)])
@isolate_apps("tests")
def test_a_table_that_only_tenants_have_is_not_missing(postgres: Scratch, schemas: int, told: bool) -> None:
    class Own(models.Model):
        class Meta:
            app_label = "tests"

    for number in range(schemas):
        postgres.execute(f"CREATE SCHEMA t{number}; CREATE TABLE t{number}.tests_own (id int)")
    found = postgres.findings("missing_table", Own._meta.apps)
    assert len(found) == int(told)
    assert all("Schema 't0' has one of that name and is not on the search path." in one.detail for one in found)


@isolate_apps("tests")
def test_names_are_cut_where_the_server_cuts_them(postgres: Scratch) -> None:
    class Wide(models.Model):
        value = models.IntegerField(db_column=f"column_{LONG}", db_index=True)
        number = models.IntegerField()

        class Meta:
            app_label = "tests"
            db_table = LONG
            constraints = (models.UniqueConstraint(fields=["number"], name=f"unique_{LONG}"),)

    class Umlaut(models.Model):
        class Meta:
            app_label = "tests"
            db_table = "ü" * 40

    postgres.create(Wide, Umlaut)
    checks = ("missing_table", "table_without_model", "missing_column", "undeclared_column", "renamed_constraint")
    for check in (*checks, "missing_index", "missing_constraint", "undeclared_constraint", "undeclared_index"):
        assert not postgres.findings(check, Wide._meta.apps), check
