from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import DjangoConnection, Skipped, Snapshot, SqliteFile
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import ChangeSetting, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check

#: Python's own default; Django leaves it.
SHORTEST_WAIT_MS = 5_000
WAIT_SECONDS = 20
SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


@check(severity="info", needs=["activity"], vendors=["sqlite"], category="operations")
def sqlite_posture(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """SQLite is opened in a way that lets requests fail with "database is locked", or loses data.

    Why: With a rollback journal a writer keeps readers out and readers keep a writer out. A transaction that begins by
    reading and then writes fails at once when another one has written meanwhile, whatever the timeout: only one that
    says so at its beginning (``IMMEDIATE``) waits. ``synchronous = OFF`` may damage the file when the machine crashes.

    Fix: ``journal_mode=WAL`` (kept in the file; not for network file systems), ``transaction_mode`` ``IMMEDIATE`` and a
    timeout of some seconds, in ``OPTIONS``.

    Silent when: The database is in memory, or all of it is so: journal mode WAL, ``transaction_mode`` IMMEDIATE or
    EXCLUSIVE, a timeout of at least 5 s, ``synchronous`` not off. It is a remark; ``synchronous = OFF`` without
    ``DEBUG`` is a warning.
    """
    posture = snapshot.posture
    if posture is None or posture.file is None:
        yield Skipped("sqlite_posture", UNREAD)
        return
    if posture.file.in_memory:
        return
    wrong = dict(_wrong(posture.file, posture.django))
    if wrong:
        yield _finding(snapshot.alias, posture.file, posture.django, wrong)


def _wrong(file: SqliteFile, django: DjangoConnection) -> Iterator[tuple[str, str]]:
    """What is not as it should be, with its value in words."""
    if file.synchronous == 0:
        yield "synchronous", "synchronous is off"
    if file.journal_mode != "wal":
        yield "journal_mode", f"its journal mode is {file.journal_mode}"
    if django.transaction_mode.upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        yield "transaction_mode", "transactions begin deferred"
    if file.busy_timeout_ms < SHORTEST_WAIT_MS:
        yield "timeout", f"it waits {file.busy_timeout_ms} ms for a lock"


def _finding(alias: str, file: SqliteFile, django: DjangoConnection, wrong: dict[str, str]) -> Finding:
    pragmas = [django.init_command.rstrip("; ")] if django.init_command else []
    pragmas += ["PRAGMA journal_mode=WAL"] if "journal_mode" in wrong else []
    pragmas += ["PRAGMA synchronous=NORMAL"] if "synchronous" in wrong else []
    options: dict[str, object] = {}
    if {"journal_mode", "synchronous"} & wrong.keys():
        options["init_command"] = "; ".join(pragmas)
    if "transaction_mode" in wrong:
        options["transaction_mode"] = "IMMEDIATE"
    if "timeout" in wrong:
        options["timeout"] = WAIT_SECONDS
    unsafe = "synchronous" in wrong
    return Finding(
        subject="SQLite may lose data in a crash" if unsafe else "SQLite will answer concurrent writers with an error",
        detail=f"For this connection {', '.join(wrong.values())}.",
        identity=("unsafe",) if unsafe else (),
        severity=Severity.WARNING if unsafe and not django.debug else Severity.DEFAULT,
        evidence=(
            Evidence("journal_mode", file.journal_mode, source="PRAGMA"),
            Evidence("synchronous", SYNCHRONOUS.get(file.synchronous, str(file.synchronous)), source="PRAGMA"),
            Evidence("busy_timeout", file.busy_timeout_ms, "ms", "PRAGMA"),
            Evidence("transaction_mode", django.transaction_mode or "DEFERRED", source="OPTIONS"),
            Evidence("ATOMIC_REQUESTS", str(django.atomic_requests), source="DATABASES"),
        ),
        remedy=Remedy(
            action=ChangeSetting(
                setting="OPTIONS",
                value=", ".join(f"{name}={value!r}" for name, value in options.items()),
                where=f"DATABASES[{alias!r}]",
            ),
            orm=f'DATABASES[{alias!r}].setdefault("OPTIONS", {{}}).update({options!r})',
        ),
    )
