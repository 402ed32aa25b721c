from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import QueryRun, Skipped, Snapshot, WrongName
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check

#: Valid names that are listed.
LISTED = 12


@check(severity="error", needs=["queries"])
def invalid_lookup_name(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A query names a field or relation that the model does not have.

    Why: ``select_related()``, ``filter()``, ``order_by()`` and their kind raise on every call. ``prefetch_related()``
    raises only once there are rows: with an empty table the mistake stays hidden.

    Fix: Use the name that the model gives the relation: its ``related_name``, or the lower-case name of the model
    (with ``_set`` in ``prefetch_related()``).

    Silent when: The query resolves, or fails for another reason (see query_failed). What stands behind a generic
    relation is not judged: its model is known only with its rows; nor is what a ``to_attr`` or Python makes.
    """
    yield from measured.unmeasured(snapshot, "invalid_lookup_name")
    for run in snapshot.runs:
        if run.wrong_name is not None:
            yield _finding(run, run.wrong_name)


def _finding(run: QueryRun, wrong: WrongName) -> Finding:
    tried = run.trial(wrong.name)
    evidence = [Evidence("given name", wrong.name, source=run.label)]
    if wrong.valid:
        more = f" and {len(wrong.valid) - LISTED} more" if len(wrong.valid) > LISTED else ""
        evidence.append(Evidence("valid names", ", ".join(wrong.valid[:LISTED]) + more, source="models"))
    # That it runs proves a name only where no other can be meant: a guess runs as well.
    verified = tried is not None and tried.worked and wrong.sure
    change = f"The nearest valid name is {wrong.nearest!r}." if wrong.nearest else "Use a name that the model has."
    return Finding(
        subject=f"{wrong.model or 'The model'} has no {wrong.name!r} to ask for",
        detail=f"{run.label!r} asks for it, and fails at the latest when there are rows.",
        identity=(run.id, wrong.name),
        owner=run.owner,
        app=run.app,
        model=run.model,
        location=wrong.location or run.location,
        evidence=tuple(evidence),
        remedy=Remedy(
            action=ChangeQuery(before=tried.before, after=tried.after)
            if tried is not None and verified
            else ChangeQuery(before=wrong.name, after=""),
            orm=tried.change if tried is not None and verified else change,
            verification=tried.told() if tried is not None and verified else "",
        ),
    )
