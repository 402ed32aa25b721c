"""Fixes that are run: what cannot be compared is not tried, what does not work is not advised."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import django
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections

from dbaudit import catalog
from dbaudit.facts import QueryRun
from dbaudit.workload.asking.surroundings import prepared
from dbaudit.workload.asking.visitor import Visitors
from dbaudit.workload.fixes import proposals
from dbaudit.workload.fixes.edits import corrected
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import admin_pages
from tests.checks.queries import judged, measured
from tests.scratch import Scratch
from tests.workload.models import Author, Book, Publisher

_numbers = itertools.count()


def with_trials(library: Scratch, task: Callable[[], Any]) -> QueryRun:
    run = measured(library, task, source=inspect.getsource(task))
    return proposals.with_trials(run, task, Bench(library.connection, Limits(samples=1), writes=True))


def another_result_each_time() -> Any:
    return next(_numbers), [author.publisher for author in Author.objects.all()]


def two_querysets() -> Any:
    return [book.author.name for book in Book.objects.all()], Publisher.objects.count()


def latest_book() -> Any:
    return [author.book_set.latest("pk") for author in Author.objects.all()]


def names_and_books() -> Any:
    return [(author.publisher.name, len(author.book_set.all())) for author in Author.objects.all()]


def names_and_latest() -> Any:
    return [(author.publisher.name, author.book_set.latest("pk").title) for author in Author.objects.all()]


def newest_book() -> Any:
    return [author.book_set.order_by("-pk").first() for author in Author.objects.all()]


def written_meanwhile() -> Any:
    Publisher.objects.create(name="rolled back")
    return [author.publisher.name for author in Author.objects.filter(pk__gt=0)]


def test_nothing_is_tried_where_the_result_differs_each_time(library: Scratch) -> None:
    assert with_trials(library, another_result_each_time).trials == ()


def test_nothing_is_tried_with_a_function_that_closes_over_variables(library: Scratch) -> None:
    names = ["Author 1"]

    def closed() -> Any:
        return names, [author.publisher for author in Author.objects.all()]

    run = with_trials(library, closed)
    assert run.trials == ()
    (finding,) = judged(library, "n_plus_one", run)
    assert (finding.remedy.orm, finding.remedy.verification) == ('select_related("publisher")', "")


def test_nothing_is_tried_where_nothing_is_repeated(library: Scratch) -> None:
    assert with_trials(library, Author.objects.count).trials == ()


def test_a_change_that_does_not_work_is_not_advised(library: Scratch) -> None:
    run = with_trials(library, latest_book)
    assert [(one.change, one.worked) for one in run.trials] == [('prefetch_related("book_set")', False)]
    (finding,) = judged(library, "n_plus_one", run)
    assert "prefetch_related" not in finding.remedy.orm
    assert finding.remedy.verification == ""


def test_changes_are_put_together_until_one_more_row_adds_nothing(library: Scratch) -> None:
    first, second = with_trials(library, names_and_books).trials
    assert first.change == second.change == 'prefetch_related("book_set") and select_related("publisher")'
    assert (first.worked, first.queries_after, first.left) == (True, 2, ())


def test_what_a_row_chooses_is_prefetched_as_it_is_chosen(library: Scratch) -> None:
    (trial,) = with_trials(library, newest_book).trials
    assert trial.worked
    assert 'queryset=Book.objects.order_by("-pk")' in trial.after


def test_half_of_a_fix_is_not_verified_and_says_what_remains(library: Scratch) -> None:
    run = with_trials(library, names_and_latest)
    tried = {trial.change: (trial.worked, trial.left) for trial in run.trials}
    assert tried['select_related("publisher")'] == (False, ("tests.Author.book_set",))
    findings = {finding.identity[1]: finding for finding in judged(library, "n_plus_one", run)}
    assert [finding.remedy.verification for finding in findings.values()] == ["", ""]
    assert findings["tests.Author.publisher"].remedy.orm == (
        'select_related("publisher") leaves, once for each row: tests.Author.book_set.'
    )


def test_only_the_queryset_of_the_rows_is_changed(library: Scratch) -> None:
    (trial,) = with_trials(library, two_querysets).trials
    assert 'Book.objects.all().select_related("author")' in trial.after
    assert "Publisher.objects.count()" in trial.after


def test_what_is_tried_is_rolled_back_and_told_with_its_figures(library: Scratch) -> None:
    before = Publisher.objects.count()
    (trial,) = with_trials(library, written_meanwhile).trials
    assert Publisher.objects.count() == before
    assert (trial.worked, trial.queries_before, trial.queries_after) == (True, 8, 2)
    assert trial.told().startswith("Run on this data and rolled back: the same result, 8 queries, ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('prefetch_related("books")', 'prefetch_related("book_set")'),
        ('prefetch_related("author__books__readers")', 'prefetch_related("author__book_set__readers")'),
        ('order_by("-books")', 'order_by("-book_set")'),
        ("filter(books=1)", "filter(book_set=1)"),
        ("filter(author__books__gt=1)", "filter(author__book_set__gt=1)"),
        ('books = 1; only("mybooks")', 'books = 1; only("mybooks")'),
    ],
)
def test_a_name_is_corrected_where_it_is_a_lookup(before: str, after: str) -> None:
    assert corrected(before, "books", "book_set") == after


@pytest.mark.django_db
def test_the_admin_list_is_rendered_with_its_foreign_keys_joined() -> None:
    call_command("seed_erp", scale=1, verbosity=0)
    connection = connections["default"]
    snapshot = catalog.read(
        connection, apps=apps, statement_timeout_ms=30_000, lock_timeout_ms=2_000, count_limit_bytes=16 * 1024**2
    )
    facts = next(one for one in snapshot.models if one.label == "erp.SalesOrder")
    bench = Bench(connection, Limits(samples=1), writes=True)
    with prepared(connection):
        (run,) = admin_pages.changelists([(apps.get_model("erp.SalesOrder"), facts)], Visitors(apps, bench), bench)
    if django.VERSION >= (6, 1):  # which joins nullable foreign keys by itself
        assert run.trials == ()
        return
    (trial,) = run.trials
    assert trial.change == 'list_select_related = ("customer", "salesperson")'
    assert trial.worked
    assert trial.queries_before is not None
    assert trial.queries_after is not None
    assert trial.queries_after == trial.queries_before - 20
