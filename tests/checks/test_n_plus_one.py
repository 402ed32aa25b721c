"""N+1 and its proof; the scenarios are in tests/workload/test_corpus.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import django

from dbaudit.findings import ChangeQuery
from tests.checks.queries import found, judged, measured
from tests.scratch import Scratch
from tests.workload.conftest import AUTHORS
from tests.workload.models import Author

CHECK = "n_plus_one"


def publishers() -> list[Any]:
    return [author.publisher for author in Author.objects.all()]


def joined() -> list[Any]:
    return [author.publisher for author in Author.objects.select_related("publisher")]


def test_says_so_where_nothing_was_measured(library: Scratch) -> None:
    assert judged(library, CHECK) == ()


def test_silent_where_the_rows_are_joined(library: Scratch) -> None:
    assert not found(library, CHECK, joined)


def test_silent_where_the_run_failed(library: Scratch) -> None:
    assert not judged(library, CHECK, replace(measured(library, publishers), status="failed"))


def test_finds_what_is_asked_once_a_row_with_proof_and_line(library: Scratch) -> None:
    (finding,) = found(library, CHECK, publishers)
    evidence = {one.what: one.value for one in finding.evidence}
    assert (finding.severity, finding.confidence) == ("warning", "high")
    assert finding.identity == ("canned:x", "tests.Author.publisher")
    assert evidence["executions"] == AUTHORS
    assert evidence["executions that one more row adds"] == 1
    assert finding.location is not None
    assert finding.location.file == "tests/checks/test_n_plus_one.py"
    assert finding.remedy.orm == 'select_related("publisher")'
    assert finding.remedy.verification == ""


def test_the_same_line_in_two_runs_is_one_finding(library: Scratch) -> None:
    run = measured(library, publishers)
    assert len(judged(library, CHECK, run, replace(run, id="canned:y", label="y"))) == 1


def test_rows_that_tell_what_loaded_them_are_as_sure_as_a_second_run(library: Scratch) -> None:
    (finding,) = judged(library, CHECK, replace(measured(library, publishers), scaling=(), origin="captured"))
    assert finding.confidence == "high"


def publishers_and_lives() -> list[Any]:
    return [(author.publisher, author.life) for author in Author.objects.all()]


def test_beside_another_repetition_the_parent_is_still_the_query_of_the_rows(library: Scratch) -> None:
    run = replace(measured(library, publishers_and_lives), scaling=(), origin="captured")
    told = [{one.what: one.value for one in finding.evidence} for finding in judged(library, CHECK, run)]
    assert [one["rows of the other query"] for one in told] == [AUTHORS, AUTHORS]


def test_in_code_of_others_it_is_a_remark(library: Scratch) -> None:
    run = replace(measured(library, publishers), owner="django", origin="automatic")
    assert [(one.severity, one.owner) for one in judged(library, CHECK, run)] == [("info", "django")]


def test_all_relations_of_one_admin_list_are_named_in_one_remedy(library: Scratch) -> None:
    def both() -> list[Any]:
        return [(author.publisher.name, author.life.text) for author in Author.objects.all()]

    findings = judged(library, CHECK, measured(library, both, origin="automatic", model="tests.Author"))
    assert {one.remedy.orm for one in findings} == {'select_related("publisher")', 'select_related("life")'}
    findings = judged(library, CHECK, measured(library, both, id="admin:tests.Author", model="tests.Author"))
    assert {one.remedy.orm for one in findings} == {'list_select_related = ("publisher", "life")'}


def test_where_django_has_it_fetching_peers_is_recommended(library: Scratch) -> None:
    (finding,) = found(library, CHECK, publishers)
    assert ("fetch_mode(FETCH_PEERS)" in finding.detail) == (django.VERSION >= (6, 1))


def test_a_list_of_another_model_is_not_told_to_join_what_it_has_not(library: Scratch) -> None:
    run = measured(library, publishers, id="admin:tests.Publisher", model="tests.Publisher")
    (finding,) = judged(library, CHECK, replace(run, trials=()))
    assert "list_select_related" not in finding.remedy.orm
    assert "select_related(" not in finding.remedy.orm
    assert isinstance(finding.remedy.action, ChangeQuery)
    assert finding.remedy.action.model == "tests.Publisher"
