"""What a run of ``apply-indexes`` tells: results on standard output, all else on standard error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.core.management.base import BaseCommand

from dbaudit.apply import rendering
from dbaudit.apply.postgresql import progress
from dbaudit.apply.steps import Done, Plan
from dbaudit.management.printing import printed

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
            printed(self.command, line)

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


def spare(more: Plan) -> Iterator[str]:
    """The indexes that are, or will be, redundant and that a run leaves as they are; ``more`` is the plan that would
    drop them."""
    drops = [one for one in more.steps if one.action == "drop"]
    later = sum(one.after is not None for one in drops)
    if drops:
        then = f" ({later} of them once this plan is carried out)" if later else ""
        yield f"note: Redundant indexes: {len(drops)}{then}. --drop-redundant drops them, too."


def behind(changed: Iterable[Done], later: str, undo: str) -> Iterator[str]:
    """Where models and migrations are now behind the database. ``later`` is the command that writes them, ``undo`` the
    one that takes the run back."""
    changed = tuple(changed)
    if not changed:
        return
    yield ""
    yield f"The database is ahead of the models and migrations now. This writes both: {later}"
    yield (
        "The edits by hand (in the migration dbaudit.operations.EnsureIndex or EnsureNoIndex, since AddIndex and "
        "RemoveIndex fail where the work is done already):"
    )
    for one in changed:
        edit = one.step.orm or "no model edit is known; add the index to Meta.indexes"
        yield f"  {one.step.label}: {edit}".replace("\n", "\n    ")
    yield f"Take all of it back by: {undo}"
