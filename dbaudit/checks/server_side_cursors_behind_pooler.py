from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import ChangeSetting, Confidence, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["activity"], vendors=["postgresql"], category="operations")
def server_side_cursors_behind_pooler(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A pooler stands between, and Django uses server-side cursors.

    Why: ``QuerySet.iterator()`` opens a cursor that outlives the transaction. A pooler that pools by transaction hands
    the next fetch to another server process, where the cursor does not exist: ``InvalidCursorName``, under load first.

    Fix: Set ``DISABLE_SERVER_SIDE_CURSORS`` to True, or let long iterations run inside ``transaction.atomic()``, or
    give them an alias that leads past the pooler.

    Silent when: ``DISABLE_SERVER_SIDE_CURSORS`` is set, or nothing stands between. Where the audit saw a pooler but
    could not prove that it pools by transaction (its pool was busy, or it pools by session), it is a remark, as with
    ``DEBUG``.
    """
    posture, server = snapshot.posture, snapshot.server
    if posture is None or server is None or server.pooling is None:
        yield Skipped("server_side_cursors_behind_pooler", UNREAD)
        return
    if server.pooling == "none" or not posture.django.server_side_cursors:
        return
    proved = server.pooling == "transaction"
    seen = "server processes changed between transactions" if proved else "not seen"
    yield Finding(
        subject=f"Server-side cursors behind a pooler{' that pools by transaction' if proved else ''}",
        detail="QuerySet.iterator() fails as soon as its fetches meet different server processes."
        if proved
        else "If it pools by transaction, QuerySet.iterator() fails under load.",
        identity=(),
        severity=Severity.DEFAULT if proved and not posture.django.debug else Severity.INFO,
        confidence=Confidence.HIGH if proved else Confidence.MEDIUM,
        evidence=(
            Evidence("pooler", "the client was told another process id than the server has", source="pg_backend_pid()"),
            Evidence("pooling by transaction", seen, source="pg_backend_pid()"),
            Evidence("DISABLE_SERVER_SIDE_CURSORS", "False", source="DATABASES"),
        ),
        remedy=Remedy(
            action=ChangeSetting(
                setting="DISABLE_SERVER_SIDE_CURSORS", value="True", where=f"DATABASES[{snapshot.alias!r}]"
            ),
            orm=f'DATABASES[{snapshot.alias!r}]["DISABLE_SERVER_SIDE_CURSORS"] = True',
        ),
    )
