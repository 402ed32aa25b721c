"""The pieces of a run that are judged by themselves: each request and job, and the code outside of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable

from dbaudit.facts import Location, QueryRun, Statement

_TEST_FILE = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_tests?|tests?|conftest|factories)\.py$")


def is_test(place: Location | None) -> bool:
    """Whether a line is that of a test, or of what tests share."""
    return place is not None and bool(_TEST_FILE.search(place.file))


def asked_by_test(run: QueryRun, statement: Statement) -> bool:
    """Whether the innermost line is a test's own."""
    return run.is_test and is_test(statement.location)


def called_by_test(run: QueryRun, statement: Statement) -> bool:
    """Whether a test called the code itself, outside of requests and jobs: a loop may then be the test's."""
    return run.is_test and not statement.work and any(is_test(place) for place in statement.stack)


def blocks(run: QueryRun) -> list[list[Statement]]:
    """The statements of each request, each job and each block of code outside of them.

    In a test the code outside requests is what one line of it calls: two lines that call the same are two pieces of
    work. Statements of factories, fixtures, migrations and caches are in none.
    """
    found: defaultdict[Hashable, list[Statement]] = defaultdict(list)
    for statement in run.statements:
        if not statement.apart:
            found[_block(run, statement)].append(statement)
    return [*found.values()]


def _block(run: QueryRun, statement: Statement) -> Hashable:
    if statement.work or not run.is_test:
        return statement.work
    return tuple(place for place in statement.stack if is_test(place))
