"""Invalid indexes: ours are dropped, anybody else's are told."""

from __future__ import annotations

from typing import Final

from dbaudit.apply.postgresql.catalogue import Relation, Standing
from dbaudit.apply.postgresql.sessions import Session

BUILDING: Final = """
SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = %(index)s::oid AND pid <> pg_backend_pid())
    OR EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'relation' AND relation = %(table)s::oid AND pid <> pg_backend_pid() AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'AccessExclusiveLock')
    )
"""


def ours(standing: tuple[Standing, ...], name: str, like: Standing) -> Standing | None:
    """The invalid index that an earlier attempt left: our name and our definition."""
    for one in standing:
        if one.name == name and not one.usable and one.is_like(like) and not one.bound:
            return one
    return None


def foreign(standing: tuple[Standing, ...], name: str, like: Standing) -> tuple[str, ...]:
    """Sentences on the other invalid indexes of the table: they are left alone."""
    return tuple(
        f"{one.name} is invalid, is written to and serves nobody; it is not this run's, so it was left alone. If "
        f"nobody is building it: DROP INDEX CONCURRENTLY {quoted(one)};"
        for one in standing
        if not one.usable and not one.partitioned and not (one.name == name and one.is_like(like))
    )


def is_building(session: Session, relation: Relation, index: Standing) -> bool:
    """Whether another session is building it, or holds the lock on the table with which one builds."""
    ((found,),) = session.ask(BUILDING, {"index": index.oid, "table": relation.oid})
    return bool(found)


def quoted(index: Standing) -> str:
    """The index's name with its schema, quoted."""
    return ".".join('"' + one.replace('"', '""') + '"' for one in (index.schema, index.name))
