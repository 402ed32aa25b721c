"""The command line of ``manage.py dbaudit``: its actions and their options."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from dbaudit import conf
from dbaudit.advisor.trials import live
from dbaudit.management import apply_options
from dbaudit.report import write

LEVELS = ("none", "info", "warning", "error")
EXAMPLES = """
examples:
  manage.py dbaudit report                                  the audit of "default", on the terminal
  manage.py dbaudit report --output report.md               the same in a file; the suffix picks the format
  manage.py dbaudit report --no-queries --all-databases     only the schemas, of every database
  manage.py dbaudit report --database replica --format json | jq .databases[0].summary
  manage.py dbaudit report --app erp --check unindexed_foreign_key --fail-on warning
  manage.py dbaudit report --write-baseline known.txt       accept what there is today
  manage.py dbaudit report --baseline known.txt --fail-on warning      fail for what is new since then
"""

DIFF_EXAMPLES = """
examples:
  manage.py dbaudit diff before.json after.json
  manage.py dbaudit diff before.json after.json --output comment.md && gh pr comment --body-file comment.md
"""

CHECKS_EXAMPLES = """
examples:
  manage.py dbaudit checks                                  all of them, a line each
  manage.py dbaudit checks --format markdown > checks.md    their pages
"""

EXPLAIN_EXAMPLES = """
examples:
  manage.py dbaudit explain redundant_index
"""

FIRST_EXAMPLES = """
examples:
  manage.py dbaudit report                          what is wrong, where, and what to change
  manage.py dbaudit report --output report.html     the same as a page to look at
  manage.py dbaudit explain redundant_index         what a check means
  manage.py dbaudit apply-indexes --dry-run         how the recommended indexes would be built
  manage.py dbaudit diff before.json after.json     what changed between two reports
manage.py dbaudit ACTION --help tells the options of each.
"""

# The options that decide what is audited, by the kind of value that they take.
REPEATABLE = ("database", "app", "check", "skip", "crawl_exclude", "workload")
VALUES = ("baseline", "budgets", "index_budget", "advise_for", "what_if")
SWITCHES = ("all_databases", "exact_counts", "read_data", "no_queries", "crawl", "quick", "explain_rejected")


def add_actions(parser: CommandParser) -> None:
    """Give each action a parser of its own that also takes Django's base options."""
    parser.epilog = FIRST_EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    base = _base_options(parser)
    _report(_action(actions, base, "report", "audit one or more databases, read-only", EXAMPLES))
    apply_options.add_arguments(_action(actions, base, "apply-indexes", apply_options.HELP, apply_options.EXAMPLES))
    _diff(
        _action(actions, base, "diff", "tell what is new, fixed, worse and better between two reports", DIFF_EXAMPLES)
    )
    known = _action(
        actions, base, "checks", "list every check with what it needs and its default severity", CHECKS_EXAMPLES
    )
    known.add_argument(
        "--format", choices=["text", "markdown"], default="text", help="a list, or every check's page (default: text)"
    )
    page = _action(actions, base, "explain", "show the page of one check", EXPLAIN_EXAMPLES)
    page.add_argument("id", metavar="ID", help="the check's id, as `dbaudit checks` lists it")


def _diff(diff: CommandParser) -> None:
    diff.add_argument("old", metavar="OLD.json", help="the earlier report, written with report --output OLD.json")
    diff.add_argument("new", metavar="NEW.json", help="the later one")
    diff.add_argument(
        "--format", choices=["text", "markdown"], help="default: as the --output's suffix says, otherwise text"
    )
    diff.add_argument("--output", metavar="FILE", help="write to FILE; .md is Markdown for a pull request's comment")


def typed_again(options: dict[str, Any]) -> Iterator[str]:
    """The options that decide what is audited, as they would be typed again."""
    for name in REPEATABLE:
        for value in options[name] or ():
            yield from (f"--{name.replace('_', '-')}", str(value))
    for name in VALUES:
        if options[name]:
            yield from (f"--{name.replace('_', '-')}", options[name])
    for name in SWITCHES:
        if options[name]:
            yield f"--{name.replace('_', '-')}"


