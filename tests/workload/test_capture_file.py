"""The workload file: what is whole is used, the rest is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import dbaudit
from dbaudit.errors import AuditError
from dbaudit.workload.recording.capture_file import Captured, append, read
from tests.scratch import Scratch
from tests.workload.models import Author, Book


@pytest.fixture
def file(library: Scratch, tmp_path: Path) -> Path:
    """Two lines: a loop over authors, and one more of the same id with a single statement."""
    path = tmp_path / "folder" / "workload.jsonl"
    with dbaudit.capture() as run:
        for author in Author.objects.filter(name__startswith="Auth"):
            _ = author.publisher
        Book.objects.update(title="x")
    append(path, Captured(id="a", label="A", ms=12.5, statements=run.statements))
    append(path, Captured(id="a", label="A", ms=2.5, statements=run.statements[:1]))
    return path


def test_a_file_that_is_not_there_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"workload file .* cannot be read: No such file or directory\."):
        read(tmp_path / "none", "default")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"version": 9}\nhello\n')
    with pytest.raises(AuditError, match="holds no line that dbaudit wrote"):
        read(tmp_path / "x", "default")


def test_an_empty_file_holds_no_runs(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    assert read(tmp_path / "x", "default") == ((), ())


def test_a_file_that_is_cut_short_is_used_as_far_as_it_is_whole(file: Path, library: Scratch) -> None:
    file.write_bytes(file.read_bytes()[:-40])
    (run,), (skipped,) = read(file, library.alias)
    assert run.calls == 1
    assert (skipped.what, skipped.reason) == (
        "workload.jsonl:2",
        "The line is cut short, or two processes wrote it at once; the others are used.",
    )


def test_a_line_of_another_version_is_named_and_the_others_are_used(file: Path, library: Scratch) -> None:
    with file.open("a") as lines:
        lines.write('{"version": 1, "id": "b", "label": "b", "ms": 1, "statements": [], "executions": []}\n')
        lines.write('{"version": 2, "id": "b"}\n["a list"]\n')
    (run,), skipped = read(file, library.alias)
    assert run.calls == 2
    assert [one.what for one in skipped] == [f"workload.jsonl:{number}" for number in (3, 4, 5)]
    assert "writes version 1; this one reads version 2. Record again." in skipped[0].reason
    assert {one.reason for one in skipped[1:]} == {"The line is not what dbaudit writes; the others are used."}


def test_lines_of_several_processes_are_told_apart(file: Path, library: Scratch) -> None:
    """Two that wrote at once leave their lines whole; half a line in another costs itself."""
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:50] + b"\n" + whole)
    (run,), (skipped,) = read(file, library.alias)
    assert (run.calls, skipped.what) == (4, "workload.jsonl:3")


def test_of_many_requests_of_one_route_one_is_kept_with_the_times_of_all(file: Path, library: Scratch) -> None:
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(second * 2_000 + first + second * 2_000)
    (run,), _ = read(file, library.alias)
    assert (run.calls, len(run.samples_ms), run.queries) == (4_001, 4_001, 8)


def test_statements_of_another_alias_belong_to_another_report(file: Path) -> None:
    assert read(file, "elsewhere") == ((), ())


def test_what_was_written_is_read_again_without_values(library: Scratch, tmp_path: Path) -> None:
    with dbaudit.capture() as capture:
        for author in Author.objects.filter(name__startswith="Auth"):
            _ = author.publisher
    append(tmp_path / "x", Captured(id="a", label="A", ms=None, statements=capture.statements))
    (run,), _ = read(tmp_path / "x", library.alias)
    assert run.status == "not timed"
    for written, again in zip(capture.statements, run.statements, strict=True):
        assert again.duration_ms == pytest.approx(written.duration_ms, abs=0.001)
        assert replace(written, sql="", duration_ms=0) == replace(again, sql="", duration_ms=0)
        assert again.sql == written.template


def test_calls_of_one_id_are_one_run_with_the_worst_of_them(file: Path, library: Scratch) -> None:
    ((run,), _) = read(file, library.alias)
    assert (run.calls, run.samples_ms, run.queries, run.median_ms) == (2, (12.5, 2.5), 8, 7.5)
