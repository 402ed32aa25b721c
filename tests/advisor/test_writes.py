from dbaudit.advisor.writes import inserted
from dbaudit.facts import Table, TableStatistics


def _table(rows: int, counted: int) -> Table:
    return Table(name="item", rows=rows, rows_are="estimated", statistics=TableStatistics(inserted=counted))


def test_rows_that_filled_a_table_are_no_writing_also_where_the_estimate_is_above_the_count() -> None:
    assert inserted(_table(rows=6_001_700, counted=6_001_215)) == 0
    assert inserted(_table(rows=6_001_000, counted=6_001_215)) == 215


def test_rows_inserted_into_a_filled_table_are_writing() -> None:
    assert inserted(_table(rows=1_000_000, counted=40_000)) == 40_000
