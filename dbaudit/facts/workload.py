"""What was measured: statements with who asked for them, their plans, and the runs that they belong to."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dbaudit.facts.asking import Apart, Asker, AskingRow
from dbaudit.facts.loads import Load
from dbaudit.facts.ownership import Location, Owner
from dbaudit.facts.paging import Paging
from dbaudit.facts.trials import Trial, WrongName

StatementKind = Literal["select", "insert", "update", "delete", "transaction", "other"]
Origin = Literal["canned", "automatic", "crawl", "captured", "statements"]
RunStatus = Literal["excellent", "good", "slow", "over budget", "failed", "not audited", "not timed"]
Access = Literal[
    "", "scan", "index", "index only", "bitmap", "key", "automatic index", "temporary b-tree", "sort", "join"
]

#: Milliseconds in the database: no user notices the first, whoever waits for several queries feels the second.
EXCELLENT_MS = 10.0
TARGET_MS = 50.0
#: Rows from which on an audit counts a table once: some 30 ms of a server that has it in memory.
COUNTED_ONCE_ROWS = 250_000


class Parameters:
    """The values that a statement was executed with: for planning it again in this process, never for a report.

    Not a plain tuple on purpose: its text shows how many there are, and neither ``asdict`` nor ``json`` opens it.
    """

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any] | Mapping[str, Any] | None) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"<{len(self.values) if self.values else 0} parameters>"

    def __copy__(self) -> Parameters:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Parameters:
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement as it was executed, placeholders and all.

    ``template`` is the SQL with its lists of placeholders, literals and spaces made equal, ``fingerprint`` a short
    digest of it. ``duration_ms`` is the time in the driver, execution and fetching. ``rows`` were returned or changed;
    None where that was not seen. ``stack`` holds the project's own lines, the innermost first (a template's line counts
    as one). ``asked`` names the ORM attribute that ran it (``erp.SalesOrder.customer``), ``asker`` what kind it is, and
    ``via`` the part of a framework that touched the attribute (``serializer erp.api.OrderSerializer.customer``) or that
    asked for rows to choose from (``choices django.forms.models.ModelChoiceField.Customer``).
    ``arguments`` numbers the distinct (alias, SQL, parameters) of a run: equal numbers mean the same statement again.

    ``number`` is the execution's own among those of the run. ``work`` numbers the request or job that it belongs to, 0
    outside of any. ``row`` is the instance whose attribute asked. ``model`` is that of the instances which were made of
    the rows. ``lookup`` is the name under which a prefetch keeps them (``to_attr``). ``part`` says that a relation was
    asked for something else than all of its rows, which a plain prefetch does not answer. ``method`` is the ORM's
    function that looked one row up or wrote (``get``, ``save``). ``call`` is the same for all that one chain of calls
    asked, to the very place in the line. ``direct`` says that a line of the project called the ORM itself, with no
    package in between. ``apart`` says who ran it beside the code that is judged.
    """

    sql: str
    template: str
    fingerprint: str
    alias: str
    kind: StatementKind
    duration_ms: float
    rows: int | None = None
    tables: tuple[str, ...] = ()
    stack: tuple[Location, ...] = ()
    asked: str = ""
    asker: Asker = ""
    via: str = ""
    arguments: int = 0
    error: str = ""
    many: bool = False
    parameters: Parameters | None = field(default=None, repr=False, compare=False)
    number: int = 0
    work: int = 0
    row: AskingRow | None = None
    model: str = ""
    lookup: str = ""
    part: bool = False
    method: str = ""
    call: int = 0
    direct: bool = True
    apart: Apart = ""

    @property
    def identity(self) -> str:
        """The statement on its alias: the same text on two databases is two statements."""
        return f"{self.alias}:{self.fingerprint}"

    @property
    def location(self) -> Location | None:
        """The innermost line of the project, None where no line of it was on the stack."""
        return self.stack[0] if self.stack else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNode:
    """One step of a plan; ``depth`` 0 is the root and a node's children follow it.

    ``type`` is the vendor's word (``Seq Scan``, ``SCAN``). ``access`` is the same in every vendor's plans. Rows are
    totals over all loops; ``rows_removed`` were read and thrown away by the filter. Costs are the planner's units;
    ``sort_kb`` is memory, or disk where ``spilled``. Conditions stand with their literals replaced by ``?``.
    ``relationship`` is PostgreSQL's word for what a node is to its parent (``Outer``, ``Inner``, ``SubPlan``).
    """

    type: str
    depth: int
    access: Access
    table: str = ""
    schema: str = ""
    alias: str = ""
    index: str = ""
    rows_estimated: float | None = None
    rows_actual: float | None = None
    rows_removed: float | None = None
    loops: float | None = None
    width: int | None = None
    cost_start: float | None = None
    cost_total: float | None = None
    time_ms: float | None = None
    condition: str = ""
    filter: str = ""
    join: str = ""
    sort_keys: tuple[str, ...] = ()
    sort_method: str = ""
    sort_kb: int | None = None
    spilled: bool = False
    relationship: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of one statement. ``source`` is the command that gave it; ``analyzed`` means that it was executed.

    ``generic`` plans were made without values. Times in milliseconds, None where the statement was not executed.
    """

    fingerprint: str
    alias: str
    source: str
    nodes: tuple[PlanNode, ...]
    analyzed: bool = False
    generic: bool = False
    planning_ms: float | None = None
    execution_ms: float | None = None

    @property
    def cost(self) -> float | None:
        """The planner's total cost, None where the vendor tells none."""
        return self.nodes[0].cost_total if self.nodes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The same run once more, with only the first ``rows`` rows of one statement's result let through.

    ``parent`` is the identity of that statement; ``counts`` says how often each identity then ran.
    """

    parent: str
    rows: int
    queries: int
    counts: tuple[tuple[str, int], ...]

    def count(self, identity: str) -> int:
        """How often a statement ran in this run."""
        return dict(self.counts).get(identity, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a server counted of one statement since its statistics began.

    ``share`` is its part of the time of all statements of this database, from 0 to 1; ``rows_per_call`` were returned
    or changed. ``temp_bytes`` were written to and read from temporary files, ``wal_bytes`` are those of the write-ahead
    log. ``route`` and ``controller`` are the tags that sqlcommenter added to the first execution, "" without.
    """

    calls: int
    total_ms: float
    share: float
    rows_per_call: float
    temp_bytes: int = 0
    wal_bytes: int = 0
    route: str = ""
    controller: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRun:
    """One piece of workload and what it took. Times in milliseconds of wall clock, one per warm sample.

    ``queries`` and ``rows`` are those of one warm run; ``rows`` counts the records of the result, None where it has
    none that can be counted. ``calls`` and the times of origin ``statements`` are the server's own totals and means.
    ``reason`` says why a run failed or was not audited. ``statements`` are those of the last warm run, in order, cut
    at ``statements_dropped``. ``source`` is the text of a canned query's function, ``trials`` are the changes to it
    that were tried, ``wrong_name`` is the one for which it failed, or would have failed with rows. ``loads`` is what
    became of the instances in a run of their own; None where nobody watched, or where what came back holds instances
    that somebody else may still read. ``paging`` is what keeps a list from having pages; None where it has them, or
    where only its code knows. ``is_test`` says that a test ran it. ``counted`` are the server's own
    figures, of origin ``statements``.
    """

    id: str
    label: str
    origin: Origin
    alias: str
    status: RunStatus
    reason: str = ""
    location: Location | None = None
    owner: Owner = "project"
    app: str = ""
    model: str = ""
    samples_ms: tuple[float, ...] = ()
    cold_ms: float | None = None
    cold_queries: int | None = None
    queries: int | None = None
    rows: int | None = None
    calls: int | None = None
    budget_ms: float | None = None
    max_queries: int | None = None
    statements: tuple[Statement, ...] = ()
    statements_dropped: int = 0
    plans: tuple[Plan, ...] = ()
    scaling: tuple[Scaling, ...] = ()
    source: str = ""
    wrong_name: WrongName | None = None
    trials: tuple[Trial, ...] = ()
    loads: tuple[Load, ...] | None = None
    paging: Paging | None = None
    is_test: bool = False
    counted: Counted | None = None

    @property
    def median_ms(self) -> float | None:
        """The median of the warm samples, the cold run where there is no other."""
        return statistics.median(self.samples_ms) if self.samples_ms else self.cold_ms

    @property
    def spread_ms(self) -> tuple[float, float] | None:
        """The fastest and the slowest warm sample."""
        return (min(self.samples_ms), max(self.samples_ms)) if self.samples_ms else None

    @property
    def database_ms(self) -> float:
        """The time that its statements took in the driver."""
        return sum(statement.duration_ms for statement in self.statements)

    @property
    def audited(self) -> bool:
        """Whether it ran to its end."""
        return self.status not in ("failed", "not audited")

    def plan(self, fingerprint: str) -> Plan | None:
        """The plan of a statement, None where it was not planned."""
        return next((plan for plan in self.plans if plan.fingerprint == fingerprint), None)

    def trial(self, fingerprint: str) -> Trial | None:
        """What was tried against a statement: the change that worked, otherwise one that did not."""
        tried = [one for one in self.trials if one.fingerprint == fingerprint]
        return next((one for one in tried if one.worked), tried[0] if tried else None)
