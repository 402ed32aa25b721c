"""``manage.py dbaudit apply-indexes``: the way from an audit to a plan, a run, its proof and its undo."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from dbaudit import auditing, catalog, conf
from dbaudit.apply import advice, proof, rendering, running, undoing
from dbaudit.apply.foreseen import foreseen, succeeded
from dbaudit.apply.journal import NAME, Journal, Run
from dbaudit.apply.plan import Choice, plan
from dbaudit.apply.recording import Recorder, Undoing
from dbaudit.apply.space import folder, free
from dbaudit.apply.steps import Plan, Step
from dbaudit.errors import AuditError, nearest
from dbaudit.facts import QueryRun, Snapshot
from dbaudit.facts.dialect import Dialect
from dbaudit.management import apply_options, declaring, telling
from dbaudit.management.printing import printed
from dbaudit.management.progress import watched
from dbaudit.management.telling import Teller
from dbaudit.options import Options
from dbaudit.report import recorded


class ApplyIndexes:
    """One call of the action. ``command`` is asked for its streams and its style alone."""

    def __init__(self, command: BaseCommand, options: dict[str, Any]) -> None:
        self.command, self.options = command, options
        self.alias: str = options["database"]
        if self.alias not in connections:
            raise AuditError(f"Unknown database {self.alias!r}. {nearest(self.alias, connections)}")
        if sum((bool(options["resume"]), options["undo"] is not None, bool(options["report"]))) > 1:
            raise AuditError("--from, --resume and --undo exclude each other.")
        self.connection = connections[self.alias]
        self.journal = Journal(Path(options["journal"]) if options["journal"] else _beside_manage() / NAME)
        self.limits = apply_options.limits(options)
        self.teller = Teller(command, options["verbosity"], plan_alone=options["format"] != "text")
        self.migrations, self.into = bool(options["migrations"]), str(options["into_app"])
        self.again = ""  # what goes on with the work, once it has begun

    def run(self) -> None:
        """Do what the options ask for. Raises `AuditError` where nothing was begun, `CommandError` (1) where a step
        failed, `KeyboardInterrupt` where it was stopped before anything was begun."""
        if self.migrations:
            declaring.check(self.into)
        try:
            if self.options["undo"] is not None:
                self._undo(self.options["undo"])
            elif self.options["resume"]:
                self._resume()
            else:
                self._apply()
        except KeyboardInterrupt:
            if not self.again:
                raise
            self.teller.clear()
            self.command.stderr.write(f"Interrupted; go on by: {self.again}")
            sys.exit(130)

    def _apply(self) -> None:
        snapshot, told, runs = self._audited()
        choice = Choice(
            only=tuple(self.options["only"] or ()),
            most=self.options["max"],
            drop_redundant=self.options["drop_redundant"],
        )
        made = plan(snapshot, told, choice, free_bytes=free(folder(self.connection)))
        self._known(made, told)
        paper = declaring.Paper()
        if self.migrations:
            declaring.foresee(snapshot, made.steps, self.into)
            made, paper = declaring.agreed(snapshot, made, self.into)
        if not choice.drop_redundant and not choice.only:
            for line in telling.spare(plan(snapshot, told, replace(choice, drop_redundant=True, most=None))):
                self.teller.tell(line)
        self._tell_of_killed()
        if self._agreed(made, paper.diffs):
            self.again = self._command("--resume")
            self.journal.started(made, running.place(self.connection), migrations=self.migrations, into=self.into)
            self._carry_out(made.steps, self.journal, runs, paper=paper)

    def _resume(self) -> None:
        def left(run: Run) -> bool:
            """Whether something is left to do of a run: steps, or files that are wanted now."""
            return not run.undone and (not run.finished or (self.migrations and bool(run.done) and not run.files))

        run = self._find(left, "no run that is not finished")
        self.journal.run = run.id
        if run.migrations and not self.migrations:
            self.migrations, self.into = True, run.into
            declaring.check(self.into)
        if names := declaring.half_written(run.batches):
            raise AuditError(
                f"The run was killed while it wrote files; those are as before again: {', '.join(names)}. "
                f"Go on by: {self._command('--resume')}"
            )
        made = Plan(alias=self.alias, vendor=self.connection.vendor, steps=run.pending)
        self.teller.tell(
            f"Run {run.id} of {_when(run)}: {len(run.records) - len(made.steps)} of {_steps(len(run.records))} done."
        )
        paper = declaring.Paper()
        if self.migrations:
            done = (*run.done, *succeeded(made.steps))
            paper = declaring.worked_out(foreseen(self._read(), made.steps), done, self.into)
            declaring.rehearse(paper)
        more = [*paper.diffs]
        if self.migrations and not made.steps:
            more.append("Models and migrations are still to be brought level.")
        if not made.steps and not more:
            self.journal.finished()
        elif self._agreed(made, more):
            self.again = self._command("--resume")
            self.journal.resumed()
            self._carry_out(made.steps, self.journal, (), paper=paper)

    def _undo(self, wanted: str) -> None:
        run = self._find(lambda one: one.id == wanted if wanted else not one.undone, f"no run {wanted}".rstrip())
        self.journal.run = run.id
        steps = self._chosen(undoing.steps(run, Dialect.of(self.connection)))
        files = declaring.Files(() if self.options["only"] or run.undone else run.files, self.connection)
        if run.undone or not (steps or files.told):
            if not self.options["dry_run"]:
                files.take_back(self.journal)
                self._undone()
            self.teller.tell(f"Run {run.id}: nothing is left to take back.")
            return
        self.teller.tell(f"Run {run.id} of {_when(run)} is taken back, the last step first.")
        if not self._agreed(Plan(alias=self.alias, vendor=self.connection.vendor, steps=steps), files.told):
            return
        self.again = self._command("--undo", self.journal.run)
        files.take_back(self.journal)
        if steps:
            self._carry_out(steps, Undoing(self.journal), (), undo=True)
        else:
            self._undone()
        if self.options["only"] and run.files:
            self.teller.say(
                "Models and migrations were left as they are: take the index out of its Meta.indexes by hand, then run "
                "`manage.py makemigrations` and `migrate`."
            )

    def _undone(self) -> None:
        """Write that the run was taken back, if nothing of it is left."""
        (run,) = (one for one in self.journal.runs() if one.id == self.journal.run)
        if not run.undone and not run.files and not undoing.steps(run, Dialect.of(self.connection)):
            self.journal.run_undone()

    def _carry_out(
        self,
        steps: tuple[Step, ...],
        record: Recorder,
        runs: Iterable[QueryRun],
        *,
        paper: declaring.Paper | None = None,
        undo: bool = False,
    ) -> None:
        ears = running.Ears(tell=self.teller.tell, see=self.teller.see, ended=self.teller.ended)
        result = running.carry_out(self.connection, steps, record, self.limits, ears, runs)
        if undo:
            self._undone()
        else:
            self._conclude(result, paper or declaring.Paper())
        if result.failed:
            count = sum(not one.ok for one in result.done)
            others = "; the others stand" if count < len(steps) else ""
            failed = f"{count} of {_steps(len(steps))} did not succeed{others}"
            raise CommandError(f"{failed}. When the cause is gone: {self.again}", returncode=1)

    def _conclude(self, result: running.Result, paper: declaring.Paper) -> None:
        """Tell what was gained, and bring models and migrations level or say what they lack."""
        undo = self._command("--undo", self.journal.run)
        measured = not self.options["no_queries"] and not self.options["report"] and not self.options["resume"]
        for line in proof.told(result.done, result.gained, result.asked, undo, measured=measured):
            self.teller.say(line)
        if self.migrations:
            if not result.as_foreseen:
                # All of the run's steps, those from before it was killed, too.
                (run,) = (one for one in self.journal.runs() if one.id == self.journal.run)
                paper = declaring.worked_out(self._read(), run.done, self.into)
                for diff in paper.diffs:
                    self.teller.say(diff)
            declaring.declare(paper, self.into, self.journal, self.teller.say)
        else:
            for line in telling.behind(result.built, self._command("--resume", "--migrations"), undo):
                self.teller.say(line)
        if not result.failed:
            self.journal.finished()

    def _tell_of_killed(self) -> None:
        """Earlier runs that did not come to their end."""
        place = running.place(self.connection)
        for one in self.journal.runs():
            if (one.database, one.place) == (self.alias, place) and not (one.finished or one.undone):
                self.teller.tell(f"note: Run {one.id} has not ended. If nobody is at it: --resume or --undo.")

    def _command(self, *arguments: str) -> str:
        return apply_options.again(self.options, *arguments)

    def _chosen(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """The steps that ``--only`` names, all of them where it names none."""
        only = self.options["only"] or ()
        return tuple(one for one in steps if not only or one.key in only or one.definition.name in only)

    def _audited(self) -> tuple[Snapshot, tuple[advice.Advice, ...], tuple[QueryRun, ...]]:
        """The database as it is, what is recommended, and the queries that were measured."""
        if self.options["report"]:
            recommendations, findings = recorded.read(Path(self.options["report"]), self.alias)
            return self._read(), advice.of(recommendations, findings), ()
        with watched(self.command, self.options["verbosity"], [self.alias]) as told:
            options = Options(databases=(self.alias,), queries=not self.options["no_queries"], progress=told)
            (report,) = auditing.run(options).databases
        for crash in report.crashed:
            raise AuditError(f"{crash.what}: {crash.reason}")
        return report.snapshot, advice.of(report.recommendations, report.findings), report.snapshot.runs

    def _read(self) -> Snapshot:
        """The database as it is now."""
        settings = conf.load()
        return catalog.read(
            self.connection,
            apps=apps,
            statement_timeout_ms=settings.statement_timeout_ms,
            lock_timeout_ms=settings.lock_timeout_ms,
            count_limit_bytes=settings.count_limit_bytes,
        )

    def _known(self, made: Plan, told: Iterable[advice.Advice]) -> None:
        """Refuse a key that no recommendation has: a build that was asked for by name must not be left out silently."""
        known = {name for one in told for name in (one.key, one.action.name)} | {one.key for one in made.steps}
        for key in self.options["only"] or ():
            if key not in known:
                raise AuditError(f"Nothing is recommended by the key {key!r}. {nearest(key, known)}")

    def _agreed(self, made: Plan, more: Iterable[str] = ()) -> bool:
        """Print the plan, ``more`` that is to be done, and what stands in its way; whether it is to be carried out."""
        more = tuple(more)
        if made.steps or not more:
            printed(self.command, rendering.render(made, self.options["format"]), ending="")
        for one in more:
            self.teller.say(one)
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
            raise AuditError(f"The server's disk is too full: {needed}. Free some space, or take fewer steps by --max.")
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
            ears = running.Ears(tell=self.teller.tell)
            for sentence in running.preflight(self.connection, made.steps, self.limits, ears) if made.steps else ():
                self.teller.tell(f"note: {sentence}")
        except AuditError as error:
            if not self.options["dry_run"]:
                raise
            self.teller.tell(f"note: It cannot be carried out as things are: {error}")

    def _find(self, fits: Callable[[Run], bool], otherwise: str) -> Run:
        """The last run on this database that fits. Raises `AuditError` where there is none."""
        place = running.place(self.connection)
        found = [one for one in self.journal.runs() if (one.database, one.place) == (self.alias, place) and fits(one)]
        if not found:
            raise AuditError(
                f"The journal {str(self.journal.path)!r} has {otherwise} on database {self.alias!r} ({place})."
            )
        return found[-1]


def _beside_manage() -> Path:
    """Where manage.py lies, the current directory where the command was started in another way."""
    started = Path(sys.argv[0])
    return started.absolute().parent if started.name == "manage.py" else Path.cwd()


def _when(run: Run) -> str:
    return f"{run.at[:16].replace('T', ' ')} UTC"


def _steps(number: int) -> str:
    return f"{number} step{'' if number == 1 else 's'}"
