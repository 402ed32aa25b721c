"""Changes put together until one more row adds nothing: a change that only saves some statements is half of a fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from dbaudit.analysis.repetition import Repetition, repetitions
from dbaudit.facts import QueryRun, Trial
from dbaudit.workload.execution import OutOfTimeError
from dbaudit.workload.fixes import trying
from dbaudit.workload.sampling import Bench

#: Changes that are put together, at most, and those that are tried in all.
STEPS, TRIES = 5, 24

#: The usual changes against a repetition beside others, in a text: as (what is changed, the whole text).
Changes = Callable[[Repetition, list[Repetition], str], Iterator[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class _State:
    """A text, what was changed in it, how many statements it takes, and what it still asks once a row."""

    source: str
    changes: tuple[str, ...]
    queries: int
    left: tuple[Repetition, ...]


def trials(
    run: QueryRun, found: list[Repetition], source: str, function: Any, changes: Changes, bench: Bench
) -> Iterator[Trial]:
    """What came of the changes for each repetition: the same result, with nothing left that grows with the rows.

    Where something is left, the trial has not worked and says what remains.
    """
    before = trying.same_each_time(function, bench)
    search = _Search(run, function, before, changes, bench)
    best = search.best(_State(source, (), run.queries or len(run.statements), tuple(repetitions(run))))
    gone = {_key(one) for one in found} - {_key(one) for one in best.left}
    tried = trying.proposed("", " and ".join(best.changes), source, best.source)
    timed = trying.fewer_statements(tried, best.source, function, before, bench) if best.changes else tried
    for one in found:
        fingerprint = one.statement.fingerprint
        if _key(one) in gone:
            left = tuple(dict.fromkeys(_named(other) for other in best.left))
            yield replace(timed, fingerprint=fingerprint, worked=timed.worked and not left, left=left)
        else:
            change = search.refused.get(_key(one), "")
            if change:
                yield trying.proposed(fingerprint, change, source, source)


class _Search:
    """From one text to the next that takes fewer statements and gives the same."""

    def __init__(self, run: QueryRun, function: Any, before: Any, changes: Changes, bench: Bench) -> None:
        self._run = run
        self._function = function
        self._before = before
        self._changes = changes
        self._bench = bench
        self._tries = 0
        self.refused: dict[object, str] = {}

    def best(self, state: _State) -> _State:
        """The last state that a change leads to; what is reached by the longest way is tried first, as its fix may be
        that of the others."""
        for _ in range(STEPS):
            following = self._next(state)
            if following is None:
                break
            state = following
        return state

    def _next(self, state: _State) -> _State | None:
        for target in reversed(state.left):
            for change, changed in self._changes(target, list(state.left), state.source):
                if self._tries == TRIES:
                    return None
                self._tries += 1
                found = self._tried(state, change, changed)
                if found is not None and _key(target) not in {_key(one) for one in found.left}:
                    return found
                self.refused.setdefault(_key(target), change)
        return None

    def _tried(self, state: _State, change: str, changed: str) -> _State | None:
        """The state after a change, None where it fails, gives something else, or spares nothing."""
        try:
            task = trying.compiled(changed, self._function)
            if trying.given(task, self._bench) != self._before:
                return None
            run = self._bench.again(self._run, task)
        except (Exception, OutOfTimeError):  # noqa: BLE001 - whatever the changed code raises, it did not work
            return None
        queries = run.queries or 0
        if queries >= state.queries:
            return None
        return _State(changed, (*state.changes, change), queries, tuple(repetitions(run)))


def _key(one: Repetition) -> object:
    return one.statement.asked or one.statement.fingerprint


def _named(one: Repetition) -> str:
    return one.statement.asked or f"a query of {', '.join(one.statement.tables[:2])}"
