"""What changed between two reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from dbaudit.diff.past import Past, PastDatabase, PastFinding, PastQuery, PastTable

#: Times differ from run to run: a change of the median is told from these on, both of them, and only where the fastest
#: run of one report is slower than the slowest of the other.
NOTABLE_RATIO, NOTABLE_MS = 1.25, 1.0
DAY = timedelta(days=1)
_NO_TABLE = PastTable("", None, False, None)


@dataclass(frozen=True, slots=True)
class Runway:
    """How long a key's numbers last if they go as they went between the reports. ``days`` are whole ones."""

    label: str
    days: int
    left: int
    per_day: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseDifference:
    """What changed in one database.

    ``first_seen`` are findings of checks or queries that were not looked at before, ``unseen`` those whose check or
    query was not looked at again: neither new nor fixed. ``silenced`` are suppressed now.
    """

    alias: str
    new: tuple[PastFinding, ...]
    first_seen: tuple[PastFinding, ...]
    fixed: tuple[PastFinding, ...]
    unseen: tuple[PastFinding, ...]
    silenced: tuple[PastFinding, ...]
    worse: tuple[tuple[PastFinding, PastFinding], ...]
    better: tuple[tuple[PastFinding, PastFinding], ...]
    tables: tuple[tuple[PastTable | None, PastTable | None], ...]
    queries: tuple[tuple[PastQuery, PastQuery], ...]
    runways: tuple[Runway, ...]

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell."""
        return any(
            getattr(self, name)
            for name in ("new", "first_seen", "fixed", "unseen", "silenced", "worse", "better", "tables", "queries")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed from the report ``old`` to the report ``new``. ``only_old`` and ``only_new`` are the aliases of
    databases that the other does not have."""

    old: Past
    new: Past
    databases: tuple[DatabaseDifference, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]

    @property
    def elapsed(self) -> timedelta:
        """The time between the two."""
        return self.new.at - self.old.at


def compare(old: Past, new: Past) -> Difference:
    """Compare what both reports say of the databases that both have, matched by alias."""
    before = {one.alias: one for one in old.databases}
    after = {one.alias: one for one in new.databases}
    return Difference(
        old=old,
        new=new,
        databases=tuple(_database(before[alias], after[alias], new.at - old.at) for alias in after if alias in before),
        only_old=tuple(alias for alias in before if alias not in after),
        only_new=tuple(alias for alias in after if alias not in before),
    )


def _database(old: PastDatabase, new: PastDatabase, elapsed: timedelta) -> DatabaseDifference:
    came = [one for key, one in new.findings.items() if key not in old.findings]
    went = [one for key, one in old.findings.items() if key not in new.findings]
    silenced = [one for one in went if one.key in new.suppressed]
    gone = [one for one in went if one.key not in new.suppressed]
    stayed = [(old.findings[key], one) for key, one in new.findings.items() if key in old.findings]
    return DatabaseDifference(
        alias=new.alias,
        new=tuple(one for one in came if old.examined(one, new) or one.key in old.suppressed),
        first_seen=tuple(one for one in came if not old.examined(one, new) and one.key not in old.suppressed),
        fixed=tuple(one for one in gone if new.examined(one, old)),
        unseen=tuple(one for one in gone if not new.examined(one, old)),
        silenced=tuple(silenced),
        worse=tuple((was, now) for was, now in stayed if now.severity.rank > was.severity.rank),
        better=tuple((was, now) for was, now in stayed if now.severity.rank < was.severity.rank),
        tables=tuple(_tables(old, new)),
        queries=tuple(_queries(old, new)),
        runways=tuple(sorted(_runways(old, new, elapsed), key=lambda one: (one.days, one.label))),
    )


def _tables(old: PastDatabase, new: PastDatabase) -> list[tuple[PastTable | None, PastTable | None]]:
    """Tables that came, went or changed, those by which the bytes changed most first."""
    found = []
    for label in {**old.tables, **new.tables}:
        was, now = old.tables.get(label), new.tables.get(label)
        if was is None or now is None or (was.rows, was.bytes) != (now.rows, now.bytes):
            found.append((was, now))
    return sorted(found, key=_by_growth)


def _by_growth(pair: tuple[PastTable | None, PastTable | None]) -> tuple[int, int, str]:
    was, now = pair
    label = (now or was or _NO_TABLE).label
    grown = [(getattr(now, name, 0) or 0) - (getattr(was, name, 0) or 0) for name in ("bytes", "rows")]
    return (-abs(grown[0]), -abs(grown[1]), label)


def _queries(old: PastDatabase, new: PastDatabase) -> list[tuple[PastQuery, PastQuery]]:
    """Queries that ask or return another number, or take notably more or less time; the slowest now first."""
    both = ((old.queries[key], now) for key, now in new.queries.items() if key in old.queries)
    found = [
        (was, now)
        for was, now in both
        if _differ(was.queries, now.queries) or _differ(was.rows, now.rows) or slower(was, now) or slower(now, was)
    ]
    return sorted(found, key=lambda pair: (-(pair[1].median_ms or 0), pair[1].id))


def _differ(was: int | None, now: int | None) -> bool:
    return was is not None and now is not None and was != now


def slower(was: PastQuery, now: PastQuery) -> bool:
    """Whether a query takes notably longer now."""
    if was.median_ms is None or now.median_ms is None:
        return False
    apart = (now.fastest_ms or now.median_ms) > (was.slowest_ms or was.median_ms)
    return apart and now.median_ms >= was.median_ms * NOTABLE_RATIO and now.median_ms - was.median_ms >= NOTABLE_MS


def _runways(old: PastDatabase, new: PastDatabase, elapsed: timedelta) -> Iterator[Runway]:
    """The keys that moved on, with the days that they have left."""
    for label, now in new.keys.items():
        was = old.keys.get(label)
        if was is not None and now.used > was.used and elapsed > timedelta(0):
            per_day = (now.used - was.used) / (elapsed / DAY)
            left = max(0, now.ceiling - now.used)
            yield Runway(label, int(left / per_day), left, per_day)
