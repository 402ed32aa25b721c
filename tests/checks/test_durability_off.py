from __future__ import annotations

from dataclasses import replace

from dbaudit.facts import ServerSetting, Snapshot
from tests.checks.operations import elsewhere, judge, unjudged
from tests.scratch import Scratch

CHECK = "durability_off"


def with_settings(snapshot: Snapshot, **settings: str) -> Snapshot:
    return elsewhere(snapshot, settings=tuple(ServerSetting(*one, "", "default") for one in settings.items()))


def test_silent_where_both_are_on_and_commits_need_not_be_synchronous(postgres: Scratch) -> None:
    snapshot = postgres.snapshot()
    assert not judge(CHECK, with_settings(snapshot, fsync="on", full_page_writes="on", synchronous_commit="off"))


def test_r26_a_server_that_was_not_read_is_not_judged(postgres: Scratch) -> None:
    snapshot = postgres.snapshot()
    assert snapshot.posture
    assert unjudged(CHECK, replace(snapshot, posture=replace(snapshot.posture, server=None)))


def test_finds_a_server_that_writes_to_nowhere_in_particular(postgres: Scratch) -> None:
    assert postgres.rows("SHOW fsync") == [("off",)]
    (found,) = judge(CHECK, elsewhere(postgres.snapshot()))
    assert (found.key, found.severity) == (CHECK, "error")
    assert found.subject == "fsync and full_page_writes are off"
    assert "ALTER SYSTEM SET fsync = on;" in found.remedy.sql
    assert "ALTER SYSTEM RESET fsync;" in found.remedy.undo_sql


def test_pages_that_may_be_written_in_half_are_a_warning(postgres: Scratch) -> None:
    (found,) = judge(CHECK, with_settings(postgres.snapshot(), fsync="on", full_page_writes="off"))
    assert (found.subject, found.severity) == ("full_page_writes is off", "warning")


def test_on_a_developer_s_machine_it_is_a_remark(postgres: Scratch) -> None:
    (found,) = postgres.findings(CHECK)
    assert found.severity == "info"
