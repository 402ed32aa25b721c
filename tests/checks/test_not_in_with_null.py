from __future__ import annotations

from typing import Any

import pytest

from tests.checks.queries import found, judged
from tests.scratch import Scratch
from tests.workload.corpus.models import Region, Town, shelf
from tests.workload.models import Author, Book

CHECK = "not_in_with_null"


@pytest.fixture
def towns(library: Scratch) -> Any:
    with shelf(library):
        yield library


def without_former_towns() -> Any:
    return Region.objects.exclude(pk__in=Town.objects.values("former"))


def without_nulls() -> Any:
    return Region.objects.exclude(pk__in=Town.objects.exclude(former=None).values("former"))


def of_a_key() -> Any:
    return Author.objects.exclude(pk__in=Book.objects.values("author"))


def with_rows() -> Any:
    return Region.objects.exclude(pk__in=Town.objects.filter(region="R0", former="R1").values("former"))


def test_silent_where_nothing_was_measured(library: Scratch) -> None:
    assert judged(library, CHECK) == ()


def test_silent_where_the_column_cannot_be_null_or_its_nulls_are_left_out(towns: Scratch) -> None:
    assert list(of_a_key()) == []
    assert not found(towns, CHECK, of_a_key)
    assert not found(towns, CHECK, without_nulls)


def test_silent_where_rows_came_back(towns: Scratch) -> None:
    assert list(with_rows())
    assert not found(towns, CHECK, with_rows)


def test_finds_an_exclusion_that_leaves_nothing(towns: Scratch) -> None:
    (finding,) = found(towns, CHECK, without_former_towns)
    assert "tests_town.former_id, which may be NULL" in finding.subject
    assert ".exclude(former_id=None)" in finding.remedy.orm
