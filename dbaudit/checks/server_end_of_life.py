from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dbaudit.facts import Posture, Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: When a major version gets its last minor release. Source: https://www.postgresql.org/support/versioning/
POSTGRESQL_ENDS = {
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
VERSIONING = "https://www.postgresql.org/support/versioning/"
NOTICE_DAYS = 180

#: The next release of Django that raises what it needs. Source: ``minimum_database_version`` of its backends' features.
NEXT_DJANGO = (6, 1)
NEXT_DJANGO_NEEDS = {"PostgreSQL": (15,), "SQLite": (3, 37), "MariaDB": (10, 11), "MySQL": (8, 4), "Oracle": (19,)}


@check(severity="warning", needs=["activity"], category="operations")
def server_end_of_life(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The database's version gets no more fixes, or the next Django refuses it.

    Why: After its last minor release a PostgreSQL version gets no fixes of security holes and data-corrupting bugs.
    Django refuses to connect to what is older than it supports, so an old server holds back the framework too.

    Fix: Upgrade the server (``pg_upgrade``, or the provider's upgrade), before Django where Django asks for it. SQLite
    comes with Python: a newer Python or base image brings it.

    Silent when: A PostgreSQL version still gets fixes for more than 180 days, or is newer than this table knows; the
    database is new enough for Django 6.1, or Django 6.1 is already there. A provider's extended support is not seen. In
    the last 180 days, and on a developer's machine, it is a remark.
    """
    posture = snapshot.posture
    if posture is None or not posture.version:
        yield Skipped("server_end_of_life", UNREAD)
        return
    ends = POSTGRESQL_ENDS.get(posture.version[0]) if posture.product == "PostgreSQL" else None
    if ends and (ends - posture.today).days <= NOTICE_DAYS:
        yield _ends(posture, ends)
    elif posture.django_version < NEXT_DJANGO and posture.version < NEXT_DJANGO_NEEDS.get(posture.product, ()):
        yield _held_back(posture)


def _ends(posture: Posture, ends: date) -> Finding:
    over = ends < posture.today
    name = f"PostgreSQL {posture.version[0]}"
    return Finding(
        subject=f"{name} {'has had' if over else 'gets'} its last release{'' if over else f' on {ends}'}",
        detail=f"Fixes for it {'ended' if over else 'end'} on {ends}.",
        identity=("PostgreSQL", str(posture.version[0])),
        severity=Severity.DEFAULT if over and not posture.development else Severity.INFO,
        evidence=(
            Evidence("version", ".".join(map(str, posture.version)), source="server"),
            Evidence("last release", ends.isoformat(), source=VERSIONING),
        ),
        remedy=Remedy(
            action=RunSql(purpose=f"Upgrade the server to PostgreSQL {max(POSTGRESQL_ENDS)}."),
            orm="Run the test suite on the new version first; after pg_upgrade run ANALYZE.",
        ),
    )


def _held_back(posture: Posture) -> Finding:
    version = ".".join(map(str, posture.version))
    needed = ".".join(map(str, NEXT_DJANGO_NEEDS[posture.product]))
    django = ".".join(map(str, NEXT_DJANGO))
    return Finding(
        subject=f"Django {django} needs {posture.product} {needed}; this is {version}",
        detail="Django refuses to connect to an older one.",
        identity=("Django", django),
        severity=Severity.INFO,
        evidence=(
            Evidence("version", version, source="server"),
            Evidence("oldest for this Django's successor", needed, source=f"Django {django}"),
        ),
        remedy=Remedy(action=RunSql(purpose=f"Upgrade to {posture.product} {needed} or newer before Django.")),
    )
