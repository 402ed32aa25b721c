"""The PostgreSQL planner with hypothetical indexes: HypoPG.

Hypothetical indexes live in this session's memory alone. Those made here are taken back by their number however the
trial ends; those of somebody else in the session stay. A killed session takes its own with it. All is planned within
a read-only transaction that holds the audit's timeouts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.db import DatabaseError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked, Candidate, Planned, UnplannableError
from dbaudit.advisor.executions import executions
from dbaudit.advisor.sizes import PAGE, index_bytes, index_height
from dbaudit.advisor.trials.definition import create_index
from dbaudit.advisor.trials.explain import after, bound, plans, refusal, sent
from dbaudit.connection.errors import sqlstate
from dbaudit.connection.read_only import read_only
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Parameters, Plan, PlanNode, Snapshot

State = Literal["usable", "installable", "no permission", "broken", "absent"]

_FOUND = """
SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.has_schema_privilege(n.oid, 'USAGE')
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'
"""
_AVAILABLE = "SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'hypopg'"
_CREATE = """
SELECT made.indexrelid, made.indexname FROM pg_catalog.unnest(%s::text[]) WITH ORDINALITY AS wanted (sql, place)
CROSS JOIN LATERAL {schema}.hypopg_create_index(wanted.sql) AS made ORDER BY wanted.place
"""
_AS_IT_WAS = """
SELECT pg_catalog.current_setting('cpu_operator_cost'), pg_catalog.current_setting('random_page_cost'),
    ARRAY(SELECT indexrelid::bigint FROM {schema}.hypopg())
"""
#: What the planner takes looking at one page of a b-tree for: ``DEFAULT_PAGE_CPU_MULTIPLIER`` in ``selfuncs.c``.
COMPARISONS_A_PAGE = 50
#: In an index of more pages one more or less is no matter.
FEW_PAGES = 4
_DROP = "SELECT {schema}.hypopg_drop_index(unnest(%s::oid[]))"
_DROP_OTHERS = (
    "SELECT {schema}.hypopg_drop_index(indexrelid) FROM {schema}.hypopg() WHERE NOT indexrelid = ANY(%s::oid[])"
)

INSTALLABLE = (
    "The extension hypopg is there but not installed in this database; a superuser runs CREATE EXTENSION hypopg."
)
NO_PERMISSION = (
    "The audit's role may not use the extension hypopg; GRANT USAGE on its schema and EXECUTE on its functions."
)
BROKEN = "The extension hypopg is installed but does not work (SQLSTATE {state})."
ABSENT = "The server has no extension hypopg, by which PostgreSQL plans with indexes that are not built."


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether HypoPG can be used here; ``reason`` says why not, ``schema`` is where its functions are, quoted."""

    state: State
    reason: str = ""
    schema: str = ""


