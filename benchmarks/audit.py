"""A whole audit of many tables against reading their catalog alone; and the locks of an audit of a filled ERP.

    python benchmarks/audit.py [--tables 1000] [--repeat 7] [--scale 1000] [--vendors sqlite postgresql] [--output FILE]

Makes the tables of `catalog.py` on SQLite and on a PostgreSQL server of its own. ``--scale 0`` leaves the ERP out. See
README.md beside this file for the method.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import catalog as tables_of  # beside this file; it names the settings
from django.apps import apps
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from shared.machine import machine

from dbaudit import auditing, checks
from dbaudit.connection.read_only import read_only
from dbaudit.memory import uncollected
from tests.locks import Watch, watched
from tests.postgres import main_server
from tests.scratch import connected

OUTPUT = Path(__file__).parent / "results" / "audit.md"
TARGET = 2
TIMEOUTS = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000}


@dataclass(frozen=True)
class Pair:
    """Seconds of the catalog read alone and of the audit, in turns, and the statements that each took."""

    reading: list[float]
    auditing: list[float]
    statements: tuple[int, int]

    @property
    def ratio(self) -> float:
        """How many times as long the audit takes, by the medians."""
        return statistics.median(self.auditing) / statistics.median(self.reading)


def compared(connection: BaseDatabaseWrapper, repeat: int) -> Pair:
    """Both on a fresh connection each time, after one turn that is not counted."""
    reading, whole = [], []
    statements = (0, 0)
    for turn in range(repeat + 1):
        _, read, first = tables_of.run(connection, _read)
        _, audited, second = tables_of.run(connection, _audit)
        statements = (first, second)
        if turn:
            reading.append(read)
            whole.append(audited)
    return Pair(reading, whole, statements)


def _read(connection: BaseDatabaseWrapper) -> object:
    with uncollected(), read_only(connection, **TIMEOUTS):  # as an audit does it
        return tables_of.read(connection)


def _audit(connection: BaseDatabaseWrapper) -> object:
    return auditing.audit(connection.alias, queries=False)


@contextmanager
def erp(scale: int) -> Iterator[BaseDatabaseWrapper]:
    """The reference ERP with its defects, filled, on PostgreSQL."""
    server = main_server()
    with server.connect() as maintenance:
        maintenance.execute("DROP DATABASE IF EXISTS audit_benchmark")
        maintenance.execute("CREATE DATABASE audit_benchmark")
    with connected("benchmark", server.settings("audit_benchmark")) as connection:
        call_command("migrate", database=connection.alias, verbosity=0)
        call_command("seed_erp", database=connection.alias, scale=scale, with_defects=True, stdout=io.StringIO())
        yield connection


def watch(connection: BaseDatabaseWrapper, *, queries: bool) -> tuple[Watch, float, int, int]:
    """An audit with every check, exact counts and the rows of every table: what it held, its seconds, the rows of the
    tables, and the statements that its timeouts ended."""
    every = tuple(one.id for one in checks.load(apps))
    begin = time.perf_counter()
    with watched(connection) as seen:
        report = auditing.audit(connection.alias, checks=every, read_data=True, exact_counts=True, queries=queries)
    taken = time.perf_counter() - begin
    [database] = report.databases
    ended = sum("ran longer" in one.reason or "timeout" in one.reason for one in database.skipped)
    return seen, taken, sum(table.rows or 0 for table in database.snapshot.stored_tables()), ended


# -- the page -------------------------------------------------------------------------------------------------------


def of_tables(count: int, repeat: int, found: dict[str, Pair]) -> Iterator[str]:
    """The section on many tables."""
    yield f"## {count:,} tables"
    yield ""
    yield f"{repeat} repetitions, in turns, medians. Queries are not measured (`--no-queries`)."
    yield ""
    yield "| database | what | statements | median | fastest to slowest | of the catalog |"
    yield "|---|---|---:|---:|---:|---:|"
    for vendor, pair in found.items():
        for what, seconds, statements in zip(
            ("catalog alone", "whole audit"), (pair.reading, pair.auditing), pair.statements, strict=True
        ):
            median = statistics_of(seconds)
            ratio = f"{pair.ratio:.2f}" if what == "whole audit" else "1.00"
            yield f"| {vendor} | {what} | {statements:,} | {median} | {ratio} |"
    yield ""


def statistics_of(seconds: list[float]) -> str:
    """Median and spread as two cells."""
    return f"{statistics.median(seconds):.3f} s | {min(seconds):.3f} to {max(seconds):.3f} s"


def of_locks(scale: int, found: dict[str, tuple[Watch, float, int, int]]) -> Iterator[str]:
    """The section on locks."""
    yield f"## Locks: the ERP at scale {scale:,}"
    yield ""
    yield (
        "PostgreSQL, every check, `--read-data --exact-counts`. After each statement another connection looked at"
        " `pg_locks`."
    )
    yield ""
    yield "| audit | rows | seconds | statements | longest statement | ended by a timeout | locks held |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for name, (seen, taken, rows, ended) in found.items():
        held = "; ".join(
            f"{mode} on {len(relations)} {kind}s" if kind == "relation" else f"{mode} of a transaction"
            for (kind, mode), relations in sorted(seen.held.items())
        )
        yield f"| {name} | {rows:,} | {taken:.1f} | {seen.statements:,} | {seen.slowest[0]:.3f} s | {ended} | {held} |"
    yield ""
    stronger = sorted(
        {one for (_, mode), names in seen.held.items() if mode != "AccessShareLock" for one in names if one}
    )
    if stronger:
        yield f"Held stronger, by the project's own queries that write and are rolled back: {', '.join(stronger)}."
        yield ""


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tables", type=int, default=1_000, metavar="N")
    parser.add_argument("--repeat", type=int, default=7, metavar="N")
    parser.add_argument("--scale", type=int, default=1_000, metavar="N", help="of the ERP; 0 leaves it out")
    parser.add_argument("--vendors", nargs="*", choices=tables_of.DATABASES, default=list(tables_of.DATABASES))
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    options = parser.parse_args()
    lines = [
        "# The whole audit",
        "",
        "Written by `benchmarks/audit.py`; the method is in [the README](../README.md).",
        "",
        f"{machine()}.",
        "",
    ]
    found = {}
    for vendor in options.vendors:
        with tables_of.DATABASES[vendor]() as connection:
            print(f"{vendor}: making {options.tables:,} tables", file=sys.stderr)
            tables_of.fill(connection, options.tables)
            server = ".".join(map(str, connection.get_database_version()))
            pair = compared(connection, options.repeat)
            found[f"{connection.display_name} {server}"] = pair
            print(f"{vendor}: {pair.ratio:.2f} times the catalog (target: {TARGET})", file=sys.stderr)
    if found:
        lines += of_tables(options.tables, options.repeat, found)
    if options.scale:
        print(f"postgresql: making the ERP at scale {options.scale:,}", file=sys.stderr)
        with erp(options.scale) as connection:
            lines += of_locks(
                options.scale,
                {
                    "without queries": watch(connection, queries=False),
                    "with queries": watch(connection, queries=True),
                },
            )
    text = "\n".join(lines)
    print(text)
    options.output.write_text(text)


if __name__ == "__main__":
    main()
