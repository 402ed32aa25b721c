"""Asks for all routes of the project that DJANGO_SETTINGS_MODULE names, and prints what came as JSON."""

import json
import sys
import time
from collections import Counter
from pathlib import Path

import django

django.setup()

from django.apps import apps  # noqa: E402 - as everything below: after the setup
from django.db import connections  # noqa: E402

from dbaudit.workload.limits import Limits  # noqa: E402
from dbaudit.workload.sampling import Bench  # noqa: E402
from dbaudit.workload.sources import crawl  # noqa: E402

began, cpu = time.monotonic(), time.process_time()
told: list[str] = []
plan = crawl.planned()
runs = list(crawl.runs(apps, Bench(connections["default"], Limits()), plan, told.append))
for run in runs:
    if "--list" in sys.argv and not run.audited:
        sys.stderr.write(f"{run.id} {run.reason}\n")
Path("coverage.json").write_text(
    json.dumps(
        {
            "told": told[0],
            "routes": len(runs),
            "get": sum(run.reason not in (crawl.NO_GET, crawl.REDIRECTS) for run in runs),
            "answered": sum(run.audited for run in runs),
            "statements": sum(len(run.statements) for run in runs),
            "owners": Counter(run.owner for run in runs),
            "seconds": round(time.monotonic() - began, 1),
            "cpu": round(time.process_time() - cpu, 1),
        }
    )
)
