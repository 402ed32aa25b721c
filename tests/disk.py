"""A file system of its own with little space, where this machine lets one be mounted."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import _account


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A folder on a file system of so much space (``1m``), which the server's account owns.

    Raises:
        OSError: this machine mounts none.
    """
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="dbaudit-small-"))
    try:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        mounted = subprocess.run(command, check=False, capture_output=True, text=True)
        if mounted.returncode:
            raise OSError(mounted.stderr.strip())
        try:
            if "user" in account:
                os.chown(folder, account["user"], account["group"])
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()
