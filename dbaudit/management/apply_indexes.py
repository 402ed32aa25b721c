"""``manage.py dbaudit apply-indexes``: its options, and the way from an audit to a plan, a run, its proof and its
undo."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from dbaudit import auditing, catalog, conf
from dbaudit.apply import advice, proof, recorded, rendering, running, undoing
from dbaudit.apply.journal import NAME, Journal, Run
from dbaudit.apply.plan import PROVING, Choice, plan
from dbaudit.apply.recording import Recorder, Undoing
from dbaudit.apply.space import folder, free
from dbaudit.apply.steps import Done, Limits, Plan, Step
from dbaudit.catalog import session
from dbaudit.dialect import Dialect
from dbaudit.errors import AuditError
from dbaudit.facts import QueryRun, Snapshot
from dbaudit.findings import DropIndex
from dbaudit.management import declaring
from dbaudit.management.progress import watched
from dbaudit.management.telling import Teller

HELP: Final = "plan the recommended indexes, then build them without blocking anyone"
EXAMPLES: Final = """
examples:
  manage.py dbaudit apply-indexes --dry-run                 only the plan
  manage.py dbaudit apply-indexes --dry-run --format sql    the same as a script
  manage.py dbaudit apply-indexes                           the plan, a question, then the work
  manage.py dbaudit apply-indexes --noinput --max 3         without the question, the three best
  manage.py dbaudit apply-indexes --resume                  go on after a run that was killed
  manage.py dbaudit apply-indexes --undo                    take back the last run
