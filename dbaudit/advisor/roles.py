"""What a statement asks of each table that stands in it, by role: equality, range, join, sort, group, output.

A table that stands in a statement twice is two occurrences. A name that cannot be resolved (a subquery's output, a
table that is gone) takes no part, and never keeps the rest from being read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from dbaudit.advisor.candidate import Asked, UnplannableError
from dbaudit.advisor.parsing import Parsed, parse
from dbaudit.advisor.predicates import Place, Reader, Term
from dbaudit.facts import IndexKey, Snapshot, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One occurrence of a table in a statement.

    ``order`` is the longest run of leading sort keys that are all its own, ``complete_order`` whether that is the
    whole of it. ``columns`` are all of its columns that the statement names, none where it wants whole rows
    (``whole``). ``limited`` says that only some rows of the answer are wanted.
    """

    table: Table
    terms: tuple[Term, ...] = ()
    order: tuple[IndexKey, ...] = ()
    complete_order: bool = False
    group: tuple[IndexKey, ...] = ()
    extremes: tuple[IndexKey, ...] = ()
    columns: tuple[str, ...] = ()
    whole: bool = False
    limited: bool = False


def occurrences(asked: Asked, snapshot: Snapshot) -> tuple[Occurrence, ...]:
    """The occurrences of the snapshot's tables in a statement, in the order in which they stand there.

    Raises:
        UnplannableError: the statement cannot be taken apart, or it reads a table that the database has not.
    """
    parsed = parse(asked, snapshot.vendor)
    try:
        scopes = traverse_scope(parsed.tree)
        reading = _Statement(parsed, snapshot)
        for scope in scopes:
            reading.enter(scope)
        for scope in scopes:
            reading.read(scope)
    except (SqlglotError, RecursionError) as error:
        raise UnplannableError("The statement could not be taken apart: the parser does not know its SQL.") from error
    if reading.missing and not reading.found:
        raise UnplannableError(f"It reads {', '.join(sorted(reading.missing))}, which the audit has not seen.")
    return tuple(one.frozen() for one in reading.found)


@dataclass
class _Found:
    """An occurrence while its statement is being read."""

    table: Table
    number: int
    terms: list[Term] = field(default_factory=list)
    order: tuple[IndexKey, ...] = ()
    complete_order: bool = False
    group: tuple[IndexKey, ...] = ()
    extremes: tuple[IndexKey, ...] = ()
    columns: dict[str, None] = field(default_factory=dict)
    whole: bool = False
    limited: bool = False

    def frozen(self) -> Occurrence:
        return Occurrence(
            table=self.table,
            terms=tuple(dict.fromkeys(self.terms)),
            order=self.order,
            complete_order=self.complete_order,
            group=self.group,
            extremes=self.extremes,
            columns=() if self.whole else tuple(self.columns),
            whole=self.whole,
            limited=self.limited,
        )