def _report(report: CommandParser) -> None:
    what = report.add_argument_group("what is audited")
    what.add_argument("--database", action="append", metavar="ALIAS", help="this database; repeatable")
    what.add_argument("--all-databases", action="store_true", help="every database of the settings")
    what.add_argument("--app", action="append", metavar="LABEL", help="only this application; repeatable")
    what.add_argument("--check", action="append", metavar="ID", help="run only this check; repeatable")
    what.add_argument("--skip", action="append", metavar="ID", help="leave this check out; repeatable")
    what.add_argument("--exact-counts", action="store_true", help="count every table, also big ones")
    what.add_argument("--read-data", action="store_true", help="look for orphan rows in big tables, too")

    queries = report.add_argument_group("which queries are measured")
    queries.add_argument("--no-queries", action="store_true", help="none, only look at the schema")
    queries.add_argument("--crawl", action="store_true", help="also ask for the project's GET routes")
    queries.add_argument("--crawl-exclude", action="append", metavar="PATTERN", help="not these routes; repeatable")
    queries.add_argument(
        "--workload", action="append", metavar="FILE", help="also what CaptureMiddleware or pytest wrote; repeatable"
    )

    advice = report.add_argument_group("which indexes are proposed")
    advice.add_argument(
        "--index-budget",
        metavar="SIZE",
        help="the most that new indexes may take: 64MB, or 25%% of what the rows take (default: 50%%)",
    )
    advice.add_argument("--advise-for", metavar="TIME", help="look for them so long: 60s, 2m (default: 60s)")
    advice.add_argument("--quick", action="store_true", help="look for them in one pass")
    advice.add_argument(
        "--what-if",
        choices=conf.WORDS["what_if"],
        help=f"build: also build the chosen ones on live PostgreSQL tables of up to {live.MOST_BYTES // live.MIB} MiB, "
        "in a transaction that is rolled back; writers of these tables wait meanwhile (default: sample, nobody waits)",
    )
    advice.add_argument(
        "--explain-rejected", action="store_true", help="also list the indexes that were refused, and why"
    )

    result = report.add_argument_group("what comes of it")
    result.add_argument("--format", choices=sorted(write.FORMATS), help="on standard output (default: text)")
    result.add_argument("--output", action="append", metavar="FILE", help="write to FILE, format by suffix; repeatable")
    result.add_argument(
        "--previous", action="append", metavar="FILE", help="an earlier JSON report, to show the course; repeatable"
    )
    result.add_argument(
        "--fail-on",
        choices=LEVELS,
        default="none",
        help="exit with 1 when a finding is at least this severe (default: none)",
    )
    result.add_argument(
        "--fail-on-operations",
        choices=LEVELS,
        default="none",
        help="the same for findings about how the database is run and connected to (default: none)",
    )
    _gate(report)


def _gate(report: CommandParser) -> None:
    known = report.add_argument_group("what fails a build")
    known.add_argument("--baseline", metavar="FILE", help="findings in FILE are known: --fail-on counts the others")
    known.add_argument("--write-baseline", metavar="FILE", help="write what is found to FILE; from then on it is known")
    known.add_argument("--prune-baseline", action="store_true", help="take fixed findings out of the --baseline")
    known.add_argument("--budgets", metavar="FILE", help="fail when a query asks or returns more than FILE allows")
    known.add_argument("--write-budgets", metavar="FILE", help="write to FILE what each query asks and returns now")


def _base_options(parser: CommandParser) -> CommandParser:
    """Django's base options once more, as a parent of the actions' parsers: they may stand before or after the action.

    Without defaults, so that an option given before the action is not overwritten by the action's parser.
    """
    base = CommandParser(add_help=False, argument_default=argparse.SUPPRESS)
    for option in parser._actions:
        if option.option_strings and not isinstance(option, argparse._HelpAction | argparse._VersionAction):
            again = copy.copy(option)
            again.default = again.help = argparse.SUPPRESS
            base._add_action(again)
    return base


def _action(
    actions: argparse._SubParsersAction[CommandParser],
    base: CommandParser,
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
