"""A change to a query names only what exists on the model whose rows the query gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import models
from django.test.utils import isolate_apps

from dbaudit.findings import ChangeQuery, Remedy
from dbaudit.gate.bench import RefusedError, UntriedError
from dbaudit.gate.queries import refuse_wrong_names, tried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.apps.registry import Apps


@pytest.fixture
def apps() -> Iterator[Apps]:
    with isolate_apps("tests"):

        class Person(models.Model):
            name = models.CharField(max_length=9)

            class Meta:
                app_label = "tests"

        class Project(models.Model):
            name = models.CharField(max_length=9)
            tags = models.ManyToManyField("self", symmetrical=False, related_name="tagged")

            class Meta:
                app_label = "tests"

        class Member(models.Model):
            project = models.ForeignKey(Project, models.CASCADE)
            user = models.ForeignKey(Person, models.CASCADE, related_name="memberships")

            class Meta:
                app_label = "tests"

        class Badge(models.Model):
            member = models.OneToOneField(Member, models.CASCADE)

            class Meta:
                app_label = "tests"

        yield Person._meta.apps


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("Project", 'prefetch_related("member_set__user")'),
        ("Project", 'prefetch_related("tags", "tagged") on the query of tests.Project'),
        ("Person", 'prefetch_related("memberships__badge")'),
        ("Member", 'select_related("user", "badge")'),
        ("Member", 'list_select_related = ("user",)'),
        ("Badge", 'select_related("member__user")'),
        ("Member", 'prefetch_related(Prefetch("project__tags", queryset=..., to_attr="chosen_tags"))'),
        ("Member", 'select_related("user").only("user__name", "project_id", "pk")'),
        ("Project", "Fetch what the loop needs before it."),
        ("", 'select_related("anything")'),
        ("Gone", 'select_related("anything")'),
    ],
)
def test_names_that_exist_pass(apps: Apps, model: str, text: str) -> None:
    refuse_wrong_names(text, f"tests.{model}" if model else "", apps)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("Project", 'list_select_related = ("user",)'),
        ("Project", 'select_related("member_set")'),
        ("Project", 'prefetch_related("member__user")'),
        ("Badge", 'select_related("user")'),
        ("Member", 'prefetch_related("user__project")'),
        ("Member", 'prefetch_related(Prefetch("tags", queryset=...))'),
        ("Member", 'only("user__title")'),
        ("Member", 'select_related("project_id")'),
        ("Project", 'prefetch_related("id")'),
    ],
)
def test_names_that_do_not_exist_are_refused(apps: Apps, model: str, text: str) -> None:
    with pytest.raises(RefusedError, match=f"tests.{model} has no"):
        refuse_wrong_names(text, f"tests.{model}", apps)


def test_a_change_whose_names_exist_and_which_nobody_ran_says_so(apps: Apps) -> None:
    action = ChangeQuery(before="", after="", model="tests.Member")
    with pytest.raises(UntriedError, match="was not run"):
        tried(Remedy(action=action, orm='select_related("user")'), action, apps)
