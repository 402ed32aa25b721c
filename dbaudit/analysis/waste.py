"""What a run asks for nothing: relations and columns that nobody reads, rows to count them, what other rows tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbaudit.facts import Load, QueryRun, Statement

#: Instances below which a relation that nobody reads costs nothing worth telling.
FEW_INSTANCES = 10
#: Bytes below which columns that nobody reads are let be, and the part of all that was loaded that they must be.
FEW_BYTES = 64 * 1024
MOST = 0.5
#: A column is named where it holds this part of what nobody reads, and at most so many are.
HEAVY = 0.1
NAMED = 5
#: What `count()` and `exists()` of a queryset ask.
_QUESTION = re.compile(r'SELECT (?:COUNT\(\*\) AS "?`?__count`?"?|\? AS "?`?a`?"?) FROM ')
_END = re.compile(r" (?:ORDER BY|LIMIT|OFFSET|FETCH FIRST|FOR UPDATE)\b.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadColumns:
    """Columns of one statement, joined ones included, that nobody read.

    ``names`` are the heaviest as lookups (``customer__notes``); ``bytes`` is what all unread ones hold, of ``total``.
    """

    load: Load
    names: tuple[str, ...]
    bytes: int
    total: int


def key(load: Load, what: str = "") -> str:
    """What a trial against a load is kept under: apart from those against the statement itself."""
    return f"{load.fingerprint}:{load.how}:{load.path}:{what}"


def unused(run: QueryRun) -> Iterator[Load]:
    """Relations that came with rows and were not read of any; of several on one path the first."""
    loads = run.loads or ()
    for one in loads:
        if one.how == "rows" or one.read or one.instances < FEW_INSTANCES:
            continue
        above = any(two.how == one.how and not two.read and _leads(two, one) for two in loads)
        if not above and not any(_same(two, one) and two.how == "rows" and not two.read for two in loads):
            yield one


def unread(run: QueryRun) -> Iterator[UnreadColumns]:
    """Statements most of whose bytes became values that nobody read, although something of the rows was read."""
    loads = run.loads or ()
    fetched = {one.fingerprint for one in run.statements if one.asker in ("prefetch", "peers")}
    for rows in loads:
        if rows.how != "rows" or not rows.read or rows.fingerprint in fetched:
            continue
        read = [rows, *(one for one in loads if one.how == "select_related" and one.read and _same(one, rows))]
        left = [(one.bytes, load.path, one.name) for load in read for one in load.columns if not one.read]
        spared = sorted(((size, f"{path}__{name}".removeprefix("__")) for size, path, name in left), reverse=True)
        waste, total = sum(size for size, _ in spared), sum(load.bytes for load in read)
        if waste >= FEW_BYTES and waste >= MOST * total:
            names = tuple(name for size, name in spared[:NAMED] if size >= HEAVY * waste)
            yield UnreadColumns(load=rows, names=names, bytes=waste, total=total)


def untouched(run: QueryRun) -> Iterator[Load]:
    """Rows that became instances of which nothing was read: only their number, or that there are any, was asked."""
    times = Counter(one.fingerprint for one in run.statements)
    fetched = {one.fingerprint for one in run.statements if one.asker in ("prefetch", "peers")}
    for one in run.loads or ():
        # What is asked once a row is n_plus_one's.
        once = one.fingerprint not in fetched and times[one.fingerprint] == 1
        if one.how == "rows" and not one.read and one.instances >= FEW_INSTANCES and once:
            yield one


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A ``count()`` or an ``exists()`` before a statement that fetched all the rows which it was about."""

    question: Statement
    fetch: Statement

    @property
    def key(self) -> str:
        """What a trial against the question is kept under."""
        return f"{self.question.fingerprint}:answered"


def answered(run: QueryRun) -> Iterator[Answered]:
    """Questions that a later statement answers as well, where nothing was written in between; each once."""
    told = set()
    for position, question in enumerate(run.statements):
        if question.fingerprint in told or not _QUESTION.match(question.template):
            continue
        for fetch in run.statements[position + 1 :]:
            if fetch.kind != "select":
                break
            if _answers(fetch, question):
                told.add(question.fingerprint)
                yield Answered(question=question, fetch=fetch)
                break


def _answers(fetch: Statement, question: Statement) -> bool:
    """Whether a statement without a limit fetched the rows of the same table under the same conditions and values."""
    if fetch.alias != question.alias or _QUESTION.match(fetch.template) or " LIMIT " in fetch.template:
        return False
    values, asked = (list(one.parameters.values or ()) if one.parameters else [] for one in (fetch, question))
    same = fetch.tables[:1] == question.tables[:1] and _where(fetch) == _where(question)
    return same and asked[len(asked) - len(values) :] == values


def _where(one: Statement) -> str:
    return _END.sub("", one.template.partition(" WHERE ")[2])


def read_elsewhere(load: Load, runs: Iterable[QueryRun]) -> bool:
    """Whether another run reads what this one leaves: the code that asks may be the same."""
    return any(
        one.read and (one.model, one.how, one.path) == (load.model, load.how, load.path)
        for run in runs
        for one in run.loads or ()
    )


def _same(one: Load, other: Load) -> bool:
    return (one.fingerprint, one.location) == (other.fingerprint, other.location)


def _leads(one: Load, other: Load) -> bool:
    return _same(one, other) and other.path.startswith(f"{one.path}__")
