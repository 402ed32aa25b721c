"""The one reader of a report that `as_json` wrote: ``diff``, ``--previous`` and ``apply-indexes --from`` use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbaudit.errors import AuditError
from dbaudit.findings import REPORT_VERSION

Row = dict[str, Any]


def load(path: str | Path) -> Row:
    """The members of the report, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises:
        AuditError: the file cannot be read, was cut short, is no report, or is one of another version. One sentence.
    """
    name = str(path)
    try:
        data = json.loads(Path(path).read_bytes())
    except FileNotFoundError as error:
        raise AuditError(f"Cannot read {name!r}: there is no such file; write one with report --output.") from error
    except OSError as error:
        raise AuditError(f"Cannot read {name!r}: {error.strerror or error}; name a file that you may read.") from error
    except (ValueError, RecursionError) as error:
        raise AuditError(
            f"{name!r} is not whole JSON: it was cut short, or is no report; write it anew with report --output."
        ) from error
    version = data.get("version") if isinstance(data, dict) else None
    if version is None:
        raise AuditError(f"{name!r} is no report of dbaudit; write one with report --output {name!r}.")
    if version != REPORT_VERSION:
        raise AuditError(
            f"{name!r} is a report of version {version!r}, and this dbaudit reads version {REPORT_VERSION}; write it "
            "anew."
        )
    return dict(data)


@contextmanager
def complete(path: str | Path) -> Iterator[None]:
    """A block that takes members out of a loaded report: a missing or malformed one is an `AuditError`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise AuditError(
            f"{str(path)!r} lacks what a report of version {REPORT_VERSION} has; write it anew."
        ) from error
