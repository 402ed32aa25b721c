from __future__ import annotations

import pytest

from tests.checks.usage import counted, facts, found, hand_in, judged, rows, the_index
from tests.scratch import Scratch, connected

CHECK = "bloated_index"
#: 12,000 entries of about 1,000 bytes that do not compress: an index of 14 MB.
WIDE = "(SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 31) AS i)"


def large(postgres: Scratch, index: str = "CREATE INDEX i ON item (a)") -> None:
    rows(postgres, 12_000, "a text", WIDE)
    postgres.execute(index)


def emptied(postgres: Scratch, index: str = "CREATE INDEX i ON item (a)", keep: str = "id < 2000") -> None:
    """Most rows are deleted, scattered so that no page is left quite empty."""
    large(postgres, index)
    postgres.execute(f"DELETE FROM item WHERE NOT ({keep})")
    hand_in(postgres)
    postgres.execute("VACUUM item; ANALYZE item")


def test_says_that_nothing_was_estimated_where_every_index_is_small(postgres: Scratch) -> None:
    rows(postgres, 1_000)
    outcome = judged(postgres, CHECK)
    assert not outcome.findings
    assert [one.reason for one in outcome.skipped] == ["Nothing was estimated: no index reaches 10 MiB."]


def test_silent_on_an_index_that_was_just_built(postgres: Scratch) -> None:
    large(postgres)
    postgres.execute("ANALYZE item")
    assert not found(postgres, CHECK)


def test_silent_on_an_index_that_grew_in_random_order(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE item (id bigint PRIMARY KEY, a text); CREATE INDEX i ON item (a)")
    fill = f"INSERT INTO item SELECT n, {WIDE} FROM generate_series(1, 12000) AS n ORDER BY md5(n::text)"
    postgres.execute(fill, ())
    hand_in(postgres)
    postgres.execute("ANALYZE item")
    assert not found(postgres, CHECK)


def test_silent_on_a_low_fillfactor_that_somebody_chose(postgres: Scratch) -> None:
    rows(postgres, 500_000)
    postgres.execute("CREATE INDEX i ON item (a) WITH (fillfactor = 40); ANALYZE item")
    assert not found(postgres, CHECK)


def test_names_what_it_could_not_estimate(postgres: Scratch) -> None:
    rows(postgres, 500_000)
    postgres.execute("ANALYZE item; CREATE INDEX hashed ON item USING hash (a); CREATE INDEX later ON item ((a + 1))")
    outcome = judged(postgres, CHECK)
    assert not outcome.findings
    assert {one.reason for one in outcome.skipped} == {
        "hashed: only b-trees are estimated.",
        "later: the planner's statistics of its columns were not seen.",
    }


def test_names_r20_what_has_changed_too_much_since_it_was_analyzed(postgres: Scratch) -> None:
    emptied(postgres)
    postgres.execute("DELETE FROM item WHERE id < 1000")
    outcome = judged(postgres, CHECK)
    assert not outcome.findings
    assert [one.reason for one in outcome.skipped] == ["i: too much has changed since the table was analyzed."]


def test_names_r25_what_a_role_without_privileges_cannot_see(postgres: Scratch) -> None:
    emptied(postgres)
    entry = postgres.role("visitor")
    with connected("visitor", entry) as connection:
        outcome = judged(Scratch(connection), CHECK)
    assert not outcome.findings
    assert [one.reason for one in outcome.skipped] == ["i: the planner's statistics of its columns were not seen."]


def test_finds_an_index_that_is_mostly_empty_space_and_the_rebuild_silences_it(postgres: Scratch) -> None:
    emptied(postgres, keep="id % 6 = 0")
    before = the_index(counted(postgres), "i").bytes
    (one,) = found(postgres, CHECK)
    assert (one.severity, one.confidence, one.key) == ("warning", "medium", "bloated_index:item:(a)")
    assert facts(one)["size"] == before
    postgres.execute(one.remedy.sql)
    after = the_index(counted(postgres), "i").bytes
    assert facts(one)["size if built anew"] == pytest.approx(after, rel=1 / 6)
    assert not judged(postgres, CHECK).findings


def test_equal_keys_are_counted_once_as_the_server_stores_them(postgres: Scratch) -> None:
    """As large as if each row had an entry of its own: an estimate that knows no posting lists would see no waste."""
    rows(postgres, 500_000, "a int", "n % 100")
    postgres.execute("CREATE INDEX i ON item (a) WITH (deduplicate_items = off)")
    postgres.execute("ALTER INDEX i SET (deduplicate_items = on); ANALYZE item")
    (one,) = found(postgres, CHECK)
    assert facts(one)["equal keys kept once"] == "true"
    postgres.execute(one.remedy.sql)
    assert facts(one)["size if built anew"] == pytest.approx(the_index(counted(postgres), "i").bytes, rel=1 / 6)
