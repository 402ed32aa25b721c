from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import PostgresqlServer, Posture, Skipped, Snapshot
from dbaudit.facts.posture import UNREAD, is_private, stays_on_machine
from dbaudit.findings import ChangeSetting, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["activity"], vendors=["postgresql"], category="operations")
def unencrypted_connection(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Django talks to the server over a network without encryption.

    Why: Statements, rows and, with some kinds of authentication, the password can be read by whoever is on the way.
    libpq's default, ``sslmode=prefer``, goes on without encryption where the server offers none, and says nothing.

    Fix: Turn ``ssl`` on at the server and set ``sslmode`` to ``verify-full`` with the authority's certificate:
    ``require`` encrypts, but asks nobody who answers. Behind a pooler set its own TLS towards the server.

    Silent when: The connection is encrypted by TLS or GSSAPI, or never leaves the machine: a socket in the file system,
    loopback, or the machine's own address. In a private network, and with ``DEBUG``, it is a remark.
    """
    posture, server = snapshot.posture, snapshot.server
    if posture is None or server is None:
        yield Skipped("unencrypted_connection", UNREAD)
        return
    there = server.address == server.client_address and server.pooling == "none"
    if not server.local and not there:
        if server.encrypted is None:
            yield Skipped("unencrypted_connection", UNREAD)
        elif not server.encrypted:
            yield _of_django(snapshot.alias, posture, server)
    pooled = server.pooling in ("unknown", "transaction") and server.client_address is not None
    if pooled and not stays_on_machine(server.client_address or "") and server.encrypted_at_server is False:
        yield _of_pooler(posture, server)


def _of_django(alias: str, posture: Posture, server: PostgresqlServer) -> Finding:
    asked = posture.django.sslmode
    return Finding(
        subject="Django's connection is not encrypted",
        detail=f"It leads to {server.address or 'another machine'} in plain text.",
        identity=("django",),
        severity=_severity(posture, server.address or ""),
        evidence=(
            Evidence("encrypted", "no", source="the driver"),
            Evidence("sslmode", asked or "prefer", source="OPTIONS" if asked else "libpq's default"),
        ),
        remedy=Remedy(
            action=ChangeSetting(setting="sslmode", value="verify-full", where=f"OPTIONS of DATABASES[{alias!r}]"),
            orm=f'DATABASES[{alias!r}].setdefault("OPTIONS", {{}}).update('
            'sslmode="verify-full", sslrootcert="/path/of/the/authority.crt")',
        ),
    )


def _of_pooler(posture: Posture, server: PostgresqlServer) -> Finding:
    return Finding(
        subject="The pooler's connection to the server is not encrypted",
        detail=f"The server sees it come from {server.client_address} in plain text.",
        identity=("pooler",),
        severity=_severity(posture, server.client_address or ""),
        evidence=(
            Evidence(
                "ssl", "false", source="pg_stat_ssl", sql="SELECT * FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ),
        ),
        remedy=Remedy(
            action=ChangeSetting(setting="server_tls_sslmode", value="verify-full", where="pgbouncer.ini"),
            orm="Only the pooler's configuration changes; other poolers name the setting differently.",
        ),
    )


def _severity(posture: Posture, address: str) -> Severity:
    return Severity.INFO if posture.django.debug or is_private(address) else Severity.DEFAULT
