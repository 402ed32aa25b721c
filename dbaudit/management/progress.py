"""Progress on standard error: a bar on a terminal, lines where more is asked for, nothing otherwise."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand
from django.db import connections
from django.utils.connection import ConnectionDoesNotExist

from dbaudit.progress import Progress, silent

WIDE = 100


@contextmanager
def watched(command: BaseCommand, verbosity: int, aliases: Iterable[str]) -> Iterator[Progress]:
    """Show what fits the terminal and ``--verbosity``: 0 nothing, 1 a bar, 2 a line for each stage, step and
    statement."""
    terminal = getattr(command.stderr, "isatty", lambda: False)()
    if verbosity > 1:
        lines = Lines(lambda line: command.stderr.write(line, command.style.NOTICE))
        with statements(aliases, lines.write):
            yield lines
    elif verbosity and terminal and importlib.util.find_spec("rich"):
        with bar(colour=command.style.ERROR("x") != "x") as drawn:
            yield drawn
    else:
        yield silent


class Lines:
    """A line for each stage and for each thing done in it."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write, self._stage = write, ""

    def __call__(self, stage: str, done: int = 0, total: int = 0, what: str = "") -> None:
        """Write what is new."""
        if stage != self._stage:
            self._stage = stage
            self.write(stage)
        if what:
            self.write(f"  {done}{f' of {total}' if total else ''}: {what}")


@contextmanager
def bar(*, colour: bool) -> Iterator[Progress]:
    """A bar by rich, gone when the work is done."""
    from rich.console import Console  # noqa: PLC0415 - an extra
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars  # noqa: PLC0415 - as above
    from rich.table import Column  # noqa: PLC0415 - as above

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, no_color=not colour, highlight=False)
    with Bars(*columns, console=console, transient=True, expand=True) as bars:
        tasks: dict[str, Any] = {}

        def move(stage: str, done: int = 0, total: int = 0, what: str = "") -> None:
            del what
            if stage not in tasks:
                for old in tasks.values():
                    bars.update(old, visible=False)
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield move


@contextmanager
def statements(aliases: Iterable[str], write: Callable[[str], None]) -> Iterator[None]:
    """Tell each statement as it begins; the stage before it says why it runs. Its values are not told."""

    def tell(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        line = f"{context['connection'].alias}: {' '.join(str(sql).split())}"
        write(f"    {line[:WIDE]}{'…' if len(line) > WIDE else ''}")
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in aliases:
            # An alias that does not exist, or cannot be loaded, is the audit's to refuse.
            with suppress(ConnectionDoesNotExist, ImproperlyConfigured):
                stack.enter_context(connections[alias].execute_wrapper(tell))
        yield
