from __future__ import annotations

from dataclasses import replace

from dbaudit.advisor.recommend import recommend
from tests.checks.queries import found, judged, measured
from tests.scratch import Scratch
from tests.workload.models import Author

CHECK = "query_failed"


def nobody() -> object:
    return Author.objects.get(name="nobody")


def test_silent_where_it_came_to_its_end(library: Scratch) -> None:
    assert not found(library, CHECK, Author.objects.all)


def test_silent_where_the_cause_is_a_wrong_name(library: Scratch) -> None:
    assert not found(library, CHECK, lambda: Author.objects.filter(nam="x"))


def test_silent_where_it_was_not_audited(library: Scratch) -> None:
    assert not judged(library, CHECK, replace(measured(library, nobody), status="not audited"))


def test_finds_a_query_that_raises_with_its_reason(library: Scratch) -> None:
    (finding,) = found(library, CHECK, nobody)
    assert finding.severity == "warning"
    assert finding.detail.startswith("DoesNotExist: Author matching query does not exist (tests/checks/test_query")


def test_the_variants_of_one_page_count_once(library: Scratch) -> None:
    run = measured(library, nobody)
    pages = [replace(run, id=f"admin:tests.Author{variant}") for variant in ("", "?searched", "?ordered by name")]
    assert len(judged(library, CHECK, *pages)) == 1


def test_what_fails_for_one_reason_is_one_group(library: Scratch) -> None:
    """Also where the reason names other values and another line each time."""
    run = measured(library, nobody)
    assert [one.group for one in judged(library, CHECK, run)] == [""]
    scoped = [
        replace(
            run,
            id=f"crawl:/{name}/",
            reason=f"ScopeError: A scope on {name!r} is needed for {number} (a/b.py:{number}).",
        )
        for number, name in enumerate(("event", "team", "room"))
    ]
    told = judged(library, CHECK, run, *scoped)
    assert {one.group for one in told} == {"", "Several fail for one reason: ScopeError: A scope on … is needed for …"}
    assert len({one.key for one in told}) == 4
    assert len(recommend(told)) == 2
