"""The audit of the reference ERP finds the defects that it has, all of them and no others.

``pytest -rP tests/erp/test_truth.py`` shows precision and recall.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from dbaudit import auditing
from dbaudit.findings import CreateIndex, DropIndex
from tests import erp_database, erp_truth
from tests.postgres import main_server
from tests.scratch import postgres_scratch, sqlite_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from dbaudit.findings import DatabaseReport
    from tests.erp_truth import State, Vendor

STATES = pytest.mark.parametrize("state", ["plain", "with defects"])


@dataclass(frozen=True)
class Audits:
    """One database before and after it was changed by hand; ``said`` is what doing it again printed."""

    vendor: Vendor
    reports: dict[State, DatabaseReport]
    said: str
    measured: DatabaseReport

    def keys(self, state: State, category: str, *owners: str) -> list[str]:
        """The keys of the findings."""
        return [
            found.key
            for found in self.reports[state].findings
            if found.category == category and (found.owner in owners or not owners)
        ]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def audits(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Audits]:
    """The ERP, audited in both states."""
    folder = tmp_path_factory.mktemp("truth")
    empty = sqlite_scratch(folder) if request.param == "sqlite" else postgres_scratch(main_server())
    with django_db_blocker.unblock(), empty as database:
        erp_database.migrate(database)
        call_command("seed_erp", database=database.alias, stdout=io.StringIO())
        plain = report(database.alias)
        call_command("seed_erp", database=database.alias, with_defects=True, stdout=io.StringIO())
        again = io.StringIO()
        call_command("seed_erp", database=database.alias, with_defects=True, stdout=again)
        changed = report(database.alias)
        reports: dict[State, DatabaseReport] = {"plain": plain, "with defects": changed}
        yield Audits(request.param, reports, again.getvalue(), report(database.alias, queries=True))


def report(alias: str, *, queries: bool = False) -> DatabaseReport:
    """An audit, of the schema alone unless queries are wanted, in which no check crashes."""
    [found] = auditing.audit(alias, queries=queries).databases
    assert not found.crashed
    return found


@STATES
def test_the_audit_finds_the_defects_of_the_project_and_nothing_else(audits: Audits, state: State) -> None:
    wanted, found = erp_truth.truth(audits.vendor, state), audits.keys(state, "schema", "project")
    right = wanted.keys() & {*found}
    kinds = {key.partition(":")[0] for key in found}
    sys.stdout.write(
        f"{audits.vendor}, {state}: {len(found)} findings of {len(kinds)} kinds, "
        f"precision {len(right) / len(found):.0%}, recall {len(right) / len(wanted):.0%}\n"
    )
    assert sorted(found) == sorted(wanted)


@STATES
def test_what_django_makes_by_itself_is_told_apart(audits: Audits, state: State) -> None:
    assert sorted(audits.keys(state, "schema", "django", "third-party")) == sorted(erp_truth.DJANGO)


def test_defects_in_how_the_database_is_run_are_found(audits: Audits) -> None:
    wanted = erp_truth.OPERATIONS[audits.vendor].keys()
    assert not wanted & {*audits.keys("plain", "operations")}
    assert wanted <= {*audits.keys("with defects", "operations")}


def test_some_applications_have_no_defect(audits: Audits) -> None:
    assert "inventory" not in {found.app for found in audits.reports["with defects"].findings}


def test_the_plain_inventory_is_that_of_the_analysis(audits: Audits) -> None:
    summary = audits.reports["plain"].summary
    assert (summary.models, summary.records) == (96, 1_123)


def test_the_defects_are_added_once(audits: Audits) -> None:
    assert "The defects are already in the database" in audits.said


def test_the_first_ten_are_what_is_worth_most(audits: Audits) -> None:
    first = audits.measured.recommendations[:10]
    assert [one.findings[0] for one in first] == [*erp_truth.MOST_VALUABLE[audits.vendor]]
    assert {one.priority for one in first} == {"high"}


def test_one_object_has_one_recommendation(audits: Audits) -> None:
    told = audits.measured.recommendations
    keys = [key for one in told for key in one.findings]
    assert len(keys) == len({*keys})
    actions = [one.remedy.action for one in told]
    built = [(one.table, one.keys, one.condition) for one in actions if isinstance(one, CreateIndex)]
    assert len(built) == len({*built})
    dropped = [one.name for one in actions if isinstance(one, DropIndex)]
    dropped += [drop.action.name for one in told for drop in one.drops if isinstance(drop.action, DropIndex)]
    assert len(dropped) == len({*dropped})


def test_the_list_has_at_least_25_kinds_each_with_its_reason() -> None:
    listed = erp_truth.truth("sqlite", "with defects") | erp_truth.truth("postgresql", "with defects")
    assert all(listed.values())
    assert len({key.partition(":")[0] for key in listed}) >= 25
