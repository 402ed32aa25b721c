"""admin_count: a large table whose count takes long, in the list itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps import apps as installed

from dbaudit import checks
from dbaudit.facts import Model, QueryRun, Snapshot, Statement, Table, Trial
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import ChangeQuery, Finding, Severity
from dbaudit.registry import registered

SQL = 'SELECT COUNT(*) AS "__count" FROM "shop_order"'
COUNT = Statement(
    sql=SQL,
    template='SELECT COUNT(*) AS "__count" FROM "shop_order"',
    fingerprint="c",
    alias="default",
    kind="select",
    duration_ms=400.0,
    tables=("shop_order",),
)
RUN = QueryRun(
    id="admin:shop.Order",
    label="Admin list of shop.Order",
    origin="automatic",
    alias="default",
    status="slow",
    model="shop.Order",
    cold_ms=900.0,
    queries=6,
    statements=(COUNT,),
)


def findings(run: QueryRun, rows: int = 4_000_000) -> list[Finding]:
    snapshot = Snapshot(
        alias="default",
        vendor="postgresql",
        server_version="17",
        dialect=Dialect("postgresql"),
        tables=(Table(name="shop_order", rows=rows),),
        models=(Model(label="shop.Order", app="shop", name="Order", owner="project", table="shop_order"),),
        runs=(run,),
    )
    checks.load(installed)
    outcome = checks.run(snapshot, [one for one in registered() if one.id == "admin_count"])
    assert [one.id for one in outcome.ran] == ["admin_count"], outcome.crashed or outcome.skipped
    return list(outcome.findings)


def test_silent_on_a_table_of_moderate_size() -> None:
    assert findings(RUN, rows=200_000) == []


def test_silent_where_the_count_is_quick() -> None:
    assert findings(replace(RUN, statements=(replace(COUNT, duration_ms=20.0),))) == []


@pytest.mark.parametrize(
    "statements", [(), (replace(COUNT, tables=("shop_line",)),), (replace(COUNT, template="SELECT ?"),)]
)
def test_silent_where_the_list_counts_nothing_of_its_table(statements: tuple[Statement, ...]) -> None:
    assert findings(replace(RUN, statements=statements)) == []


def test_silent_on_a_variant_of_the_list_and_on_a_page_of_another_kind() -> None:
    assert findings(replace(RUN, id="admin:shop.Order?searched")) == []
    assert findings(replace(RUN, id="page:shop.Order")) == []


def test_a_remark_on_a_list_that_is_not_the_projects() -> None:
    (found,) = findings(replace(RUN, owner="django"))
    assert (found.severity, found.owner) == (Severity.INFO, "django")


def test_finds_the_count_and_names_what_spares_it() -> None:
    (found,) = findings(RUN)
    assert found.subject == "'Admin list of shop.Order' counts all rows of shop_order each time"
    assert found.remedy.orm == "show_full_result_count = False"


def test_gives_the_change_that_was_rendered() -> None:
    trial = Trial(
        fingerprint="c",
        change="show_full_result_count = False; paginator = EstimatingPaginator",
        before="class OrderAdmin:\n    show_full_result_count = True",
        after="class EstimatingPaginator(Paginator): ...",
        worked=True,
        queries_before=6,
        queries_after=4,
        ms_before=900.0,
        ms_after=12.0,
    )
    (found,) = findings(replace(RUN, trials=(trial,)))
    assert isinstance(found.remedy.action, ChangeQuery)
    assert found.remedy.action.after.startswith("class EstimatingPaginator(Paginator)")
    assert found.remedy.verification.endswith("6 queries and 900 ms before, 4 queries and 12 ms after.")
