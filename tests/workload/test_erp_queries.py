"""What the audit finds in the ERP's own queries, on the data of the analysis of 13 July 2025."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections

from dbaudit import catalog, checks
from dbaudit.findings import ChangeQuery, Finding
from dbaudit.registry import registered
from dbaudit.workload import canned
from dbaudit.workload.limits import Limits
from dbaudit.workload.routing import routed_to
from dbaudit.workload.sampling import Bench

LIMITS: dict[str, Any] = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000, "count_limit_bytes": 16 * 1024**2}
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
    snapshot = catalog.read(connections[alias], apps=apps, **LIMITS)
    with routed_to(alias, {table.name for table in snapshot.tables}):
        runs = tuple(canned.runs(apps, Bench(connections[alias], Limits(samples=2), writes=True)))
    checks.load(apps)
    judges = [one for one in registered() if "queries" in one.needs and one.id != "slow_query"]
    outcome = checks.run(replace(snapshot, runs=runs), judges)
    assert not outcome.crashed
    return list(outcome.findings)


def test_the_mistakes_are_found_with_fixes_that_were_run_and_nothing_else(found: list[Finding]) -> None:
    assert not [one for one in found if one.identity[0] in GOOD]
    by_key = {one.key: one for one in found}
    wrong = by_key.pop("invalid_lookup_name:canned:erp.orders_with_items_by_a_wrong_name:salesorderitem_set")
    forward = by_key.pop("n_plus_one:canned:erp.customer_of_each_order:erp.SalesOrder.customer")
    backward = by_key.pop("n_plus_one:canned:erp.orders_of_each_customer:erp.Customer.salesorder_set")
    assert by_key == {}

    assert after(wrong).endswith('return SalesOrder.objects.prefetch_related("items")  # type: ignore[misc]')
    assert "it comes to its end, 2 queries" in wrong.remedy.verification
    assert forward.remedy.orm == 'select_related("customer")'
    assert 'SalesOrder.objects.all().select_related("customer")[:50]' in after(forward)
    assert "the same result, 21 queries" in forward.remedy.verification
    assert "before, 1 query, " in forward.remedy.verification
    assert backward.remedy.orm == 'prefetch_related("salesorder_set")'
    assert 'Customer.objects.all().prefetch_related("salesorder_set")[:50]' in after(backward)
    assert "the same result, 5 queries" in backward.remedy.verification
    assert [one.location.file for one in (wrong, forward, backward) if one.location] == ["erp/dbaudit_queries.py"] * 3


def after(finding: Finding) -> str:
    assert isinstance(finding.remedy.action, ChangeQuery)
    return finding.remedy.action.after
