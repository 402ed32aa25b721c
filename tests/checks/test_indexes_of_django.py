"""Must stay quiet: what the index checks say of all of ``django.contrib``, freshly migrated and after a month."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps as installed
from django.apps.registry import Apps

from dbaudit import checks
from dbaudit.checks import Outcome
from dbaudit.registry import registered
from tests import project
from tests.checks.usage import counted, grow_old, hand_in
from tests.scratch import Scratch

CHECKS = frozenset(
    {
        "bloated_index",
        "hot_update_blocker",
        "low_cardinality_index",
        "mostly_null_index",
        "needless_index_predicate",
        "over_indexed_table",
        "rarely_used_index",
        "redundant_uniqueness",
        "sequential_scan_heavy_table",
        "unanalyzed_expression_index",
        "unused_index",
        "wrong_index_method",
    }
)
USERS = """
    INSERT INTO auth_user
        (username, password, first_name, last_name, email, is_active, is_staff, is_superuser, date_joined)
    SELECT md5(n::text), 'x', '', '', '', true, n % 500 = 0, false, now() FROM generate_series(1, 60000) AS n;
    INSERT INTO django_session (session_key, session_data, expire_date)
    SELECT md5(n::text), repeat('x', 200), now() + n * interval '1 second' FROM generate_series(1, 60000) AS n;
    INSERT INTO django_admin_log (action_time, object_repr, action_flag, change_message, user_id)
    SELECT now(), 'x', 1 + n % 3, '', (SELECT min(id) FROM auth_user) FROM generate_series(1, 60000) AS n;
"""


def outcome(scratch: Scratch, apps: Apps) -> Outcome:
    checks.load(installed)
    chosen = [check for check in registered() if check.id in CHECKS]
    assert len(chosen) == len(CHECKS)
    found = checks.run(counted(scratch, apps), chosen)
    assert not found.crashed
    return found


def migrated(scratch: Scratch, folder: Path) -> None:
    project.make(folder, database=scratch.connection.settings_dict).manage("migrate", "-v0")


def test_r21_nothing_on_a_freshly_migrated_django_a_month_later(scratch: Scratch, tmp_path: Path) -> None:
    """Not even where nobody knows that the tables are Django's: its indexes are all unread, and all small."""
    migrated(scratch, tmp_path)
    if scratch.vendor == "postgresql":
        grow_old(scratch)
        unread = [index for table in counted(scratch).tables for index in table.indexes if not index.scans]
        assert len(unread) > 20
    assert not outcome(scratch, Apps([])).findings


def test_no_warning_on_a_django_with_many_rows_a_month_later(postgres: Scratch, tmp_path: Path) -> None:
    migrated(postgres, tmp_path)
    postgres.execute(USERS)
    hand_in(postgres)
    postgres.execute(
        "ANALYZE; SELECT * FROM auth_user WHERE id = 7; SELECT * FROM django_session WHERE session_key > 'fff'"
    )
    grow_old(postgres)
    told = outcome(postgres, installed).findings
    assert [(one.key, one.owner, one.severity) for one in told] == [
        ("unused_index:django_session:(expire_date)", "django", "info")
    ]
