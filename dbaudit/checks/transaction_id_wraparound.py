from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import PostgresqlServer, Skipped, Snapshot
from dbaudit.facts.posture import UNREAD
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: So many ids after the oldest one in use, the server takes no more writes (less a margin of 3 million).
HORIZON = 2**31
#: Shares of it. VACUUM drops all else at 1,600 million (``vacuum_failsafe_age``), which is 75 %.
LATE, URGENT = 0.5, 0.75


@check(severity="warning", needs=["activity"], vendors=["postgresql"], category="operations")
def transaction_id_wraparound(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The database comes close to the end of its transaction or multixact ids.

    Why: VACUUM has to freeze old rows before 2,147 million ids have passed; otherwise the server refuses every write
    until somebody vacuums by hand. Normally autovacuum does so from 200 million on: an age far above means that it
    cannot. ``select_for_update()`` and foreign keys use up multixact ids.

    Fix: Find what holds the old rows (a transaction open for days, a forgotten replication slot or prepared
    transaction), end it, then vacuum the tables with the greatest age.

    Silent when: Both ages are below half of the horizon. From three quarters on it is an error.
    """
    server = snapshot.server
    if server is None or server.transaction_age is None or server.multixact_age is None:
        yield Skipped("transaction_id_wraparound", UNREAD)
        return
    ages = (("transaction", server.transaction_age), ("multixact", server.multixact_age))
    for kind, age in ages:
        if age >= LATE * HORIZON:
            yield _finding(server, kind, age)


def _finding(server: PostgresqlServer, kind: str, age: int) -> Finding:
    setting = "autovacuum_freeze_max_age" if kind == "transaction" else "autovacuum_multixact_freeze_max_age"
    function, column = ("age", "relfrozenxid") if kind == "transaction" else ("mxid_age", "relminmxid")
    return Finding(
        subject=f"{age / HORIZON:.0%} of the {kind} ids are used up",
        detail=f"{HORIZON - age:,} are left until the server refuses writes.",
        identity=(kind,),
        severity=Severity.ERROR if age >= URGENT * HORIZON else Severity.DEFAULT,
        evidence=(
            Evidence(f"age of the oldest {kind} id", age, "ids", "pg_database"),
            Evidence(setting, server.number(setting) or 0, "ids", "pg_settings"),
        ),
        remedy=Remedy(
            action=RunSql(purpose="Vacuum the oldest tables, after what keeps their rows alive is gone."),
            orm="No change to the project, unless it keeps transactions open.",
            sql=f"SELECT oid::regclass, {function}({column}) FROM pg_class\n"
            f"WHERE relkind IN ('r', 'm', 't') ORDER BY 2 DESC LIMIT 10;\n"
            "VACUUM (FREEZE, VERBOSE);",
        ),
    )
