"""``manage.py dbaudit``: one command, an action as its first word."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from dbaudit import auditing, checks, diff, pages
from dbaudit.errors import AuditError
from dbaudit.findings import Report
from dbaudit.management import arguments, progress
from dbaudit.management.apply_indexes import ApplyIndexes
from dbaudit.management.printing import printed
from dbaudit.management.standards import Standards
from dbaudit.options import Options
from dbaudit.report import github, write


class Command(BaseCommand):
    """Parses the action and its options, runs it, and turns its result into output and an exit status."""

    help = "Audit the databases of this project:\nwhat is wrong, where in your code, and what to change."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The actions and their options."""
        arguments.add_actions(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the action. Exit status 2 with one sentence for whatever `AuditError` says."""
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "report": self.report,
            "apply-indexes": self.apply_indexes,
            "checks": self.checks,
            "explain": self.explain,
            "diff": self.diff,
        }
        self.written: list[str] = []
        try:
            actions[options["action"]](options)
        except AuditError as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            done = f"written before: {', '.join(self.written)}" if self.written else "nothing was written"
            self.stderr.write(f"Interrupted; {done}.")
            sys.exit(130)

    def report(self, options: dict[str, Any]) -> None:
        """Audit, write every output, and end as the standards of the team say."""
        standards = Standards.of(options)
        earlier = [diff.read(path) for path in options["previous"] or ()]
        outputs = write.plan(options["output"] or (), options["format"], also=standards.outputs, kept=standards.inputs)
        aliases = tuple(connections) if options["all_databases"] else tuple(options["database"] or [DEFAULT_DB_ALIAS])
        with progress.watched(self, options["verbosity"], aliases) as told:
            found = auditing.run(
                Options(
                    databases=aliases,
                    apps=tuple(options["app"] or ()),
                    checks=tuple(options["check"] or ()),
                    skip=tuple(options["skip"] or ()),
                    exact_counts=options["exact_counts"],
                    read_data=options["read_data"],
                    queries=not options["no_queries"],
                    crawl=options["crawl"],
                    crawl_exclude=tuple(options["crawl_exclude"] or ()),
                    workload=tuple(map(Path, options["workload"] or ())),
                    budgets=standards.recorded,
                    index_budget=options["index_budget"] or "",
                    advise_for=options["advise_for"] or "",
                    quick=options["quick"],
                    what_if=options["what_if"] or "",
                    explain_rejected=options["explain_rejected"],
                    arguments=tuple(arguments.typed_again(options)),
                    progress=told,
                )
            )
        result = diff.traced(standards.held(found), earlier)
        for output in outputs:
            text = output.render(result, self.style if output.path is None else None)
            if output.path is None:
                printed(self, text, ending="")
                self._summarize(output, result)
            else:
                write.write(text, output.path)
                self.written.append(str(output.path))
                self._tell(f"Report written to {output.path}", options["verbosity"])
        standards.refuse(result)
        for line in standards.save(found, result):
            self._tell(line, options["verbosity"])
        standards.conclude(found, result)

    def apply_indexes(self, options: dict[str, Any]) -> None:
        """Plan the recommended indexes, and build them where that is wanted."""
        ApplyIndexes(self, options).run()

    def checks(self, options: dict[str, Any]) -> None:
        """List the checks, or write all their pages."""
        draw = pages.document if options["format"] == "markdown" else pages.listing
        printed(self, draw(checks.load(apps)), ending="")

    def explain(self, options: dict[str, Any]) -> None:
        """Show one check's page."""
        printed(self, pages.page(checks.load(apps), options["id"]), ending="")

    def _summarize(self, output: write.Output, result: Report) -> None:
        """Beside GitHub's annotations, put the report into the job's summary, as far as GitHub lets a step fill it."""
        path = os.environ.get("GITHUB_STEP_SUMMARY")
        if output.format.name == "github" and path:
            write.append(path, lambda taken: github.summary(result, github.SUMMARY_LIMIT - taken))

    def diff(self, options: dict[str, Any]) -> None:
        """Compare two reports that were written as JSON."""
        path = options["output"]
        if path:
            write.plan([path], "text", kept=(options["old"], options["new"]))
        markdown = path and Path(path).suffix.lower() in write.FORMATS["markdown"].suffixes
        draw = diff.FORMATS[options["format"] or ("markdown" if markdown else "text")]
        drawn = draw(diff.compare(diff.read(options["old"]), diff.read(options["new"])))
        if path:
            write.write(drawn, path)
            self.written.append(path)
            self._tell(f"Comparison written to {path}", options["verbosity"])
        else:
            printed(self, drawn, ending="")

    def _tell(self, line: str, verbosity: int) -> None:
        if verbosity > 0:
            self.stderr.write(line, lambda text: text)
