from __future__ import annotations

from collections.abc import Iterator
from math import inf

from dbaudit.facts import PostgresqlServer, Posture, SessionLimit, Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import ChangeSetting, Confidence, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: Shares of a limit.
FILLING, FULL = 0.85, 0.95
WORDS = {
    "max_connections": "the server's connections",
    "database": "the database's connections",
    "role": "the role's connections",
}

LOOK = Remedy(
    action=RunSql(purpose="See who holds the connections before raising a limit."),
    orm="Close what nobody uses, start fewer workers, or put a pooler between.",
    sql="SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC;",
)


@check(severity="warning", needs=["activity"], vendors=["postgresql"], category="operations")
def connection_saturation(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The server has hardly a connection left, or the project may open more than it admits.

    Why: The next worker that starts, or the next migration, is refused with "too many clients". Idle connections kept
    by ``CONN_MAX_AGE`` count like busy ones; every process, and with threads every thread, keeps its own.

    Fix: Lower ``CONN_MAX_AGE`` or the pool's ``max_size``, start fewer workers, or put a pooler between. Raising
    ``max_connections`` costs memory and a restart.

    Silent when: Less than 85 % of what the server, the database and the role admit was taken when the audit looked
    (connections reserved for superusers left out), and the pools of all workers (``WEB_CONCURRENCY``, one where that
    is not set) fit in. From 95 % on it is an error.
    """
    posture, server = snapshot.posture, snapshot.server
    if posture is None or server is None or server.limits is None:
        yield Skipped("connection_saturation", UNREAD)
        return
    for limit in server.limits:
        if limit.used >= FILLING * limit.limit:
            yield _filling(snapshot.alias, posture, server, limit)
    tightest = min(server.limits, key=lambda one: one.limit)
    if posture.django.pool_size * (posture.django.workers or 1) > tightest.limit:
        yield _pools(snapshot.alias, posture, tightest)


def _filling(alias: str, posture: Posture, server: PostgresqlServer, limit: SessionLimit) -> Finding:
    age = posture.django.max_age_seconds
    return Finding(
        subject=f"{limit.used} of {limit.limit} of {WORDS[limit.name]} are taken",
        detail="Further ones are refused once none is left.",
        identity=(limit.name,),
        severity=Severity.ERROR if limit.used >= FULL * limit.limit else Severity.DEFAULT,
        evidence=(
            Evidence("taken", limit.used, "sessions", "pg_stat_activity"),
            Evidence("admitted", limit.limit, "sessions", "pg_settings, pg_database, pg_roles"),
            *(
                Evidence(f"own sessions that are {state or 'of unseen state'}", count, "sessions", "pg_stat_activity")
                for state, count in server.states or ()
            ),
            Evidence("CONN_MAX_AGE", "None" if age == inf else age, "" if age == inf else "s", "DATABASES"),
        ),
        remedy=_fewer(alias) if age else LOOK,
    )


def _fewer(alias: str) -> Remedy:
    return Remedy(
        action=ChangeSetting(setting="CONN_MAX_AGE", value="0", where=f"DATABASES[{alias!r}]"),
        orm=f'DATABASES[{alias!r}]["CONN_MAX_AGE"] = 0',
    )


def _pools(alias: str, posture: Posture, limit: SessionLimit) -> Finding:
    django, workers = posture.django, posture.django.workers or 1
    fitting = max(limit.limit // workers, 1)
    return Finding(
        subject=f"The pools may open {django.pool_size * workers} connections where {limit.limit} are admitted",
        detail=f"Each of {workers} processes may hold {django.pool_size}.",
        identity=("pool",),
        severity=Severity.INFO if posture.development else Severity.DEFAULT,
        confidence=Confidence.HIGH if workers == 1 else Confidence.MEDIUM,
        evidence=(
            Evidence("max_size of the pool", django.pool_size, "connections", "OPTIONS"),
            Evidence("processes", workers, "processes", "WEB_CONCURRENCY" if django.workers else "assumed"),
            Evidence("admitted", limit.limit, "sessions", "pg_settings, pg_database, pg_roles"),
        ),
        remedy=Remedy(
            action=ChangeSetting(setting="pool max_size", value=str(fitting), where=f"OPTIONS of DATABASES[{alias!r}]"),
            orm=f'DATABASES[{alias!r}]["OPTIONS"]["pool"] = {{"min_size": 1, "max_size": {fitting}}}',
        ),
    )
