"""Files that a team keeps beside its code and merges: an entry a line, sorted, each with its sentence as a comment.

Two spaces stand between the fields of an entry. What would not survive in a line of text (a line break, a backslash,
the second of two spaces) is written as an escape, so that every entry reads back as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dbaudit.errors import AuditError
from dbaudit.report.words import printable

_HEAD = re.compile(r"# dbaudit (?P<name>[a-z ]+), version (?P<version>\d+)\b")
_END = "# end"
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
# What is not printable is escaped besides. A number sign at the beginning of a field would begin the comment.
_UNSAFE = re.compile(r"\\|^#|^ | $|(?<= ) ")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what it is called, and the option that writes one."""

    name: str
    option: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What one line says; ``line`` is its number, 0 before it was written."""

    fields: tuple[str, ...]
    sentence: str = ""
    line: int = 0


def text(kind: Kind, entries: Iterable[Entry]) -> str:
    """The entries as a file of that kind. Equal entries give equal bytes, in whatever order they come."""
    lines: dict[tuple[str, ...], str] = {}
    for entry in sorted(entries, key=lambda one: (one.fields, one.sentence)):
        comment = f"  # {printable(entry.sentence).strip()}" if entry.sentence.strip() else ""
        lines.setdefault(entry.fields, "  ".join(map(_escaped, entry.fields)) + comment)
    head = f"# dbaudit {kind.name}, version {kind.version}: written by `manage.py dbaudit report {kind.option}`"
    return "\n".join([head, *lines.values(), _END, ""])


def read(path: str | Path, kind: Kind) -> tuple[Entry, ...]:
    """The entries of a file, as they stand.

    Raises `AuditError`, in one sentence, for a file that cannot be read, is of another kind or version, was cut short,
    or has a merge conflict left in it.
    """
    given = str(path)
    lines = _content(given, kind).split("\n")
    head = _HEAD.match(lines[0])
    if not head or head["name"] != kind.name:
        raise AuditError(
            f"{given!r} is no {kind.name} file of dbaudit: its first line is not '# dbaudit {kind.name}, version "
            f"{kind.version}'; write one with {kind.option}."
        )
    if int(head["version"]) != kind.version:
        raise AuditError(
            f"{given!r} is a {kind.name} of version {head['version']}, and this dbaudit reads version {kind.version}; "
            f"write it anew with {kind.option}."
        )
    entries: list[Entry] = []
    for number, raw in enumerate(lines[1:], 2):
        line = raw.rstrip()
        if line == _END:
            return tuple(entries)
        if line.startswith(_CONFLICT):
            raise AuditError(f"{given}:{number}: a merge conflict is left in the {kind.name}; resolve it.")
        if line and not line.startswith("#"):
            entries.append(_entry(line, number))
    raise AuditError(
        f"{given!r} is cut short: its last line, {_END!r}, is missing; restore it, or write it anew with {kind.option}."
    )


def unreadable(path: str | Path, entry: Entry, kind: Kind) -> AuditError:
    """The refusal of an entry that says nothing of that kind."""
    shown = "  ".join(entry.fields)
    return AuditError(
        f"{path}:{entry.line}: cannot read {shown!r} in the {kind.name}; restore the line, or write the file anew with "
        f"{kind.option}."
    )


def _content(path: str, kind: Kind) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise AuditError(f"Cannot read {path!r}: there is no such file; write it first with {kind.option}.") from error
    except OSError as error:
        raise AuditError(f"Cannot read {path!r}: {error.strerror or error}; name a file that you may read.") from error
    except ValueError as error:
        raise AuditError(f"{path!r} is not even text, and no {kind.name} file of dbaudit; name another.") from error


def _entry(line: str, number: int) -> Entry:
    body, _, sentence = line.partition("  # ")
    return Entry(tuple(map(_unescaped, body.split("  "))), sentence, number)


def _escaped(field: str) -> str:
    unsafe = {match.start() for match in _UNSAFE.finditer(field)}
    return "".join(
        _hex(ord(one)) if place in unsafe or not one.isprintable() else one for place, one in enumerate(field)
    )


def _hex(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unescaped(field: str) -> str:
    return _ESCAPE.sub(lambda one: chr(int(one[1] or one[2] or one[3], 16)), field)
