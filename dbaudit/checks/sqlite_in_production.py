from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import ChangeSetting, Confidence, Evidence, Finding, Remedy
from dbaudit.registry import check


@check(severity="info", needs=["activity"], vendors=["sqlite"], category="operations")
def sqlite_in_production(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The settings are those of production, and the database is SQLite.

    Why: One writer at a time, all processes on one machine, no point-in-time recovery, and migrations that alter a
    table copy it whole. That is enough for some services; it should be a decision.

    Fix: Move to PostgreSQL where writers compete or machines are several. Otherwise keep the file on a local disk, back
    it up with SQLite's own online backup, and suppress this finding with the reason.

    Silent when: ``DEBUG`` is on, or the database is in memory.
    """
    posture = snapshot.posture
    if posture is None or posture.file is None:
        yield Skipped("sqlite_in_production", UNREAD)
        return
    if posture.django.debug or posture.file.in_memory:
        return
    yield Finding(
        subject=f"Database {snapshot.alias!r} is SQLite, and DEBUG is off",
        detail="Settings without DEBUG are taken for those of production.",
        identity=(),
        confidence=Confidence.MEDIUM,
        evidence=(
            Evidence("DEBUG", "False", source="settings"),
            Evidence("SQLite", ".".join(map(str, posture.version)), source="sqlite3"),
        ),
        remedy=Remedy(
            action=ChangeSetting(setting="ENGINE", value="PostgreSQL", where=f"DATABASES[{snapshot.alias!r}]"),
            orm="Where SQLite is a decision, say so in DBAUDIT['SUPPRESS'] with the reason.",
        ),
    )
