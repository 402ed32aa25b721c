"""The options of ``manage.py dbaudit apply-indexes``."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, Final

from django.core.management.base import CommandParser
from django.db import DEFAULT_DB_ALIAS

from dbaudit.apply import rendering
from dbaudit.apply.journal import NAME
from dbaudit.apply.steps import Limits

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
    past.add_argument(
        "--resume",
        action="store_true",
        help="go on with the last run that did not come to its end; with --migrations, write what one left out",
    )
    past.add_argument("--undo", nargs="?", const="", metavar="RUN", help="take back this run (default: the last one)")


def again(options: dict[str, Any], *more: str) -> str:
    """The command for the same database and journal, as it would be typed."""
    words = ["manage.py", "dbaudit", "apply-indexes", *more]
    if options["database"] != DEFAULT_DB_ALIAS:
        words += ["--database", options["database"]]
    if options["journal"]:
        words += ["--journal", options["journal"]]
    return shlex.join(words)


def limits(options: dict[str, Any]) -> Limits:
    """What the options say of waiting, lag, load and disk space."""
    given = {
        "max_wait": options["max_wait"],
        "max_lag": options["max_lag"],
        "max_active": options["max_active"],
        "min_free_bytes": options["min_free"] * 1024 * 1024 if options["min_free"] is not None else None,
    }
    return Limits(**{name: value for name, value in given.items() if value is not None})


def _number(text: str) -> int:
    """A number from 1 on."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
