"""A progress bar on stderr, when that is a terminal and rich is installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .loader import Report


@contextmanager
def progress_bar(total: int) -> Iterator[Report]:
    """Yield the function that takes the number of rows just written, of ``total``."""
    if not sys.stderr.isatty():
        yield lambda _rows: None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 -- only a terminal needs it, and it is optional
        from rich.progress import Progress  # noqa: PLC0415 -- as above
    except ImportError:
        yield lambda _rows: None
        return
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Seeding", total=total)
        yield lambda rows: progress.advance(task, rows)
