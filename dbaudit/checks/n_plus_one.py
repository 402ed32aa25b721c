from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.repetition import FEW, Repetition, repetitions
from dbaudit.facts import Location, QueryRun, Skipped, Snapshot
from dbaudit.findings import ChangeQuery, Confidence, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check

JOINED = ("forward", "reverse one to one")
#: What FETCH_PEERS of Django 6.1 fetches for all rows at once, also where the relation is not known beforehand.
FETCHED_WITH_PEERS = (*JOINED, "deferred")
PEERS = " fetch_mode(FETCH_PEERS) on the query of the rows does so for whatever is asked of them."


@check(severity="warning", needs=["queries"])
def n_plus_one(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A query is asked again for each row of another.

    Why: A page of a hundred rows then sends a hundred and one statements, each with its way to the server and back.
    It is fast with the ten rows of a developer's database and grows with the data.

    Fix: Fetch what the rows refer to with them: ``select_related()`` for foreign keys and one-to-one relations,
    ``prefetch_related()`` for the others, ``annotate()`` for counts and sums, ``list_select_related`` in the admin.

    Silent when: Running the same code with n and with 2n rows of the other query does not add at least one execution
    a row (half of one for an attribute that some rows leave empty): chunks of ``iterator()``, ``in_bulk()`` and
    prefetches, which add one a chunk; pages by key; several gets on several lines; relations that are cached. Where
    code is recorded and cannot be run again: fewer than three executions, the same values each time, or no rows
    before it that it can have looped over. Fewer than three executions, and code of others, are a remark.
    """
    yield from measured.unmeasured(snapshot, "n_plus_one")
    causes: dict[tuple[str, Location | None], list[tuple[QueryRun, Repetition]]] = {}
    for run in measured.runs(snapshot):
        for one in repetitions(run):
            if one.prefetched:
                continue  # defeated_prefetch tells that
            what = one.statement.asked or one.statement.fingerprint
            causes.setdefault((what, measured.written(run, one.statement)), []).append((run, one))
    places = Counter(what for what, _ in causes)
    for (what, _), seen in causes.items():
        yield _finding(seen, several=places[what] > 1, peers=_has_peers(snapshot))


def _has_peers(snapshot: Snapshot) -> bool:
    """Whether this Django can fetch what one row refers to for all rows that came with it."""
    return snapshot.posture is not None and snapshot.posture.django_version >= (6, 1)


def _finding(seen: list[tuple[QueryRun, Repetition]], *, several: bool, peers: bool) -> Finding:
    run, worst = max(seen, key=lambda one: one[1].times)
    statement, parent = worst.statement, worst.parent
    who = measured.owner(run, statement)
    what = statement.asked or f"A query of {', '.join(statement.tables[:2]) or 'no table'}"
    proof = (
        Evidence(
            "executions that one more row adds", round(worst.slope, 2), "queries per row", "run with n and 2n rows"
        )
        if worst.slope is not None
        else Evidence("executions", worst.times, "queries", "recorded")
    )
    evidence = [
        Evidence("executions", worst.times, "queries", run.label),
        proof,
        Evidence("rows of the other query", parent.rows or 0, "rows", run.label),
        Evidence("repeated statement", measured.short(statement.template), source="recorded"),
        measured.named(run for run, _ in seen),
    ]
    if statement.via:
        evidence.append(Evidence("asked by", statement.via, source="call stack"))
    if len(statement.stack) > 1 and statement.stack[1] != statement.stack[0] and run.origin != "automatic":
        caller = statement.stack[1]
        evidence.append(Evidence("called from", f"{caller.file}:{caller.line}", source="call stack"))
    return Finding(
        subject=f"{what} is asked once for each row",
        detail=f"{worst.times} executions in {run.label!r}, where the rows could have been fetched at once."
        + (PEERS if peers and statement.asker in FETCHED_WITH_PEERS else ""),
        identity=(run.id, statement.asked or statement.fingerprint),
        severity=Severity.DEFAULT if who == "project" and worst.times >= FEW else Severity.INFO,
        confidence=Confidence.HIGH if worst.slope is not None else Confidence.MEDIUM,
        owner=who,
        app=run.app,
        model=run.model,
        location=measured.written(run, statement),
        group=_group(run, worst, several=several),
        evidence=tuple(evidence),
        remedy=_remedy(run, worst),
    )


def _group(run: QueryRun, worst: Repetition, *, several: bool) -> str:
    if run.origin == "automatic" and worst.statement.via.startswith("list_display") and worst.statement.asker in JOINED:
        return "Admin lists ask for what a foreign key refers to once for each row; list_select_related joins it."
    return f"{worst.statement.asked} is asked once for each row in several places." if several else ""


def _remedy(run: QueryRun, worst: Repetition) -> Remedy:
    tried = run.trial(worst.statement.fingerprint)
    if tried is not None and tried.worked:
        return Remedy(
            action=ChangeQuery(before=tried.before, after=tried.after), orm=tried.change, verification=tried.told()
        )
    if tried is not None:
        text = "Fetch what the loop needs before it; the usual change did not work here."
        return Remedy(action=ChangeQuery(before="", after=""), orm=text)
    return Remedy(action=ChangeQuery(before="", after=""), orm=_advice(run, worst))


def _advice(run: QueryRun, worst: Repetition) -> str:
    """The usual change, not tried."""
    statement = worst.statement
    name = statement.asked.rpartition(".")[2]
    if not name:
        return "Fetch the rows of the loop in one query, with an __in lookup or in_bulk(), before it."
    if statement.asker == "deferred":
        return f"Load {name} with the rows: take it out of defer(), or name it in only()."
    if "COUNT(" in statement.template.upper().partition(" FROM ")[0]:
        counted = name.removesuffix("_set")
        return f'annotate(count=Count("{counted}")) on the query of the rows, and read it instead of counting again.'
    if statement.asker in JOINED:
        listed = run.id.startswith("admin:") or statement.via.startswith("list_display")
        return _listed(run, statement.asked) if listed else f'select_related("{name}")'
    return f'prefetch_related("{name}")'


def _listed(run: QueryRun, asked: str) -> str:
    """What joins all that the list asks for of this model: the attribute is set once."""
    model, _, name = asked.rpartition(".")
    others = [one.statement.asked.rpartition(".") for one in repetitions(run) if one.statement.asker in JOINED]
    names = dict.fromkeys((*(other for owner, _, other in others if owner == model), name))
    return "list_select_related = ({})".format(", ".join(f'"{one}"' for one in names) + "," * (len(names) == 1))
