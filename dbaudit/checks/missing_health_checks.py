from __future__ import annotations

from collections.abc import Iterator
from math import inf

from dbaudit.facts import Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import ChangeSetting, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["activity"], vendors=["postgresql", "mysql", "oracle"], category="operations")
def missing_health_checks(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Connections are kept between requests, and nothing asks whether they still work.

    Why: After a restart or failover of the server, or when a firewall drops what is idle, every kept connection is
    dead. Each of them fails one request before Django opens a new one.

    Fix: Set ``CONN_HEALTH_CHECKS`` to True: one cheap statement for each request that uses the database.

    Silent when: ``CONN_MAX_AGE`` is 0 and there is no pool, or ``CONN_HEALTH_CHECKS`` is True. With ``DEBUG`` it is a
    remark.
    """
    if snapshot.posture is None:
        yield Skipped("missing_health_checks", UNREAD)
        return
    django = snapshot.posture.django
    if django.health_checks or not (django.max_age_seconds or django.pool_size):
        return
    kept = "in a pool" if django.pool_size else f"for {django.max_age_seconds:g} s"
    age = "None" if django.max_age_seconds == inf else django.max_age_seconds
    yield Finding(
        subject=f"Connections are kept {'for ever' if age == 'None' else kept} without health checks",
        detail="After a restart of the server each of them fails one request.",
        identity=(),
        severity=Severity.INFO if django.debug else Severity.DEFAULT,
        evidence=(
            Evidence("pool max_size", django.pool_size, "connections", "OPTIONS")
            if django.pool_size
            else Evidence("CONN_MAX_AGE", age, "" if age == "None" else "s", "DATABASES"),
            Evidence("CONN_HEALTH_CHECKS", "False", source="DATABASES"),
        ),
        remedy=Remedy(
            action=ChangeSetting(setting="CONN_HEALTH_CHECKS", value="True", where=f"DATABASES[{snapshot.alias!r}]"),
            orm=f'DATABASES[{snapshot.alias!r}]["CONN_HEALTH_CHECKS"] = True',
        ),
    )
