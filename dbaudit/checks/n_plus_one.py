from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.advice import fetching
from dbaudit.analysis.blocks import asked_by_test
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
    code is recorded and cannot be run again: the rows that asked were not loaded together by one query, as rows of
    several ``get()``, rows of several requests, and rows that the code created; where it cannot be known what loaded
    them, fewer than three rows asked, or each asked for the same. What factories, fixtures and migrations ask is
    theirs. What a test asks in its own lines, and code of others, are a remark.
    """
    yield from measured.unmeasured(snapshot, "n_plus_one")
    causes: dict[tuple[str, Location | None], list[tuple[QueryRun, Repetition]]] = {}
    for run in measured.runs(snapshot):
        for repetition in repetitions(run):
            if repetition.prefetched:
                continue  # defeated_prefetch tells that
            what = repetition.statement.asked or repetition.statement.identity
            causes.setdefault((what, measured.written(run, repetition.statement)), []).append((run, repetition))
    places = Counter(what for what, _ in causes)
    for (what, _), seen in causes.items():
        yield _finding(snapshot, seen, several=places[what] > 1, peers=_has_peers(snapshot))


def _has_peers(snapshot: Snapshot) -> bool:
    """Whether this Django can fetch what one row refers to for all rows that came with it."""
    return snapshot.posture is not None and snapshot.posture.django_version >= (6, 1)


def _finding(snapshot: Snapshot, seen: list[tuple[QueryRun, Repetition]], *, several: bool, peers: bool) -> Finding:
    run, worst = max(seen, key=lambda found: found[1].times)
    statement = worst.statement
    who = measured.owner(run, statement)
    what = statement.asked or f"A query of {', '.join(statement.tables[:2]) or 'no table'}"
    own = who == "project" and not asked_by_test(run, statement)
    return Finding(
        subject=f"{what} is asked once for each row",
        detail=f"{worst.times} executions in {run.label!r}, where the rows could have been fetched at once."
        + (PEERS if peers and statement.asker in FETCHED_WITH_PEERS else ""),
        identity=(run.id, statement.asked or statement.fingerprint),
        severity=Severity.DEFAULT if own and (worst.certain or worst.times >= FEW) else Severity.INFO,
        confidence=Confidence.HIGH if worst.certain or worst.slope is not None else Confidence.MEDIUM,
        owner=who,
        app=run.app,
        model=run.model,
        location=measured.written(run, statement),
        group=_group(run, worst, several=several),
        evidence=tuple(_evidence(seen, run, worst)),
        remedy=_remedy(snapshot, run, worst),
    )


def _evidence(seen: list[tuple[QueryRun, Repetition]], run: QueryRun, worst: Repetition) -> Iterator[Evidence]:
    statement = worst.statement
    yield Evidence("executions", worst.times, "queries", run.label)
    if worst.slope is not None:
        added = round(worst.slope, 2)
        yield Evidence("executions that one more row adds", added, "queries per row", "run with n and 2n rows")
    known = "the rows tell which query loaded them" if worst.certain else "not known which query loaded them"
    yield Evidence("different rows that asked", worst.rows, "rows", known if worst.slope is None else "recorded")
    if worst.parent is not None:
        yield Evidence("rows of the other query", worst.parent.rows or 0, "rows", run.label)
    elif worst.certain:
        yield Evidence("the other query", "ran before the recording", source="the rows themselves")
    yield Evidence("repeated statement", measured.short(statement.template), source="recorded")
    yield measured.named(found for found, _ in seen)
    if statement.via:
        yield Evidence("asked by", statement.via, source="call stack")
    if len(statement.stack) > 1 and statement.stack[1] != statement.stack[0] and run.origin != "automatic":
        caller = statement.stack[1]
        yield Evidence("called from", f"{caller.file}:{caller.line}", source="call stack")


def _group(run: QueryRun, worst: Repetition, *, several: bool) -> str:
    if run.origin == "automatic" and worst.statement.via.startswith("list_display") and worst.statement.asker in JOINED:
        return "Admin lists ask for what a foreign key refers to once for each row; list_select_related joins it."
    return f"{worst.statement.asked} is asked once for each row in several places." if several else ""


def _remedy(snapshot: Snapshot, run: QueryRun, worst: Repetition) -> Remedy:
    tried = run.trial(worst.statement.fingerprint)
    model = (worst.root.model if worst.root is not None else "") or run.model
    if tried is not None and tried.worked:
        return Remedy(
            action=ChangeQuery(before=tried.before, after=tried.after, model=model),
            orm=tried.change,
            verification=tried.told(),
        )
    if tried is not None and tried.left:
        text = f"{tried.change} leaves, once for each row: {', '.join(tried.left)}."
        return Remedy(action=ChangeQuery(before=tried.before, after=tried.after, model=model), orm=text)
    if tried is not None:
        text = "Fetch what the loop needs before it; the usual change did not work here."
        return Remedy(action=ChangeQuery(before="", after="", model=model), orm=text)
    listed = run.id.startswith("admin:") or worst.statement.via.startswith("list_display")
    owner = worst.statement.asked.rpartition(".")[0]
    rows = run.model if run.id.startswith("admin:") else worst.root.model if worst.root else ""
    action = ChangeQuery(before="", after="", model=rows or ("" if worst.path else owner))
    if listed and owner and not worst.path and rows and owner != rows:
        # The list is of another model, and the way from there is not known: no name would be right.
        text = f"In get_queryset() of the list, prefetch_related() what leads from {rows} to {worst.statement.asked}."
        return Remedy(action=action, orm=text)
    if listed and worst.statement.asker in JOINED and not worst.path:
        return Remedy(action=action, orm=_listed(snapshot, run, worst.statement.asked))
    return Remedy(action=action, orm=fetching(worst))


def _listed(snapshot: Snapshot, run: QueryRun, asked: str) -> str:
    """What joins all that the list asks for of this model: the attribute is set once, and ends what Django joins by
    itself."""
    model, _, name = asked.rpartition(".")
    page = next((one.admin for one in snapshot.models if one.label == model and one.admin), None)
    found = [one.statement.asked.rpartition(".") for one in repetitions(run) if one.statement.asker in JOINED]
    asking = (other for owner, _, other in found if owner == model)
    names = dict.fromkeys((*(page.joins if page else ()), *asking, name))
    return "list_select_related = ({})".format(", ".join(f'"{one}"' for one in names) + "," * (len(names) == 1))
