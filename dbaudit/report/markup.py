"""Markdown from values that come out of a database or a source file, none of which may act as markup.

The dialect is CommonMark with GitHub's tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from dbaudit.report.words import printable

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Underscores inside a word are harmless, and escaping them would spoil every name for those who read the plain file.
_ACTIVE = re.compile(r"[\\`*\[\]~]|(?<!\w)_|_(?!\w)")
_MARKER = re.compile(r"\d+(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|--|#)")  # what would start a list or a heading


def text(value: str) -> str:
    """A value as running text on one line."""
    escaped = _ACTIVE.sub(r"\\\g<0>", printable(value).strip()).translate(_ENTITIES)
    return _MARKER.sub(r"\g<0>\\", escaped, count=1) if _MARKER.match(escaped) else escaped


def code(value: str) -> str:
    """A value as a code span; empty for an empty one."""
    shown = printable(value)
    if not shown:
        return ""
    ticks = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def block(value: str, language: str = "") -> str:
    """A value of several lines as a fenced code block."""
    lines = [printable(line.expandtabs(4)).rstrip() for line in value.strip("\n").splitlines()]
    shown = "\n".join(lines)
    ticks = "`" * max(3, max(map(len, re.findall("`+", shown)), default=0) + 1)
    return f"{ticks}{language}\n{shown}\n{ticks}"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A table of cells that are markup already; ``align`` has an ``l`` or ``r`` for each column.

    Pipes would end a cell even inside a code span, so they are escaped here.
    """
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    sides = ["right" if one == "r" else "left" for one in align]
    return tabulate(cells, headers=list(headers), tablefmt="pipe", colalign=sides, disable_numparse=True)


def indent(markup: str, by: int = 2) -> str:
    """The lines moved right, so that they belong to the list item above."""
    return "\n".join(f"{' ' * by}{line}" if line else line for line in markup.splitlines())
