"""Query runs in, the statements that an index could help out: each template once, with how often and how long."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dbaudit.advisor.candidate import Asked
from dbaudit.advisor.provenance import provenance
from dbaudit.analysis.repetition import repetitions
from dbaudit.facts import Parameters, QueryRun, Statement, Table

#: So many different values of a statement are planned, the most frequent ones.
SAMPLES = 4
#: Runs whose times came with the data; those of the others were taken by this audit's clock.
OBSERVED = ("statements", "captured")

_TOKEN = re.compile(
    r"""
    (?P<skipped>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<value>%s)
    | (?P<bracket>[()])
    | (?P<word>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)
_LOCKING = re.compile(
    r"\s+FOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|(?:KEY\s+)?SHARE)(?:\s+OF\s+[^()]+?)?(?:\s+NOWAIT|\s+SKIP\s+LOCKED)?\s*;?\s*$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\$(\d+)")
#: Texts and numbers that stand in the SQL itself, whatever number of placeholders it has.
_LITERAL = re.compile(r"""'(?:[^']|'')*'|(?<![\w$"])\d+(?:\.\d+)?(?![\w"])""")


def asked(runs: Iterable[QueryRun]) -> tuple[Asked, ...]:
    """The SELECTs of the runs, and what finds the rows of their UPDATEs and DELETEs, merged by fingerprint.

    What the server itself counted (``pg_stat_statements``) tells how often and how long; otherwise the runs do. The
    times of this audit's own runs are only told: a busy machine must not get other advice than an idle one. What a run
    asks once for each row of another counts as asked once: the report tells to fetch it at once.
    Sorted by fingerprint. Of a statement whose SQL differs (lists of several lengths) the most frequent one counts.
    """
    found: dict[str, _Collected] = {}
    for run in runs:
        repeated = {statement.fingerprint for one in repetitions(run) for statement in one.statements}
        for statement in run.statements:
            if not statement.error and statement.kind in ("select", "update", "delete"):
                again = statement.fingerprint in repeated
                found.setdefault(statement.fingerprint, _Collected()).add(run, statement, again=again)
    merged = (one.asked(fingerprint) for fingerprint, one in sorted(found.items()))
    return tuple(one for one in merged if one is not None)


@dataclass
class _Collected:
    """Executions of one template, while they are being collected."""

    seen: list[tuple[QueryRun, Statement]] = field(default_factory=list)
    again: set[str] = field(default_factory=set)

    def add(self, run: QueryRun, statement: Statement, *, again: bool) -> None:
        self.seen.append((run, statement))
        if again:
            self.again.add(run.id)

    def asked(self, fingerprint: str) -> Asked | None:
        counted = [(run, one) for run, one in self.seen if run.origin == "statements"]
        ran = [(run, one) for run, one in self.seen if run.origin != "statements"]
        texts = Counter(one.sql for _, one in ran or counted)
        sql = texts.most_common(1)[0][0]
        samples = [one.parameters for _, one in ran if one.sql == sql and one.parameters and not one.many]
        reads = rows_of(sql, samples)
        if reads is None:
            return None
        text, values = reads
        seen = counted or [(run, one) for run, one in ran if run.origin in OBSERVED]
        observed = [one.duration_ms for _, one in seen]
        return Asked(
            fingerprint=fingerprint,
            sql=text,
            samples=_distinct(values),
            calls=float(sum(run.calls or 1 for run, _ in counted) or self._times(ran)),
            mean_ms=statistics.fmean(one.duration_ms for _, one in counted or ran),
            observed_ms=statistics.fmean(observed) if observed else None,
            runs=tuple(dict.fromkeys(run.id for run, _ in self.seen)),
            sources=tuple(dict.fromkeys(run.source for run, _ in ran if run.source)),
            repeated=self.again == {run.id for run, _ in self.seen},
            reworded=len({tuple(_LITERAL.findall(text)) for text in texts}) > 1,
            provenance=min(provenance(run) for run, _ in self.seen),
        )

    def _times(self, ran: list[tuple[QueryRun, Statement]]) -> int:
        once = {run.id for run, _ in ran} & self.again
        return len(once) + sum(run.id not in once for run, _ in ran)


