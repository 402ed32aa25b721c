"""Whether the server has to bear more than the limits allow: replicas, sessions, disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from dbaudit.apply import space
from dbaudit.apply.postgresql.sessions import Session
from dbaudit.apply.steps import Limits

LAG: Final = """
SELECT max(extract(epoch FROM coalesce(replay_lag, flush_lag, write_lag)))::float
FROM pg_stat_replication WHERE state IN ('streaming', 'catchup')
"""
ACTIVE: Final = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
OTHERS: Final = f"{ACTIVE} AND application_name NOT LIKE 'dbaudit apply-indexes: %%'"


def excess(session: Session, limits: Limits, disk: Path | None) -> str:
    """What is over a limit, as the middle of a sentence; ``""`` where nothing is."""
    if limits.max_lag is not None:
        ((lag,),) = session.ask(LAG)
        if lag is not None and lag > limits.max_lag:
            return f"a replica lags by {lag:.0f} s, and --max-lag allows {limits.max_lag:g} s"
    if limits.max_active is not None:
        ((active,),) = session.ask(ACTIVE)
        if active > limits.max_active:
            return f"{active} sessions are active, and --max-active allows {limits.max_active}"
    if limits.max_load is not None and (over := _overload(session, limits.max_load, disk)):
        return f"{over}, and --max-load allows {limits.max_load:g}"
    if limits.min_free_bytes is not None:
        free = space.free(disk)
        if free is not None and free < limits.min_free_bytes:
            must = limits.min_free_bytes // 2**20
            return f"{free // 2**20} MB are left on the server's disk, and {must} MB must stay (--min-free)"
    return ""


def _overload(session: Session, most: float, disk: Path | None) -> str:
    """The load of the last minute where the server runs on this machine, otherwise the other sessions at work."""
    if disk is not None and hasattr(os, "getloadavg"):
        minute, *_ = os.getloadavg()
        return f"the load of the server's last minute is {minute:.1f}" if minute > most else ""
    ((active,),) = session.ask(OTHERS, [])
    if active <= most:
        return ""
    return "1 other session is active" if active == 1 else f"{active} other sessions are active"
