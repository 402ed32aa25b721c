"""An audit with everything switched on takes no lock that anybody would wait for."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.core.management import call_command

from dbaudit import auditing, checks
from dbaudit.workload.limits import Limits
from dbaudit.workload.measure import measure
from tests import erp_database
from tests.locks import watched
from tests.postgres import main_server
from tests.scratch import Scratch, postgres_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

ACCESS_SHARE = ("relation", "AccessShareLock")


def test_a_stronger_lock_would_be_seen(postgres: Scratch) -> None:
    with watched(postgres.connection) as seen:
        postgres.execute("CREATE TABLE item (id int); BEGIN; LOCK TABLE item IN ROW SHARE MODE; ROLLBACK")
    assert seen.held[("relation", "RowShareLock")] == {"item"}
    assert seen.statements == 4


@pytest.fixture(scope="module")
def erp(django_db_blocker: DjangoDbBlocker) -> Iterator[Scratch]:
    """The ERP with its defects."""
    with django_db_blocker.unblock(), postgres_scratch(main_server()) as database:
        erp_database.migrate(database)
        call_command("seed_erp", database=database.alias, with_defects=True, stdout=io.StringIO())
        yield database


@pytest.mark.needs("postgresql")
def test_a_report_with_every_check_holds_no_lock_stronger_than_access_share(erp: Scratch) -> None:
    every = tuple(one.id for one in checks.load(apps))
    options: dict[str, Any] = {"checks": every, "read_data": True, "exact_counts": True, "queries": False}
    with watched(erp.connection) as seen:
        [report] = auditing.audit(erp.alias, **options).databases
    assert {*every} - {*report.ran} == {one.id for one in checks.load(apps) if not one.works_on("postgresql")}
    stronger = {relation for lock, relations in seen.held.items() if lock != ACCESS_SHARE for relation in relations}
    # The gate's temporary copies: no other session sees them, so they have no name here.
    assert {relation for relation in stronger if not relation.isdigit()} == {""}
    tables = {table.name for table in report.snapshot.stored_tables() if table.rows}
    assert tables <= seen.held[ACCESS_SHARE], "the rows of these tables were not read"
    # A statement outside of a transaction has given its locks back when it ends.
    assert all(sql == "SELECT 1" or " FROM pg_settings " in sql.replace("\n", " ") for sql in seen.outside)


@pytest.mark.needs("postgresql")
def test_measuring_queries_holds_no_stronger_lock_but_for_a_query_of_the_projects_own_that_writes(erp: Scratch) -> None:
    limits = replace(Limits(), samples=1, automatic_statements=1_000)
    with watched(erp.connection) as seen:
        snapshot = erp.snapshot(apps)
        found = measure(erp.connection, snapshot, apps=apps, limits=limits)
    assert {"canned", "automatic"} <= {run.origin for run in found.runs}
    stronger = {relation for lock, relations in seen.held.items() if lock != ACCESS_SHARE for relation in relations}
    # Orders are confirmed by an UPDATE; the admin is asked by a user with a session. All of it is rolled back.
    written = [snapshot.table(name) for name in ("erp_salesorder", "auth_user", "django_session")]
    assert all(written)
    assert stronger <= {"", "auth_user_id_seq"} | {
        name for table in written if table for name in (table.name, *(index.name for index in table.indexes))
    }
