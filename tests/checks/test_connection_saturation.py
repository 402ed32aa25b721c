from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest

from dbaudit.facts import SessionLimit
from tests.checks.operations import elsewhere, judge, local, unjudged, with_django
from tests.scratch import Scratch, connected

CHECK = "connection_saturation"


@contextmanager
def crowd(postgres: Scratch, role: str, sessions: int) -> Iterator[Scratch]:
    """Some sessions of a new role, the one to look from among them."""
    entry = postgres.role(role)
    with ExitStack() as stack:
        for _ in range(sessions - 1):
            other = psycopg.connect(
                host=entry["HOST"], port=entry["PORT"], user=role, password=entry["PASSWORD"], dbname=entry["NAME"]
            )
            stack.enter_context(closing(other))
        yield Scratch(stack.enter_context(connected(role, entry)))


def test_silent_while_connections_are_left(postgres: Scratch) -> None:
    assert not postgres.findings(CHECK)


def test_silent_where_a_limit_is_far_from_reached(postgres: Scratch) -> None:
    with crowd(postgres, "clerk", 2) as clerk:
        postgres.execute("ALTER ROLE clerk CONNECTION LIMIT 10")
        assert not clerk.findings(CHECK)


def test_silent_where_the_pools_fit_in(postgres: Scratch) -> None:
    assert not judge(CHECK, with_django(postgres.snapshot(), pool_size=20, workers=5))


def test_r26_sessions_that_were_not_seen_are_not_judged(postgres: Scratch) -> None:
    assert unjudged(CHECK, local(postgres.snapshot(), limits=None))


def test_finds_a_role_s_limit_that_is_nearly_reached(postgres: Scratch) -> None:
    with crowd(postgres, "clerk", 6) as clerk:
        postgres.execute("ALTER ROLE clerk CONNECTION LIMIT 7")
        (found,) = clerk.findings(CHECK)
    assert (found.key, found.severity) == (f"{CHECK}:role", "warning")
    assert found.subject == "6 of 7 of the role's connections are taken"
    facts = {one.what: one.value for one in found.evidence}
    assert facts["own sessions that are idle"] == 5
    assert facts["CONN_MAX_AGE"] == 0
    postgres.execute(found.remedy.sql)


def test_finds_a_database_s_limit_that_is_reached(postgres: Scratch) -> None:
    with crowd(postgres, "clerk", 3) as clerk:
        postgres.execute("ALTER DATABASE scratch CONNECTION LIMIT 4")
        try:
            (found,) = clerk.findings(CHECK)
        finally:
            postgres.execute("ALTER DATABASE scratch CONNECTION LIMIT -1")
    assert (found.key, found.severity) == (f"{CHECK}:database", "error")


def test_the_remedy_names_conn_max_age_where_connections_are_kept(postgres: Scratch) -> None:
    full = local(postgres.snapshot(), limits=(SessionLimit("max_connections", 90, 97),))
    (found,) = judge(CHECK, with_django(full, max_age_seconds=600))
    assert found.remedy.orm == f'DATABASES[{postgres.alias!r}]["CONN_MAX_AGE"] = 0'


@pytest.mark.parametrize(("workers", "confidence"), [(None, "high"), (4, "medium")])
def test_finds_pools_that_may_grow_beyond_the_limit(postgres: Scratch, workers: int | None, confidence: str) -> None:
    pools = with_django(elsewhere(postgres.snapshot()), pool_size=120, workers=workers)
    (found,) = judge(CHECK, pools)
    assert (found.key, found.severity, found.confidence) == (f"{CHECK}:pool", "warning", confidence)
    assert f"{120 * (workers or 1)} connections where 100 are admitted" in found.subject
