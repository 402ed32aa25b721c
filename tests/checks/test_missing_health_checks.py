from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.checks.operations import judge, unjudged, with_django
from tests.scratch import Scratch, connected

CHECK = "missing_health_checks"


@pytest.mark.parametrize("entry", [{}, {"CONN_MAX_AGE": 0}, {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}])
def test_silent_where_nothing_is_kept_or_it_is_checked(postgres: Scratch, entry: dict[str, Any]) -> None:
    with connected("kept", {**postgres.connection.settings_dict, **entry}) as connection:
        assert not Scratch(connection).findings(CHECK)


def test_r26_a_posture_that_was_not_read_is_not_judged(postgres: Scratch) -> None:
    assert unjudged(CHECK, replace(postgres.snapshot(), posture=None))


@pytest.mark.parametrize(("age", "words"), [(600, "for 600 s"), (None, "for ever")])
def test_finds_connections_that_are_kept_unchecked(postgres: Scratch, age: int | None, words: str) -> None:
    with connected("kept", {**postgres.connection.settings_dict, "CONN_MAX_AGE": age}) as connection:
        (found,) = Scratch(connection).findings(CHECK)
    assert (found.key, found.severity) == (CHECK, "warning")
    assert found.subject == f"Connections are kept {words} without health checks"


def test_finds_a_pool_that_hands_out_unchecked_connections(postgres: Scratch) -> None:
    with connected("kept", {**postgres.connection.settings_dict, "OPTIONS": {"pool": True}}) as connection:
        try:
            (found,) = Scratch(connection).findings(CHECK)
        finally:
            connection.close_pool()  # type: ignore[attr-defined]
    assert found.subject == "Connections are kept in a pool without health checks"


def test_with_debug_it_is_a_remark(postgres: Scratch) -> None:
    (found,) = judge(CHECK, with_django(postgres.snapshot(), debug=True, max_age_seconds=60))
    assert found.severity == "info"
