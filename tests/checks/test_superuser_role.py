from __future__ import annotations

from tests.checks.operations import elsewhere, judge, unjudged, with_django
from tests.scratch import Scratch, connected

CHECK = "superuser_role"


def test_silent_on_a_plain_role_that_owns_its_tables(postgres: Scratch) -> None:
    entry = postgres.role("clerk")
    postgres.execute("CREATE TABLE t (id bigint PRIMARY KEY); ALTER TABLE t OWNER TO clerk")
    with connected("clerk", entry) as connection:
        assert not judge(CHECK, elsewhere(Scratch(connection).snapshot()))


def test_silent_on_bypassrls_where_no_table_has_row_level_security(postgres: Scratch) -> None:
    entry = postgres.role("clerk")
    postgres.execute("ALTER ROLE clerk BYPASSRLS")
    with connected("clerk", entry) as connection:
        assert not judge(CHECK, elsewhere(Scratch(connection).snapshot()))


def test_r26_a_role_that_was_not_seen_is_not_judged(postgres: Scratch) -> None:
    assert unjudged(CHECK, elsewhere(postgres.snapshot(), superuser=None))


def test_finds_a_superuser(postgres: Scratch) -> None:
    (found,) = judge(CHECK, elsewhere(postgres.snapshot()))
    assert (found.key, found.severity) == (f"{CHECK}:superuser", "warning")


def test_on_a_developer_s_machine_it_is_a_remark(postgres: Scratch) -> None:
    (found,) = postgres.findings(CHECK)
    assert found.severity == "info"
    (found,) = judge(CHECK, with_django(elsewhere(postgres.snapshot()), debug=True))
    assert found.severity == "info"


def test_finds_a_role_that_no_policy_binds(postgres: Scratch) -> None:
    entry = postgres.role("clerk")
    postgres.execute("ALTER ROLE clerk BYPASSRLS; CREATE TABLE t (id bigint); ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    with connected("clerk", entry) as connection:
        (found,) = judge(CHECK, elsewhere(Scratch(connection).snapshot()))
    assert (found.key, found.severity) == (f"{CHECK}:bypassrls", "warning")
    assert [one.value for one in found.evidence if one.unit == "tables"] == [1]