"""


def add_arguments(parser: CommandParser) -> None:
    """The options of the action."""
    what = parser.add_argument_group("what is applied")
    what.add_argument(
        "--database", metavar="ALIAS", default=DEFAULT_DB_ALIAS, help="on this database (default: default)"
    )
    what.add_argument("--from", dest="report", metavar="FILE", help="what this JSON report recommends; no new audit")
    what.add_argument("--only", action="append", metavar="KEY", help="this finding's key or index's name; repeatable")
    what.add_argument("--max", type=_number, metavar="N", help="at most so many indexes, the best ones")
    what.add_argument("--drop-redundant", action="store_true", help="also drop what is proved redundant, at the end")
    what.add_argument("--no-queries", action="store_true", help="measure no queries: only what the schema tells")

    how = parser.add_argument_group("how it is applied")
    how.add_argument("--dry-run", action="store_true", help="only print the plan")
    how.add_argument("--format", choices=rendering.FORMATS, default="text", help="of the plan (default: text)")
    how.add_argument("--noinput", "--no-input", action="store_true", help="do not ask")
    how.add_argument("--max-wait", type=float, metavar="SECONDS", help="for other sessions, each time (default: 300)")
    how.add_argument("--max-lag", type=float, metavar="SECONDS", help="of the slowest replica (default: 60)")
    how.add_argument("--max-active", type=_number, metavar="N", help="active sessions (default: any number)")
    how.add_argument("--min-free", type=_number, metavar="MB", help="disk space that must stay (default: 512)")

    level = parser.add_argument_group("models and migrations")
    level.add_argument("--migrations", action="store_true", help="then edit the models and write the migrations")
    level.add_argument("--into-app", metavar="LABEL", default="", help="migrations for other packages' models go there")

    past = parser.add_argument_group("earlier runs")
    past.add_argument("--journal", metavar="FILE", help=f"what runs did (default: {NAME} beside manage.py)")
    past.add_argument("--resume", action="store_true", help="go on with the last run that did not come to its end")
    past.add_argument("--undo", nargs="?", const="", metavar="RUN", help="take back this run (default: the last one)")


class ApplyIndexes:
    """One call of the action. ``command`` is asked for its streams and its style alone."""

    def __init__(self, command: BaseCommand, options: dict[str, Any]) -> None:
        self.command, self.options = command, options
        self.alias: str = options["database"]
        if self.alias not in connections:
            raise AuditError(f"Unknown database {self.alias!r}. {conf.nearest(self.alias, connections)}")
        if sum((bool(options["resume"]), options["undo"] is not None, bool(options["report"]))) > 1:
            raise AuditError("--from, --resume and --undo exclude each other.")
        self.connection = connections[self.alias]
        self.journal = Journal(Path(options["journal"]) if options["journal"] else _beside_manage() / NAME)
        self.limits = _limits(options)
        self.teller = Teller(command, options["verbosity"], plan_alone=options["format"] != "text")

    def run(self) -> None:
        """Do what the options ask for. Raises `AuditError` where nothing was begun, `CommandError` (1) where a step
        failed, `KeyboardInterrupt` where it was stopped."""
        if self.options["migrations"]:
            declaring.check(self.options["into_app"])
        if self.options["undo"] is not None:
            self._undo(self.options["undo"])
        elif self.options["resume"]:
            self._resume()
        else:
            self._apply()

    def _apply(self) -> None:
        snapshot, told, runs = self._audited()
        made = plan(
            snapshot,
            told,
            Choice(
                only=tuple(self.options["only"] or ()),
                most=self.options["max"],
                drop_redundant=self.options["drop_redundant"],
            ),
            free_bytes=free(folder(self.connection)),
        )
        self._known(made, told)
        self._tell_of_more(told)
        if self._agreed(made):
            self.journal.started(made, self._place())
            self._carry_out(made.steps, self.journal, runs)

    def _resume(self) -> None:
        run = self._find(lambda one: not one.finished and not one.undone, "no run that is not finished")
        self.journal.run = run.id
        made = Plan(alias=self.alias, vendor=self.connection.vendor, steps=run.pending)
        self.teller.tell(
            f"Run {run.id} of {run.at}: {len(run.records) - len(made.steps)} of {len(run.records)} steps are done."
        )
        if not made.steps:
            self.journal.finished()
        elif self._agreed(made):
            self.journal.resumed()
            self._carry_out(made.steps, self.journal, ())

    def _undo(self, wanted: str) -> None:
        run = self._find(lambda one: one.id == wanted if wanted else not one.undone, f"no run {wanted}".rstrip())
        self.journal.run = run.id
        steps = self._chosen(undoing.steps(run, Dialect.of(self.connection)))
        if run.undone or not steps:
            self.teller.tell(f"Run {run.id}: nothing is left to take back.")
            return
        self.teller.tell(f"Run {run.id} of {run.at} is taken back, the last step first.")
        if self._agreed(Plan(alias=self.alias, vendor=self.connection.vendor, steps=steps)):
            self._carry_out(steps, Undoing(self.journal), (), undo=True)

    def _carry_out(
        self, steps: tuple[Step, ...], record: Recorder, runs: Iterable[QueryRun], *, undo: bool = False
    ) -> None:
        ears = running.Ears(tell=self.teller.tell, see=self.teller.see, ended=self.teller.ended)
        try:
            result = running.carry_out(self.connection, steps, record, self.limits, ears, runs)
        except KeyboardInterrupt:
            self.teller.clear()
            again = f"--undo {self.journal.run}" if undo else "--resume"
            self.command.stderr.write(f"Interrupted; go on by: manage.py dbaudit apply-indexes {again}")
            sys.exit(130)
        if undo:
            (run,) = (one for one in self.journal.runs() if one.id == self.journal.run)
            if not undoing.steps(run, Dialect.of(self.connection)):
                self.journal.run_undone()
        else:
            if not result.failed:
                self.journal.finished()
            measured = not self.options["no_queries"] and not self.options["report"] and not self.options["resume"]
            for line in proof.told(result.done, result.gained, self.journal.run, measured=measured):
                self.teller.say(line)
            if self.options["migrations"]:
                done = [one for one in result.done if one.ok]
                declaring.declare(self._read(), done, self.options["into_app"], self.teller.say)
            else:
                self._tell_of_models(result.built)
        if result.failed:
            count = sum(not one.ok for one in result.done)
            raise CommandError(f"{count} of {len(steps)} steps did not succeed; the others stand.", returncode=1)

    def _tell_of_more(self, told: Iterable[advice.Advice]) -> None:
        """What this run leaves as it is: redundant indexes, and earlier runs that were killed."""
        spare = sum(isinstance(one.action, DropIndex) and one.check in PROVING for one in told)
        if spare and not self.options["drop_redundant"]:
            self.teller.tell(f"note: Redundant indexes: {spare}. With --drop-redundant they are dropped, too.")
        place = self._place()
        for one in self.journal.runs():
            if (one.database, one.place) == (self.alias, place) and not (one.finished or one.undone):
                self.teller.tell(f"note: Run {one.id} did not come to its end: see --resume and --undo.")

    def _chosen(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """The steps that ``--only`` names, all of them where it names none."""
        only = self.options["only"] or ()
        return tuple(one for one in steps if not only or one.key in only or one.definition.name in only)

    def _tell_of_models(self, changed: tuple[Done, ...]) -> None:
        """Where models and migrations are now behind."""
        if not changed:
            return
        self.teller.say("")
        self.teller.say("The database is ahead of the models and migrations now. The edits that bring them level:")
        for one in changed:
            edit = one.step.orm or "no model edit is known; add the index to Meta.indexes"
            self.teller.say(f"  {one.step.label}: {edit}".replace("\n", "\n    "))
        self.teller.say(f"Take all of it back by: manage.py dbaudit apply-indexes --undo {self.journal.run}")

    def _audited(self) -> tuple[Snapshot, tuple[advice.Advice, ...], tuple[QueryRun, ...]]:
        """The database as it is, what is recommended, and the queries that were measured."""
        if self.options["report"]:
            recommendations, findings = recorded.read(Path(self.options["report"]), self.alias)
            return self._read(), advice.of(recommendations, findings), ()
        with watched(self.command, self.options["verbosity"], [self.alias]) as told:
            options = auditing.Options(databases=(self.alias,), queries=not self.options["no_queries"], progress=told)
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
                raise AuditError(f"Nothing is recommended by the key {key!r}. {conf.nearest(key, known)}")

    def _agreed(self, made: Plan) -> bool:
        """Print the plan and what stands in its way; whether it is to be carried out."""
        self.command.stdout.write(rendering.render(made, self.options["format"]), ending="")
        if self.options["dry_run"] or not made.steps:
            return False
        running.supported(self.connection)
        asks = not self.options["noinput"]
        if asks and not sys.stdin.isatty():
            raise AuditError("Nothing was changed: there is no terminal to ask on. Run again with --noinput to apply.")
        for sentence in running.preflight(
            self.connection, made.steps, self.limits, running.Ears(tell=self.teller.tell)
        ):
            self.teller.tell(f"note: {sentence}")
        if made.disk_bytes is not None and made.free_bytes is not None and made.free_bytes < made.disk_bytes:
            needed = f"{rendering.size(made.disk_bytes)} may be needed, {rendering.size(made.free_bytes)} are free"
            raise AuditError(f"The server's disk is too full: {needed}. Free some space, or take fewer steps by --max.")
        self.journal.writable()
        if asks and not self.teller.agrees("Carry it out?"):
            self.teller.tell("Nothing was changed.")
            return False
        return True

    def _find(self, fits: Any, otherwise: str) -> Run:
        """The last run on this database that fits. Raises `AuditError` where there is none."""
        place = self._place()
        found = [one for one in self.journal.runs() if (one.database, one.place) == (self.alias, place) and fits(one)]
        if not found:
            raise AuditError(
                f"The journal {str(self.journal.path)!r} has {otherwise} on database {self.alias!r} ({place})."
            )
        return found[-1]

    def _place(self) -> str:
        """The database's own name: a journal of a copy or another server is not mistaken for this one's."""
        session.connect(self.connection)
        if self.connection.vendor != "postgresql":
            return str(self.connection.settings_dict["NAME"])
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_database() || ' ' || oid FROM pg_database WHERE datname = current_database()"
            )
            return str(cursor.fetchone()[0])


def _limits(options: dict[str, Any]) -> Limits:
    given = {
        "max_wait": options["max_wait"],
        "max_lag": options["max_lag"],
        "max_active": options["max_active"],
        "min_free_bytes": options["min_free"] * 1024 * 1024 if options["min_free"] is not None else None,
    }
    return Limits(**{name: value for name, value in given.items() if value is not None})


def _number(text: str) -> int:
    """A number from 1 on."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _beside_manage() -> Path:
    """Where manage.py lies, the current directory where the command was started in another way."""
    started = Path(sys.argv[0])
    return started.absolute().parent if started.name == "manage.py" else Path.cwd()
