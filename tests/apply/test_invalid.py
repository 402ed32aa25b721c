"""Invalid indexes are named beside every plan, with what puts them right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbaudit.apply import rendering, repairs
from dbaudit.apply.plan import Choice, plan
from dbaudit.facts import Index
from tests.apply.test_plan import build, index, snapshot


def broken(name: str = "broken", **more: bool) -> Index:
    return index(name, "kind", valid=False, **more)


@pytest.mark.parametrize("found", [index("whole", "kind"), broken(building=True)], ids=["valid", "being built"])
def test_of_a_valid_index_and_of_one_that_is_being_built_nothing_is_said(found: Index) -> None:
    made = plan(snapshot(found), [], Choice())
    assert made.invalid == ()
    assert rendering.text(made) == "Nothing to do on database 'default'.\n"


def test_what_a_step_of_the_plan_replaces_is_not_told_twice() -> None:
    made = plan(snapshot(broken("new")), [build("kind")], Choice())
    assert [step.definition.name for step in made.steps] == ["new"]
    assert made.invalid == ()


def test_beside_an_invalid_index_it_never_says_nothing_to_do() -> None:
    text = rendering.text(plan(snapshot(broken()), [], Choice()))
    assert "Nothing to do" not in text
    assert "No index to build on database 'default', but 1 index is invalid." in text
    assert 'REINDEX INDEX CONCURRENTLY "broken";' in text


def test_of_an_invalid_unique_index_the_equal_rows_come_first_in_every_form() -> None:
    made = plan(snapshot(broken(unique=True)), [], Choice())
    (told,) = made.invalid
    query, rebuild = told.sql.index("HAVING count(*) > 1"), told.sql.index("REINDEX")
    assert query < rebuild
    for form in ("text", "sql", "json"):
        drawn = rendering.render(made, form)
        assert drawn.index("HAVING count(*) > 1") < drawn.index("REINDEX INDEX")
    script = rendering.as_sql(made)
    assert all(line.startswith("--") or not line for line in script.splitlines())  # it is not this plan's to do


def test_on_other_vendors_no_index_is_invalid() -> None:
    assert list(repairs.others(replace(snapshot(broken()), vendor="sqlite"), ())) == []