def _distinct(samples: Iterable[Parameters]) -> tuple[Parameters, ...]:
    """The most frequent of them, each once; among equally frequent ones the earlier first."""
    counts = Counter(repr(one.values) for one in samples)
    by_text = {repr(one.values): one for one in samples}
    return tuple(by_text[text] for text, _ in counts.most_common(SAMPLES))


def rows_of(sql: str, samples: Iterable[Parameters]) -> tuple[str, tuple[Parameters, ...]] | None:
    """The statement as a plain read: a SELECT without its row locks, an UPDATE or DELETE as the SELECT of its rows.

    Planning a read needs no right to write and takes no lock but the weakest. None for what is none of the three.
    """
    verb = next(_words(sql), None)
    if verb is None:
        return None
    if verb.text in ("SELECT", "VALUES", "TABLE", "WITH"):
        return _LOCKING.sub("", sql), tuple(samples)
    if verb.text not in ("UPDATE", "DELETE"):
        return None
    return _read(sql, [one for one in _words(sql) if one.depth == 0], tuple(samples))


def is_named(sql: str, table: Table) -> bool:
    """Whether a statement names the table."""
    return table.name in sql and re.search(rf"(?<!\w){re.escape(table.name)}(?!\w)", sql) is not None


def changed_columns(sql: str) -> frozenset[str]:
    """The columns that an UPDATE sets, in lower case; empty for anything else."""
    words = [one for one in _words(sql) if one.depth == 0]
    if not words or words[0].text != "UPDATE":
        return frozenset()
    start = next((one.end for one in words if one.text == "SET"), None)
    if start is None:
        return frozenset()
    end = next((one.start for one in words if one.start > start and one.text in ("FROM", "WHERE", "RETURNING")), None)
    names = re.findall(r'(?:^|,)\s*(?:"((?:[^"]|"")+)"|`([^`]+)`|(\w+))\s*=(?!=)', sql[start:end])
    return frozenset("".join(parts).replace('""', '"').lower() for parts in names)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    depth: int


def _words(sql: str) -> Iterator[_Word]:
    """The bare words with how deep in brackets they stand."""
    depth = 0
    for match in _TOKEN.finditer(sql):
        if match["bracket"]:
            depth += 1 if match["bracket"] == "(" else -1
        elif match["word"]:
            yield _Word(match["word"].upper(), match.start(), match.end(), depth)


def _read(sql: str, words: list[_Word], samples: tuple[Parameters, ...]) -> tuple[str, tuple[Parameters, ...]] | None:
    places: dict[str, _Word] = {}
    for word in words:
        places.setdefault(word.text, word)
    where = places.get("WHERE")
    if where is None:
        return None  # every row is written: no index finds them
    end = places["RETURNING"].start if "RETURNING" in places else len(sql)
    if words[0].text == "UPDATE":
        if "SET" not in places:
            return None
        parts = [(words[0].end, places["SET"].start)]
        if "FROM" in places:
            parts.append((places["FROM"].end, where.start))
    else:
        if "FROM" not in places:
            return None
        stop = places.get("USING", where).start
        parts = [(places["FROM"].end, stop)]
        if "USING" in places:
            parts.append((places["USING"].end, where.start))
    kept = [*parts, (where.end, end)]
    tables = ", ".join(sql[start:stop].strip() for start, stop in parts)
    text = f"SELECT 1 FROM {tables} WHERE {sql[where.end : end].strip().rstrip(';')}"
    return _renumbered(text), tuple(_only(sql, kept, one) for one in samples)


def _only(sql: str, kept: list[tuple[int, int]], sample: Parameters) -> Parameters:
    """The values whose placeholders stand in the parts that are kept."""
    if sample.values is None or hasattr(sample.values, "keys"):
        return sample
    places = [match.start() for match in re.finditer(r"%[s%]", sql) if match[0] == "%s"]
    inside = (any(start <= place < end for start, end in kept) for place in places)
    return Parameters(tuple(value for value, keep in zip(sample.values, inside, strict=False) if keep))


def _renumbered(sql: str) -> str:
    """Numbered placeholders from 1 on without gaps: the type of one that is nowhere used is unknown."""
    numbers = {number: str(place) for place, number in enumerate(dict.fromkeys(_NUMBERED.findall(sql)), start=1)}
    return _NUMBERED.sub(lambda match: f"${numbers[match[1]]}", sql)
