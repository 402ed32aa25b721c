"""A pgbouncer in front of a test server, for the length of a block."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tests.postgres import HOST, _account, _free_port

CONFIGURATION = """
[databases]
* = host={host} port={upstream} user={user} password={password}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
auth_type = any
pool_mode = {mode}
default_pool_size = {pool_size}
server_round_robin = {rotation:d}
server_reset_query = {reset}
unix_socket_dir =
ignore_startup_parameters = extra_float_digits, options
"""
STARTS_WITHIN_SECONDS = 10


@contextmanager
def pooler(
    settings: dict[str, Any],
    folder: Path,
    mode: Literal["session", "transaction", "statement"],
    pool_size: int = 20,
    *,
    rotation: bool = False,
    reset: str = "DISCARD ALL",
) -> Iterator[dict[str, Any]]:
    """Start a pgbouncer before the database of an entry for DATABASES, and give the entry that leads through it.

    ``rotation``: free processes serve in turn, not the last one first. ``reset`` is what it runs when a session ends.
    """
    port = _free_port()
    file = folder / f"pgbouncer-{mode}.ini"
    file.write_text(
        CONFIGURATION.format(
            host=HOST,
            upstream=settings["PORT"],
            user=settings["USER"],
            password=settings["PASSWORD"],
            port=port,
            mode=mode,
            pool_size=pool_size,
            rotation=rotation,
            reset=reset,
        )
    )
    account = _account()
    if account:  # it refuses to run as root, and the account must reach its file
        file = Path(shutil.copy(file, f"/tmp/dbaudit-pgbouncer-{port}.ini"))  # noqa: S108
        os.chown(file, account["user"], account["group"])
    program = shutil.which("pgbouncer") or "pgbouncer"
    process = subprocess.Popen([program, "--quiet", str(file)], stderr=subprocess.PIPE, **account)
    try:
        _await(port, process)
        yield {**settings, "PORT": str(port)}
    finally:
        process.terminate()
        process.communicate()
        if account:
            file.unlink()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                _, said = process.communicate()
                raise RuntimeError(f"pgbouncer did not start: {said.decode()}") from None
            time.sleep(0.02)
        else:
            return
