"""What recording costs: CPU time of requests with and without `dbaudit.middleware.CaptureMiddleware`, beside others.

    python benchmarks/capture.py [--rounds 40] [--seconds 0.1] [--environment DIR] [--output FILE]

django-zeal, django-silk and django-debug-toolbar are installed from PyPI into a virtual environment of the benchmark's
own, in which every variant runs. See README.md beside this file for the method.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from shared.machine import machine

ROOT = Path(__file__).parent.parent
OUTPUT = Path(__file__).parent / "results" / "capture.md"
TARGET = 15
PACKAGES = ("django-zeal", "django-silk", "django-debug-toolbar", "psycopg[binary]", "tabulate", "dj-database-url")
VARIANTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "dbaudit": {"middleware": "dbaudit.middleware.CaptureMiddleware"},
    "django-zeal": {
        "middleware": "zeal.middleware.zeal_middleware",
        "apps": ["zeal"],
        # It is to watch and find nothing: a report costs it more.
        "settings": {"ZEAL_RAISE": False, "ZEAL_NPLUSONE_THRESHOLD": 100_000},
    },
    "django-silk": {"middleware": "silk.middleware.SilkyMiddleware", "apps": ["silk"]},
    "django-debug-toolbar, SQL panel": {
        "middleware": "debug_toolbar.middleware.DebugToolbarMiddleware",
        "apps": ["debug_toolbar"],
        "settings": {
            "DEBUG_TOOLBAR_PANELS": ["debug_toolbar.panels.sql.SQLPanel"],
            "DEBUG_TOOLBAR_CONFIG": {"SHOW_TOOLBAR_CALLBACK": "shared.pages.shown", "IS_RUNNING_TESTS": False},
        },
    },
}
#: Queries of one request, as shared/pages.py asks them.
QUERIES = 20
PAGES = {"get": "`get` by primary key", "page": "list of 20 rows with `select_related`"}


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=40, metavar="N")
    parser.add_argument("--seconds", type=float, default=0.1, metavar="S", help="CPU time of one variant in one round")
    parser.add_argument("--variant", action="append", choices=VARIANTS, help="instead of all; `nothing` always runs")
    parser.add_argument("--environment", type=Path, metavar="DIR", help="keep the virtual environment here")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if options.rounds < 2:
        parser.error("--rounds must be at least 2.")
    variants = ["nothing", *(one for one in options.variant or VARIANTS if one != "nothing")]
    with tempfile.TemporaryDirectory() as folder:
        python, versions = environment(options.environment or Path(folder, "environment"))
        lines = []
        for vendor, url in databases(Path(folder)):
            for name, page in PAGES.items():
                print(f"{vendor}: {page}", file=sys.stderr)
                found = measure(python, url, name, variants, options, Path(folder))
                lines += rows(vendor, page, found)
    text = "\n".join([*heading(versions, options), *lines, ""])
    print(text)
    options.output.write_text(text)


def heading(versions: dict[str, str], options: argparse.Namespace) -> list[str]:
    """The page down to the head of its table."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [
        "# What recording costs",
        "",
        "Written by `benchmarks/capture.py`; the method is in [the README](../README.md).",
        "",
        f"{machine()}; {named}.",
        "",
        f"{options.rounds} rounds of about {options.seconds:g} s of CPU time for each variant, in turns; medians.",
        f"The target is at most {TARGET} % more for dbaudit.",
        "",
        "| database | query | with | CPU of a query | more than with nothing | middle half of the rounds |",
        "|---|---|---|---:|---:|---:|",
    ]


def rows(vendor: str, page: str, found: dict[str, list[float]]) -> Iterator[str]:
    """Lines of the table: the median of CPU a query, and of the ratios of each round."""
    for variant, taken in found.items():
        more = [(one / base - 1) * 100 for one, base in zip(taken, found["nothing"], strict=True)]
        ratio = spread = ""
        if variant != "nothing":
            low, middle, high = statistics.quantiles(more, n=4)
            ratio, spread = f"{middle:+.1f} %", f"{low:+.0f} to {high:+.0f} %"
        yield f"| {vendor} | {page} | {variant} | {statistics.median(taken) * 1e6:.0f} µs | {ratio} | {spread} |"


# -- the environment -----------------------------------------------------------------------------------------------