def availability(connection: BaseDatabaseWrapper) -> Availability:
    """Find out whether HypoPG can be used; to be called inside a read-only transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_FOUND)
        found = cursor.fetchone()
        if found is None:
            cursor.execute(_AVAILABLE)
            return Availability("installable", INSTALLABLE) if cursor.fetchone() else Availability("absent", ABSENT)
    schema, allowed = found
    if not allowed:
        return Availability("no permission", NO_PERMISSION)
    try:
        with attempt(connection), connection.cursor() as cursor:
            cursor.execute(_CREATE.format(schema=schema), [["CREATE INDEX ON pg_catalog.pg_class (relpages)"]])
            cursor.execute(_DROP.format(schema=schema), [[cursor.fetchall()[0][0]]])
    except DatabaseError as error:
        state = sqlstate(error)
        if state == "42501":
            return Availability("no permission", NO_PERMISSION)
        return Availability("broken", BROKEN.format(state=state))
    return Availability("usable", schema=schema)


@contextmanager
def opened(
    connection: BaseDatabaseWrapper, snapshot: Snapshot, *, statement_timeout_ms: int, lock_timeout_ms: int
) -> Iterator[Hypopg]:
    """A planner for the length of a block, in a read-only transaction.

    Raises:
        UnplannableError: HypoPG cannot be used here, with the reason.
    """
    planner: Hypopg | None = None
    try:
        with read_only(connection, statement_timeout_ms=statement_timeout_ms, lock_timeout_ms=lock_timeout_ms):
            found = availability(connection)
            if found.state != "usable":
                raise UnplannableError(found.reason)
            planner = Hypopg(connection, snapshot, found.schema)
            try:
                yield planner
            finally:
                planner.close()  # before the end of the transaction, when a pooler may give the session to anyone
    finally:
        if planner is not None:
            planner.close()  # what a failed transaction did not let go


class Hypopg:
    """A `Planner`. To be used within ``opened``, which takes its indexes back.

    ``known`` are the numbers of all hypothetical indexes of the session: planners that share it leave each other's.
    """

    def __init__(
        self, connection: BaseDatabaseWrapper, snapshot: Snapshot, schema: str, known: set[int] | None = None
    ) -> None:
        self.calls = 0
        self._connection = connection
        self._snapshot = snapshot
        self._create = _CREATE.format(schema=schema)
        self._drop = _DROP.format(schema=schema)
        self._drop_others = _DROP_OTHERS.format(schema=schema)
        self._numbers: dict[Candidate, int] = {}
        self._names: dict[str, Candidate] = {}
        self._shares: dict[tuple[str, str, str], float] = {}
        self._sizes: dict[Candidate, int] = {}
        with connection.cursor() as cursor:
            cursor.execute(_AS_IT_WAS.format(schema=schema))
            cost, page_cost, theirs = cursor.fetchone()
        self._operator_cost, self._page_cost = float(cost), float(page_cost)
        self._known = set() if known is None else known
        self._known.update(theirs)

    @property
    def work(self) -> float:
        """The plans that were made."""
        return float(self.calls)

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        """Plan one statement with these candidates present."""
        found = self._show(present, asked)
        self.calls += len(found)
        used = {self._names[node.index] for plan in found for node in plan.nodes if node.index in self._names}
        return Planned(
            cost=sum((plan.cost or 0.0) + self._descents(plan) for plan in found),
            used=frozenset(used),
            plans=tuple(self._named(plan) for plan in found),
        )

    def _descents(self, plan: Plan) -> float:
        """What the plan's descents of hypothetical indexes cost, which HypoPG leaves out: its b-trees have no height.

        The planner prices a real one at so many comparisons for each page from the root to the leaf (``btcostestimate``
        in ``selfuncs.c``). In a nested loop that is paid for each row of the outer side, so that without it a twin of
        an index that exists looks better than the index itself.
        """
        more = 0.0
        for node, times in executions(plan, self._rows_of):
            candidate = self._names.get(node.index)
            if candidate is not None and candidate.method == "btree":
                size = self.size(candidate)
                height = index_height(candidate, self._snapshot, size)
                more += (height + 1) * COMPARISONS_A_PAGE * self._operator_cost * times
                more += self._first_page(candidate, node, size // PAGE) * times
        return more

    def _first_page(self, candidate: Candidate, node: PlanNode, pages: int) -> float:
        """The page that describes an index, which the planner counts among those that are read: HypoPG has none, so
        that a small index which is read whole looks cheaper by one page than it is."""
        table = self._snapshot.table(candidate.table, candidate.schema)
        share = self._share(candidate)
        entries = ((table.rows if table else None) or 0) * (1.0 if share is None else share)
        if not entries or not 1 < pages <= FEW_PAGES:
            return 0.0
        part = min(1.0, (node.rows_estimated or 0.0) / entries)
        return (math.ceil(part * pages) - math.ceil(part * (pages - 1))) * self._page_cost

    def _rows_of(self, node: PlanNode) -> float | None:
        table = self._snapshot.table(node.table, node.schema)
        return table.rows if table else None

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> None:
        """Nothing: a hypothetical index cannot be read."""

    def size(self, candidate: Candidate) -> int:
        """Bytes that the index would take, by our own model: HypoPG's knows no de-duplication."""
        if candidate not in self._sizes:
            if candidate not in self._numbers:
                self._show(frozenset({candidate}))  # where it cannot be, the server says so
            self._sizes[candidate] = index_bytes(candidate, self._snapshot, self._share(candidate))
        return self._sizes[candidate]

    def refusal(self, candidate: Candidate) -> str:  # noqa: ARG002 - a planner's
        """Nothing: what HypoPG refuses it refuses when the size is asked for."""
        return ""

    def _share(self, candidate: Candidate) -> float | None:
        """Which part of the rows the candidate's condition lets in, by the planner's own estimate."""
        table = self._snapshot.table(candidate.table, candidate.schema)
        if not candidate.condition or table is None or not table.rows:
            return None
        key = (candidate.schema, candidate.table, candidate.condition)
        if key not in self._shares:
            where = f"{self._snapshot.dialect.quote(table.schema, table.name)} WHERE {candidate.condition}"
            probe = Asked(fingerprint="", sql=f"SELECT 1 FROM {where}".replace("%", "%%"), samples=(Parameters(()),))
            rows = plans(self._connection, probe)[0].nodes[0].rows_estimated or 0.0
            self._shares[key] = min(1.0, rows / table.rows)
        return self._shares[key]

    def close(self) -> None:
        """Take back what was made here, as far as the transaction still lets us: a failed message may have made more
        than it told."""
        self._known.difference_update(self._numbers.values())
        self._numbers.clear()
        with suppress(DatabaseError, InterfaceError):
            sent(self._connection, [bound(self._connection, self._drop_others, [sorted(self._known)])])

    def _show(self, present: frozenset[Candidate], asked: Asked | None = None) -> tuple[Plan, ...]:
        """Make exactly these candidates the hypothetical indexes of ours, and plan a statement with them."""
        gone = [one for one in self._numbers if one not in present]
        missing = sorted(present - self._numbers.keys())
        changes: list[str] = []
        if gone:
            changes.append(bound(self._connection, self._drop, [[self._numbers[one] for one in gone]]))
        if missing:
            changes.append(
                bound(self._connection, self._create, [[create_index(one, self._snapshot.dialect) for one in missing]])
            )
        rows: list[list[Any]] = []
        found: tuple[Plan, ...] = ()
        try:
            if asked is not None:
                rows, found = after(changes, self._connection, asked)
            elif changes:
                rows = sent(self._connection, changes)
        except (DatabaseError, InterfaceError) as error:
            self.close()
            raise refusal(self._connection, error) from error
        except UnplannableError:
            self.close()
            raise
        self._known.difference_update(self._numbers.pop(one) for one in gone)
        for one, (number, name) in zip(missing, rows[-1] if missing else (), strict=True):
            self._numbers[one] = number
            self._names[name] = one
            self._known.add(number)
        return found

    def _named(self, plan: Plan) -> Plan:
        nodes = (
            replace(node, index=self._names[node.index].name) if node.index in self._names else node
            for node in plan.nodes
        )
        return replace(plan, nodes=tuple(nodes))
