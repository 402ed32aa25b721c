from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import PostgresqlServer, Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import ChangeSetting, Evidence, Finding, Remedy
from dbaudit.registry import check

#: Each timeout with the settings of which any one does its work, and a value to begin with.
TIMEOUTS = {
    "statement_timeout": (("statement_timeout", "transaction_timeout"), "30s"),
    "lock_timeout": (("lock_timeout", "statement_timeout", "transaction_timeout"), "5s"),
    "idle_in_transaction_session_timeout": (("idle_in_transaction_session_timeout", "transaction_timeout"), "60s"),
}


@check(severity="info", needs=["activity"], vendors=["postgresql"], category="operations")
def missing_timeout(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Nothing ends a statement, a wait for a lock or an idle transaction of Django's connection.

    Why: A statement that runs away, or a request that dies between two statements of a transaction, keeps its locks
    and its snapshot until somebody ends it: others wait, and VACUUM removes nothing meanwhile.

    Fix: Set the timeouts for the role, or in ``OPTIONS`` of the database. Give migrations and batch jobs a role or an
    alias with longer ones.

    Silent when: The role, the database, ``OPTIONS`` or the server sets them: the values of Django's own connection
    count, also those that a signal handler set. ``transaction_timeout`` (PostgreSQL 17) counts for all three; a
    statement timeout also ends a wait for a lock.
    """
    server = snapshot.server
    if server is None:
        yield Skipped("missing_timeout", UNREAD)
        return
    missing = [name for name, (enough, _) in TIMEOUTS.items() if not any(map(server.number, enough))]
    if missing:
        yield _finding(snapshot, server, missing)


def _finding(snapshot: Snapshot, server: PostgresqlServer, missing: list[str]) -> Finding:
    values = {name: TIMEOUTS[name][1] for name in missing}
    options = " ".join(f"-c {name}={value}" for name, value in values.items())
    found = [one for one in map(server.setting, missing) if one]
    return Finding(
        subject=f"Django's connection has no {', no '.join(missing)}",
        detail="What it waits for or leaves open ends only when somebody ends it.",
        identity=(),
        evidence=tuple(Evidence(one.name, int(one.value), one.unit, f"pg_settings, {one.source}") for one in found),
        remedy=Remedy(
            action=ChangeSetting(
                setting="options",
                value=options,
                where=f"OPTIONS of DATABASES[{snapshot.alias!r}], or for the role",
            ),
            orm=f'DATABASES[{snapshot.alias!r}].setdefault("OPTIONS", {{}})["options"] = "{options}"',
            sql="\n".join(f"ALTER ROLE CURRENT_USER SET {name} = '{value}';" for name, value in values.items()),
            undo_sql="\n".join(f"ALTER ROLE CURRENT_USER RESET {name};" for name in missing),
        ),
    )
