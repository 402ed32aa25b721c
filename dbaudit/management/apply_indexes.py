"""``manage.py dbaudit apply-indexes``: the way from an audit to a plan, a run, its proof and its undo."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from dbaudit import auditing, catalog, conf
from dbaudit.apply import advice, proof, running, undoing
from dbaudit.apply.foreseen import foreseen, succeeded
from dbaudit.apply.journal import NAME, Journal, Run
from dbaudit.apply.plan import Choice, plan
from dbaudit.apply.recording import Recorder, Undoing
from dbaudit.apply.space import folder, free
from dbaudit.apply.steps import Plan, Step
from dbaudit.errors import AuditError, nearest
from dbaudit.facts import QueryRun, Snapshot
from dbaudit.facts.dialect import Dialect
from dbaudit.management import apply_options, declaring, pull_request, retiming, telling
from dbaudit.management.apply_asking import Asking
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
        self.connection = connections[self.alias]
        apply_options.refuse(options, self.connection.vendor)
        pull_request.refuse(options)
        self.journal = Journal(Path(options["journal"]) if options["journal"] else _beside_manage() / NAME)
        self.limits = apply_options.limits(options)
        self.teller = Teller(command, options["verbosity"], plan_alone=options["format"] != "text")
        self.asking = Asking(self.teller, options, self.connection, self.limits, self.journal)
        self.migrations, self.into = bool(options["migrations"]), str(options["into_app"])
        self.again = ""  # what goes on with the work, once it has begun

    def run(self) -> None:
        """Do what the options ask for. Raises `AuditError` where nothing was begun, `CommandError` (1) where a step
        failed, `KeyboardInterrupt` where it was stopped before anything was begun."""
        if self.migrations or self.options["pull_request"]:
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
        made = running.spelled(self.connection, made)
        if self.options["pull_request"]:
            pull_request.make(self.command, self.options, snapshot, made, self.teller)
            return
        made = self.asking.reviewed(made)
        paper = declaring.Paper()
        if self.migrations:
            declaring.foresee(snapshot, made.steps, self.into)
            made, paper = declaring.agreed(snapshot, made, self.into)
        if not choice.drop_redundant and not choice.only:
            for line in telling.spare(plan(snapshot, told, replace(choice, drop_redundant=True, most=None))):
                self.teller.tell(line)
        self._tell_of_killed()
        if self.asking.agreed(made, paper.diffs):
            if self.options["report"] and not self.options["no_queries"]:
                runs, untimed = retiming.runs(Path(self.options["report"]), self.connection, snapshot, made.steps)
                for line in untimed:
                    self.teller.say(line)
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
        made = Plan(alias=self.alias, vendor=self.connection.vendor, steps=run.pending[: self.options["max"]])
        self.teller.tell(
            f"Run {run.id} of {_when(run)}: {len(run.records) - len(run.pending)} of {_steps(len(run.records))} done."
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
        elif self.asking.agreed(made, more):
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
        if not self.asking.agreed(Plan(alias=self.alias, vendor=self.connection.vendor, steps=steps), files.told):
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
            self._conclude(result, paper or declaring.Paper(), measured=bool(tuple(runs)))
        self._tell_of_left(result.left)
        if result.failed:
            count = sum(not one.ok for one in result.done)
            others = "; the others stand" if count < len(steps) else ""
            failed = f"{count} of {_steps(len(steps))} did not succeed{others}"
            raise CommandError(f"{failed}. When the cause is gone: {self.again}", returncode=1)

    def _tell_of_left(self, left: tuple[Step, ...]) -> None:
        """How to go on with the steps for which there was no time."""
        if left:
            again = shlex.join(["", *apply_options.schedule(self.options)]).removeprefix("''")
            self.teller.say(
                f"The window {self.limits.window} is over: {_steps(len(left))} did not begin. "
                f"Go on in the next one by: {self.again}{again}"
            )

    def _conclude(self, result: running.Result, paper: declaring.Paper, *, measured: bool) -> None:
        """Tell what was gained, and bring models and migrations level or say what they lack."""
        undo = self._command("--undo", self.journal.run)
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
        (run,) = (one for one in self.journal.runs() if one.id == self.journal.run)
        if not run.pending:
            self.journal.finished()
        elif not (result.failed or result.left):
            self.teller.say(f"{_steps(len(run.pending))} of the run are left. Go on by: {self.again}")

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
