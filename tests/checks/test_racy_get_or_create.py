from __future__ import annotations

from typing import Any

from tests.checks.queries import found, judged
from tests.scratch import Scratch
from tests.workload.models import Author, Publisher

CHECK = "racy_get_or_create"


def by_name() -> Any:
    return Publisher.objects.get_or_create(name="Publisher 1")[1]


def by_key() -> Any:
    return Publisher.objects.update_or_create(pk=Publisher.objects.order_by("pk")[0].pk, defaults={"name": "x"})[1]


def by_a_pattern() -> Any:
    return Publisher.objects.get_or_create(name__iexact="publisher 1", defaults={"name": "Publisher 1"})[1]


def by_another_table() -> Any:
    house = Publisher.objects.order_by("pk")[0]
    made = {"name": "Author 1", "publisher": house}
    return Author.objects.get_or_create(publisher__name="Publisher 1", name="Author 1", defaults=made)[1]


def test_silent_where_nothing_was_measured(library: Scratch) -> None:
    assert judged(library, CHECK) == ()


def test_silent_on_keys_patterns_and_other_tables(library: Scratch) -> None:
    assert not found(library, CHECK, by_key)
    assert not found(library, CHECK, by_a_pattern)
    assert not found(library, CHECK, by_another_table)


def test_silent_where_a_unique_index_lies_within_the_columns(library: Scratch) -> None:
    library.execute("CREATE UNIQUE INDEX one_name ON tests_publisher (name)")
    assert not found(library, CHECK, by_name)


def test_silent_where_a_unique_index_has_a_condition(library: Scratch) -> None:
    library.execute("CREATE UNIQUE INDEX one_name ON tests_publisher (name) WHERE name <> ''")
    assert not found(library, CHECK, by_name)


def test_finds_columns_that_nothing_keeps_unique(library: Scratch) -> None:
    library.execute("CREATE INDEX by_name ON tests_publisher (name)")
    (finding,) = found(library, CHECK, by_name)
    assert finding.subject == "get_or_create() on tests_publisher looks for name, which nothing keeps unique"
    assert "UniqueConstraint" in finding.remedy.orm
