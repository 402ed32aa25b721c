"""A stored report is read by one reader, whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dbaudit.diff import past
from dbaudit.errors import AuditError
from dbaudit.report import as_json, recorded
from tests.report import sample

READERS: dict[str, Callable[[Path], object]] = {
    "diff": past.read,
    "apply-indexes --from": lambda path: recorded.read(path, "default"),
}
readers = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)


@readers
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_unicode_encoding_with_or_without_a_byte_order_mark_is_read(
    tmp_path: Path, encoding: str, reader: Callable[[Path], object]
) -> None:
    path = tmp_path / "saved.json"
    path.write_text(as_json.render(sample.report()), encoding=encoding)
    assert reader(path)


@readers
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"version": 1,', "'saved.json' is not whole JSON: it was cut short, or is no report"),
        ("[1]", "'saved.json' is no report of dbaudit; write one with report --output 'saved.json'."),
        ('{"version": 9}', "is a report of version 9, and this dbaudit reads version 1; write it anew."),
        ('{"version": 1}', "'saved.json' lacks what a report of version 1 has; write it anew."),
        ('{"version": 1, "databases": 3}', "'saved.json' lacks what a report of version 1 has; write it anew."),
    ],
)
def test_what_is_no_report_is_refused_in_the_same_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, sentence: str, reader: Callable[[Path], object]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("saved.json").write_text(content)
    with pytest.raises(AuditError) as refusal:
        reader(Path("saved.json"))
    assert sentence in str(refusal.value)
