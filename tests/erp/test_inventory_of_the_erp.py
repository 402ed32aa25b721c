"""The figures of the analysis of 13 July 2025, read from the models and from the database."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections, models
from django.db.migrations import RunSQL

VENDORS = pytest.mark.parametrize(
    "alias",
    [
        pytest.param("default", id="sqlite", marks=pytest.mark.django_db),
        pytest.param("postgresql", id="postgresql", marks=pytest.mark.django_db(databases=["default", "postgresql"])),
    ],
)

MODELS = {
    "erp": 56,
    "core": 7,
    "users": 4,
    "work_orders": 2,
    "ai_forms": 6,
    "inventory": 4,
    "production": 3,
    "qms": 8,
    "auth": 3,
    "admin": 1,
    "contenttypes": 1,
    "sessions": 1,
}
WELL_INDEXED = {
    "idx_salesorder_created_at": ("erp_salesorder", ["created_at"]),
    "idx_salesorder_status": ("erp_salesorder", ["status"]),
    "idx_salesorder_order_date_status": ("erp_salesorder", ["order_date", "status"]),
    "idx_productionorder_created_at": ("erp_productionorder", ["created_at"]),
    "idx_productionorder_status": ("erp_productionorder", ["status"]),
    "idx_purchaseorder_created_at": ("erp_purchaseorder", ["created_at"]),
    "idx_purchaseorder_status": ("erp_purchaseorder", ["status"]),
    "idx_customer_created_at": ("erp_customer", ["created_at"]),
    "idx_customer_is_active": ("erp_customer", ["is_active"]),
    "idx_product_is_active": ("erp_product", ["is_active"]),
    "idx_supplier_is_active": ("erp_supplier", ["is_active"]),
    "idx_todos_assigned_to_status": ("todos", ["assigned_to_id", "status"]),
    "idx_todos_due_date_status": ("todos", ["due_date", "status"]),
}
CRITICAL_INDEXES_TO_ADD = [
    ("erp_salesorder", ["customer_id", "status"]),
    ("erp_salesorderitem", ["order_id", "product_id"]),
    ("inventory_inventory", ["product_id", "warehouse_id"]),
    ("inventory_inventoryrecord", ["warehouse_id", "material_id"]),
    ("erp_productionorder", ["product_id", "status"]),
    ("erp_bom", ["product_id", "material_id"]),
    ("erp_qualityinspection", ["product_id", "inspection_date"]),
]


def indexes(alias: str, table: str) -> dict[str, list[str]]:
    """Name and columns of each index of a table."""
    with connections[alias].cursor() as cursor:
        constraints = connections[alias].introspection.get_constraints(cursor, table)
    return {name: facts["columns"] for name, facts in constraints.items() if facts["index"] or facts["unique"]}


def relations() -> list[models.ForeignKey[models.Model, models.Model]]:
    """Every foreign key and one-to-one field of the installed models, each where it is defined."""
    return [
        field
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
    ]


def test_there_are_96_models_in_12_applications() -> None:
    found = Counter(model._meta.app_label for model in apps.get_models())
    assert found == MODELS
    assert (len(found), sum(found.values())) == (12, 96)


def test_every_model_is_a_table_of_its_own() -> None:
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.managed and not model._meta.proxy}
    assert len(tables) == 96


def test_there_are_270_foreign_keys() -> None:
    assert len(relations()) == 270


def test_cascade_is_the_commonest_rule_and_all_three_are_used() -> None:
    rules = Counter(field.remote_field.on_delete for field in relations())
    assert [rule for rule, _ in rules.most_common()] == [models.CASCADE, models.SET_NULL, models.PROTECT]


@pytest.mark.parametrize(
    ("label", "name", "rule"),
    [
        ("erp.Employee", "user", models.CASCADE),
        ("erp.SalesOrderItem", "order", models.CASCADE),
        ("erp.PurchaseOrderItem", "order", models.CASCADE),
        ("erp.QualityInspection", "product", models.PROTECT),
        ("erp.QualityInspection", "material", models.PROTECT),
    ],
)
def test_the_critical_relationships_have_their_rules(label: str, name: str, rule: object) -> None:
    field = apps.get_model(label)._meta.get_field(name)
    assert isinstance(field, models.ForeignKey)
    assert field.remote_field.on_delete is rule


def test_what_belongs_to_a_company_goes_with_it() -> None:
    company = apps.get_model("core.Company")
    owned = [one for one in relations() if one.related_model is company and one.name == "company"]
    assert len(owned) > 50
    assert {one.remote_field.on_delete for one in owned} == {models.CASCADE}


def test_the_audit_trail_outlives_the_account() -> None:
    trail = [one for one in relations() if one.name in {"created_by", "updated_by", "approved_by"}]
    assert len(trail) > 30
    assert {one.remote_field.on_delete for one in trail} == {models.SET_NULL}


@pytest.mark.django_db
def test_sqlite_has_381_indexes_on_the_tables_of_the_models() -> None:
    found = 0
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'PRAGMA index_list("{model._meta.db_table}")')
            found += len(cursor.fetchall())
    assert found == 381


@VENDORS
@pytest.mark.parametrize("name", WELL_INDEXED)
def test_a_named_index_exists(alias: str, name: str) -> None:
    table, columns = WELL_INDEXED[name]
    assert indexes(alias, table).get(name) == columns


@VENDORS
@pytest.mark.parametrize(("table", "columns"), CRITICAL_INDEXES_TO_ADD)
def test_an_index_that_the_analysis_asks_for_is_missing(alias: str, table: str, columns: list[str]) -> None:
    assert [name for name, found in indexes(alias, table).items() if sorted(found[:2]) == sorted(columns)] == []


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@VENDORS
def test_the_index_that_no_model_declares_can_be_taken_back(alias: str) -> None:
    module = import_module("erp.migrations.0003_salesorder_order_date_status")
    (operation,) = module.Migration.operations
    assert isinstance(operation, RunSQL)
    forwards, backwards = str(operation.sql), str(operation.reverse_sql)
    name = "idx_salesorder_order_date_status"
    with connections[alias].cursor() as cursor:
        cursor.execute(backwards)
        assert name not in indexes(alias, "erp_salesorder")
        cursor.execute(forwards)
    assert name in indexes(alias, "erp_salesorder")
