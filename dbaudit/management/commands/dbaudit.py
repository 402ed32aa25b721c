"""``manage.py dbaudit``: one command, an action as its first word."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from dbaudit import audit, checks, pages
from dbaudit.errors import AuditError
from dbaudit.findings import Category, Report, Severity, worst
from dbaudit.report import write

REPORT_EXAMPLES = """
examples:
  manage.py dbaudit report                                  the audit of "default", on the terminal
  manage.py dbaudit report --output report.md               the same in a file; the suffix picks the format
  manage.py dbaudit report --database replica --format json | jq .databases[0].summary
  manage.py dbaudit report --app erp --check unindexed_foreign_key --fail-on warning
"""


class Command(BaseCommand):
    """Parses the action and its options, runs it, and turns its result into output and an exit status."""

    help = "Audit the databases of this project: what is wrong, where in your code, and what to change."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Give each action a parser of its own that also takes Django's base options."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        base = _base_options(parser)

        report = _action(actions, base, "report", "audit one or more databases, read-only", REPORT_EXAMPLES)
        report.add_argument("--database", action="append", metavar="ALIAS", help="database to audit; repeatable")
        report.add_argument("--all-databases", action="store_true", help="audit every database of the settings")
        report.add_argument("--format", choices=sorted(write.FORMATS), help="format on standard output (default: text)")
        report.add_argument(
            "--output", action="append", metavar="FILE", help="write to FILE, format by suffix; repeatable"
        )
        report.add_argument("--app", action="append", metavar="LABEL", help="only this application; repeatable")
        report.add_argument("--check", action="append", metavar="ID", help="run only this check; repeatable")
        report.add_argument("--skip", action="append", metavar="ID", help="leave this check out; repeatable")
        report.add_argument(
            "--fail-on",
            choices=["none", "info", "warning", "error"],
            default="none",
            help="exit with 1 when a finding is at least this severe (default: none)",
        )
        report.add_argument(
            "--fail-on-operations",
            choices=["none", "info", "warning", "error"],
            default="none",
            help="the same for findings about how the database is run and connected to (default: none)",
        )
        report.add_argument("--exact-counts", action="store_true", help="count every table, also big ones")
        report.add_argument("--read-data", action="store_true", help="look for orphan rows in big tables, too")

        report.add_argument("--no-queries", action="store_true", help="measure no queries, only look at the schema")

        known = _action(actions, base, "checks", "list every check with what it needs and its default severity")
        known.add_argument(
            "--format",
            choices=["text", "markdown"],
            default="text",
            help="a list, or every check's page (default: text)",
        )
        page = _action(actions, base, "explain", "show the page of one check")
        page.add_argument("id", metavar="ID", help="the check's id, as `dbaudit checks` lists it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the action. Exit status 2 with one sentence for whatever `AuditError` says."""
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "report": self.report,
            "checks": self.checks,
            "explain": self.explain,
        }
        try:
            actions[options["action"]](options)
        except AuditError as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; nothing was written.")
            sys.exit(130)

    def report(self, options: dict[str, Any]) -> None:
        """Audit, write every output, and fail as ``--fail-on`` says."""
        outputs = write.plan(options["output"] or (), options["format"])
        aliases = tuple(connections) if options["all_databases"] else tuple(options["database"] or [DEFAULT_DB_ALIAS])
        result = audit.run(
            audit.Options(
                databases=aliases,
                apps=tuple(options["app"] or ()),
                checks=tuple(options["check"] or ()),
                skip=tuple(options["skip"] or ()),
                exact_counts=options["exact_counts"],
                read_data=options["read_data"],
                queries=not options["no_queries"],
                arguments=tuple(_arguments(options)),
                progress=self._progress(options["verbosity"]),
            )
        )
        for output in outputs:
            text = output.render(result, self.style if output.path is None else None)
            if output.path is None:
                self.stdout.write(text, ending="")
            else:
                write.write(text, output.path)
                self._tell(f"Report written to {output.path}", options["verbosity"])
        self._conclude(result, {"schema": options["fail_on"], "operations": options["fail_on_operations"]})

    def checks(self, options: dict[str, Any]) -> None:
        """List the checks, or write all their pages."""
        draw = pages.document if options["format"] == "markdown" else pages.listing
        self.stdout.write(draw(checks.load(apps)), ending="")

    def explain(self, options: dict[str, Any]) -> None:
        """Show one check's page."""
        self.stdout.write(pages.page(checks.load(apps), options["id"]), ending="")

    def _progress(self, verbosity: int) -> audit.Progress:
        return (lambda line: self.stderr.write(line, self.style.NOTICE)) if verbosity > 1 else (lambda _: None)

    def _tell(self, line: str, verbosity: int) -> None:
        if verbosity > 0:
            self.stderr.write(line, lambda text: text)

    def _conclude(self, result: Report, fail_on: dict[Category, str]) -> None:
        """Raise for what must not end with status 0: a crashed check, an empty database, findings as ``--fail-on``
        and ``--fail-on-operations`` say."""
        for database in result.databases:
            for crash in database.crashed:
                raise CommandError(f"{crash.what}: {crash.reason}", returncode=2)
            alias = database.snapshot.alias
            if database.summary.models and not database.summary.tables:
                raise CommandError(
                    f"Database {alias!r} has none of the {database.summary.models} models' tables; "
                    f"run `manage.py migrate --database {alias}` first.",
                    returncode=2,
                )
        found = [finding for database in result.databases for finding in database.findings]
        for category, level in fail_on.items():
            if level == "none":
                continue
            least = Severity(level).rank
            bad = [one for one in found if one.category == category and one.severity.rank >= least]
            if bad:
                kind = "operations findings" if category == "operations" else "findings"
                raise CommandError(f"{len(bad)} {kind} at or above {level}; the worst is {worst(bad)}.", returncode=1)


def _arguments(options: dict[str, Any]) -> Iterator[str]:
    """The options that decide what is audited, as they would be typed again."""
    for name in ("database", "app", "check", "skip"):
        for value in options[name] or ():
            yield from (f"--{name}", value)
    for name in ("all_databases", "exact_counts", "read_data", "no_queries"):
        if options[name]:
            yield f"--{name.replace('_', '-')}"


def _base_options(parser: CommandParser) -> argparse.ArgumentParser:
    """Django's base options once more, as a parent of the actions' parsers: they may stand before or after the action.

    Without defaults, so that an option given before the action is not overwritten by the action's parser.
    """
    base = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for option in parser._actions:
        if option.option_strings and not isinstance(option, argparse._HelpAction | argparse._VersionAction):
            again = base._add_action(_without_default(option))
            again.help = argparse.SUPPRESS
    return base


def _without_default(option: argparse.Action) -> argparse.Action:
    again = copy.copy(option)
    again.default = argparse.SUPPRESS
    return again


def _action(
    actions: argparse._SubParsersAction[CommandParser],
    base: argparse.ArgumentParser,
    name: str,
    help_text: str,
    epilog: str = "",
) -> CommandParser:
    return actions.add_parser(
        name,
        parents=[base],
        help=help_text,
        description=help_text[0].upper() + help_text[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
