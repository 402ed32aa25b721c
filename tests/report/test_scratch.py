"""Reports of databases that are really there, hostile names and all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.apps import apps as installed
from django.db import models
from django.test.utils import isolate_apps

from dbaudit import checks
from dbaudit.advisor.recommend import plan, recommend
from dbaudit.analysis import inventory
from dbaudit.analysis.scorecard import scorecard
from dbaudit.findings import DatabaseReport, Report
from dbaudit.report import as_json, markdown, text
from tests.report import sample
from tests.report.test_as_json import VALIDATOR
from tests.report.test_markdown import tokens

if TYPE_CHECKING:
    from django.apps.registry import Apps

    from tests.scratch import Scratch

HOSTILE = "</script><b>|`x`*_\"'\n# a"


def audited(scratch: Scratch, apps: Apps | None) -> Report:
    """The report of a database with every check run."""
    snapshot = scratch.snapshot(apps)
    outcome = checks.run(snapshot, checks.load(installed))
    assert not outcome.crashed
    recommendations = recommend(outcome.findings)
    return sample.report(
        DatabaseReport(
            snapshot=snapshot,
            summary=inventory.summary(snapshot, outcome.findings),
            applications=inventory.applications(snapshot),
            index_kinds=inventory.index_kinds(snapshot),
            relations=inventory.relations(snapshot),
            findings=outcome.findings,
            recommendations=recommendations,
            plan=plan(recommendations),
            scorecard=scorecard(snapshot, outcome.findings),
            skipped=(*snapshot.skipped, *outcome.skipped),
            ran=tuple(check.id for check in outcome.ran),
        )
    )


@pytest.fixture
def report(scratch: Scratch) -> Report:
    """Two related models with a named index, its duplicate, and a table whose every name is hostile."""
    quote = '"{}"'.format(HOSTILE.replace('"', '""'))
    with isolate_apps("tests") as apps:

        class Customer(models.Model):
            name = models.CharField(max_length=20, db_index=True)

            class Meta:
                app_label = "tests"

        class Order(models.Model):
            customer = models.ForeignKey(Customer, models.CASCADE)
            status = models.IntegerField()

            class Meta:
                app_label = "tests"
                indexes = (models.Index(fields=["status", "customer"], name="idx_order_status"),)

        scratch.create(Customer, Order)
        scratch.execute("CREATE INDEX idx_order_again ON tests_order (status, customer_id)")
        scratch.execute("INSERT INTO tests_customer (id, name) VALUES (1, 'a'), (2, 'b')")
        with scratch.connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {quote} ({quote} integer)")
            cursor.execute(f'CREATE INDEX "1 {quote[1:]} ON {quote} ({quote})')
            cursor.execute(f'CREATE INDEX "2 {quote[1:]} ON {quote} ({quote})')
        return audited(scratch, apps)


def test_the_summary_counts_what_is_there(report: Report) -> None:
    (database,) = report.databases
    summary = database.summary
    assert (summary.models, summary.applications, summary.tables, summary.other_tables) == (2, 1, 2, 1)
    assert (summary.records, summary.records_are, summary.foreign_keys) == (2, "exact", 1)
    # An SQLite integer key is no index; PostgreSQL keeps one for each key, and a pattern twin.
    assert summary.indexes == (4 if database.snapshot.vendor == "sqlite" else 7)
    assert database.index_kinds.named == (("tests.Order", ("idx_order_again", "idx_order_status")),)
    assert database.relations.critical == (("tests.Customer", "CASCADE", 1, "tests.Order"),)


def test_the_json_satisfies_the_schema_and_keeps_every_name(report: Report) -> None:
    data = json.loads(as_json.render(report))
    VALIDATOR.validate(data)
    (database,) = data["databases"]
    assert HOSTILE in {table["name"] for table in database["tables"]}
    assert {f"1 {HOSTILE}", f"2 {HOSTILE}"} <= {index["name"] for index in database["indexes"]}
    (reference,) = database["foreign_keys"]
    assert (reference["field"], reference["constraint"], reference["validated"]) in {
        ("customer", True, True),
        ("customer", True, None),
    }


def test_the_markdown_holds_no_markup_from_the_database(report: Report) -> None:
    drawn = markdown.render(report)
    assert "idx_order_again" in drawn
    kinds = {token.type for token in tokens(drawn)}
    assert not kinds & {"html_block", "html_inline", "em_open", "link_open"}


def test_the_text_names_the_findings_and_stays_on_the_page(report: Report) -> None:
    drawn = text.render(report)
    assert "idx_order_again" in drawn
    assert all(one.isprintable() or one == "\n" for one in drawn)
