"""Direct sessions in autocommit: one that builds, one that watches it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from django.db import DatabaseError, Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.apply.steps import StepError

# What a role or a database may have set must not end a build in its last wait: that leaves an invalid index.
NO_LIMITS: Final = (
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
)
# What ends a session, for a process that goes on without it.
LEFT_CLEAN: Final = ("ROLLBACK", "RESET ALL", "SELECT pg_advisory_unlock_all()")
NAME: Final = "dbaudit apply-indexes"
#: Seconds for which a lost connection is opened again: a server that restarts takes some.
PATIENCE: Final = 30.0

Row = tuple[Any, ...]


class Session:
    """A connection of its own with the settings of an alias: no pool, no transaction, no timeouts.

    ``client_connection_check_interval`` makes the server end what runs here when this process dies. ``handed_on`` says
    that a pooler gives the server's process to somebody else afterwards, so that it must be left as it was.
    """

    def __init__(self, connection: BaseDatabaseWrapper, purpose: str, *, handed_on: bool = False) -> None:
        self.wrapper = connection.copy()
        self.wrapper.inc_thread_sharing()  # the watchdog asks from a thread
        options = dict(self.wrapper.settings_dict.get("OPTIONS") or {})
        options.pop("pool", None)
        options["application_name"] = f"{NAME}: {purpose}"
        self.wrapper.settings_dict.update(OPTIONS=options, AUTOCOMMIT=True, ATOMIC_REQUESTS=False, CONN_MAX_AGE=None)
        self._handed_on = handed_on
        self.pid = 0
        self.began = ""
        self.open()

    def open(self) -> None:
        """Connect and take the limits away. Raises `django.db.Error`; then there is no connection."""
        try:
            self._open()
        except Error:
            self.close()
            raise

    def _open(self) -> None:
        self.wrapper.ensure_connection()
        self.execute("SET statement_timeout = 0")
        self.execute("SET default_transaction_isolation = 'read committed'")
        self.ask(
            "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = ANY(%s)",
            [list(NO_LIMITS)],
        )
        with suppress(DatabaseError):  # a server on a system that cannot tell
            self.execute("SET client_connection_check_interval = '1s'")
        ((self.pid, self.began),) = self.ask(
            "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        )

    def ask(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of a query."""
        self._ready()
        with self.wrapper.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def execute(self, sql: str) -> None:
        """Run a statement as it stands."""
        self._ready()
        with self.wrapper.cursor() as cursor:
            cursor.execute(sql)

    def _ready(self) -> None:
        """Django would connect by itself, and without what `open` sets."""
        if self.wrapper.connection is None:
            self.open()

    def recover(self) -> None:
        """Make the session usable again after an error: end a transaction that is open, or connect once more.

        Raises:
            StepError: the server has not answered for `PATIENCE` seconds.
        """
        try:
            self.execute("ROLLBACK")
        except Error:
            self._reconnect()

    def _reconnect(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            self.close()
            try:
                self.open()
            except Error as error:
                if time.monotonic() > deadline:
                    raise StepError(
                        f"The connection was lost and the server has not answered for {PATIENCE:.0f} seconds; "
                        "when it does, run again with --resume."
                    ) from error
                time.sleep(0.5)
            else:
                return

    def cancel(self) -> None:
        """Cancel what runs here, from another thread and without another connection where the driver can."""
        raw: Any = self.wrapper.connection
        with suppress(self.wrapper.Database.Error):  # type: ignore[attr-defined]
            if raw is not None:
                getattr(raw, "cancel_safe", raw.cancel)()

    def close(self) -> None:
        """Close the connection; an error of a broken one is of no interest."""
        try:
            if self._handed_on and self.wrapper.connection is not None:
                with self.wrapper.cursor() as cursor:
                    for statement in LEFT_CLEAN:
                        cursor.execute(statement)
        except Error:
            pass  # then the pooler does not hand it on
        try:
            self.wrapper.close()
        except Error:
            self.wrapper.connection = None
