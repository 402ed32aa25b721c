"""Fill the output blocks of the docs: `python docs/blocks.py [--check] FILE...`.

A block stands between `<!-- output of: COMMAND -->` and `<!-- end of output -->`. The command is run on the reference
ERP, freshly migrated and seeded on SQLite, so what the docs show is what the program prints. With `--check` nothing
is written, and the exit status is 1 where a block is not current.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- output of: (?P<command>.+?) -->\n).*?(<!-- end of output -->)", re.DOTALL)
# The date of the analysis that the reference ERP stands for, so that output does not change with the day.
EPOCH = "1752364800"


def environment(folder: str) -> dict[str, str]:
    """Where the commands run: a database of their own, a fixed day, a terminal of 80 columns."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "context7.settings",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "SOURCE_DATE_EPOCH": EPOCH,
        "COLUMNS": "80",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def output(command: str, folder: str) -> str:
    """What the command prints on standard output; it may be a pipe."""
    result = subprocess.run(  # noqa: S602 - the docs' own command lines, pipes included
        command, shell=True, cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False
    )
    if result.returncode:
        sys.exit(f"{command}: exit status {result.returncode}\n{result.stderr}")
    # The library's version is the machine's, not the program's.
    return re.sub(r"(SQLite) [\d.]+", r"\1 3", result.stdout).rstrip() + "\n"


def filled(text: str, folder: str) -> str:
    """The text with every block filled anew."""

    def fill(block: re.Match[str]) -> str:
        return f"{block[1]}\n```text\n{output(block['command'], folder)}```\n\n{block[3]}"

    return BLOCK.sub(fill, text)


def main(arguments: list[str]) -> int:
    """Fill or check the files."""
    check = "--check" in arguments
    stale = False
    with tempfile.TemporaryDirectory() as folder:
        for step in ("migrate -v0", "seed_erp --scale 1 -v0"):
            command = [sys.executable, "manage.py", *shlex.split(step)]
            subprocess.run(command, cwd=ROOT, env=environment(folder), check=True, capture_output=True)
        for path in map(Path, (one for one in arguments if one != "--check")):
            old = path.read_text()
            new = filled(old, folder)
            if check and new != old:
                stale = True
                print(f"{path} is not current: run `make docs`")
            elif not check:
                path.write_text(new)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
