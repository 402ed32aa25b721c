from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_output_that_the_docs_show_is_what_the_program_prints() -> None:
    command = [sys.executable, "docs/blocks.py", "--check", "README.md"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
