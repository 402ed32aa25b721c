"""One change, one recommendation: what belongs together, and what does not."""

from __future__ import annotations

from dataclasses import replace

from dbaudit.advisor.causes import causes
from dbaudit.advisor.recommend import recommend
from dbaudit.facts import Index, IndexKey, Location, QueryRun, Snapshot, Statement, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.facts.models import AdminPage, Model
from dbaudit.findings import ChangeQuery, CreateIndex, DropIndex, EditModel, Finding, Remedy, Severity

CHANGE = Remedy(action=ChangeQuery(before="", after=""))
ITEM = Table(
    name="item",
    rows=50_000,
    indexes=(Index(name="item_a", table="item", keys=(IndexKey(column="a"),)),),
)


def finding(check: str, *identity: str, remedy: Remedy = CHANGE, **changes: object) -> Finding:
    base = Finding(
        check=check,
        subject=f"{check} {identity}",
        detail="",
        identity=identity,
        remedy=remedy,
        severity=Severity.WARNING,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def snapshot(*runs: QueryRun) -> Snapshot:
    return Snapshot(
        alias="default", vendor="sqlite", server_version="3", dialect=Dialect("sqlite"), tables=(ITEM,), runs=runs
    )


def build(check: str, *columns: str) -> Finding:
    return finding(check, *columns, remedy=Remedy(action=CreateIndex(table="item", columns=columns)), table="item")


def keys(*findings: Finding, runs: tuple[QueryRun, ...] = ()) -> list[set[str]]:
    return [{*cause.keys} for cause in causes(findings, snapshot(*runs))]


def test_findings_about_different_things_stay_apart() -> None:
    told = [build("unindexed_foreign_key", "b"), build("cascade_cost", "c"), finding("n_plus_one", "canned:a", "m.x")]
    assert keys(*told) == [{one.key} for one in told]


def test_two_checks_that_ask_for_one_index_are_one() -> None:
    first, second = build("unindexed_foreign_key", "b"), build("cascade_cost", "-b")
    assert keys(first, second) == [{first.key, second.key}]
    assert len(keys(build("unserved_ordering", "b", "-c"), build("unserved_ordering", "b", "c"))) == 2


def test_dropping_an_index_answers_that_no_model_declares_it() -> None:
    declare = finding(
        "undeclared_index",
        "(a)",
        remedy=Remedy(action=EditModel(model="Item", change="declare it")),
        table="item",
        severity=Severity.INFO,
    )
    drop = finding("redundant_index", "(a)", remedy=Remedy(action=DropIndex(table="item", name="item_a")), table="item")
    [one] = recommend([declare, drop], snapshot())
    assert isinstance(one.remedy.action, DropIndex)
    assert {*one.findings} == {declare.key, drop.key}


def test_an_admin_n_plus_one_that_is_crawled_too_is_told_once() -> None:
    listed = finding("n_plus_one", "admin:shop.Item", "shop.Item.place", group="Admin lists ask")
    crawled = finding("n_plus_one", "crawl:/admin/shop/item/", "shop.Item.place")
    elsewhere = finding("n_plus_one", "crawl:/other/", "shop.Item.owner")
    assert keys(listed, crawled, elsewhere) == [{listed.key, crawled.key}, {elsewhere.key}]
    assert len(keys(replace(listed, identity=("crawl:/a/", "shop.Item.place"), group=""), crawled)) == 2


def test_what_ties_two_groups_together_makes_them_one() -> None:
    first = finding("n_plus_one", "admin:shop.Item", "shop.Item.place", group="g")
    second = finding("n_plus_one", "admin:shop.Cart", "shop.Cart.owner", group="g")
    crawled = finding("n_plus_one", "crawl:/admin/shop/cart/", "shop.Cart.owner")
    assert keys(first, crawled, second) == [{first.key, second.key, crawled.key}]


PLACE = Location("shop/views.py", 9)


def asked(fingerprint: str, number: int, **changes: object) -> Statement:
    base = Statement(
        sql=fingerprint, template=fingerprint, fingerprint=fingerprint, alias="default", kind="select",
        duration_ms=1.0, rows=1, tables=("item",), stack=(PLACE,), arguments=number,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


REPEATED = tuple(asked("one", number, asked="shop.Item.place", asker="forward") for number in range(1, 11))
LOOP = QueryRun(
    id="crawl:/a/", label="/a/", origin="crawl", alias="default", status="slow", queries=11,
    statements=(asked("rows", 0, rows=10), *REPEATED),
)  # fmt: skip
CAUSE = finding("n_plus_one", "crawl:/a/", "shop.Item.place")
SLOW = finding("slow_query", "crawl:/a/")


def test_a_slow_query_stands_under_the_repetition_that_makes_it_slow() -> None:
    assert keys(SLOW, CAUSE, runs=(LOOP,)) == [{CAUSE.key, SLOW.key}]
    [one] = recommend([SLOW, CAUSE], snapshot(LOOP))
    assert one.findings == (CAUSE.key, SLOW.key)


def test_a_slow_query_of_another_run_or_with_few_repetitions_stays_alone() -> None:
    assert len(keys(replace(SLOW, identity=("crawl:/b/",)), CAUSE, runs=(LOOP,))) == 2
    many = replace(LOOP, queries=100)
    assert len(keys(SLOW, CAUSE, runs=(many,))) == 2


def test_the_same_statement_once_more_stands_under_the_repetition_on_its_tables() -> None:
    run = replace(LOOP, statements=(*LOOP.statements, asked("same", 99), asked("other", 98, tables=("place",))))
    same, other = (finding("duplicate_statement", "crawl:/a/", name) for name in ("same", "other"))
    assert keys(same, other, CAUSE, runs=(run,)) == [{CAUSE.key, same.key}, {other.key}]


def test_what_a_loop_asks_of_its_rows_is_one_recommendation_that_names_the_place() -> None:
    others = tuple(asked("two", number, asked="shop.Item.owner", asker="forward") for number in range(21, 31))
    run = replace(LOOP, statements=(*LOOP.statements, *others), queries=21)
    second = finding("n_plus_one", "crawl:/a/", "shop.Item.owner", subject="shop.Item.owner is asked once for each row")
    second = replace(second, location=PLACE)
    first = replace(CAUSE, subject="shop.Item.place is asked once for each row", location=PLACE)
    elsewhere = finding("n_plus_one", "crawl:/b/", "shop.Item.owner")
    told = recommend([SLOW, first, second, elsewhere], snapshot(run))
    assert [one.title for one in told] == [
        "'/a/' asks once for each row: shop.Item.owner, shop.Item.place, shop/views.py:9",
        elsewhere.subject,
    ]
    assert {*told[0].findings} == {first.key, second.key, SLOW.key}


def test_a_slow_query_that_nothing_explains_is_advised_only_by_the_project_s_or_the_server_s_word() -> None:
    """What this machine's clock says of a page is a finding, and no advice."""
    assert not recommend([SLOW], snapshot(LOOP))
    canned = replace(LOOP, id="canned:shop.a", origin="canned")
    assert recommend([replace(SLOW, identity=("canned:shop.a",))], snapshot(canned))


def page(name: str, asked_of: str, number: int, asker: str = "forward") -> QueryRun:
    rows = tuple(asked(f"each {number}", number * 100 + each, asked=asked_of, asker=asker) for each in range(1, 11))
    return replace(LOOP, id=name, label=name, statements=(asked(f"rows {number}", 0, rows=10), *rows))


def test_lists_of_the_admin_that_lack_a_join_are_one_whichever_way_they_were_asked_for() -> None:
    models = tuple(
        Model(label=f"shop.{name}", app="shop", name=name, owner="project", table="item", admin=AdminPage())
        for name in ("Item", "Cart")
    )
    runs = (
        page("admin:shop.Item", "shop.Item.place", 1),
        page("crawl:/admin/shop/cart/", "shop.Cart.owner", 2),
        page("crawl:/shop/item/", "shop.Place.owner", 3),
        page("crawl:/admin/shop/cart/", "shop.Cart.lines", 4, "reverse"),
    )
    told = [finding("n_plus_one", run.id, run.statements[1].asked) for run in runs]
    found = causes(told, replace(snapshot(*runs), models=models))
    assert [{*cause.keys} for cause in found] == [{told[0].key, told[1].key}, {told[2].key}, {told[3].key}]


def test_migrations_that_are_not_made_are_one_command() -> None:
    told = [finding("unmade_migration", app) for app in ("shop", "cart")]
    [one] = recommend(told, snapshot())
    assert one.title == "Models of 2 apps were changed and no migration was made"


def test_several_findings_are_told_by_the_sentence_of_the_one_whose_remedy_it_is() -> None:
    """Findings are chained by what they share: the sentence of a part of them is not that of all."""
    lists = [finding("n_plus_one", f"admin:{number}", "m.x", group="Admin lists ask") for number in "ab"]
    pages = [finding("n_plus_one", f"crawl:{number}", "m.x", group="m.x in several places") for number in "abc"]
    (cause,) = causes([*lists, *pages], snapshot())
    assert cause.findings[0] in lists
    assert cause.group == "Admin lists ask"
