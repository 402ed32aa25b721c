"""Where a report goes: which format a file name means, and writing it whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.core.management.color import Style

from dbaudit.errors import AuditError, nearest
from dbaudit.findings import Report
from dbaudit.report import as_csv, as_json, github, gitlab, html, junit, markdown, sarif, text

WIDEST = 120
PLAIN_WIDTH = 80

_REASONS = {
    errno.ENOENT: "its directory does not exist; create it first",
    errno.ENOTDIR: "a part of its path is not a directory; choose another path",
    errno.EISDIR: "it is a directory; name a file in it",
    errno.EACCES: "permission is denied; choose a place that you may write to",
    errno.EPERM: "permission is denied; choose a place that you may write to",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "your disk quota is used up; free some space or choose another place",
    errno.EFBIG: "it would be larger than files may be here; choose another place",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name on the command line, the suffixes that mean it, and what draws it. A ``streamed`` one is read
    from standard output, by whoever runs the command."""

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Report], str]
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One report to draw: its format and the file that takes it, None for standard output."""

    format: Format
    path: Path | None = None

    def render(self, report: Report, style: Style | None = None) -> str:
        """The report in this format. ``style`` colours the text format on standard output, at the terminal's width."""
        if self.format is FORMATS["text"]:
            wide = shutil.get_terminal_size((PLAIN_WIDTH, 0)).columns if self.path is None else PLAIN_WIDTH
            return text.render(report, style, min(wide, WIDEST))
        return self.format.render(report)


FORMATS = {
    one.name: one
    for one in (
        Format("markdown", (".md", ".markdown"), markdown.render),
        Format("text", (".txt",), text.render),
        Format("html", (".html", ".htm"), html.render),
        Format("json", (".json",), as_json.render),
        Format("sarif", (".sarif", ".sarif.json"), sarif.render),
        Format("junit", (".xml",), junit.render),
        Format("csv", (".csv",), as_csv.render),
        Format("gitlab", (".gitlab.json",), gitlab.render),
        Format("github", (), github.render, streamed=True),
    )
}
_SUFFIXES = {suffix: one for one in FORMATS.values() for suffix in one.suffixes}


def infer(path: str | Path) -> Format:
    """The format that a file's suffix means. Raises `AuditError` for one that means none, with those that do."""
    suffix = Path(path).suffix.lower()
    double = "".join(Path(path).suffixes[-2:]).lower()
    if double in _SUFFIXES or suffix in _SUFFIXES:
        return _SUFFIXES.get(double) or _SUFFIXES[suffix]
    given = f"The suffix {suffix!r}" if suffix else "A name without a suffix"
    raise AuditError(
        f"Cannot tell the format of {str(path)!r}. {given} means none; use {', '.join(_SUFFIXES)}, or give --format."
    )


def plan(
    paths: Iterable[str | Path],
    name: str | None = None,
    also: Iterable[str | Path] = (),
    kept: Iterable[str | Path] = (),
) -> tuple[Output, ...]:
    """What to draw for ``--output`` and ``--format``: text on standard output when both are empty.

    A format that is given holds for every file, whatever its suffix; one that only standard output has a use for goes
    there, besides the files. ``also`` are the other files that the command will write, ``kept`` those that it reads and
    no report may replace. Raises `AuditError`, before anything is audited, for an unknown format or suffix, for two
    outputs to one file, and for a file that could not be written.
    """
    if name is not None and name not in FORMATS:
        raise AuditError(f"Unknown format {name!r}. {nearest(name, FORMATS)}")
    chosen = FORMATS[name] if name else None
    shown = (Output(chosen),) if chosen and chosen.streamed else ()
    held = None if shown else chosen
    files = tuple(Output(held or infer(path), Path(path)) for path in paths)
    spared = {os.path.realpath(path) for path in kept}
    for one in files:
        if one.path and os.path.realpath(one.path) in spared:
            raise AuditError(f"A report would replace {str(one.path)!r}, which is read here; name another file.")
    seen: set[str] = set()
    for path in (*(one.path for one in files if one.path), *map(Path, also)):
        real = os.path.realpath(path)
        if real in seen:
            raise AuditError(f"Two outputs go to one file, {str(path)!r}; give each its own.")
        seen.add(real)
        check(path)
    return (*shown, *files) or (Output(chosen or FORMATS["text"]),)


def write(content: str, path: str | Path) -> None:
    """Put the report into a file: the old one stays until the new one is complete.

    The file keeps its permissions; a link stays one. Devices and pipes are written to directly. Raises `AuditError` in
    one sentence where this fails, with nothing left behind.
    """
    target = Path(os.path.realpath(path))
    data = content.encode("utf-8", "backslashreplace")
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                file.write(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise _refusal(path, error) from error


def append(path: str | Path, draw: Callable[[int], str]) -> None:
    """Put what ``draw`` makes at the end of a file, which may not exist yet; it is told how many bytes are there.

    Raises `AuditError` in one sentence where this fails.
    """
    try:
        with Path(path).open("ab") as file:
            file.write(draw(file.tell()).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise _refusal(path, error) from error


def _replace(target: Path, data: bytes) -> None:
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    temporary = target.with_name(f".dbaudit-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            if mode is not None:
                temporary.chmod(mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check(path: str | Path) -> None:
    """Raise now the `AuditError` that writing to a file would meet later, as far as that can be foreseen."""
    try:
        problem = _problem(Path(os.path.realpath(path)))
    except OSError as error:
        raise _refusal(path, error) from error
    if problem:
        raise _refusal(path, OSError(problem, os.strerror(problem)))


def _problem(real: Path) -> int | None:
    """The error number that writing there would meet, None for none that can be foreseen."""
    if real.is_dir():
        return errno.EISDIR
    if not real.parent.is_dir():
        return errno.ENOTDIR if real.parent.exists() else errno.ENOENT
    # A file is replaced, which takes the right to write to its directory; a device is written to.
    entered = real if real.exists() and not real.is_file() else real.parent
    writable = os.access(entered, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    return None if writable else errno.EACCES


def _refusal(path: str | Path, error: OSError) -> AuditError:
    reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}; choose another place")
    return AuditError(f"Cannot write {str(path)!r}: {reason}.")
