from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Holder, Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check

#: Transactions since what is held, bytes of log and seconds of waiting from which on it is told.
OLD_AGE, MUCH_LOG, LONG_S = 100_000, 2**30, 3600


@check(severity="warning", needs=["activity"], vendors=["postgresql"], category="operations")
def vacuum_held_back(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A replication slot or a prepared transaction that nobody ends holds old rows and log.

    Why: VACUUM may not remove what a slot or an open transaction could still ask for, in no table of the database. A
    slot whose reader is gone also keeps all log since then until the disk is full and the server stops. A prepared
    transaction survives restarts, with its locks.

    Fix: Start the reader of the slot again, or drop the slot. Commit the prepared transaction or roll it back.

    Silent when: The slot's reader is connected and keeps up; it holds rows of fewer than 100,000 transactions and less
    than 1 GiB of log; the prepared transaction has waited for less than an hour. What the role may not see is named as
    not examined.
    """
    if snapshot.server is None or snapshot.server.holders is None:
        yield Skipped("vacuum_held_back", UNREAD)
        return
    for holder in snapshot.server.holders:
        if _holds(holder):
            yield _finding(holder)


def _holds(holder: Holder) -> bool:
    if holder.kind == "prepared transaction":
        return (holder.seconds or 0) >= LONG_S
    return (holder.age or 0) >= OLD_AGE or (not holder.active and (holder.wal_bytes or 0) >= MUCH_LOG)


def _finding(holder: Holder) -> Finding:
    slot = holder.kind == "replication slot"
    name = holder.name.replace("'", "''")
    evidence = [Evidence("reader connected", "yes" if holder.active else "no", source="pg_replication_slots")]
    if not slot:
        evidence = [Evidence("waits for", holder.seconds or 0, "s", "pg_prepared_xacts")]
    if holder.age is not None:
        evidence.append(Evidence("transactions since", holder.age, "transactions", "age()"))
    if holder.wal_bytes is not None:
        evidence.append(Evidence("log kept for it", holder.wal_bytes, "bytes", "pg_wal_lsn_diff()"))
    return Finding(
        subject=f"The {holder.kind} {holder.name} holds back VACUUM"
        if holder.age
        else f"The {holder.kind} {holder.name} keeps the server's log",
        detail="Its reader is not connected." if slot and not holder.active else "Nobody has ended it.",
        identity=(holder.kind, holder.name),
        evidence=tuple(evidence),
        remedy=Remedy(
            action=RunSql(purpose="Drop the slot if its reader is gone." if slot else "End the transaction."),
            orm="No change to the project.",
            sql=f"SELECT pg_drop_replication_slot('{name}');" if slot else f"ROLLBACK PREPARED '{name}';",
        ),
    )
