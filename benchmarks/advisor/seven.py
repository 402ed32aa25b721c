"""Which of the seven "Critical Indexes to Add" an audit of the reference ERP recommends, at which scale.

    python benchmarks/advisor/seven.py [--scale N ...] [--vendor NAME ...] [--server URL] [--keep FOLDER]

Each row is one `manage.py dbaudit report` on a database as `migrate` and `seed_erp` leave it. `--keep` has the SQLite
files and the reports stay, `--server` the PostgreSQL databases. See ../README.md for the method.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE.parent), str(HERE)]  # in this order: the ERP is a package of that name, too

from judging.servers import connect, settings_of  # noqa: E402  once the path is set
from shared.machine import machine  # noqa: E402  as above

from tests.scratch import url  # noqa: E402  as above

SCALES = (1, 2, 5, 10, 20, 60, 100, 300)
SEVEN = (
    ("erp_salesorder", "customer_id", "status"),
    ("erp_salesorderitem", "order_id", "product_id"),
    ("inventory_inventory", "product_id", "warehouse_id"),
    ("inventory_inventoryrecord", "warehouse_id", "material_id"),
    ("erp_productionorder", "product_id", "status"),
    ("erp_bom", "product_id", "material_id"),
    ("erp_qualityinspection", "product_id", "inspection_date"),
)


def manage(database: str, *arguments: str) -> None:
    """One command of the ERP's, on this database."""
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": database}, stdout=sys.stderr, check=True)


def postgresql(scale: int, server: str) -> tuple[str, bool]:
    """The URL of a database on that server, and whether it was there."""
    settings, name = settings_of(server), f"seven_{scale}"
    with connect(settings) as maintenance:
        if maintenance.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            return url({**settings, "NAME": name}), True
        maintenance.execute(f"CREATE DATABASE {name}")
    with connect({**settings, "NAME": name}) as connection:
        connection.execute("CREATE EXTENSION hypopg")
    return url({**settings, "NAME": name}), False


def answers(report: dict[str, Any]) -> Iterator[str]:
    """For each of the seven: ``yes``, the index that has its columns in another order or among others, or ``-``."""
    indexes = [one["remedy"] for one in report["recommendations"] if one["remedy"]["kind"] == "create_index"]
    for table, *columns in SEVEN:
        known = [one["columns"] for one in indexes if one["table"] == table and not one["condition"]]
        like = [", ".join(one) for one in known if set(columns) <= {*one}]
        yield "yes" if columns in known else f"({like[0]})" if like else "-"


def row(scale: int, vendor: str, folder: Path, server: str) -> str:
    """One audit as a line of the table."""
    file = folder / f"seven_{scale}.sqlite3"
    database, there = postgresql(scale, server) if vendor == "postgresql" else (f"sqlite:///{file}", file.exists())
    if not there:
        manage(database, "migrate", "--verbosity", "0")
        manage(database, "seed_erp", "--scale", str(scale))
    output = folder / f"seven_{scale}_{vendor}.json"
    begin = time.perf_counter()
    manage(database, "dbaudit", "report", "--output", str(output))
    seconds = time.perf_counter() - begin
    (report,) = json.loads(output.read_text())["databases"]
    found = [*answers(report)]
    plan = report["index_plan"] or {"built": 0, "projection": "", "projected": 0}
    builds = [one for one in report["recommendations"] if one["remedy"]["kind"] == "create_index"]
    high = sum(one["priority"] == "high" for one in builds)
    projected = plan["projected"] or (plan["projection"] and "all")
    cells = [scale, vendor, f"{report['summary']['records']:,}", f"{seconds:.0f} s", projected,
             found.count("yes"), f"{plan['built']} ({high})", *found]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Audit, look, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=int, nargs="+", default=SCALES, metavar="N")
    parser.add_argument("--vendor", nargs="+", default=("sqlite", "postgresql"), metavar="NAME")
    parser.add_argument("--server", default="", metavar="URL", help="a running server that keeps the databases")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where SQLite files and reports stay")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "seven.md", metavar="FILE")
    options = parser.parse_args()
    heads = ["scale", "on", "rows", "audit", "projected", "of the seven", "indexes (high)",
             *(f"{table.partition('_')[2]} ({', '.join(columns)})" for table, *columns in SEVEN)]  # fmt: skip
    written = "Written by `benchmarks/advisor/seven.py`; the method is in [the README](../../README.md)."
    lines = ["# The seven of the analysis, at each scale", "", written, "",
             f"{machine()}.", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        for scale in options.scale:
            for vendor in options.vendor:
                lines.append(row(scale, vendor, options.keep or Path(temporary), options.server))
                print(lines[-1], flush=True)
                options.output.write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
