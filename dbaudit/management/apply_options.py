"""The options of ``manage.py dbaudit apply-indexes``."""

from __future__ import annotations

import argparse
import math
import shlex
from typing import Any, Final

from django.core.management.base import CommandParser
from django.db import DEFAULT_DB_ALIAS

from dbaudit.apply import rendering
from dbaudit.apply.journal import NAME
from dbaudit.apply.steps import Limits
from dbaudit.apply.windows import Window, window
from dbaudit.errors import AuditError

HELP: Final = "plan the recommended indexes, then build them without blocking anyone"
EXAMPLES: Final = """
examples:
  manage.py dbaudit apply-indexes --dry-run                 only the plan
  manage.py dbaudit apply-indexes --dry-run --format sql    the same as a script
  manage.py dbaudit apply-indexes                           the plan, a question, then the work
  manage.py dbaudit apply-indexes --noinput --max-steps 3   without the question, the three best
  manage.py dbaudit apply-indexes --noinput --window 22:00-05:00 --max-load 8    at night, and only while it is quiet
  manage.py dbaudit apply-indexes --pull-request --output pull-request.md    files for a branch, nothing is built
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
    what.add_argument(
        "--max-steps",
        "--max",
        dest="max",
        type=_number,
        metavar="N",
        help="at most so many indexes, the best ones; with --resume so many of those that are left",
    )
    what.add_argument("--drop-redundant", action="store_true", help="also drop what is proved redundant, at the end")
    what.add_argument("--no-queries", action="store_true", help="measure no queries: only what the schema tells")

    how = parser.add_argument_group("how it is applied")
    how.add_argument("--dry-run", action="store_true", help="only print the plan")
    how.add_argument("--format", choices=rendering.FORMATS, default="text", help="of the plan (default: text)")
    how.add_argument("--noinput", "--no-input", action="store_true", help="do not ask")
    how.add_argument(
        "--include-review",
        action="store_true",
        help="also what the report marks for review, unasked (default: each is asked for; --noinput leaves it out)",
    )
    how.add_argument(
        "--window",
        type=_window,
        metavar="HH:MM-HH:MM",
        help="no step begins outside of these hours, by TIME_ZONE of the settings; --resume goes on the next time",
    )
    how.add_argument("--max-wait", type=_seconds, metavar="SECONDS", help="for others, each time (default: 300)")
    how.add_argument("--max-lag", type=_seconds, metavar="SECONDS", help="of the slowest replica (default: 60)")
    how.add_argument(
        "--max-load",
        type=_load,
        metavar="N",
        help="load of the last minute where the server runs on this machine, elsewhere other active sessions",
    )
    how.add_argument("--max-active", type=_number, metavar="N", help="active sessions (default: any number)")
    how.add_argument("--min-free", type=_number, metavar="MB", help="disk space that must stay (default: 512)")

    level = parser.add_argument_group("models and migrations")
    level.add_argument("--migrations", action="store_true", help="then edit the models and write the migrations")
    level.add_argument("--into-app", metavar="LABEL", default="", help="migrations for other packages' models go there")
    level.add_argument(
        "--pull-request",
        action="store_true",
        help="only edit the models, write the migrations and describe them in Markdown; no database is changed",
    )
    level.add_argument("--output", metavar="FILE", help="write that description to FILE (default: standard output)")

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


def refuse(options: dict[str, Any], vendor: str) -> None:
    """Raise `AuditError` for options that say nothing together, or nothing on this vendor."""
    if sum((bool(options["resume"]), options["undo"] is not None, bool(options["report"]))) > 1:
        raise AuditError("--from, --resume and --undo exclude each other.")
    if options["resume"] and options["only"]:
        raise AuditError("--only says nothing beside --resume, which goes on with the steps of the earlier run.")
    if options["undo"] is not None and options["max"] is not None:
        raise AuditError("--max-steps says nothing beside --undo; --only NAME takes one index back.")
    for name in ("max_active", "max_lag", "max_load") if vendor == "sqlite" else ():
        if options[name] is not None:
            raise AuditError(f"--{name.replace('_', '-')} says nothing of SQLite, which has no server.")


def limits(options: dict[str, Any]) -> Limits:
    """What the options say of waiting, lag, load and disk space."""
    given = {
        "max_wait": options["max_wait"],
        "max_lag": options["max_lag"],
        "max_active": options["max_active"],
        "max_load": options["max_load"],
        "window": options["window"],
        "min_free_bytes": options["min_free"] * 1024 * 1024 if options["min_free"] is not None else None,
    }
    return Limits(**{name: value for name, value in given.items() if value is not None})


def schedule(options: dict[str, Any]) -> list[str]:
    """The options that a run at another time needs again."""
    words = ["--noinput"] if options["noinput"] else []
    given = {"--window": options["window"], "--max-load": options["max_load"], "--max-active": options["max_active"]}
    return [*words, *(word for name, value in given.items() if value is not None for word in (name, str(value)))]


def _window(text: str) -> Window:
    try:
        return window(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    """A number from zero on."""
    value = _parsed(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0 on")
    return value


def _load(text: str) -> float:
    """A number above zero."""
    value = _parsed(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def _parsed(text: str) -> float:
    """The number, NaN for what is none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _number(text: str) -> int:
    """A number from 1 on."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
