from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dbaudit.findings import ChangeQuery
from tests.checks.queries import found, judged, measured, tried
from tests.scratch import Scratch
from tests.workload.models import Author, Biography

pytestmark = pytest.mark.parametrize("scratch", ["sqlite"], indirect=True)

CHECK = "unread_columns"
LONG = 20_000


@pytest.fixture
def shelf(library: Scratch) -> Scratch:
    """The library whose six biographies are long."""
    Biography.objects.update(text="x" * LONG)
    return library


# -- silent --------------------------------------------------------------------------------------------------------


def read() -> Any:
    return [(life.pk, len(life.text)) for life in Biography.objects.all()]


def read_of_one_row() -> Any:
    lives = list(Biography.objects.order_by("pk"))
    return [life.author_id for life in lives], lives[3].text[:10]


def read_as_a_whole() -> Any:
    return [max(vars(life)) for life in Biography.objects.all()]


def deferred() -> Any:
    return [life.author_id for life in Biography.objects.defer("text")]


def values() -> Any:
    return [row["text"][:1] for row in Biography.objects.values("text")]


def handed_on() -> Any:
    return Biography.objects.all()


def only_counted() -> Any:
    return len(Biography.objects.all())


def prefetched() -> Any:
    return [author.life.pk for author in Author.objects.prefetch_related("life")]


@pytest.mark.parametrize(
    "task", [read, read_of_one_row, read_as_a_whole, deferred, values, handed_on, only_counted, prefetched]
)
def test_silent_on(shelf: Scratch, task: Any) -> None:
    assert judged(shelf, CHECK, tried(shelf, task)) == ()


def keys() -> Any:
    return [life.author_id for life in Biography.objects.order_by("pk")]


def test_silent_on_few_bytes(shelf: Scratch) -> None:
    Biography.objects.update(text="x" * 10_000)
    assert judged(shelf, CHECK, tried(shelf, keys)) == ()


def test_silent_where_less_than_half_is_not_read(shelf: Scratch) -> None:
    Author.objects.update(name="y" * LONG)

    def texts() -> Any:
        return [(life.text[:1], life.author.pk) for life in Biography.objects.select_related("author")]

    assert judged(shelf, CHECK, measured(shelf, texts)) == ()


@pytest.mark.parametrize("origin", ["captured", "automatic"])
def test_silent_on_code_that_the_audit_did_not_run(shelf: Scratch, origin: Any) -> None:
    assert found(shelf, CHECK, keys, origin=origin) == ()


def ids(lives: Any, *, with_text: bool) -> list[Any]:
    return [(life.text and 1) if with_text else life.author_id for life in lives.all()]


def test_silent_where_another_run_reads_what_the_same_line_loads(shelf: Scratch) -> None:
    one = measured(shelf, lambda: ids(Biography.objects, with_text=False))
    other = replace(measured(shelf, lambda: ids(Biography.objects, with_text=True)), id="canned:y")
    assert len(judged(shelf, CHECK, one)) == 1
    assert judged(shelf, CHECK, one, other) == ()


# -- found ---------------------------------------------------------------------------------------------------------


def test_silent_where_no_line_of_the_project_loads_it(shelf: Scratch) -> None:
    run = measured(shelf, keys, origin="crawl")
    loads = tuple(replace(one, location=None) for one in run.loads or ())
    assert not judged(shelf, CHECK, replace(run, loads=loads, location=None))


def joined() -> Any:
    return [life.author.name for life in Biography.objects.select_related("author").order_by("pk")]


@pytest.mark.parametrize("task", [keys, joined])
def test_a_heavy_column_that_nobody_reads_is_told_with_the_change_that_was_run(shelf: Scratch, task: Any) -> None:
    (finding,) = judged(shelf, CHECK, tried(shelf, task))
    assert finding.subject == "text of tests.Biography is loaded and never read"
    assert finding.remedy.orm == 'defer("text")'
    assert isinstance(finding.remedy.action, ChangeQuery)
    assert '.order_by("pk").defer("text")' in finding.remedy.action.after
    assert "bytes of values before, 1 query, " in finding.remedy.verification
    assert finding.confidence == "high"
    assert finding.evidence[0].what == "size of the values that nobody read"
    assert 6 * LONG <= int(str(finding.evidence[0].value)) < 6 * LONG + 100


def authors() -> Any:
    return [author.life.author_id for author in Author.objects.select_related("life")]


def test_a_column_that_was_joined_is_named_by_its_path(shelf: Scratch) -> None:
    (finding,) = judged(shelf, CHECK, measured(shelf, authors))
    assert finding.remedy.orm == 'defer("life__text")'


def test_of_a_page_that_was_crawled_the_change_is_not_called_verified(shelf: Scratch) -> None:
    run = measured(shelf, keys, origin="crawl")
    (finding,) = judged(shelf, CHECK, run)
    assert (finding.confidence, finding.remedy.verification) == ("medium", "")
