"""What is said of the recorded tests of a real project, beside verdicts that were made from its code.

    pytest --dbaudit                                    # in the project, with dbaudit installed
    python benchmarks/suites/recorded.py wagtail TESTS.jsonl --settings wagtail.test.settings [--output FILE]

`wagtail.json` beside this file holds a verdict for each `n_plus_one` and `duplicate_statement` that was found, with its
reason. What has no verdict is counted as unjudged.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import django

RESULTS = Path(__file__).parent.parent / "results"
JUDGED = ("n_plus_one", "defeated_prefetch", "duplicate_statement")


def main() -> None:
    """Read, compare, print, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suite")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--settings", required=True)
    parser.add_argument("--alias", default="default")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - the project's own folder, as manage.py has it
    os.environ["DJANGO_SETTINGS_MODULE"] = options.settings
    django.setup()
    from dbaudit.live.capture import judge  # noqa: PLC0415 - the settings must be read first
    from dbaudit.workload.recording.capture_file import read  # noqa: PLC0415 - as above

    kept = json.loads(Path(__file__).with_name(f"{options.suite}.json").read_text())
    verdicts = {tuple(entry[:3]): entry[3:] for entry in kept}
    runs, skipped = read(options.recording, options.alias)
    found: dict[tuple[str, str, str], int] = {}
    for run in runs:
        for finding in judge(run).findings:
            if finding.check in JUDGED:
                place = f"{finding.location.file}:{finding.location.line}" if finding.location else ""
                what = finding.subject.rpartition(" asks the same of ")[2]
                key = finding.check, place, what
                found[key] = found.get(key, 0) + 1
    true = [key for key in found if verdicts.get(key, [""])[0] == "true"]
    false = [key for key in found if verdicts.get(key, [""])[0] == "false"]
    unjudged = [key for key in found if key not in verdicts]
    summary = (
        f"{len(runs)} tests that asked, {len(skipped)} lines unread: {len(found)} findings on different lines, "
        f"{len(true)} true, {len(false)} false, {len(unjudged)} unjudged."
    )
    lines = [
        f"# Recorded tests: {options.suite}",
        "",
        "Written by `benchmarks/suites/recorded.py`, which says how in its first lines.",
        "",
        summary,
        "",
        "| check | place | what | tests | verdict | why |",
        "|---|---|---|---:|---|---|",
    ]
    for (check, place, what), number in sorted(found.items()):
        verdict, why = verdicts.get((check, place, what), ("unjudged", ""))
        lines.append(f"| {check} | {place} | {what} | {number} | {verdict} | {why} |")
    text = "\n".join([*lines, ""])
    print(text)
    (options.output or RESULTS / f"recorded_{options.suite}.md").write_text(text)


if __name__ == "__main__":
    main()
