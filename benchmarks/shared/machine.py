"""What a benchmark ran on, in words that name no host and no path."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import django

GIB = 2**30


def machine() -> str:
    """Processor, cores, memory, and the versions of Python and Django."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    system = f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()}"
    return f"{system}; Python {platform.python_version()}, Django {django.get_version()}"


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", described.read_text(), re.MULTILINE) if described.exists() else None
    return found[1] if found else platform.machine()
