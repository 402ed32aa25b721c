"""The rooms of the house: imports point one way, files are small."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dbaudit"

# A room may import what stands to its left; rooms in one tuple do not know each other.
ORDER: tuple[tuple[str, ...], ...] = (
    ("errors", "progress"),
    ("facts",),
    ("findings",),
    ("sql",),
    ("places", "amounts", "memory"),
    ("conf", "options"),
    ("connection",),
    ("drift",),
    ("analysis",),
    ("registry", "queries"),
    ("catalog", "workload", "checks", "pages"),
    ("advisor",),
    ("apply",),
    ("operations",),
    ("codemods",),
    ("gate",),
    ("report",),
    ("policy", "diff"),
    ("auditing", "live"),
    ("apps", "management", "middleware", "panels", "pytest_plugin"),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "dbaudit":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dbaudit."):
            found.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("dbaudit.")}
    return found & RANK.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    wrong = {other for other in imported_rooms(path) if other != room and RANK[other] >= RANK[room]}
    assert not wrong, f"{room} must not import {', '.join(sorted(wrong))}"


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(path) for path in FILES} <= RANK.keys()


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if room_of(path) in ("checks", "advisor", "report") and path.parent.name != "trials"],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_checks_advice_and_reports_touch_no_database(path: Path) -> None:
    source = path.read_text()
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    named = [getattr(node, "module", None) or node.names[0].name for node in imports]
    assert not [name for name in named if name.startswith("django.db")]
    assert "cursor(" not in source


def test_the_docs_show_every_room_in_this_order() -> None:
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    tree = text.partition("```text\n")[2].partition("```")[0]
    lines = [line.partition("#")[0] for line in tree.splitlines()[1:]]
    assert [set(line.replace("/", "").split()) for line in lines] == [set(rooms) for rooms in ORDER]
    headings = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert {name.strip("`/") for heading in headings for name in heading.split(", ")} == {*RANK}
