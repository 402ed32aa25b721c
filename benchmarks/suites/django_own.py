"""Django's own tests of what it fetches at once, under `dbaudit.capture()`: nothing may be said of Django's behaviour.

    python benchmarks/suites/django_own.py --sdist django-5.2.19.tar.gz [--output FILE]

The source distribution from PyPI holds Django's tests. Each test method of the suites below runs in a capture of its
own; what is found is printed with its line, and the lines that were judged true from their code stand in
`django_own.json` beside this file: a finding on any other line is false until somebody has looked at it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
VERDICTS = Path(__file__).with_suffix(".json")
OUTPUT = Path(__file__).parent.parent / "results" / "django_own.md"
SUITES = (
    *("prefetch_related", "select_related", "select_related_onetoone", "select_related_regress", "defer"),
    *("defer_regress", "known_related_objects", "generic_relations", "many_to_one", "many_to_many", "one_to_one"),
)
JUDGED = ("n_plus_one", "defeated_prefetch", "query_in_loop", "duplicate_statement")
SETTINGS = """
import json
import os
import unittest

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}, "other": {"ENGINE": "django.db.backends.sqlite3"}}
SECRET_KEY = "x"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False

_call = unittest.TestCase._callTestMethod


def recorded(case, method):
    import dbaudit

    with dbaudit.capture() as run:
        _call(case, method)
    with open(os.environ["FOUND"], "a") as file:
        for one in run.findings:
            place = f"{one.location.file}:{one.location.line}" if one.location else ""
            file.write(json.dumps([one.check, place, one.subject, case.id()]) + chr(10))
        file.write(json.dumps(["tests", "", "", case.id()]) + chr(10))


unittest.TestCase._callTestMethod = recorded
"""


def main() -> None:
    """Run, print, save; fail where something was found that nobody has judged true."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sdist", type=Path, required=True, metavar="FILE")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with tarfile.open(options.sdist) as archive:
            archive.extractall(folder, filter="data")
        # Django itself is the installed one: its own lines are not the project's.
        tests = next(folder.glob("*/tests")).rename(folder / "tests")
        (tests / "recorded_settings.py").write_text(SETTINGS)
        found = folder / "found.jsonl"
        done = subprocess.run(
            [sys.executable, "runtests.py", "--settings=recorded_settings", "--parallel=1", *SUITES],
            cwd=tests,
            env={**os.environ, "PYTHONPATH": str(ROOT), "FOUND": str(found)},
            text=True,
            capture_output=True,
            check=False,
        )
        if not found.exists():
            raise SystemExit(done.stdout + done.stderr)
        lines = [json.loads(line) for line in found.read_text().splitlines()]
    tests_run = sum(check == "tests" for check, *_ in lines)
    seen = Counter((check, place, subject) for check, place, subject, _ in lines if check in JUDGED)
    judged = {tuple(entry[:3]) for entry in json.loads(VERDICTS.read_text())} if VERDICTS.exists() else set()
    unjudged = sorted(set(seen) - judged)
    summary = (
        f"{options.sdist.name}, {tests_run} tests of {', '.join(SUITES)}: {len(seen)} findings on different lines, "
        f"{len(set(seen) & judged)} judged true from their code, {len(unjudged)} not."
    )
    text = "\n".join(
        [
            "# Django's own tests",
            "",
            "Written by `benchmarks/suites/django_own.py`, which says how in its first lines.",
            "",
            summary,
            "",
            *(f"- {check} {place}: {subject}" for check, place, subject in unjudged),
            "",
            f"The tests themselves: {done.stderr.strip().splitlines()[-1]}.",
            "",
        ]
    )
    print(text)
    options.output.write_text(text)
    if unjudged:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
