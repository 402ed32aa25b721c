from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import ChangeSetting, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check


@check(severity="error", needs=["activity"], vendors=["postgresql"], category="operations")
def durability_off(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The server does not secure what it writes: after a crash the database may be damaged.

    Why: Without ``fsync`` the operating system decides what reaches the disk and in which order; without
    ``full_page_writes`` a page that was half written stays so. Neither is repaired by recovery: only a backup helps.

    Fix: Turn both on and reload the server. Where commits are too slow, ``synchronous_commit = off`` loses the last
    moments of a crash and damages nothing.

    Silent when: Both are on. ``synchronous_commit`` is a choice, not a defect. ``full_page_writes`` alone is a warning,
    because on a file system that writes pages whole (ZFS) it may be off. On a developer's machine it is a remark.
    """
    posture, server = snapshot.posture, snapshot.server
    if posture is None or server is None:
        yield Skipped("durability_off", UNREAD)
        return
    off = [one for one in map(server.setting, ("fsync", "full_page_writes")) if one and one.value == "off"]
    if not off:
        return
    names = " and ".join(one.name for one in off)
    severity = Severity.DEFAULT if off[0].name == "fsync" else Severity.WARNING
    yield Finding(
        subject=f"{names} {'are' if len(off) > 1 else 'is'} off",
        detail="A crash of the machine may leave the database damaged beyond repair.",
        identity=(),
        severity=Severity.INFO if posture.development else severity,
        evidence=tuple(Evidence(one.name, one.value, source=f"pg_settings, {one.source}") for one in off),
        remedy=Remedy(
            action=ChangeSetting(setting=names, value="on", where="the server"),
            orm="No change to the project.",
            sql="\n".join([*(f"ALTER SYSTEM SET {one.name} = on;" for one in off), "SELECT pg_reload_conf();"]),
            undo_sql="\n".join([*(f"ALTER SYSTEM RESET {one.name};" for one in off), "SELECT pg_reload_conf();"]),
        ),
    )
