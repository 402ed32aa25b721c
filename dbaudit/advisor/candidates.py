"""From what a statement asks of a table to the indexes that might serve it: by role, never by permutation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, permutations

from dbaudit.advisor.candidate import PATHS, Asked, Candidate
from dbaudit.advisor.entries import fitting
from dbaudit.advisor.parsing import spelled
from dbaudit.advisor.predicates import Term
from dbaudit.advisor.roles import Occurrence
from dbaudit.facts import Column, IndexKey, Table
from dbaudit.sql.normal_form import mentioned
from dbaudit.sql.operator_classes import classes_for

#: Keys of a candidate at most; an order may take one more.
WIDTH = 3
#: Columns that are carried along, and their bytes in all, at most.
CARRIED, CARRIED_BYTES = 6, 96
#: A value that stands in every sample is a constant only in a column of so few values.
FEW_VALUES = 64
#: From so many bytes of table on, a block range index is thought of; the rows must lie in the order of the column.
LARGE, IN_ORDER = 256 * 1024**2, 0.95

_PATTERN = {
    "character varying": "varchar_pattern_ops",
    "varchar": "varchar_pattern_ops",
    "character": "bpchar_pattern_ops",
}
#: What gives JSON: a key, or what stands at the end of a path.
_JSON = re.compile(r"""(?:->|#>)\s*'(?:[^']|'')*'\)*$""")


def propose(
    occurrence: Occurrence, asked: Asked, vendor: str, chosen_from: frozenset[str] = frozenset()
) -> tuple[Candidate, ...]:
    """The candidates for one occurrence of a table, each once, in a fixed order.

    ``chosen_from`` are the columns whose fields have choices: a value of these is one of the schema's.
    """
    if not occurrence.table.stores_rows:
        return ()
    maker = _Maker(occurrence, asked, vendor, chosen_from)
    made = (fitting(one, occurrence.table, vendor) for one in maker.candidates())
    return tuple(dict.fromkeys(one for one in made if one is not None))


@dataclass(frozen=True)
class _Maker:
    occurrence: Occurrence
    asked: Asked
    vendor: str
    chosen_from: frozenset[str]

    @property
    def table(self) -> Table:
        return self.occurrence.table

    def candidates(self) -> Iterator[Candidate]:
        certain = [term for term in self.occurrence.terms if not term.branch]
        branches = sorted({term.branch for term in self.occurrence.terms if term.branch})
        for branch in [0, *branches]:
            terms = [*certain, *(term for term in self.occurrence.terms if branch and term.branch == branch)]
            conditions = [*self._conditions(terms)]
            lists = (keys for keys in self._key_lists(terms) if not any(map(self._is_json, keys)))
            for keys in dict.fromkeys(lists):
                yield from self._variants(keys, conditions, wide=not branch)
            yield from self._others(terms)

    def _key_lists(self, terms: list[Term]) -> Iterator[tuple[IndexKey, ...]]:
        """The keys of b-trees, by the patterns of section 2.1 of the study that this advisor goes back to."""
        equal = self._selective(term.key for term in terms if term.role in ("equal", "null") and term.key)
        listed = self._selective(term.key for term in terms if term.role == "in" and term.key)
        ranges = _unique(self._ranged(term) for term in terms if term.role in ("range", "prefix") and term.key)
        joins = self._selective(term.key for term in terms if term.role == "join" and term.key)
        looked_up = [*equal, *(key for key in listed if key not in equal)]
        heads = _heads(looked_up)
        sorted_by = self.occurrence.order[: WIDTH + 1]
        yield from (head for head in heads if head)
        for key in ranges:
            yield from _joined(heads, (key,))
        if sorted_by:
            yield from _joined(_heads(equal), sorted_by, WIDTH + 1)
        yield from _joined(heads, self.occurrence.group[:WIDTH])
        for key in self.occurrence.extremes:
            yield from _joined(_heads(equal), (key,))
        for key in joins:
            yield from _joined(heads, (key,))
            yield from (_cut((key, *head)) for head in heads)
            yield from (_cut((key, *head, one)) for head in heads[:2] for one in ranges)
            yield _cut((key, *sorted_by))
            yield _cut((key, *self.occurrence.group))
        yield from (_cut(pair) for pair in permutations(joins[:3], 2))
        if not terms and self.occurrence.columns:
            yield (IndexKey(column=self.occurrence.columns[0]),)

    def _selective(self, keys: Iterable[IndexKey | None]) -> list[IndexKey]:
        """The keys, that of most different values first."""
        return sorted(_unique(keys), key=lambda key: (-self._distinct(key), key))

    def _distinct(self, key: IndexKey) -> float:
        column = self.table.column(key.column) if key.column else None
        seen = column.statistics if column else None
        return float((seen and seen.distinct) or 0.0)

    def _ranged(self, term: Term) -> IndexKey | None:
        """The key of a range; of a prefix with the operators that compare character by character, or on SQLite, whose
        LIKE takes upper and lower case for the same, in the collation that does so, too."""
        if term.key is not None and term.role == "prefix" and self.vendor == "sqlite":
            return replace(term.key, collation="NOCASE") if term.key.column else None
        if term.key is None or term.role != "prefix" or self.vendor != "postgresql":
            return term.key
        column = self.table.column(term.key.column) if term.key.column else None
        kind = column.type.lower().partition("(")[0].strip() if column else "text"
        return replace(term.key, opclass=_PATTERN.get(kind, "text_pattern_ops"))

    def _variants(self, keys: tuple[IndexKey, ...], conditions: list[_Condition], *, wide: bool) -> Iterator[Candidate]:
        """With and without columns carried along, over all rows and over those of a condition."""
        for condition in (None, *conditions):
            named = condition.columns if condition else frozenset()
            left = tuple(key for key in keys if key.column not in named) or self._any_key(named)
            if not left:
                continue
            plain = Candidate(
                table=self.table.name,
                schema=self.table.schema,
                keys=left,
                condition=condition.sql if condition else "",
            )
            yield plain
            carried = self._carried(left, named) if wide else ()
            if carried and self.vendor == "postgresql":
                yield replace(plain, include=carried)
            elif carried and self.vendor == "sqlite" and len(left) + len(carried) <= WIDTH + 2:
                yield replace(plain, keys=(*left, *(IndexKey(column=name) for name in carried)))

    def _any_key(self, named: frozenset[str]) -> tuple[IndexKey, ...]:
        """A key for the index whose condition says all: what the rows are sorted or known by."""
        if self.occurrence.order and not {key.column for key in self.occurrence.order} & named:
            return self.occurrence.order[:WIDTH]
        return tuple(IndexKey(column=name) for name in self.table.primary_key[:1])

    def _carried(self, keys: tuple[IndexKey, ...], named: frozenset[str]) -> tuple[str, ...]:
        """The other columns that the statement reads, where they are few and narrow: then the index alone answers.

        None where it reads all that the table has: such an index would be the table once more.
        """
        whole = self.occurrence.whole or len(self.occurrence.columns) == len(self.table.columns)
        if whole or any(key.expression for key in keys):
            return ()
        mine = {key.column for key in keys} | named
        rest = tuple(sorted(name for name in self.occurrence.columns if name not in mine))
        columns = [self.table.column(name) for name in rest]
        width = sum(_width(column) for column in columns)
        return rest if 0 < len(rest) <= CARRIED and width <= CARRIED_BYTES else ()

    def _conditions(self, terms: list[Term]) -> Iterator[_Condition]:
        """What partial indexes may leave out: each test by itself, and all together."""
        found = [one for one in map(self._condition, terms) if one is not None]
        found = sorted(dict.fromkeys(found), key=lambda one: one.sql)
        yield from found
        if len(found) > 1:
            yield _Condition(" AND ".join(one.sql for one in found), frozenset().union(*(one.columns for one in found)))

    def _condition(self, term: Term) -> _Condition | None:
        if term.branch:
            return None
        if term.test:
            return _Condition(term.test, frozenset({term.key.column} if term.key and term.key.column else ()))
        if term.role == "equal" and term.key and term.key.column and term.literal and self._constant(term):
            quoted = '"' + term.key.column.replace('"', '""') + '"'
            return _Condition(f"{quoted} = {term.literal}", frozenset({term.key.column}))
        return None

    def _constant(self, term: Term) -> bool:
        """Whether a value is part of what the project asks, and not that of the one row which was looked at.

        Seen in one call alone, it is one only where the field has choices and the project's function names this one, or
        where it stands in the text of the statement. What a demonstration asks for is a value like any other.
        """
        distinct = self._distinct(term.key) if term.key else 0
        if not 0 < distinct <= FEW_VALUES:
            return False
        if len(self.asked.samples) > 1:
            return True
        if term.stands:
            return not self.asked.sources or any(term.literal in _unquoted(one) for one in self.asked.sources)
        chosen = term.key is not None and term.key.column in self.chosen_from
        return chosen and _named(term.literal, self.asked.sources)

    def _is_json(self, key: IndexKey) -> bool:
        """Whether an expression gives a part of a JSON document, which has no bound."""
        return self.vendor == "postgresql" and bool(key.expression) and _JSON.search(key.expression) is not None

    def _is_inverted(self, key: IndexKey) -> bool:
        """Whether the column of an expression has an index that finds what its documents contain."""
        columns = mentioned(key.expression)
        there = (one for one in self.table.indexes if one.usable and one.plain and one.method == "gin")
        return any(name.lower() in columns for one in there for name in one.columns)

    def _others(self, terms: list[Term]) -> Iterator[Candidate]:
        """What is no b-tree: inverted indexes, and block ranges of rows that lie in the order of their column."""
        if self.vendor != "postgresql":
            return
        for term in terms:
            column = self.table.column(term.key.column) if term.key and term.key.column else None
            method, opclass = "", ""
            if term.role == "match":
                method, opclass = "gin", "gin_trgm_ops"
            elif term.role in ("contain", "keys"):
                method, opclass = _special(term, column)
            elif term.role == "equal" and term.key and self._is_json(term.key):
                # Entries of any length, where those of a b-tree have little room. Beside an inverted index the lookup
                # only has to be spelled as containment (`lookup_index_mismatch`).
                method = "" if self._is_inverted(term.key) else "hash"
            elif term.role == "range" and column is not None and column.statistics:
                near = abs(column.statistics.correlation or 0.0) >= IN_ORDER
                method = "brin" if near and (self.table.heap_bytes or 0) >= LARGE else ""
            if method and term.key:
                key = replace(term.key, opclass=opclass)
                yield Candidate(table=self.table.name, schema=self.table.schema, keys=(key,), method=method)


def _special(term: Term, column: Column | None) -> tuple[str, str]:
    """The access method and operator class that answer an operator on a column of its type, ``""`` where none does."""
    if column is None:  # an expression: what is asked of a document by a search is one
        return ("gin", "") if term.operator == "@@" else ("", "")
    classes = classes_for(term.operator, column.type)
    if not classes:
        return "", ""
    paths = [one for one in classes if one.name == PATHS and term.role == "contain"]
    best = (paths or [*classes])[0]
    return best.method, "" if best.default else best.name


@dataclass(frozen=True, slots=True)
class _Condition:
    """A predicate of a partial index and the columns that need no key because it says their value."""

    sql: str
    columns: frozenset[str]


def _heads(keys: list[IndexKey]) -> list[tuple[IndexKey, ...]]:
    """None, each, each two and the first three of some keys that are looked up by value."""
    few = keys[: WIDTH + 1]
    return [
        (),
        *((key,) for key in few),
        *combinations(few[:WIDTH], 2),
        *([tuple(few[:WIDTH])] if len(few) > 2 else []),
    ]


def _joined(
    heads: list[tuple[IndexKey, ...]], tail: tuple[IndexKey, ...], width: int = WIDTH
) -> Iterator[tuple[IndexKey, ...]]:
    for head in heads:
        columns = {(key.column, key.expression) for key in head}
        rest = tuple(key for key in tail if (key.column, key.expression) not in columns)
        if rest:
            yield _cut((*head, *rest), width)


def _cut(keys: Iterable[IndexKey], width: int = WIDTH) -> tuple[IndexKey, ...]:
    """Each column once, at most so many."""
    seen: dict[tuple[str, str], IndexKey] = {}
    for key in keys:
        seen.setdefault((key.column, key.expression), key)
    return tuple(seen.values())[:width]


def _unique(keys: Iterable[IndexKey | None]) -> list[IndexKey]:
    return list(dict.fromkeys(key for key in keys if key is not None))


def _width(column: object) -> int:
    seen = getattr(column, "statistics", None)
    return int((seen and seen.width) or 16)


def _named(literal: str, sources: Iterable[str]) -> bool:
    """Whether one of the functions has the value as a constant of Python, or as a member of an enumeration."""
    for source in sources:
        try:
            tree = ast.parse(source.strip())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and spelled(node.value) == literal:
                return True
            if isinstance(node, ast.Attribute) and node.attr.lower() == literal.strip("'").lower():
                return True
    return False


def _unquoted(source: str) -> str:
    """The text of a function as the SQL in it has its quotes."""
    return source.replace("\\'", "'")
