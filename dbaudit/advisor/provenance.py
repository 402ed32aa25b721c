"""Who asked for a statement, and what that is worth: the one place that decides what may ask for an index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import IntEnum

from dbaudit.facts import QueryRun, Snapshot, Statement


class Provenance(IntEnum):
    """Where a run comes from, the strongest evidence first."""

    SERVER = 0  # the server's statistics, and requests that CaptureMiddleware wrote down
    CANNED = 1  # the project's own word that a query matters
    TEST = 2
    CRAWL = 3
    ADMIN = 4
    INVENTED = 5  # pages of the default manager, walks along relations: nobody sends these


#: How much a millisecond counts by where it was seen.
WEIGHT: Mapping[Provenance, float] = {
    Provenance.SERVER: 1.0,
    Provenance.CANNED: 1.0,
    Provenance.TEST: 0.7,
    Provenance.CRAWL: 0.7,
    Provenance.ADMIN: 0.3,
    Provenance.INVENTED: 0.1,
}


def provenance(run: QueryRun) -> Provenance:
    """Where a run comes from."""
    match run.origin:
        case "statements":
            return Provenance.SERVER
        case "captured":
            return Provenance.SERVER if run.samples_ms else Provenance.TEST  # the time of a test says nothing
        case "canned":
            return Provenance.CANNED
        case "crawl":
            return Provenance.CRAWL
    return Provenance.ADMIN if run.id.startswith("admin:") else Provenance.INVENTED


def asking(runs: Iterable[QueryRun]) -> tuple[QueryRun, ...]:
    """The runs whose statements may ask for an index.

    What the admin's lists of the project's own models send counts only where there is nothing better: nobody may ever
    open the list of exchange rates. What the audit made up asks for nothing; where it is the same as what was asked,
    it changes nothing either.
    """
    audited = [run for run in runs if run.audited]
    better = [run for run in audited if provenance(run) <= Provenance.CRAWL]
    lists = [run for run in audited if provenance(run) is Provenance.ADMIN and run.owner == "project"]
    return tuple(replace(run, statements=_meant(run)) for run in better or lists)


def strongest(snapshot: Snapshot, runs: Iterable[str]) -> Provenance:
    """The best evidence among the runs of these ids."""
    wanted = {*runs}
    return min((provenance(run) for run in snapshot.runs if run.id in wanted), default=Provenance.INVENTED)


def _meant(run: QueryRun) -> tuple[Statement, ...]:
    """The statements without those by which a canned query finds values for the queryset that it returns: they ran
    within its own function, the queryset was evaluated outside of it."""
    here = run.location.file if run.location else ""
    inside = [any(place.file == here for place in one.stack) for one in run.statements]
    found = zip(run.statements, inside, strict=True)
    return tuple(one for one, within in found if run.origin != "canned" or not within or all(inside))
