"""Runs ``manage.py`` in a process of its own, forked from one that has imported Django and this package.

Importing them takes longer than most commands do. ``run`` is for the tests; as a program this file is the process
that forks. It has configured no settings and connected to no database, and serves one request at a time.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TypedDict

TIMEOUT_S = 120
PRELOADED = ("dbaudit.management.commands.dbaudit", "django.db.backends.sqlite3.base", "psycopg", "sqlglot", "libcst")


class Request(TypedDict):
    """What a child is to become; its outputs are the files for standard output and standard error."""

    folder: str
    arguments: list[str]
    environment: dict[str, str]
    outputs: list[str]


def run(folder: Path, arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the ``manage.py`` of a folder, without a terminal, and wait for its end.

    A program that does not end in two minutes is killed: its exit status is then ``-signal.SIGALRM``.
    """
    parent = _parent()
    assert parent.stdin
    assert parent.stdout
    with tempfile.TemporaryDirectory() as outputs:
        request: Request = {
            "folder": str(folder),
            "arguments": arguments,
            "environment": dict(environment),
            "outputs": [f"{outputs}/stdout", f"{outputs}/stderr"],
        }
        parent.stdin.write(json.dumps(request) + "\n")
        parent.stdin.flush()
        status = int(parent.stdout.readline())
        said = [Path(path).read_text() for path in request["outputs"]]
    return subprocess.CompletedProcess(["manage.py", *arguments], status, said[0], said[1])


@functools.cache
def _parent() -> subprocess.Popen[str]:
    parent = subprocess.Popen(
        [sys.executable, __file__],
        # Bytecode of a file that a test writes again within the second would be out of date.
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests
    )
    atexit.register(parent.communicate)  # it ends where its standard input does
    return parent


def _fork_for_each_request() -> Request:
    """Return in each child with what it is to become; end with the tests."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            request: Request = json.loads(line)
            return request
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    sys.exit()


def _become(request: Request) -> None:
    """Make this process what ``python manage.py`` would have started."""
    signal.alarm(TIMEOUT_S)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for descriptor, path in enumerate((os.devnull, *request["outputs"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.path[0] = request["folder"]
    sys.argv = ["manage.py", *request["arguments"]]


if __name__ == "__main__":
    for module in PRELOADED:
        with suppress(ImportError):
            import_module(module)
    _become(_fork_for_each_request())
    runpy.run_path("manage.py", run_name="__main__")
