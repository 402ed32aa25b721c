"""Whoever is told that a step begins and how it ended, before anything else happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dbaudit.apply.journal import Journal
from dbaudit.apply.steps import Done, Step


class Recorder(Protocol):
    """What an engine tells of its steps."""

    def begin(self, step: Step, *, before: bool) -> None:
        """A step is about to run; ``before``: an index of its name stands already."""

    def end(self, done: Done) -> None:
        """A step came to an end, good or bad."""


@dataclass(frozen=True)
class Undoing:
    """Writes the steps of an undo to the journal of the run that they take back."""

    journal: Journal

    def begin(self, step: Step, *, before: bool) -> None:  # noqa: ARG002 - what stood before matters to a run alone
        """A step is about to be taken back."""
        self.journal.undoing(step)

    def end(self, done: Done) -> None:
        """It was taken back, or could not be: then it stays to be done."""
        if done.ok:
            self.journal.undone(done.step)
