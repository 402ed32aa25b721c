"""Who may ask for an index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbaudit.advisor.provenance import Provenance, asking, provenance
from dbaudit.facts import Location, QueryRun, Statement


def run(name: str, **changes: object) -> QueryRun:
    origin = name.partition(":")[0] if name.partition(":")[0] in ("canned", "crawl", "captured", "statements") else ""
    base = QueryRun(id=name, label=name, origin="automatic", alias="default", status="good")
    return replace(base, **{"origin": origin or "automatic", **changes})  # type: ignore[arg-type]


LIST, PAGE, WALK = run("admin:shop.Item"), run("page:shop.Item"), run("forward:shop.Item.place")


@pytest.mark.parametrize("other", [PAGE, WALK, run("reverse:shop.Item.place")], ids=lambda one: one.id)
def test_what_the_audit_made_up_asks_for_nothing_also_where_there_is_nothing_else(other: QueryRun) -> None:
    assert not asking([other])
    assert asking([other, LIST]) == (LIST,)


def test_an_admin_list_of_another_package_asks_for_nothing() -> None:
    assert not asking([replace(LIST, owner="django"), replace(LIST, owner="third-party")])


def test_a_run_that_failed_asks_for_nothing() -> None:
    assert not asking([run("canned:a", status="failed"), run("crawl:b", status="not audited")])


@pytest.mark.parametrize("name", ["canned:a", "crawl:a", "captured:a", "statements:1"])
def test_an_admin_list_asks_only_where_there_is_nothing_better(name: str) -> None:
    assert asking([LIST]) == (LIST,)
    assert asking([LIST, run(name)]) == (run(name),)


def test_the_order_of_evidence() -> None:
    told = [
        run("statements:1"),
        run("captured:route", samples_ms=(3.0,)),
        run("canned:a"),
        run("captured:tests/test_a.py::test_a"),
        run("crawl:/a/"),
        LIST,
        PAGE,
    ]
    assert [provenance(one) for one in told] == [
        Provenance.SERVER,
        Provenance.SERVER,
        Provenance.CANNED,
        Provenance.TEST,
        Provenance.CRAWL,
        Provenance.ADMIN,
        Provenance.INVENTED,
    ]


def statement(sql: str, *stack: Location) -> Statement:
    return Statement(
        sql=sql, template=sql, fingerprint=sql, alias="default", kind="select", duration_ms=5.0, stack=stack
    )


def test_what_a_canned_query_asks_before_it_returns_its_queryset_asks_for_nothing() -> None:
    place = Location("erp/dbaudit_queries.py", 7)
    first, second = statement("SELECT min(state) FROM item", Location(place.file, 9)), statement("SELECT * FROM item")
    [left] = asking([run("canned:a", location=place, statements=(first, second))])
    assert left.statements == (second,)
    # A function that does all of its work itself has nothing else.
    [whole] = asking([run("canned:a", location=place, statements=(first,))])
    assert whole.statements == (first,)
