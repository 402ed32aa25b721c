"""What the rows tell -> `Data`: counts and the positions of keys, in a constant number of statements.

No value of a row leaves the server but the highest number of an integer key, which is read from the end of an index.
Whatever reads a whole table leaves large ones alone unless asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.database.postgresql.statements import WITHOUT_JIT
from dbaudit.catalog.rows.asking import ask
from dbaudit.catalog.rows.counts import lengths, old_rows
from dbaudit.catalog.rows.duplicates import duplicates
from dbaudit.catalog.rows.keys import keys
from dbaudit.catalog.rows.limits import limits
from dbaudit.catalog.rows.longest import longest
from dbaudit.catalog.rows.orphans import orphans, sqlite_orphans
from dbaudit.catalog.rows.probing import Fact, Probe, Reader
from dbaudit.facts import (
    Data,
    Duplicates,
    KeyPosition,
    LengthCount,
    LimitCount,
    LongestKey,
    OldRows,
    Orphans,
    Skipped,
    Snapshot,
)

#: What is asked of the rows, each with the checks that look at the answers. Keys come first and by themselves: they
#: are read at once, so that no slow neighbour takes them down with it.
KEYS: Final[Mapping[Callable[[Reader], Iterator[Probe]], frozenset[str]]] = {
    keys: frozenset({"integer_runway", "sequence_behind"}),
}
ROWS: Final[Mapping[Callable[[Reader], Iterator[Probe]], frozenset[str]]] = {
    orphans: frozenset({"orphan_rows"}),
    lengths: frozenset({"varchar_limit_touched"}),
    old_rows: frozenset({"uncleared_table"}),
    duplicates: frozenset({"unenforced_uniqueness"}),
    limits: frozenset({"implied_constraint"}),
    longest: frozenset({"oversized_index_key"}),
}
KNOWN: Final = frozenset().union(*KEYS.values(), *ROWS.values())


def read(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    *,
    limit_bytes: int,
    unlimited: bool,
    checks: Collection[str] | None = None,
) -> tuple[Data, tuple[Skipped, ...]]:
    """What the rows of the snapshot's tables tell, and what was left out, with the reason.

    Args:
        connection: the connection that the tables were read from, held read-only.
        snapshot: its tables with their row counts, and the models.
        limit_bytes: a larger table is not read whole.
        unlimited: read it all the same.
        checks: what only other checks look at is not read; None for all. A check that is not known here, as those of
            a project are, may look at anything.
    """
    wanted = KNOWN if checks is None or not {*checks} <= KNOWN else {*checks}
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(WITHOUT_JIT)
    reader = Reader(connection, snapshot, limit_bytes, unlimited)
    found: list[Fact] = []
    for together in (KEYS, ROWS):
        probes = [probe for make, readers in together.items() if readers & wanted for probe in make(reader)]
        answers, unanswered = ask(connection, [probe.question for probe in probes])
        reader.skipped += [Skipped(str(one.question.key), one.reason) for one in unanswered]
        for probe in probes:
            if probe.question.key in answers:
                found += probe.facts(answers[probe.question.key])
    if connection.vendor == "sqlite" and ROWS[orphans] & wanted:
        found += sqlite_orphans(reader)
    return Data(
        keys=tuple(one for one in found if isinstance(one, KeyPosition)),
        orphans=tuple(one for one in found if isinstance(one, Orphans) and one.rows),
        old_rows=tuple(one for one in found if isinstance(one, OldRows)),
        lengths=tuple(one for one in found if isinstance(one, LengthCount)),
        duplicates=tuple(one for one in found if isinstance(one, Duplicates)),
        limits=tuple(one for one in found if isinstance(one, LimitCount)),
        longest=tuple(one for one in found if isinstance(one, LongestKey)),
    ), tuple(reader.skipped)
