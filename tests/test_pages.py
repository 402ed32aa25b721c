from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps

from dbaudit import checks, pages
from dbaudit.errors import AuditError

DOCS = Path(__file__).parent.parent / "docs"


def test_the_docs_page_of_the_checks_is_current() -> None:
    built_in = [check for check in checks.load(apps) if check.function.__module__.startswith("dbaudit.")]
    assert (DOCS / "checks.md").read_text() == pages.document(built_in), "run `make docs`"


def test_every_built_in_check_is_a_file_of_its_own_with_a_test() -> None:
    files = {path.stem for path in Path(checks.__file__).parent.glob("*.py")} - {"__init__"}
    built_in = {check.id for check in checks.load(apps) if check.function.__module__.startswith("dbaudit.")}
    assert built_in == files
    tests = "\n".join(path.read_text() for path in (Path(__file__).parent / "checks").glob("test_*.py"))
    assert [name for name in sorted(built_in) if f'"{name}"' not in tests] == []


def test_a_page_fits_a_terminal_and_has_every_paragraph() -> None:
    for check in checks.load(apps):
        page = pages.page([check], check.id)
        assert max(map(len, page.splitlines())) < 80
        assert all(heading in page for heading in ("\n\nWhy\n", "\n\nFix\n", "\n\nSilent when\n"))


def test_an_unknown_page_names_the_nearest() -> None:
    with pytest.raises(AuditError, match="Did you mean 'invalid_index'"):
        pages.page(checks.load(apps), "invalid_indexs")
