"""What decides whether a build may go on: known findings, query budgets, and the exit status."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError

from dbaudit.errors import AuditError
from dbaudit.facts.budgets import QueryBudget
from dbaudit.findings import Category, Finding, Known, Report, Severity, worst
from dbaudit.policy import baseline, budgets
from dbaudit.report import words, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Standards:
    """What the options of ``report`` ask for, with the files that they name already read."""

    fail_on: Mapping[Category, str]
    narrowed: bool
    baseline: str = ""
    known: tuple[Known, ...] = ()
    write_baseline: str = ""
    prune: bool = False
    budgets: str = ""
    recorded: tuple[QueryBudget, ...] | None = None
    write_budgets: str = ""

    @classmethod
    def of(cls, options: dict[str, Any]) -> Standards:
        """Read the files that the options name. Raises `AuditError` before anything is audited."""
        if options["prune_baseline"] and not options["baseline"]:
            raise AuditError("--prune-baseline takes fixed findings out of a baseline; name it with --baseline FILE.")
        if options["prune_baseline"] and options["write_baseline"]:
            raise AuditError("--prune-baseline and --write-baseline both write a baseline; give one of them.")
        for option in ("budgets", "write_budgets"):
            if options[option] and options["no_queries"]:
                raise AuditError(f"--{option.replace('_', '-')} needs measured queries; leave --no-queries out.")
        return cls(
            fail_on={"schema": options["fail_on"], "operations": options["fail_on_operations"]},
            narrowed=bool(options["app"]),
            baseline=options["baseline"] or "",
            known=baseline.read(options["baseline"]) if options["baseline"] else (),
            write_baseline=options["write_baseline"] or "",
            prune=options["prune_baseline"],
            budgets=options["budgets"] or "",
            recorded=budgets.read(options["budgets"]) if options["budgets"] else None,
            write_budgets=options["write_budgets"] or "",
        )

    @property
    def outputs(self) -> tuple[str, ...]:
        """The files that it will write."""
        pruned = self.baseline if self.prune else ""
        return tuple(filter(None, (self.write_baseline, pruned, self.write_budgets)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files that it has read."""
        return tuple(filter(None, (self.baseline, self.budgets)))

    def held(self, report: Report) -> Report:
        """The report with its findings marked as new or known, where a baseline was given."""
        if not self.baseline:
            return report
        return baseline.held(report, self.known, self.baseline, narrowed=self.narrowed)

    def save(self, found: Report, held: Report) -> Iterator[str]:
        """Write the files that were asked for, of the report as it was ``found``; what was done, in sentences."""
        if self.write_baseline:
            taken = _taken(found)
            write.write(baseline.text(taken), self.write_baseline)
            yield f"Baseline of {words.count(len(taken), 'finding')} written to {self.write_baseline}"
            left = sum(len(one.findings) for one in found.databases) - len(taken)
            if left:
                yield f"{words.count(left, 'finding')} not taken into it: over a budget, or of an expired suppression."
        fixed = held.baseline.fixed if held.baseline else ()
        if fixed and self.prune:
            gone = {(one.alias, one.key) for one in fixed}
            write.write(baseline.text(one for one in self.known if (one.alias, one.key) not in gone), self.baseline)
            yield f"{words.count(len(fixed), 'fixed finding')} taken out of {self.baseline}"
        elif fixed:
            yield f"{words.count(len(fixed), 'finding')} of {self.baseline} fixed; --prune-baseline takes them out."
        if self.write_budgets:
            write.write(budgets.text(found, self.recorded or ()), self.write_budgets)
            yield f"Query budgets written to {self.write_budgets}"

    def refuse(self, report: Report) -> None:
        """Raise with exit status 2 for an audit that does not say what it was asked: a check crashed, nothing was
        there to audit, no query with a budget was measured."""
        for database in report.databases:
            for crash in database.crashed:
                raise CommandError(f"{crash.what}: {crash.reason}", returncode=2)
            alias, summary = database.snapshot.alias, database.summary
            if summary.models and not summary.tables:
                unseen = next((one.reason for one in database.skipped if one.kind == "schema"), "")
                raise CommandError(
                    f"Database {alias!r} shows none of the {summary.models} models' tables. {unseen}"
                    if unseen
                    else f"Database {alias!r} has none of the {summary.models} models' tables; "
                    f"run `manage.py migrate --database {shlex.quote(alias)}` first.",
                    returncode=2,
                )
        names = ", ".join(repr(one.snapshot.alias) for one in report.databases)
        if not any(one.snapshot.tables or one.snapshot.models for one in report.databases):
            raise CommandError(
                f"Nothing was audited: {names} has neither tables nor models; name another database or application.",
                returncode=2,
            )
        if not any(one.ran for one in report.databases):
            raise CommandError(f"Nothing was audited: no check ran on {names}; ask for fewer limits.", returncode=2)
        self._refuse_budgets(report)
        if report.unaudited:
            raise CommandError(" ".join(one.reason for one in report.unaudited), returncode=2)

    def _refuse_budgets(self, report: Report) -> None:
        measured = {(one.alias, one.id) for one in budgets.measured(report)}
        if self.write_budgets and not measured:
            raise CommandError("No query was measured, so there are no budgets to write.", returncode=2)
        if self.recorded is None:
            return
        if measured.isdisjoint((one.alias, one.id) for one in self.recorded):
            raise CommandError(
                f"None of the queries in {self.budgets} was measured, so their budgets say nothing.", returncode=2
            )
        if not any(budgets.CHECK in one.ran for one in report.databases):
            raise CommandError(
                f"The budgets in {self.budgets} take the check {budgets.CHECK}; do not leave it out.", returncode=2
            )

    def conclude(self, found: Report, held: Report) -> None:
        """Raise with exit status 1 for new findings at or above ``--fail-on``, and for queries over their budgets.

        What was just written into a baseline is known.
        """
        taken = {(one.alias, one.key) for one in _taken(found)} if self.write_baseline else set()
        left = [
            finding
            for database in held.databases
            for finding in database.findings
            if finding.new is not False and (database.snapshot.alias, finding.key) not in taken
        ]
        new = "new " if self.baseline else ""
        for category, level in self.fail_on.items():
            if level == "none":
                continue
            least = Severity(level).rank
            bad = [one for one in left if one.category == category and one.severity.rank >= least]
            if bad:
                kind = f"{new}operations finding" if category == "operations" else f"{new}finding"
                raise CommandError(
                    f"{words.count(len(bad), kind)} at or above {level}; the worst is {worst(bad)}.", returncode=1
                )
        over = [one for one in left if one.check == budgets.CHECK]
        if over and self.recorded is not None:
            raise CommandError(_over(over, self.budgets), returncode=1)


def _taken(found: Report) -> tuple[Known, ...]:
    """What goes into a baseline. That a query grew is accepted in its budget, not for ever."""
    return tuple(one for one in baseline.taken(found) if one.key.partition(":")[0] != budgets.CHECK)


def _over(over: list[Finding], file: str) -> str:
    more = f" and {len(over) - 1} more" if len(over) > 1 else ""
    return f"{words.count(len(over), 'query', 'queries')} over the budgets in {file}: {over[0].subject}{more}."
