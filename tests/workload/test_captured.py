"""What is timed runs within Django's `CaptureQueriesContext`: it counts what the recorder notes, and keeps nothing."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.test.utils import CaptureQueriesContext

from dbaudit.workload.captured import Captured
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording.recorder import Recorder
from dbaudit.workload.sampling import Bench
from tests.checks.queries import RUN
from tests.scratch import Scratch
from tests.workload.models import Author, Publisher


def work(alias: str) -> None:
    """Statements of every kind, in a transaction of their own."""
    with transaction.atomic(using=alias):
        author = Author.objects.using(alias).create(name="Ann", publisher=Publisher.objects.using(alias).all()[0])
        list(Author.objects.using(alias).filter(name="Ann").iterator(chunk_size=1))
        author.delete()


def test_django_counts_what_the_recorder_notes(library: Scratch) -> None:
    with Recorder().recording() as recorder, Captured(library.connection) as captured:
        work(library.alias)
    assert captured.statements == sum(one.kind != "transaction" for one in recorder.statements) > 3


def test_no_value_stays_in_django_s_log_and_what_was_there_before_does(library: Scratch) -> None:
    with CaptureQueriesContext(library.connection) as around:
        Author.objects.using(library.alias).count()
        with Captured(library.connection):
            work(library.alias)
    assert len(around.captured_queries) == 1
    assert "Ann" not in str([*library.connection.queries_log])


def test_canned_queries_are_timed_within_it(library: Scratch) -> None:
    seen: list[bool] = []
    bench = Bench(library.connection, Limits(samples=1), writes=True)
    bench.measure(replace(RUN, alias=library.alias), lambda: seen.append(library.connection.force_debug_cursor))
    assert seen
    assert all(seen)
    assert not library.connection.force_debug_cursor
