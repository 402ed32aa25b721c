"""Rendering: 10,000 findings over 5,000 tables to every format, and the files of the gate beside them; then the HTML
page of 10,000 tables in a browser.

    python benchmarks/render.py [--tables 5000] [--findings 10000] [--browsed 10000] [--repeat 5] [--output FILE]

The report is made of values, so nothing but drawing is measured. See README.md beside this file for the method.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import os
import shutil
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402  once the path is set

django.setup()

from shared.machine import machine  # noqa: E402  as above

from dbaudit.advisor.recommend import plan, recommend  # noqa: E402  as above
from dbaudit.analysis import inventory  # noqa: E402  as above
from dbaudit.facts import (  # noqa: E402  as above
    Column,
    ForeignKey,
    Index,
    IndexKey,
    Location,
    Model,
    ModelField,
    Ownership,
    Snapshot,
    Table,
)
from dbaudit.facts.dialect import Dialect  # noqa: E402  as above
from dbaudit.findings import (  # noqa: E402  as above
    CreateIndex,
    DatabaseReport,
    Document,
    Evidence,
    Finding,
    Known,
    Remedy,
    Report,
    Rule,
    Severity,
)
from dbaudit.policy import baseline  # noqa: E402  as above
from dbaudit.report import github, write  # noqa: E402  as above

OUTPUT = Path(__file__).parent / "results" / "render.md"
CHECKS = 20
COLUMNS = 10
#: What a reader does on the page, in this order. A table is made when it comes into sight.
DEEDS = {
    "go to the tables": "document.querySelector('#tables').scrollIntoView({ behavior: 'instant' })",
    "sort the tables": "document.querySelector('#tables th:nth-child(4)').click()",
    "search the tables": "const box = document.querySelector('#tables input[type=search]'); box.value = 'model04242';"
    " box.dispatchEvent(new Event('input', { bubbles: true }))",
    "filter the findings": "const form = document.querySelector('form.filters'); form.elements.app.value = 'app07';"
    " form.dispatchEvent(new Event('input', { bubbles: true }))",
}
SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.WARNING, Severity.INFO)


def table(number: int) -> Table:
    """A table as a Django model has it: ten columns, four indexes, a foreign key to the table before it."""
    name = f"app{number % 50:02}_model{number:05}"
    names = ["id", "parent_id", *(f"column{n}" for n in range(2, COLUMNS))]
    keys = (("id",), ("parent_id",), ("column2",), ("column3", "column4"))
    return Table(
        name=name,
        columns=tuple(Column(name=one, type="bigint", nullable=one != "id") for one in names),
        primary_key=("id",),
        indexes=tuple(
            Index(
                name=f"{name}_{n}",
                table=name,
                keys=tuple(IndexKey(column=one) for one in columns),
                unique=n == 0,
                constraint="primary key" if n == 0 else "",
                bytes=16_384,
                scans=number,
            )
            for n, columns in enumerate(keys)
        ),
        foreign_keys=(
            ForeignKey(
                name=f"{name}_fk",
                table=name,
                columns=("parent_id",),
                target_table=f"app{(number - 1) % 50:02}_model{number - 1:05}",
                target_columns=("id",),
            ),
        )
        if number
        else (),
        rows=number * 100,
        rows_are="estimated",
        bytes=number * 8_192,
        index_bytes=65_536,
        ownership=Ownership(
            app=f"app{number % 50:02}",
            model=f"app{number % 50:02}.Model{number:05}",
            location=Location("app/models.py", 9),
        ),
    )


def model(one: Table) -> Model:
    """The model of a table."""
    who = one.ownership
    return Model(
        label=who.model,
        app=who.app,
        name=who.model.partition(".")[2],
        table=one.name,
        owner="project",
        location=who.location,
        fields=tuple(field(c.name, one.foreign_keys) for c in one.columns),
    )


def field(column: str, keys: tuple[ForeignKey, ...]) -> ModelField:
    """The field of a column, a relation where the table has a foreign key on it."""
    key = next((one for one in keys if one.columns == (column,)), None)
    if key is None:
        return ModelField(name=column, column=column, kind="BigIntegerField", primary_key=column == "id")
    return ModelField(
        name=column.removesuffix("_id"),
        column=column,
        kind="ForeignKey",
        relation="foreign key",
        related_model=key.target_table.replace("_model", ".Model"),
        related_table=key.target_table,
        related_columns=key.target_columns,
        on_delete="CASCADE",
    )


def finding(number: int, one: Table) -> Finding:
    """A finding with evidence and a remedy in Django's words and in SQL, as most have."""
    column = f"column{2 + number % (COLUMNS - 2)}"
    made = Finding.about(
        one,
        subject=f"{one.name}.{column} has no index that serves the filter number {number}",
        detail=f"Requests filter {one.name} by {column}, and the server reads the whole table for each of them.",
        identity=(column, str(number)),
        severity=SEVERITIES[number % len(SEVERITIES)],
        evidence=[
            Evidence("rows read", number * 100, "rows", "EXPLAIN (ANALYZE)", f"SELECT * FROM {one.name}"),
            Evidence("size", number * 8_192, "bytes", "catalog"),
        ],
        remedy=Remedy(
            action=CreateIndex(table=one.name, columns=(column,), name=f"{one.name}_{column}_idx"),
            orm=f'models.Index(fields=["{column}"], name="{one.name}_{column}_idx")',
            sql=f'CREATE INDEX CONCURRENTLY "{one.name}_{column}_idx" ON "{one.name}" ("{column}")',
            undo_sql=f'DROP INDEX CONCURRENTLY "{one.name}_{column}_idx"',
        ),
    )
    return replace(made, check=f"check_{number % CHECKS:02}")


