"""How a database is run and how Django connects to it: what no schema shows.

All values are those of the connection that Django itself opens: what its role, its database and its ``OPTIONS`` make
of the server's settings. Convention as everywhere: None means not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

Pooling = Literal["none", "unknown", "transaction"]

#: Why a check of the posture is skipped where its facts are None; the reader tells what stood in its way.
UNREAD = "What it looks at could not be read from the server."


@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoConnection:
    """What the project's settings say of the connection.

    ``max_age_seconds`` is infinite where connections are kept for ever. ``pool_size`` is the most connections that one
    process may hold, 0 where Django keeps no pool. ``workers`` is the environment's ``WEB_CONCURRENCY``, from which
    gunicorn takes its number of processes.
    """

    debug: bool
    use_tz: bool = False
    max_age_seconds: float = 0
    health_checks: bool = False
    pool_size: int = 0
    atomic_requests: bool = False
    server_side_cursors: bool = True
    sslmode: str = ""
    transaction_mode: str = ""
    init_command: str = ""
    timeout_seconds: float | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class ServerSetting:
    """A setting of the server as this connection meets it: the value in ``unit``, and what set it (``default``,
    ``role``, ``client`` ...)."""

    name: str
    value: str
    unit: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class SessionLimit:
    """How many sessions a limit admits to such a role as this one, and how many of them are taken."""

    name: Literal["max_connections", "database", "role"]
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class CollationVersion:
    """A collation with the version of the library's sorting rules that its indexes were built with, and today's.

    ``name`` is empty for the database's default one, else spelled as in SQL. ``indexes`` counts those that it sorts.
    """

    name: str
    recorded: str
    actual: str
    indexes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What keeps VACUUM from removing rows, or the server from removing log: a replication slot or a prepared
    transaction. ``age`` counts the transactions since what it holds, ``wal_bytes`` the log kept for it, ``seconds`` how
    long a prepared transaction waits; each is None where it holds or tells no such thing."""

    kind: Literal["replication slot", "prepared transaction"]
    name: str
    active: bool = False
    age: int | None = None
    wal_bytes: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlServer:
    """A PostgreSQL server as Django's connection meets it.

    ``address`` is where the connection's socket leads, ``client_address`` where the server sees it come from; both are
    ``""`` for a socket in the file system. The two ends differ where a pooler stands between: then ``encrypted`` is
    about the way to the pooler, ``encrypted_at_server`` about the way from it. ``row_security_tables`` counts those
    with row-level security whose policies do not bind the role. Ages count transactions. ``states`` are those of the
    role's own sessions in this database.
    """

    database: str
    settings: tuple[ServerSetting, ...]
    pooling: Pooling | None = None
    address: str | None = None
    client_address: str | None = None
    encrypted: bool | None = None
    encrypted_at_server: bool | None = None
    superuser: bool | None = None
    bypasses_row_security: bool | None = None
    row_security_tables: int | None = None
    in_recovery: bool | None = None
    database_bytes: int | None = None
    transaction_age: int | None = None
    multixact_age: int | None = None
    limits: tuple[SessionLimit, ...] | None = None
    states: tuple[tuple[str, int], ...] | None = None
    outdated_collations: tuple[CollationVersion, ...] | None = None
    holders: tuple[Holder, ...] | None = None

    def setting(self, name: str) -> ServerSetting | None:
        """The setting of that name, None where this server has none."""
        return next((one for one in self.settings if one.name == name), None)

    def number(self, name: str) -> int | None:
        """A setting's value as a whole number in its own unit, None where this server has none."""
        found = self.setting(name)
        return int(found.value) if found else None

    @property
    def local(self) -> bool:
        """Whether it runs on the machine of the audit: reached by a socket in the file system or by loopback."""
        return self.address is not None and stays_on_machine(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteFile:
    """An SQLite database as Django's connection has opened it. ``synchronous`` is the number of its ``PRAGMA``."""

    in_memory: bool
    journal_mode: str
    synchronous: int
    busy_timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """How the database is run, on the day ``today`` of the audit.

    ``product`` is the database's name in Django's words (MariaDB is told from MySQL), ``version`` its parts, empty
    where the server did not tell.
    """

    today: date
    product: str
    version: tuple[int, ...]
    django_version: tuple[int, ...]
    django: DjangoConnection
    server: PostgresqlServer | None = None
    file: SqliteFile | None = None

    @property
    def development(self) -> bool:
        """Whether this looks like a developer's machine: ``DEBUG``, or a server on the machine of the audit."""
        return self.django.debug or (self.server is not None and self.server.local)


def stays_on_machine(address: str) -> bool:
    """Whether a connection to or from that address never meets a network: ``""`` is a socket in the file system."""
    return not address or _parsed(address).is_loopback


def is_private(address: str) -> bool:
    """Whether it belongs to a network that cannot be reached from outside (RFC 1918 and its kin)."""
    return bool(address) and _parsed(address).is_private


def _parsed(address: str) -> IPv4Address | IPv6Address:
    parsed = ip_address(address)
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
