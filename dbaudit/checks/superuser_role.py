from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["activity"], vendors=["postgresql"], category="operations")
def superuser_role(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Django connects as a superuser, or as a role that row-level security does not bind.

    Why: An injected statement can then read files of the server, run programs on it and drop every database; no
    privilege, no connection limit and no policy holds. Superusers also take the connections kept for administration.

    Fix: Give Django a role of its own that owns its database and nothing else, and keep the superuser for
    administration. Extensions can be created once, by the superuser.

    Silent when: The role is no superuser and either is bound by row-level security or meets no table that has it. A
    role that owns its tables is usual: migrations need it. On a developer's machine it is a remark.
    """
    posture, server = snapshot.posture, snapshot.server
    if posture is None or server is None or server.superuser is None:
        yield Skipped("superuser_role", UNREAD)
        return
    severity = Severity.INFO if posture.development else Severity.DEFAULT
    if server.superuser:
        yield Finding(
            subject="Django connects as a superuser",
            detail="Nothing that the server could refuse is refused to it.",
            identity=("superuser",),
            severity=severity,
            evidence=(Evidence("rolsuper", "true", source="pg_roles"),),
            remedy=_own_role("NOSUPERUSER"),
        )
    elif server.bypasses_row_security and server.row_security_tables:
        yield Finding(
            subject="Django's role is not bound by row-level security",
            detail="Tables here have policies, and the role's BYPASSRLS puts it above all of them.",
            identity=("bypassrls",),
            severity=severity,
            evidence=(
                Evidence("rolbypassrls", "true", source="pg_roles"),
                Evidence("tables whose policies do not bind it", server.row_security_tables, "tables", "pg_class"),
            ),
            remedy=_own_role("NOBYPASSRLS"),
        )


def _own_role(attribute: str) -> Remedy:
    return Remedy(
        action=RunSql(purpose="Give Django a role of its own, without such attributes."),
        orm="Make the new role the owner of the project's database and tables, and put it into USER.",
        sql=f"CREATE ROLE app LOGIN {attribute} PASSWORD '...';",
        undo_sql="DROP ROLE app;",
    )
