from __future__ import annotations

from tests.checks.usage import facts, found, judged, rows, use
from tests.scratch import Scratch

CHECK = "sequential_scan_heavy_table"
WHOLE = "PERFORM count(*) FROM item WHERE a = 7"


def test_says_that_it_did_not_judge_where_the_server_counts_for_less_than_a_week(postgres: Scratch) -> None:
    rows(postgres, 10_000)
    outcome = judged(postgres, CHECK, days=6)
    assert [one.what for one in outcome.skipped] == [CHECK]


def test_silent_on_a_table_of_fewer_than_10_000_rows(postgres: Scratch) -> None:
    rows(postgres, 9_000)
    use(postgres, WHOLE, 1_100)
    assert not found(postgres, CHECK)


def test_silent_on_fewer_than_1_000_scans(postgres: Scratch) -> None:
    rows(postgres, 10_000)
    use(postgres, WHOLE, 900)
    assert not found(postgres, CHECK)


def test_silent_on_scans_that_stop_early(postgres: Scratch) -> None:
    rows(postgres, 10_000)
    use(postgres, "PERFORM FROM item LIMIT 10", 1_500)
    assert not found(postgres, CHECK)


def test_silent_where_nine_of_ten_reads_go_by_an_index(postgres: Scratch) -> None:
    rows(postgres, 10_000)
    use(postgres, WHOLE, 1_100)
    use(postgres, "PERFORM FROM item WHERE id = i", 12_000)
    assert not found(postgres, CHECK)


def test_finds_a_table_that_is_read_whole_again_and_again(postgres: Scratch) -> None:
    rows(postgres, 10_000)
    use(postgres, WHOLE, 1_100)
    (one,) = found(postgres, CHECK)
    assert (one.severity, one.confidence, one.key) == ("warning", "medium", "sequential_scan_heavy_table:item")
    evidence = facts(one)
    assert 1_100 <= int(evidence["sequential scans"]) < 1_110
    assert int(evidence["rows read by each"]) > 9_000
    assert evidence["rows"] == 10_000
    postgres.execute("CREATE INDEX i ON item (a); SELECT pg_stat_force_next_flush(); SELECT pg_stat_reset()")
    use(postgres, WHOLE, 1_100)
    assert not found(postgres, CHECK)
