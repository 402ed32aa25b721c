"""What the audit finds in the ERP's own queries, on the data of the analysis of 13 July 2025."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections

from dbaudit import catalog, checks
from dbaudit.findings import ChangeQuery, Finding
from dbaudit.queries import registered_queries
from dbaudit.registry import registered
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import canned
from dbaudit.workload.sources.routing import routed_to
from inventory.models import InventoryRecord
from tests.erp_truth import QUERIES

LIMITS: dict[str, Any] = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000, "count_limit_bytes": 16 * 1024**2}
#: Characters of the notes that a stock count gets in practice.
NOTES = 6_000
GOOD = ("canned:erp.product_list", "canned:erp.customers_with_orders", "canned:erp.order_items_with_products")


@pytest.fixture(
    params=[
        pytest.param("default", id="sqlite", marks=pytest.mark.django_db),
        pytest.param("postgresql", id="postgresql", marks=pytest.mark.django_db(databases=["default", "postgresql"])),
    ]
)
def found(request: pytest.FixtureRequest) -> list[Finding]:
    """The findings of all checks of queries on the ERP's canned queries, but for the one that judges by the clock."""
    alias = request.param
    call_command("seed_erp", database=alias, scale=1, verbosity=0)
    InventoryRecord.objects.using(alias).update(notes="x" * NOTES)
    snapshot = catalog.read(connections[alias], apps=apps, **LIMITS)
    with routed_to(alias, {table.name for table in snapshot.tables}):
        runs = tuple(canned.runs(canned.own(apps, alias), Bench(connections[alias], Limits(samples=2), writes=True)))
    checks.load(apps)
    judges = [one for one in registered() if "queries" in one.needs and one.id != "slow_query"]
    outcome = checks.run(replace(snapshot, runs=runs), judges)
    assert not outcome.crashed
    return list(outcome.findings)


def test_the_mistakes_are_found_and_nothing_else(found: list[Finding]) -> None:
    keys = [one.key.replace(":canned:", ":") for one in found]
    wanted = {key: [one for one in keys if one == key or one.startswith(f"{key}:")] for key in QUERIES}
    assert {key: len(matching) for key, matching in wanted.items()} == dict.fromkeys(QUERIES, 1)
    assert len(keys) == len(QUERIES)
    assert not [one for one in found if one.identity[0] in GOOD]


def test_each_fix_was_run(found: list[Finding]) -> None:
    by_query = {one.identity[0].rpartition(".")[2]: one for one in found}
    assert [one.check for one in found if not one.remedy.verification] == []

    wrong = by_query["orders_with_items_by_a_wrong_name"]
    assert after(wrong).endswith('return SalesOrder.objects.prefetch_related("items")  # type: ignore[misc]')
    assert "it comes to its end, 2 queries" in wrong.remedy.verification

    forward = by_query["customer_of_each_order"]
    assert forward.remedy.orm == 'select_related("customer")'
    assert 'SalesOrder.objects.all().select_related("customer")[:50]' in after(forward)
    assert "the same result, 21 queries" in forward.remedy.verification
    assert "before, 1 query, " in forward.remedy.verification

    backward = by_query["orders_of_each_customer"]
    assert backward.remedy.orm == 'prefetch_related("salesorder_set")'
    assert 'Customer.objects.all().prefetch_related("salesorder_set")[:50]' in after(backward)
    assert "the same result, 5 queries" in backward.remedy.verification

    assert by_query["references_of_counts"].remedy.orm == 'defer("notes")'
    assert by_query["number_of_order_items"].remedy.orm == "items.count() in place of len(items)"
    assert by_query["draft_orders"].remedy.orm == "drafts in place of drafts.exists()"
    assert 'SalesOrder.objects.order_by("pk")[:50]' in after(by_query["order_numbers"])
    assert 'SalesOrder.objects.order_by("pk")[:50]' in after(by_query["order_dates"])
    places = {one.location.file for one in found if one.location}
    assert places == {"erp/dbaudit_queries.py", "inventory/dbaudit_queries.py"}


def test_at_least_twenty_queries_are_canned() -> None:
    for module in ("erp", "inventory", "production"):
        importlib.import_module(f"{module}.{canned.MODULE}")
    assert len(registered_queries()) >= 20


def after(finding: Finding) -> str:
    assert isinstance(finding.remedy.action, ChangeQuery)
    return finding.remedy.action.after