class _Statement:
    """Reads the scopes of one statement; ``found`` are the occurrences, ``missing`` tables that were not."""

    def __init__(self, parsed: Parsed, snapshot: Snapshot) -> None:
        self.parsed = parsed
        self.snapshot = snapshot
        self.found: list[_Found] = []
        self.missing: set[str] = set()
        self._sources: dict[int, dict[str, _Found | None]] = {}

    def enter(self, scope: Scope) -> None:
        """Note which tables a scope reads. A derived table is a source that is no table."""
        sources: dict[str, _Found | None] = {}
        for alias, (node, source) in scope.selected_sources.items():
            name = self._folded(node.args["alias"].this) if node.args.get("alias") else self._unaliased(node, alias)
            sources[name] = self._table(source) if isinstance(source, exp.Table) else None
        self._sources[id(scope)] = sources

    def _table(self, node: exp.Table) -> _Found | None:
        if not isinstance(node.this, exp.Identifier):
            return None  # a function
        schema, name = self._folded(node.args.get("db")), self._folded(node.this)
        table = self.snapshot.table(name, schema)
        if table is None and schema and not any(one.schema == schema for one in self.snapshot.tables):
            table = self.snapshot.table(name)  # the connection's own schema, written out
        if table is None:
            self.missing.add(f"{schema}.{name}" if schema else name)
            return None
        self.found.append(_Found(table, len(self.found)))
        return self.found[-1]

    def _unaliased(self, node: exp.Expr, alias: str) -> str:
        return self._folded(node.this) if isinstance(node.this, exp.Identifier) else alias

    def _folded(self, name: exp.Expr | None) -> str:
        """An identifier as the database has it: PostgreSQL folds what is not quoted, SQLite knows no case."""
        if not isinstance(name, exp.Identifier):
            return ""
        text = str(name.this)
        return text if name.args.get("quoted") or self.parsed.dialect != "postgres" else text.lower()

    def place(self, column: exp.Column, scope: Scope) -> Place | None:
        """Which column of which occurrence a name means; None for the output of a subquery, or what is not known."""
        name, qualifier = self._folded(column.this), self._folded(column.args.get("table"))
        inner: Scope | None = scope
        while inner is not None:
            sources = self._sources.get(id(inner), {})
            if qualifier:
                if qualifier in sources:
                    return self._place(sources[qualifier], name)
            else:
                own = [one for one in sources.values() if one is not None and _column(one.table, name)]
                if len(own) == 1:
                    return self._place(own[0], name)
                if own:
                    return None
            inner = inner.parent
        return None

    @staticmethod
    def _place(source: _Found | None, name: str) -> Place | None:
        actual = _column(source.table, name) if source else ""
        return Place(source.number, source.table, actual) if source and actual else None

    def read(self, scope: Scope) -> None:
        """Read one SELECT: its conditions, order, groups and what it gives out."""
        select = scope.expression
        for column in scope.find_all(exp.Column):
            self._refer(column, scope)
        if not isinstance(select, exp.Select):
            return
        own = [one for one in self._sources[id(scope)].values() if one is not None]
        if any(isinstance(_bare(one), exp.Star) for one in select.expressions):
            for one in own:
                one.whole = True
        reader = Reader(self.parsed, lambda column: self.place(column, scope))
        joins = select.args.get("joins") or []
        conditions = [select.args.get("where"), *(one.args.get("on") for one in joins)]
        branches = 0
        for condition in conditions:
            if condition is not None:
                terms = list(reader.terms(condition.this if isinstance(condition, exp.Where) else condition))
                self._take(terms, branches)
                branches += max((term.branch for term in terms), default=0)
        self._using(joins, own)
        self._output(scope, select, reader)
        limited = any(select.args.get(name) is not None for name in ("limit", "fetch"))
        for one in own:
            one.limited |= limited or isinstance(select.parent, exp.Exists)
            one.limited |= bool(one.extremes)

    def _refer(self, column: exp.Column, scope: Scope) -> None:
        if isinstance(column.this, exp.Star):
            source = self._sources[id(scope)].get(self._folded(column.args.get("table")))
            if source is not None:
                source.whole = True
            return
        place = self.place(column, scope)
        if place is not None:
            self.found[place.occurrence].columns[place.column] = None

    def _take(self, terms: Iterable[Term], branches: int) -> None:
        for term in terms:
            moved = replace(term, branch=term.branch + branches) if term.branch else term
            self.found[term.occurrence].terms.append(moved)

    def _using(self, joins: Iterable[exp.Join], own: Iterable[_Found]) -> None:
        for name in (self._folded(one) for join in joins for one in join.args.get("using") or ()):
            for source in own:
                if actual := _column(source.table, name):
                    source.columns[actual] = None
                    source.terms.append(Term(occurrence=source.number, role="join", key=IndexKey(column=actual)))

    def _output(self, scope: Scope, select: exp.Select, reader: Reader) -> None:
        """Order, groups, least and greatest values, and what ``IN (SELECT …)`` compares with."""
        named = {self._folded(one.args["alias"]): one.this for one in select.expressions if isinstance(one, exp.Alias)}

        def meant(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Literal) and not node.is_string and 0 < int(node.this) <= len(select.expressions):
                return _bare(select.expressions[int(node.this) - 1])
            if isinstance(node, exp.Column) and not node.table and self._folded(node.this) in named:
                return named[self._folded(node.this)] if self.place(node, scope) is None else node
            return node

        if order := select.args.get("order"):
            keys = [self._sort_key(one, reader.key(meant(_plain(one.this)))) for one in order.expressions]
            self._sorted(keys)
        if group := select.args.get("group"):
            self._grouped(reader.key(meant(_plain(one))) for one in group.expressions)
        elif select.args.get("distinct"):
            self._grouped(reader.key(_bare(one)) for one in select.expressions)
        outputs = [_bare(one) for one in select.expressions]
        if not select.args.get("group") and outputs and all(isinstance(one, exp.Min | exp.Max) for one in outputs):
            for found in filter(None, (reader.key(one.this) for one in outputs)):
                self.found[found[0]].extremes += (found[1],)
        if len(outputs) == 1 and isinstance(select.parent, exp.In | exp.Subquery):
            inside = select.find_ancestor(exp.In, exp.Select)
            output = reader.key(outputs[0])
            if isinstance(inside, exp.In) and output is not None and not select.args.get("group"):
                self.found[output[0]].terms.append(Term(occurrence=output[0], role="join", key=output[1]))

    def _sort_key(self, node: exp.Expr, found: tuple[int, IndexKey] | None) -> tuple[int, IndexKey] | None:
        if found is None:
            return None
        descending, first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
        usual = descending if self.parsed.dialect == "postgres" else not descending
        nulls = "" if first == usual else "first" if first else "last"
        key = IndexKey(column=found[1].column, expression=found[1].expression, descending=descending, nulls=nulls)  # type: ignore[arg-type]
        return found[0], key

    def _sorted(self, keys: list[tuple[int, IndexKey] | None]) -> None:
        first = keys[0]
        if first is not None:
            run = list(_leading(keys, first[0]))
            self.found[first[0]].order = tuple(dict.fromkeys(run))
            self.found[first[0]].complete_order = len(run) == len(keys)

    def _grouped(self, keys: Iterable[tuple[int, IndexKey] | None]) -> None:
        by_source: dict[int, list[IndexKey]] = {}
        for found in keys:
            if found is not None:
                by_source.setdefault(found[0], []).append(found[1])
        for number, group in by_source.items():
            self.found[number].group = tuple(dict.fromkeys(group))


def _leading(keys: Iterable[tuple[int, IndexKey] | None], number: int) -> Iterator[IndexKey]:
    for found in keys:
        if found is None or found[0] != number:
            return
        yield found[1]


def _column(table: Table, name: str) -> str:
    """The column's own spelling, ``""`` where the table has none of that name."""
    if table.column(name) is not None:
        return name
    return next((one.name for one in table.columns if one.name.lower() == name.lower()), "")


def _plain(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _bare(node: exp.Expr) -> exp.Expr:
    """An output without its alias and brackets."""
    while isinstance(node, exp.Alias | exp.Paren):
        node = node.this
    return node
