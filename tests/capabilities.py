"""What a test may need beyond Python and SQLite, and whether this machine has it.

``@pytest.mark.needs("hypopg")`` skips a test, with the reason, where the capability is absent. The environment
variable ``DBAUDIT_REQUIRE=postgresql,hypopg`` turns the absence of those named into a failure: a run that is
meant to examine something must not pass by leaving it out.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
from typing import NamedTuple

from tests.disk import small_disk
from tests.postgres import installations, main_installation, main_server

EXTENSIONS = {
    "amcheck",
    "btree_gin",
    "hstore",
    "hypopg",
    "pg_stat_statements",
    "pg_trgm",
    "pgstattuple",
    "postgres_fdw",
}
# What the main server was built with: each query has a row where it was.
FEATURES = {
    "icu": "SELECT FROM pg_collation WHERE collname = 'und-x-icu'",
    "ssl": "SELECT FROM pg_settings WHERE name = 'ssl_library' AND setting <> ''",
}
MODULES = {"debug_toolbar", "django_tenants", "playwright", "psycopg2", "rest_framework", "rich", "sphinx"}
PROGRAMS = {"chromium", "git", "openssl", "pgbouncer", "psql"}


class Capability(NamedTuple):
    """Whether something is there. ``detail`` is its version where it is, the reason where it is not."""

    name: str
    present: bool
    detail: str


@functools.cache
def capability(name: str) -> Capability:
    """Find out about a capability.

    Raises:
        LookupError: there is no such capability.
    """
    check_name(name)
    if name in EXTENSIONS:
        return _extension(name)
    if name in FEATURES:
        return _feature(name)
    if name in MODULES:
        found = importlib.util.find_spec(name) is not None
        return Capability(name, found, "" if found else f"the Python package {name} is not installed")
    if name in PROGRAMS:
        path = shutil.which(name)
        return Capability(name, path is not None, "" if path else f"there is no program {name} on PATH")
    if name == "mount":
        return _mount()
    return _postgresql(name)


def check_name(name: str) -> None:
    """Raise a LookupError unless there is such a capability."""
    known = {"postgresql", "mount"} | EXTENSIONS | FEATURES.keys() | MODULES | PROGRAMS
    if name not in known and not re.fullmatch(r"postgresql-\d+", name):
        raise LookupError(f"unknown capability {name!r}; known: {', '.join(sorted(known))}, postgresql-MAJOR")


def required() -> frozenset[str]:
    """The capabilities whose absence is a failure."""
    return frozenset(os.environ.get("DBAUDIT_REQUIRE", "").replace(",", " ").split())


def postgres_majors() -> list[int]:
    """The major versions of PostgreSQL that are installed or required."""
    wanted = {int(name.removeprefix("postgresql-")) for name in required() if name.startswith("postgresql-")}
    return sorted(wanted.union(installations()))


def _mount() -> Capability:
    try:
        with small_disk("64k"):
            return Capability("mount", present=True, detail="")
    except OSError as error:
        return Capability("mount", present=False, detail=f"this machine mounts no file system for tests: {error}")


def _postgresql(name: str) -> Capability:
    major = name.removeprefix("postgresql").removeprefix("-")
    installation = installations().get(int(major)) if major else main_installation()
    if installation is None:
        reason = f"no {' '.join(filter(None, ['PostgreSQL', major]))} server is installed on this machine"
        return Capability(name, present=False, detail=reason)
    return Capability(name, present=True, detail=installation.version)


def _extension(name: str) -> Capability:
    server = capability("postgresql")
    if not server.present:
        return server._replace(name=name)
    version = main_server().extensions.get(name)
    if version is None:
        reason = f"PostgreSQL {server.detail} has no extension {name}"
        return Capability(name, present=False, detail=reason)
    return Capability(name, present=True, detail=version)


def _feature(name: str) -> Capability:
    server = capability("postgresql")
    if not server.present:
        return server._replace(name=name)
    with main_server().connect() as connection:
        found = connection.execute(FEATURES[name]).rowcount > 0
    return Capability(name, found, "" if found else f"PostgreSQL {server.detail} was built without it")
