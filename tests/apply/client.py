"""A client that a test can kill: a process of its own that carries a step out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dbaudit.apply.steps import Step
from tests.apply.applying import Run
from tests.project import ROOT

CLIENT = """
import json, sys
from pathlib import Path
from django.conf import settings
settings.configure(DATABASES={"default": json.loads(sys.argv[1])}, USE_TZ=True)
import django
django.setup()
from django.db import connections
from dbaudit.apply import running
from dbaudit.apply.journal import Journal
from dbaudit.apply.steps import Limits, Plan, Step
step = Step.from_data(json.loads(sys.argv[2]))
journal = Journal(Path(sys.argv[3]), run="run")
journal.started(Plan(alias="default", vendor="postgresql", steps=(step,)), "scratch")
ears = running.Ears(tell=lambda line: print(line, flush=True))
running.carry_out(connections["default"], [step], journal, Limits(poll=0.05, max_wait=20), ears)
"""


@contextmanager
def client(run: Run, step: Step) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that carries a step out."""
    settings: dict[str, Any] = run.scratch.connection.settings_dict
    wanted = {name: settings[name] for name in ("ENGINE", "HOST", "PORT", "USER", "PASSWORD", "NAME")}
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, json.dumps(wanted), json.dumps(step.as_data()), str(run.journal.path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
