"""How far an audit is, for whoever wants to see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Told when a stage begins, and again for each thing done in it."""

    def __call__(self, stage: str, done: int = 0, total: int = 0, what: str = "") -> None:
        """``stage`` is a sentence without its full stop; ``total`` is 0 where nobody knows it yet; ``what`` was just
        done."""


def silent(stage: str, done: int = 0, total: int = 0, what: str = "") -> None:
    """Nobody looks."""


def counted(progress: Progress, stage: str, things: Iterable[T], total: int = 0) -> Iterator[T]:
    """The things one by one, each told when it is there; they name themselves by their ``label`` where they have
    one."""
    progress(stage, 0, total)
    for number, one in enumerate(things, 1):
        progress(stage, number, total, str(getattr(one, "label", "")))
        yield one
