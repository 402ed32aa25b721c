"""What stands in the way of `apply-indexes --migrations` is told before anything is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps.registry import Apps
from django.test import modify_settings

from dbaudit.apply.steps import Definition, Step
from dbaudit.errors import AuditError
from dbaudit.management import declaring

if TYPE_CHECKING:
    from dbaudit.facts import Snapshot
    from tests.scratch import Scratch

WITHOUT = modify_settings(INSTALLED_APPS={"remove": ["django.contrib.postgres"]})
WITH = modify_settings(INSTALLED_APPS={"append": ["django.contrib.postgres"]})


def step(body: str) -> Step:
    definition = Definition(name="note_idx", body=body)
    return Step(number=1, key="k", action="create", table="note", definition=definition, sql="")


@pytest.fixture
def snapshot(sqlite: Scratch) -> Snapshot:
    sqlite.execute("CREATE TABLE note (name text)")
    return sqlite.snapshot(Apps([]))


@pytest.mark.parametrize("body", ["(name)", "USING btree (name)"])
def test_silent_on_a_b_tree(snapshot: Snapshot, body: str) -> None:
    with WITHOUT:
        declaring.foresee(snapshot, [step(body)], "")


def test_silent_where_django_s_application_for_postgresql_is_installed(snapshot: Snapshot) -> None:
    with WITH:
        declaring.foresee(snapshot, [step("USING gin (name)")], "")


def test_an_index_class_of_an_application_that_is_not_installed_is_refused(snapshot: Snapshot) -> None:
    with WITHOUT, pytest.raises(AuditError, match=r"note_idx by an index class of django\.contrib\.postgres, which is"):
        declaring.foresee(snapshot, [step("USING gin (name)")], "")
