"""What ``apply-indexes`` shows and asks before anything is changed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.apply import rendering, running
from dbaudit.apply.journal import Journal
from dbaudit.apply.narrowing import without
from dbaudit.apply.steps import Limits, Plan
from dbaudit.errors import AuditError
from dbaudit.management.printing import printed
from dbaudit.management.telling import Teller

UNSEEN: Final = "The report asks to review it first, and --noinput leaves it out; --include-review builds it, too."
DECLINED: Final = "It was to be reviewed, and you left it out."


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks on the terminal by a teller; ``options`` are those of the command."""

    teller: Teller
    options: dict[str, Any]
    connection: BaseDatabaseWrapper
    limits: Limits
    journal: Journal

    def reviewed(self, made: Plan) -> Plan:
        """The plan without the steps to be reviewed that nobody agrees to; each is asked for by itself."""
        wanted = [step for step in made.steps if step.needs_review]
        if not wanted or self.options["include_review"]:
            return made
        if self.options["noinput"]:
            return without(made, {step.number: UNSEEN for step in wanted})
        if self.options["dry_run"] or not sys.stdin.isatty():
            return made
        declined = {}
        for step in wanted:
            for line in rendering.step(step):
                self.teller.tell(line)
            if not self.teller.agrees(f"Include {step.definition.name}, which is to be reviewed?"):
                declined[step.number] = DECLINED
        return without(made, declined)

    def agreed(self, made: Plan, more: Iterable[str] = ()) -> bool:
        """Print the plan, ``more`` that is to be done, and what stands in its way; whether it is to be carried out.

        Raises:
            AuditError: nothing may be begun, or there is nobody to ask.
        """
        more = tuple(more)
        if made.steps or not more:
            printed(self.teller.command, rendering.render(made, self.options["format"]), ending="")
        for line in more:
            self.teller.say(line)
        if not (made.steps or more):
            return False
        if self.options["dry_run"]:
            self._look_around(made)
            return False
        asks = not self.options["noinput"]
        if asks and not sys.stdin.isatty():
            raise AuditError("Nothing was changed: there is no terminal to ask on. Run again with --noinput to apply.")
        self._look_around(made)
        if made.disk_bytes is not None and made.free_bytes is not None and made.free_bytes < made.disk_bytes:
            needed = f"{rendering.size(made.disk_bytes)} may be needed, {rendering.size(made.free_bytes)} are free"
            raise AuditError(
                f"The server's disk is too full: {needed}. Free some space, or take fewer steps by --max-steps."
            )
        self.journal.writable()
        if asks and not self.teller.agrees("Carry it out?"):
            self.teller.tell("Nothing was changed.")
            return False
        return True

    def _look_around(self, made: Plan) -> None:
        """Tell what stands in the way right now. Raises `AuditError` where nothing may be begun, unless nothing is to
        be."""
        try:
            running.supported(self.connection)
            if made.steps and self.limits.window is not None:
                self.limits.window.refuse()
            ears = running.Ears(tell=self.teller.tell)
            for sentence in running.preflight(self.connection, made.steps, self.limits, ears) if made.steps else ():
                self.teller.tell(f"note: {sentence}")
        except AuditError as error:
            if not self.options["dry_run"]:
                raise
            self.teller.tell(f"note: It cannot be carried out as things are: {error}")
