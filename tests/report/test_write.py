from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbaudit.errors import AuditError
from dbaudit.report import write
from tests.report import sample


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """A user whom permissions bind, also where the tests run as root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.md", "markdown"),
        ("a.markdown", "markdown"),
        ("a.b/C.TXT", "text"),
        ("a.json", "json"),
        ("a.sarif", "sarif"),
        ("a.sarif.json", "sarif"),
        ("a.XML", "junit"),
        ("a.csv", "csv"),
        ("b.gitlab.json", "gitlab"),
    ],
)
def test_the_suffix_tells_the_format(path: str, name: str) -> None:
    assert write.infer(path).name == name


@pytest.mark.parametrize("path", ["report.pdf", "report", ".md"])
def test_an_unknown_suffix_is_refused_with_those_that_are_known(path: str) -> None:
    with pytest.raises(AuditError, match=r"use \.md, .*\.json.*, or give --format"):
        write.infer(path)


def test_without_options_the_text_goes_to_standard_output() -> None:
    (output,) = write.plan([])
    assert (output.format.name, output.path) == ("text", None)


def test_several_outputs_each_have_their_format(tmp_path: Path) -> None:
    outputs = write.plan([str(tmp_path / "a.md"), str(tmp_path / "a.json")])
    assert [output.format.name for output in outputs] == ["markdown", "json"]
    assert outputs[1].render(sample.report()).startswith("{")


def test_a_format_that_is_given_holds_whatever_the_suffix(tmp_path: Path) -> None:
    (output,) = write.plan([str(tmp_path / "findings.out")], "json")
    assert output.format.name == "json"


def test_annotations_go_to_standard_output_besides_the_files(tmp_path: Path) -> None:
    outputs = write.plan([str(tmp_path / "a.md")], "github")
    assert [(one.format.name, one.path is None) for one in outputs] == [("github", True), ("markdown", False)]


def test_what_else_the_command_writes_must_be_another_file_and_writable(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="Two outputs go to one file"):
        write.plan([str(tmp_path / "a.md")], also=[str(tmp_path / "b" / ".." / "a.md")])
    with pytest.raises(AuditError, match="its directory does not exist"):
        write.plan([], also=[str(tmp_path / "missing" / "known.txt")])


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(AuditError, match="Did you mean 'markdown'"):
        write.plan([], "markdwn")


def test_two_outputs_to_one_file_are_refused_even_by_another_path(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    with pytest.raises(AuditError, match="Two outputs go to one file"):
        write.plan([str(tmp_path / "a.md"), str(tmp_path / "link.md")])


def test_a_report_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("old")
    path.chmod(0o640)
    write.write("new\n", path)
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_report_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write.write("new", tmp_path / "a.md")
    assert (tmp_path / "a.md").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "latest.md").symlink_to("a.md")
    write.write("new", tmp_path / "latest.md")
    assert (tmp_path / "latest.md").is_symlink()
    assert (tmp_path / "a.md").read_text() == "new"


def test_what_is_appended_is_told_how_much_is_there(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    for _ in range(2):
        write.append(path, lambda taken: f"{taken} ")
    assert path.read_text() == "0 2 "
    with pytest.raises(AuditError, match="its directory does not exist"):
        write.append(tmp_path / "missing" / "summary.md", str)


def test_a_device_is_written_to_and_not_replaced() -> None:
    before = Path(os.devnull).stat()
    write.write("new", os.devnull)
    assert Path(os.devnull).stat().st_ino == before.st_ino


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_one_sentence() -> None:
    with pytest.raises(AuditError, match=r"^Cannot write '/dev/full': the disk is full; [a-z ]+\.$"):
        write.write("new", "/dev/full")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes")
def test_when_writing_breaks_off_the_old_report_is_intact_and_nothing_is_left_over(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("old")
    program = (
        "import resource, sys\n"
        "from dbaudit.errors import AuditError\n"
        "from dbaudit.report import write\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write.write('x' * 5000, sys.argv[1])\n"
        "except AuditError as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert "larger than files may be here" in run.stdout
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_does_not_exist_is_refused_before_the_audit(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="its directory does not exist; create it first"):
        write.plan([str(tmp_path / "missing" / "a.md")])


def test_a_directory_in_place_of_a_file_is_refused_before_the_audit(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(AuditError, match="it is a directory; name a file in it"):
        write.plan([str(tmp_path / "a.md")])


def test_a_place_below_a_file_is_refused_before_the_audit(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(AuditError, match="not a directory"):
        write.plan([str(tmp_path / "a" / "b.md")])


@pytest.mark.usefixtures("ordinary_user")
def test_a_place_without_permission_is_refused_before_the_audit() -> None:
    with pytest.raises(AuditError, match="permission is denied"):
        write.plan(["/usr/report.md"])


@pytest.mark.usefixtures("ordinary_user")
def test_a_place_without_permission_is_one_sentence_when_written_to() -> None:
    with pytest.raises(AuditError, match=r"^Cannot write '/usr/report\.md': permission is denied; [a-z ]+\.$"):
        write.write("new", "/usr/report.md")


def test_a_name_that_is_too_long_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="the name is too long; choose a shorter one"):
        write.write("new", tmp_path / f"{'x' * 300}.md")
