"""What the checks of measured queries have in common: which runs they judge, whose they are, where they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbaudit.facts import Location, Owner, QueryRun, Skipped, Snapshot, Statement, Trial
from dbaudit.findings import ChangeQuery, Evidence, Remedy

#: Runs that are named as evidence; of the others the number.
NAMED = 3
#: The way out of a form's select of all rows that there are.
FEWER_CHOICES = (
    "autocomplete_fields or raw_id_fields in the admin; in a form of the project a widget that asks for few rows"
)


def unmeasured(snapshot: Snapshot, check: str) -> Iterator[Skipped]:
    """Why a check of queries judged nothing, where it had nothing to judge."""
    if not snapshot.runs:
        yield Skipped(check, "No query was measured.")


def runs(snapshot: Snapshot) -> Iterator[QueryRun]:
    """The runs that came to their end: the project's own code before pages that the audit asked for itself."""
    order = ("canned", "crawl", "captured", "automatic", "statements")
    return (one for one in sorted(snapshot.runs, key=lambda one: order.index(one.origin)) if one.audited)


def written(run: QueryRun, statement: Statement) -> Location | None:
    """The project's line that asked; where a framework's template did, the place of the run."""
    place = statement.location
    if place is None or (run.origin == "automatic" and place.file.endswith(".html")):
        return run.location
    return place


def owner(run: QueryRun, statement: Statement) -> Owner:
    """Whose code asked: the project's where a line of it was on the stack, otherwise whoever owns the run."""
    return run.owner if run.origin == "automatic" or not statement.stack else "project"


def counted(run: QueryRun) -> tuple[Evidence, ...]:
    """What the server counted of a statement; nothing of a run that was measured."""
    found = run.counted
    if found is None:
        return ()
    source = run.source
    shown = [
        Evidence("share of the time of all statements", round(100 * found.share, 1), "%", source),
        Evidence("rows a call", round(found.rows_per_call, 1), "rows", source),
    ]
    if found.temp_bytes:
        shown.append(Evidence("temporary files", found.temp_bytes, "bytes", source))
    if found.wal_bytes:
        shown.append(Evidence("write-ahead log", found.wal_bytes, "bytes", source))
    if found.route or found.controller:
        shown.append(Evidence("first asked by", found.controller or found.route, source="sqlcommenter"))
    return tuple(shown)


def named(found: Iterable[QueryRun]) -> Evidence:
    """The runs in which something was seen, the first few by their labels."""
    labels = list(dict.fromkeys(one.label for one in found))
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return Evidence("seen in", ", ".join(labels[:NAMED]) + more, source="measured queries")


def remedy(tried: Trial | None, otherwise: str, model: str = "") -> Remedy:
    """The change that was tried and worked, with its figures; where there is none, what to do in words.

    ``model`` is that of the rows which the query gives.
    """
    if tried is None or not tried.worked:
        return Remedy(action=ChangeQuery(before="", after="", model=model), orm=otherwise)
    return Remedy(
        action=ChangeQuery(before=tried.before, after=tried.after, model=model),
        orm=tried.change,
        verification=tried.told(),
    )


def short(sql: str, length: int = 160) -> str:
    """A statement's template on one line of bounded length."""
    return sql if len(sql) <= length else f"{sql[: length - 3]}..."


def fills_a_select(statement: Statement) -> bool:
    """Whether a form asks for the rows that may be chosen."""
    return statement.via.startswith("choices ")
