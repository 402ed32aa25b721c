from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.operations import judge, local, unjudged, with_django
from tests.pgbouncer import pooler
from tests.scratch import Scratch, connected

CHECK = "server_side_cursors_behind_pooler"


def test_silent_where_nothing_stands_between(postgres: Scratch) -> None:
    assert not postgres.findings(CHECK)


@pytest.mark.needs("pgbouncer")
def test_silent_where_server_side_cursors_are_off(postgres: Scratch, tmp_path: Path) -> None:
    with (
        pooler(postgres.connection.settings_dict, tmp_path, "transaction") as entry,
        connected("pooled", {**entry, "DISABLE_SERVER_SIDE_CURSORS": True}) as connection,
    ):
        assert not Scratch(connection).findings(CHECK)


def test_r26_a_driver_that_does_not_tell_its_process_is_not_judged(postgres: Scratch) -> None:
    assert unjudged(CHECK, local(postgres.snapshot(), pooling=None))


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize(
    ("mode", "severity", "confidence"), [("transaction", "warning", "high"), ("session", "info", "medium")]
)
def test_finds_a_pooler_and_is_sure_only_of_what_it_proved(
    postgres: Scratch, tmp_path: Path, mode: Any, severity: str, confidence: str
) -> None:
    with pooler(postgres.connection.settings_dict, tmp_path, mode) as entry, connected("pooled", entry) as connection:
        (found,) = Scratch(connection).findings(CHECK)
    assert (found.key, found.severity, found.confidence) == (CHECK, severity, confidence)
    assert found.remedy.orm == "DATABASES['pooled'][\"DISABLE_SERVER_SIDE_CURSORS\"] = True"


def test_with_debug_it_is_a_remark(postgres: Scratch) -> None:
    pooled = with_django(local(postgres.snapshot(), pooling="transaction"), debug=True)
    (found,) = judge(CHECK, pooled)
    assert (found.severity, found.confidence) == ("info", "high")
