from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.autovacuum import OFF
from dbaudit.facts import Skipped, Snapshot, Table
from dbaudit.findings import ChangeSetting, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: A smaller table is read whole at once, dead rows and all.
FEWEST_ROWS = 1_000


@check(severity="warning", needs=["schema", "activity"], vendors=["postgresql"], category="operations")
def autovacuum_off(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Autovacuum is switched off.

    Why: Nothing removes the rows that updates and deletes leave, so tables and indexes grow for ever. Nothing renews
    the planner's statistics, so plans get worse. It is usually switched off for one large load and forgotten. The
    server still starts it against the wraparound of transaction ids, and then it takes hours.

    Fix: Switch it on again, for the server or for the table, and vacuum once by hand.

    Silent when: It is on, for the server and for each table; the table has fewer than 1,000 rows. Without
    ``track_counts`` the server knows of no changes and autovacuum does nothing either. On a developer's machine what
    the server is set to is a remark.
    """
    settings = dict(snapshot.settings)
    if "autovacuum" not in settings:
        yield Skipped("autovacuum_off", "The server's settings were not seen.")
        return
    for name in ("autovacuum", "track_counts"):
        if settings.get(name) == "off":
            yield _server(snapshot, name)
    for table in snapshot.stored_tables():
        if _off(table) and (table.rows is None or table.rows >= FEWEST_ROWS):
            yield _table(snapshot, table)


def _off(table: Table) -> bool:
    return dict(table.options or ()).get("autovacuum_enabled", "on").lower() in OFF


def _server(snapshot: Snapshot, name: str) -> Finding:
    development = snapshot.posture is not None and snapshot.posture.development
    reload = "SELECT pg_reload_conf();"
    return Finding(
        subject=f"Autovacuum does nothing on this server: {name} is off",
        detail="No table is vacuumed or analyzed by itself.",
        identity=(name,),
        severity=Severity.INFO if development else Severity.DEFAULT,
        evidence=(Evidence(name, "off", source="pg_settings"),),
        remedy=Remedy(
            action=ChangeSetting(setting=name, value="on", where="the server"),
            orm="No change to the project.",
            sql=f"ALTER SYSTEM SET {name} = on;\n{reload}",
            undo_sql=f"ALTER SYSTEM RESET {name};\n{reload}",
        ),
    )


def _table(snapshot: Snapshot, table: Table) -> Finding:
    quoted = snapshot.dialect.quote(table.schema, table.name)
    evidence = [Evidence("autovacuum_enabled", "off", source="pg_class.reloptions")]
    if table.rows is not None:
        evidence.append(Evidence("rows", table.rows, "rows", table.rows_are))
    if table.statistics and table.statistics.dead_rows is not None:
        evidence.append(Evidence("dead rows", table.statistics.dead_rows, "rows", "pg_stat_all_tables"))
    return Finding.about(
        table,
        subject=f"Autovacuum is off for {table.label}",
        detail="Its dead rows stay, and its statistics grow old.",
        identity=(),
        evidence=evidence,
        remedy=Remedy(
            action=RunSql(purpose="Let autovacuum look after the table again."),
            orm="Models do not change: put the SQL into a RunSQL operation if a migration switched it off.",
            sql=f"ALTER TABLE {quoted} RESET (autovacuum_enabled);",
            undo_sql=f"ALTER TABLE {quoted} SET (autovacuum_enabled = off);",
        ),
    )
