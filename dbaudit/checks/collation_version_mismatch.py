from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import CollationVersion, Skipped, Snapshot
from dbaudit.facts.dialect import Dialect
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check


@check(severity="error", needs=["activity"], vendors=["postgresql"], category="operations")
def collation_version_mismatch(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Indexes were built with other sorting rules than the server sorts by today.

    Why: An upgrade of the operating system or its image brings another glibc or ICU, which may sort text differently.
    An index that was sorted by the old rules then misses rows that are there, and unique ones admit duplicates.

    Fix: Rebuild the indexes that the collation sorts, then record the new version, in this order. Where a rebuild
    reports duplicate keys, those rows came in meanwhile: merge them first.

    Silent when: The versions agree, the collation has none (``C``, ``POSIX``, ``C.UTF-8``), or it sorts no index. The
    version of the database's own collation is recorded since PostgreSQL 15.
    """
    server = snapshot.server
    if server is None or server.outdated_collations is None:
        yield Skipped("collation_version_mismatch", UNREAD)
        return
    for collation in server.outdated_collations:
        if collation.indexes:
            yield _finding(snapshot.dialect, server.database, collation)


def _finding(dialect: Dialect, database: str, collation: CollationVersion) -> Finding:
    named = f"Collation {collation.name}" if collation.name else "The database's collation"
    refresh = f"COLLATION {collation.name}" if collation.name else f"DATABASE {dialect.quote(database)}"
    what = "COLLATION VERSION" if not collation.name else "VERSION"
    return Finding(
        subject=f"{named} has changed since its indexes were built",
        detail="They may miss rows, and unique ones among them may have admitted duplicates.",
        identity=(collation.name or "database",),
        evidence=(
            Evidence("recorded version", collation.recorded, source="catalog"),
            Evidence("version of the library", collation.actual, source="server"),
            Evidence("indexes sorted by it", collation.indexes, "indexes", "pg_index"),
        ),
        remedy=Remedy(
            action=RunSql(purpose="Rebuild the indexes, then record the version that they were built with."),
            orm="No change to the project.",
            sql=f"REINDEX DATABASE CONCURRENTLY {dialect.quote(database)};\nALTER {refresh} REFRESH {what};",
        ),
    )
