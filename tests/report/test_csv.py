from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from dbaudit.findings import Remedy, Report, RunSql
from dbaudit.report import as_csv
from tests.report import sample


def rows(report: Report | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv.render(report or sample.report())), strict=True))


def test_a_clean_report_has_its_head_alone() -> None:
    assert as_csv.render(sample.report(sample.clean())) == ",".join(as_csv.COLUMNS) + "\n"


def test_every_line_has_a_cell_for_every_column() -> None:
    assert {len(row) for row in csv.reader(io.StringIO(as_csv.render(sample.report())))} == {len(as_csv.COLUMNS)}


def test_states_tell_new_known_suppressed_and_unexamined_apart() -> None:
    found = rows()
    states = [row["state"] for row in found]
    assert {one: states.count(one) for one in states} == {
        "new": 2,
        "known": 46,
        "suppressed": 1,
        "not examined": 3,
        "crashed": 1,
    }
    database = sample.database()
    plain = replace(database, findings=tuple(replace(one, new=None) for one in database.findings), suppressed=())
    assert rows(sample.report(plain))[0]["state"] == "found"


def test_a_finding_is_told_with_its_place_and_remedy() -> None:
    first = rows()[0]
    assert (first["file"], first["line"], first["table"]) == ("shop/models/orders.py", "40", "shop_order")
    assert first["sql"].startswith("DROP INDEX CONCURRENTLY")


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "=cmd|' /C calc'!A0"]
)
def test_no_cell_is_a_formula(name: str) -> None:
    database = sample.database()
    finding = replace(
        database.findings[0],
        subject=name,
        detail=name,
        table=name,
        app=name,
        model=name,
        remedy=Remedy(action=RunSql(purpose=name), orm=name, sql=name, undo_sql=name),
    )
    (row, *_) = rows(sample.report(replace(database, findings=(finding,), suppressed=(), skipped=(), crashed=())))
    for value in row.values():
        assert not value.lstrip(" \t\r\n").startswith(("=", "+", "-", "@", "\uff1d"))
    assert row["subject"].startswith("'")


def test_code_keeps_its_lines() -> None:
    (hostile,) = [row for row in rows() if row["check"] == "shop_hostile"]
    assert hostile["sql"] == "SELECT 1;\n````\n<script>alert(1)</script>"


def test_no_control_character_reaches_the_file() -> None:
    assert all(one.isprintable() or one == "\n" for one in as_csv.render(sample.report()))