def report(tables: int, findings: int) -> Report:
    """The report to draw."""
    every = tuple(table(number) for number in range(tables))
    snapshot = Snapshot(
        alias="default",
        vendor="postgresql",
        server_version="17.2",
        dialect=Dialect("postgresql"),
        tables=every,
        models=tuple(map(model, every)),
    )
    found = tuple(
        sorted((finding(number, every[number % tables]) for number in range(findings)), key=lambda one: one.order)
    )
    advised = recommend(found, snapshot)
    checks = [f"check_{number:02}" for number in range(CHECKS)]
    return Report(
        generated_at="2025-07-13T14:30:00+00:00",
        duration_seconds=60,
        django=django.get_version(),
        dbaudit="0.1.0",
        document=Document(),
        databases=(
            DatabaseReport(
                snapshot=snapshot,
                summary=inventory.summary(snapshot, found),
                applications=inventory.applications(snapshot),
                index_kinds=inventory.index_kinds(snapshot),
                relations=inventory.relations(snapshot),
                findings=found,
                recommendations=advised,
                plan=plan(advised),
                ran=tuple(checks),
            ),
        ),
        rules=tuple(
            Rule(
                id=one,
                title="A filter is served by no index",
                why="The server reads the whole table.",
                fix="Create the index.",
                silent_when="The table is small.",
                severity=Severity.WARNING,
            )
            for one in checks
        ),
    )


def tasks(drawn: Report) -> dict[str, Callable[[], str]]:
    """What is measured, by its name in the table."""
    found: dict[str, Callable[[], str]] = {
        f"`{one.name}`": lambda one=one: one.render(drawn)  # type: ignore[misc]
        for one in write.FORMATS.values()
    }
    found["job summary"] = lambda: github.summary(drawn)
    known = baseline.taken(drawn)
    found["baseline, written"] = lambda: baseline.text(known)
    fixed = [replace(one, key=f"{one.key}:gone") for one in known]
    found["baseline, held against, all fixed"] = lambda: baseline.text(_fixed(baseline.held(drawn, fixed, "known.txt")))
    return found


