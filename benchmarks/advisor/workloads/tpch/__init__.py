"""TPC-H, written out from its specification with the parameters that it validates by."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from judging.judge import Statement
from judging.servers import Connection, connect
from psycopg.sql import SQL

HERE = Path(__file__).parent
#: Subqueries that without any key are executed for each row: their cost drowns all the others.
CORRELATED = frozenset({"q02", "q17", "q20"})


def statements(*, keys: bool, scale: float) -> tuple[Statement, ...]:
    """The 22 queries, or without keys the 19 whose subqueries are not correlated."""
    return tuple(_statement(path, scale) for path in sorted(HERE.glob("q*.sql")) if keys or path.stem not in CORRELATED)


def _statement(path: Path, scale: float) -> Statement:
    first, _, sql = path.read_text().partition("\n")
    values = json.loads(first.removeprefix("-- parameters: "), parse_float=Decimal)
    if path.stem == "q11":  # its fraction depends on the scale factor
        values[1] = values[1] / Decimal(str(scale))
    return Statement(path.stem, sql.strip(), samples=(tuple(values),), judged=(tuple(values),))


def fill(settings: dict[str, Any], scale: float, *, keys: bool) -> None:
    """The tables, their rows and, if wanted, the keys that Django would add."""
    with tempfile.TemporaryDirectory() as folder, connect(settings) as connection:
        _script(connection, "tables.sql")
        subprocess.run([generator(), "csv", "-s", str(scale), "-o", folder, "-q"], check=True)
        for file in sorted(Path(folder).glob("*.csv")):
            _copy(connection, file)
        if keys:
            connection.execute("SET maintenance_work_mem = '1GB'")
            _script(connection, "keys.sql")


def generator() -> str:
    """The program that writes the rows, from the package ``tpchgen-cli``."""
    found = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent)) or shutil.which("tpchgen-cli")
    if not found:
        raise SystemExit("TPC-H's rows are written by tpchgen-cli: pip install tpchgen-cli")
    return found


def generator_version() -> str:
    """The generator's name and version."""
    return subprocess.run([generator(), "--version"], check=True, capture_output=True, text=True).stdout.strip()


def _script(connection: Connection, name: str) -> None:
    connection.execute(SQL((HERE / name).read_text()))


def _copy(connection: Connection, file: Path) -> None:
    with file.open("rb") as rows, connection.cursor() as cursor:
        columns = rows.readline().decode().strip()
        with cursor.copy(SQL(f"COPY {file.stem} ({columns}) FROM STDIN WITH (FORMAT csv)")) as copy:
            while chunk := rows.read(2**20):
                copy.write(chunk)
