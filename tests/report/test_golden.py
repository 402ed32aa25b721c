"""Every format against a file that was read by eye.

After a wanted change of a format, ``DBAUDIT_REFRESH_GOLDEN=1 pytest tests/report`` writes the files anew. Read the
diff.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dbaudit.findings import Report
from dbaudit.report import as_csv, as_json, github, gitlab, junit, markdown, sarif, text
from tests.report import sample

GOLDEN = Path(__file__).parent / "golden"
REPORTS = {"full": sample.report, "two": lambda: sample.report(sample.clean(), sample.empty())}
RENDERERS: dict[str, Callable[[Report], str]] = {
    "md": markdown.render,
    "txt": text.render,
    "json": as_json.render,
    "sarif": sarif.render,
    "xml": junit.render,
    "csv": as_csv.render,
    "gitlab.json": gitlab.render,
    "github.txt": github.render,
    "github.md": github.summary,
}


@pytest.mark.parametrize("suffix", RENDERERS)
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_drawn_as_the_golden_file_has_it(name: str, suffix: str) -> None:
    drawn = RENDERERS[suffix](REPORTS[name]())
    golden = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("DBAUDIT_REFRESH_GOLDEN"):
        golden.write_text(drawn, encoding="utf-8", newline="\n")
    assert drawn == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", RENDERERS)
def test_the_same_report_gives_the_same_bytes(suffix: str) -> None:
    assert RENDERERS[suffix](sample.report()) == RENDERERS[suffix](sample.report())