def _fixed(held: Report) -> tuple[Known, ...]:
    assert held.baseline
    return held.baseline.fixed


def measure(task: Callable[[], str], repeat: int) -> tuple[str, list[float], int]:
    """What a task draws, its seconds of the processor, and the most bytes that Python allocated, in another run."""
    seconds = []
    for _ in range(repeat):
        begin = time.process_time()
        task()
        seconds.append(time.process_time() - begin)
    tracemalloc.start()
    text = task()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return text, seconds, peak


def opened(text: str, repeat: int) -> dict[str, list[float]] | None:
    """Seconds that a browser takes for the page, by what it does; None where there is no Chromium or no Playwright.

    What is timed in the page ends when the next frame was painted.
    """
    chromium = shutil.which("chromium")
    if not chromium or not importlib.util.find_spec("playwright"):
        return None
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - absent where the browser is

    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(repeat):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            seen = {"first paint": page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")}
            seen["usable"] = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            for name, deed in DEEDS.items():
                seen[name] = page.evaluate(
                    "async deed => { const begin = performance.now(); new Function(deed)();"
                    " do await new Promise(done => requestAnimationFrame(() => setTimeout(done)));"
                    " while (!document.querySelector('#tables .dt-container'));"
                    " return performance.now() - begin }",
                    deed,
                )
            for name, milliseconds in seen.items():
                found.setdefault(name, []).append(milliseconds / 1000)
            page.close()
        browser.close()
    return found


def browsed(options: argparse.Namespace) -> list[str]:
    """The section on the HTML page in a browser."""
    count = options.browsed
    text = write.FORMATS["html"].render(report(count, count))
    print("browser: measuring", file=sys.stderr)
    seen = opened(text, options.repeat)
    if seen is None:
        return ["## In a browser", "", "Not measured: Chromium and Playwright are not both there.", ""]
    what = f"The HTML of {count:,} findings over {count:,} tables, {len(text.encode()) / 1e6:.2f} MB"
    return [
        "## In a browser",
        "",
        f"{what}, in headless Chromium, 1280 pixels wide; {options.repeat} times, medians.",
        "",
        "| what | median | fastest to slowest |",
        "|---|---:|---:|",
        *(
            f"| {name} | {statistics.median(seconds):.2f} s | {min(seconds):.2f} to {max(seconds):.2f} s |"
            for name, seconds in seen.items()
        ),
        "",
    ]


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tables", type=int, default=5_000, metavar="N")
    parser.add_argument("--findings", type=int, default=10_000, metavar="N")
    parser.add_argument("--browsed", type=int, default=10_000, metavar="N", help="tables and findings of the browser's")
    parser.add_argument("--repeat", type=int, default=5, metavar="N")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    options = parser.parse_args()
    drawn = report(options.tables, options.findings)
    what = f"{options.findings:,} findings over {options.tables:,} tables"
    lines = [
        "# Rendering",
        "",
        "Written by `benchmarks/render.py`; the method is in [the README](../README.md).",
        "",
        f"{machine()}. {what}, {options.repeat} repetitions, medians of the processor's time.",
        "",
        "| what | median | fastest to slowest | size | compressed | memory at most |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, task in tasks(drawn).items():
        print(f"{name}: measuring", file=sys.stderr)
        text, seconds, peak = measure(task, options.repeat)
        data = text.encode()
        assert data.endswith(b"\n")
        packed = len(gzip.compress(data, mtime=0))
        spread = f"{min(seconds):.2f} to {max(seconds):.2f} s"
        sizes = " | ".join(f"{size / 1e6:.2f} MB" for size in (len(data), packed, peak))
        lines.append(f"| {name} | {statistics.median(seconds):.2f} s | {spread} | {sizes} |")
    text = "\n".join([*lines, "", *browsed(options)])
    print(text)
    options.output.write_text(text)


if __name__ == "__main__":
    main()