def environment(folder: Path) -> tuple[str, dict[str, str]]:
    """The interpreter of a virtual environment with everything installed, and the versions of what is compared."""
    python = str(folder / "bin" / "python")
    if not folder.exists():
        print(f"Installing into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", f"Django=={django.get_version()}", *PACKAGES]
        subprocess.run(command, check=True)
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    names = [*PACKAGES[:3]]
    told = subprocess.run([python, "-c", code, *names], text=True, capture_output=True, check=True).stdout.split()
    return python, dict(zip(names, told, strict=True))


def databases(folder: Path) -> Iterator[tuple[str, str]]:
    """An SQLite file and a PostgreSQL database, by vendor, for each of which every worker migrates what it needs."""
    sys.path.insert(0, str(ROOT))
    from tests.postgres import main_server  # noqa: PLC0415 - a worker needs no server
    from tests.scratch import url  # noqa: PLC0415

    yield "SQLite", f"sqlite:///{folder}/erp.sqlite3"
    server = main_server()
    with server.connect() as maintenance:
        maintenance.execute("CREATE DATABASE capture_benchmark")
    yield f"PostgreSQL {server.installation.version}", url(server.settings("capture_benchmark"))


# -- measuring -----------------------------------------------------------------------------------------------------


def measure(
    python: str, url: str, page: str, variants: list[str], options: argparse.Namespace, folder: Path
) -> dict[str, list[float]]:
    """CPU seconds of one query in each round, by variant; each is a process of its own, and they take turns."""
    with workers(python, url, page, variants, folder) as running:
        requests = {name: max(1, round(options.seconds / ask(worker, 20))) for name, worker in running.items()}
        found: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(options.rounds):
            for name, worker in running.items():
                found[name].append(ask(worker, requests[name]))
    return {name: [one / QUERIES for one in taken] for name, taken in found.items()}


@contextmanager
def workers(
    python: str, url: str, page: str, variants: list[str], folder: Path
) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """A worker for each variant, warm."""
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for name in variants:
            running[name] = subprocess.Popen(
                [python, __file__, "--serve", name],
                cwd=ROOT,
                env={
                    **os.environ,
                    "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}",
                    "PYTHONHASHSEED": "0",
                    "DATABASE_URL": url,
                    "DJANGO_DEBUG": "0",
                    "CAPTURE_PAGE": page,
                    "CAPTURE_FILE": str(folder / "workload.jsonl"),
                },
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            ask(running[name], 5)
        yield running
    finally:
        for worker in running.values():
            worker.communicate("0\n")


def ask(worker: subprocess.Popen[str], requests: int) -> float:
    """Let a worker serve so many requests; the CPU seconds of one."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{requests}\n")
    worker.stdin.flush()
    return float(worker.stdout.readline()) / requests


# -- the worker ----------------------------------------------------------------------------------------------------


def serve(variant: str) -> None:
    """Serve one page as often as standard input asks for, and tell the CPU seconds that it took."""
    call = application(VARIANTS[variant])
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/{os.environ['CAPTURE_PAGE']}/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }
    for line in sys.stdin:
        requests = int(line)
        if not requests:
            return
        began = time.process_time()
        for _ in range(requests):
            status = ""

            def start(told: str, _headers: Any) -> None:
                nonlocal status
                status = told

            response = call({**environ, "wsgi.input": BytesIO()}, start)
            b"".join(response)
            response.close()
            assert status == "200 OK", status
        print(time.process_time() - began, flush=True)


def application(variant: dict[str, Any]) -> Callable[..., Any]:
    """The reference ERP with the benchmark's pages and one recording middleware, as a WSGI application."""
    from context7 import settings as erp  # noqa: PLC0415 - it reads what the worker was given

    values = {name: getattr(erp, name) for name in dir(erp) if name.isupper()}
    values["INSTALLED_APPS"] = [*values["INSTALLED_APPS"], *variant.get("apps", ())]
    middleware = [variant["middleware"]] if "middleware" in variant else []
    settings.configure(
        **{
            **values,
            "MIDDLEWARE": [*middleware, *values["MIDDLEWARE"]],
            "ROOT_URLCONF": "shared.pages",
            "DBAUDIT": {"CAPTURE_FILE": os.environ["CAPTURE_FILE"]},
            **variant.get("settings", {}),
        }
    )
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("seed_erp", scale=1, stdout=sys.stderr)
    return get_wsgi_application()


if __name__ == "__main__":
    main()
