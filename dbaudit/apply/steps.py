"""What will be done, as values: the steps of a plan, what was left out of it, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from dbaudit.apply.windows import Window
from dbaudit.findings import Gain, Risk

ActionWord = Literal["create", "drop"]
#: ``adopted``: an index of the same definition stands under another name. ``present``: it was there by this name.
Outcome = Literal["built", "present", "adopted", "dropped", "absent", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """An index apart from its table: ``body`` is what stands after the table's name in ``CREATE INDEX``.

    ``exact`` asks for it under this very name, also where the table has another index that is the same: an undo builds
    a dropped duplicate again.
    """

    name: str
    body: str
    unique: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One index to build or to drop. Sizes in bytes, ``seconds`` is a rough estimate; None where there is none.

    ``key`` is the finding's. ``schema`` is empty for the connection's own. ``lock`` is the strongest one that the step
    holds on the table for longer than a moment and ``blocks`` says whom. ``disk_bytes`` is what the build needs for a
    while, with what it sorts and logs. ``because`` names the index that makes a dropped one needless; where that one is
    to be built first, ``after`` is the number of its step. ``expected`` is the server's own text of an index that must
    not have changed since. ``orm`` is the model edit that belongs to it. ``queries`` are the fingerprints of the
    statements that it helps, ``helps`` says of each what it is expected to cost; ``projected`` says that the gain is
    that of more rows than there are. ``risk`` and ``caution`` are the report's. ``completes`` says that the index
    stands already and only some partitions have no part of it.
    """

    number: int
    key: str
    action: ActionWord
    schema: str = ""
    table: str
    definition: Definition
    sql: str
    undo_sql: str = ""
    lock: str = ""
    blocks: str = ""
    bytes: int | None = None
    seconds: float | None = None
    disk_bytes: int | None = None
    title: str = ""
    evidence: tuple[str, ...] = ()
    gain: Gain | None = None
    orm: str = ""
    because: str = ""
    expected: str = ""
    after: int | None = None
    partitioned: bool = False
    queries: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    projected: bool = False
    risk: Risk = "safe"
    caution: str = ""
    completes: bool = False

    @property
    def needs_review(self) -> bool:
        """Whether somebody is to look at it before it is built. Drops are asked for by an option of their own."""
        return self.risk == "review" and self.action == "create"

    @property
    def label(self) -> str:
        """The table as the user would write it."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def as_data(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Step:
        """The step that `as_data` gave. Raises KeyError or TypeError for anything else."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        values["definition"] = Definition(**data["definition"])
        for name in ("evidence", "queries", "helps"):
            values[name] = tuple(data.get(name, ()))
        values["gain"] = Gain(**data["gain"]) if data.get("gain") else None
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A recommendation that is no step of the plan, and why, in one sentence."""

    key: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """An index that the planner cannot use: which, what it costs, and the statements that put it right."""

    title: str
    detail: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps for one database in the order in which they will run. ``invalid`` are the indexes that the planner
    cannot use and that no step sees to."""

    alias: str
    vendor: str
    steps: tuple[Step, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    invalid: tuple[Invalid, ...] = ()
    free_bytes: int | None = None

    @property
    def disk_bytes(self) -> int | None:
        """The most that any one step needs beside what the earlier ones leave, None where nothing is known."""
        left, most = 0, None
        for step in self.steps:
            if step.action == "create" and step.disk_bytes is not None:
                most = max(most or 0, left + step.disk_bytes)
                left += step.bytes or 0
        return most


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a build waits, gives way or gives up. Times in seconds.

    ``max_wait`` bounds every wait for other sessions; ``give_way`` is how long a statement that needs the whole table
    may queue behind a build. ``max_lag`` is the lag of the slowest replica, ``min_free_bytes`` the disk space that a
    build must leave, ``max_active`` how many sessions may be active at once; None for no limit. ``attempts`` counts all
    tries of one index, ``pause`` is the time before the second one and doubles, ``poll`` that between two looks.
    ``blind`` is how long a build may go on unwatched. A statement that needs a strong lock for a moment queues for it
    ``short_lock_ms`` milliseconds at a time. No step begins outside of ``window``; ``max_load`` is the load of the last
    minute where the server runs on this machine, elsewhere the number of other sessions that are active.
    """

    max_wait: float = 300.0
    give_way: float = 1.0
    max_lag: float | None = 60.0
    min_free_bytes: int | None = 512 * 1024 * 1024
    max_active: int | None = None
    max_load: float | None = None
    window: Window | None = None
    attempts: int = 4
    pause: float = 1.0
    poll: float = 0.25
    blind: float = 10.0
    short_lock_ms: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a step. ``index`` is the name under which the index stands; ``reason`` says why a step failed and
    what to do. ``notes`` are further sentences, ``retries`` says how often the build was begun again."""

    step: Step
    outcome: Outcome
    index: str = ""
    definition: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    retries: int = 0

    @property
    def ok(self) -> bool:
        """Whether the database is now as the step wanted it."""
        return self.outcome != "failed"

    @property
    def changed(self) -> bool:
        """Whether this step changed the database."""
        return self.outcome in ("built", "dropped")


class StepError(Exception):
    """A step that could not be carried out; the text says what happened and what to do. ``again`` says that another
    attempt can succeed, ``code`` is the server's for the error, where it was one."""

    def __init__(self, sentence: str, *, again: bool = False, code: str = "") -> None:
        super().__init__(sentence)
        self.again, self.code = again, code
