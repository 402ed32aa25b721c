"""What a run of ``apply-indexes`` tells: results on standard output, all else on standard error."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from dbaudit.apply import rendering
from dbaudit.apply.postgresql import progress
from dbaudit.apply.steps import Done

WIDTH = 118


class Teller:
    """Writes to the streams of a command. ``quiet`` is its verbosity 0; where ``plan_alone`` is set, standard output
    holds a plan for a program and nothing else."""

    def __init__(self, command: BaseCommand, verbosity: int, *, plan_alone: bool) -> None:
        self.command, self.verbosity, self.plan_alone = command, verbosity, plan_alone
        self._bar = ""
        self._phases: dict[str, str] = {}

    def say(self, line: str) -> None:
        """A result."""
        if self.plan_alone:
            self.tell(line)
        else:
            self.command.stdout.write(line)

    def tell(self, line: str) -> None:
        """What is being done, or stands in the way."""
        self.clear()
        if self.verbosity > 0:
            self.command.stderr.write(line, lambda text: text)

    def ended(self, done: Done) -> None:
        """What came of a step."""
        self.clear()
        for line in rendering.outcome([done]):
            self.say(line)

    def see(self, name: str, seen: progress.Seen) -> None:
        """How far a build is: a bar on a terminal; elsewhere, where more is asked for, a line for each phase."""
        if getattr(self.command.stderr, "isatty", lambda: False)():
            if self.verbosity > 0:
                self._bar = progress.line(name, seen)[:WIDTH]
                self._write(f"\r{self._bar:<{WIDTH}}")
        elif self.verbosity > 1 and self._phases.get(name) != seen.phase:
            self._phases[name] = seen.phase
            self.tell(progress.line(name, seen))

    def clear(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._write(f"\r{'':<{WIDTH}}\r")
            self._bar = ""

    def agrees(self, question: str) -> bool:
        """Ask on the terminal; no answer is no."""
        self._write(f"{question} [y/N] ")
        try:
            return input().strip().lower() in ("y", "yes")
        except EOFError:
            return False

    def _write(self, text: str) -> None:
        self.command.stderr.write(text, lambda same: same, ending="")
        self.command.stderr.flush()
