"""What becomes a step of the plan, and what is left out of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dbaudit.apply import advice, rendering, wording
from dbaudit.apply.advice import Advice
from dbaudit.apply.plan import Choice, plan
from dbaudit.apply.steps import Plan, Step
from dbaudit.facts import Column, ColumnStatistics, Index, IndexKey, Snapshot, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import CreateIndex, DropIndex, Finding, Recommendation, Remedy


def column(name: str, *, distinct: float = 100, width: int = 4) -> Column:
    statistics = ColumnStatistics(null_fraction=0, distinct=distinct, width=width)
    return Column(name=name, type="integer", nullable=False, statistics=statistics)


def index(name: str, *columns: str, **more: object) -> Index:
    keys = tuple(IndexKey(column=one) for one in columns)
    definition = f"CREATE INDEX {name} ON items USING btree ({', '.join(columns)})"
    return Index(name=name, table="items", keys=keys, definition=definition, bytes=8192, **more)  # type: ignore[arg-type]


def snapshot(*indexes: Index, **more: object) -> Snapshot:
    columns = (column("kind"), column("code", distinct=1000), column("day"))
    table = Table(name="items", columns=columns, indexes=indexes, rows=1000, heap_bytes=81920)
    return Snapshot(
        alias="default",
        vendor="postgresql",
        server_version="15",
        dialect=Dialect("postgresql"),
        tables=(replace(table, **more),),  # type: ignore[arg-type]
    )


def build(*columns: str, name: str = "new", **more: object) -> Advice:
    action = CreateIndex(table="items", columns=columns, name=name, **more)  # type: ignore[arg-type]
    return Advice(key=f"check:items:{name}", check="check", title=f"{name} is missing", action=action)


def drop(name: str, check: str = "redundant_index", definition: str = "") -> Advice:
    action = DropIndex(table="items", name=name, definition=definition)
    return Advice(key=f"{check}:items:{name}", check=check, title=f"{name} is redundant", action=action)


DROPS = Choice(drop_redundant=True)


def names(made: Plan) -> list[str]:
    return [f"{one.action} {one.definition.name}" for one in made.steps]


def reason(made: Plan) -> str:
    assert made.steps == ()
    return made.left_out[0].reason


# -- left out ------------------------------------------------------------------------------------------------------


def test_an_index_that_is_there_already_is_left_out() -> None:
    assert "has it already: theirs (kind)" in reason(plan(snapshot(index("theirs", "kind")), [build("kind")], Choice()))


def test_an_index_whose_work_a_wider_one_does_is_left_out() -> None:
    made = plan(snapshot(index("wide", "kind", "code")), [build("kind")], Choice())
    assert "wide (kind, code) does its work, so the new one would be redundant" in reason(made)
    assert names(plan(snapshot(index("wide", "kind", "code")), [build("kind", unique=True)], Choice())) == [
        "create new"
    ]
    made = plan(snapshot(), [build("kind", name="narrow"), build("kind", "code", name="wide")], Choice())
    assert names(made) == ["create wide"]
    assert "wide (kind, code) of this plan does its work" in made.left_out[0].reason


def test_a_table_or_column_that_is_gone_is_left_out_with_the_reason() -> None:
    assert "no column colour (any more)" in reason(plan(snapshot(), [build("kind", "colour")], Choice()))
    assert "does not exist (any more)" in reason(plan(snapshot(name="others"), [build("kind")], Choice()))
    assert "is a view" in reason(plan(snapshot(kind="view"), [build("kind")], Choice()))


def test_a_name_that_another_index_has_is_left_out() -> None:
    assert "The name new is taken" in reason(plan(snapshot(index("new", "code")), [build("kind")], Choice()))


@pytest.mark.parametrize("choice", [Choice(), Choice(only=("redundant_index:items:narrow",))])
def test_nothing_is_dropped_unasked(choice: Choice) -> None:
    assert plan(snapshot(index("narrow", "kind"), index("wide", "kind", "code")), [drop("narrow")], choice).steps == ()


def test_only_what_is_proved_redundant_is_dropped() -> None:
    made = plan(
        snapshot(index("narrow", "kind"), index("wide", "kind", "code")), [drop("narrow", "unused_index")], DROPS
    )
    assert "Only what the audit proves redundant" in reason(made)


@pytest.mark.parametrize(
    "more", [{"unique": True}, {"constraint": "unique"}, {"replica_identity": True}, {"clustered": True}]
)
def test_what_enforces_something_is_not_dropped(more: dict[str, object]) -> None:
    made = plan(snapshot(index("narrow", "kind", **more), index("wide", "kind", "code")), [drop("narrow")], DROPS)
    assert "No other index" in reason(made)


def test_what_changed_since_the_report_is_not_dropped() -> None:
    standing = snapshot(index("narrow", "kind"), index("wide", "kind", "code"))
    assert "has changed since the report" in reason(plan(standing, [drop("narrow", definition="CREATE …")], DROPS))
    assert "does not exist (any more)" in reason(plan(standing, [drop("gone")], DROPS))
    gone = snapshot(index("narrow", "kind"), index("wide", "kind", "code", valid=False))
    assert "No other index of items does the work" in reason(plan(gone, [drop("narrow")], DROPS))


def test_the_index_of_a_partitioned_table_is_not_dropped() -> None:
    standing = snapshot(index("narrow", "kind", partitioned=True), index("wide", "kind", "code", partitioned=True))
    assert "cannot be dropped without locking" in reason(plan(standing, [drop("narrow")], DROPS))


# -- steps ---------------------------------------------------------------------------------------------------------


def test_a_step_has_its_lock_size_time_and_undo() -> None:
    (step,) = plan(snapshot(), [build("kind", "-code")], Choice()).steps
    assert step.sql == 'CREATE INDEX CONCURRENTLY "new" ON "items" ("kind", "code" DESC);'
    assert step.undo_sql == 'DROP INDEX CONCURRENTLY "new";'
    assert step.lock == "SHARE UPDATE EXCLUSIVE"
    assert step.bytes
    assert step.seconds
    assert Step.from_data(json.loads(json.dumps(step.as_data()))) == step


def test_the_same_index_is_built_once() -> None:
    assert names(plan(snapshot(), [build("kind", name="one"), build("kind", name="two")], Choice())) == ["create one"]


def test_expressions_stand_where_they_belong_among_the_columns() -> None:
    wanted: dict[str, Any] = {"expressions": ("upper(x)",), "nulls": ("", "first", "last")}
    (step,) = plan(snapshot(), [build("kind", "", "-code", **wanted)], Choice()).steps
    assert step.definition.body == '("kind", (upper(x)) NULLS FIRST, "code" DESC NULLS LAST)'
    kind, upper, code = CreateIndex(table="items", columns=("kind", "", "-code"), **wanted).keys
    assert (kind.column, upper.expression, code.descending) == ("kind", "upper(x)", True)
    assert (kind.nulls, upper.nulls, code.nulls) == ("", "first", "last")


def test_only_and_max_narrow_the_plan_and_say_so() -> None:
    both = [build("kind", name="one"), build("code", name="two")]
    assert names(plan(snapshot(), both, Choice(only=("two",)))) == ["create two"]
    assert names(plan(snapshot(), both, Choice(only=("check:items:one",)))) == ["create one"]
    made = plan(snapshot(), both, Choice(most=1))
    assert names(made) == ["create one"]
    assert "first 1" in made.left_out[0].reason


def test_drops_come_after_all_builds_and_name_what_does_their_work() -> None:
    standing = snapshot(index("narrow", "kind"), index("wide", "kind", "code"))
    made = plan(standing, [drop("narrow"), build("day")], DROPS)
    assert names(made) == ["create new", "drop narrow"]
    assert (made.steps[1].because, made.steps[1].after) == ("wide", None)
    assert made.steps[1].undo_sql == "CREATE INDEX CONCURRENTLY narrow ON items USING btree (kind);"


def test_what_does_the_work_of_several_is_the_one_that_stays() -> None:
    standing = snapshot(index("one", "kind"), index("two", "kind", "code"), index("three", "kind", "code", "day"))
    made = plan(standing, [drop("two"), drop("one")], DROPS)
    assert [(one.definition.name, one.because) for one in made.steps] == [("two", "three"), ("one", "three")]
    assert len(plan(standing, [drop("two"), drop("one")], replace(DROPS, most=1)).left_out) == 1


def test_a_plan_can_be_shown_on_a_vendor_that_nothing_is_applied_on() -> None:
    other = replace(snapshot(), vendor="mysql", dialect=Dialect("mysql", "`", "`"))
    (step,) = plan(other, [build("kind")], Choice()).steps
    assert step.sql == "CREATE INDEX `new` ON `items` (`kind`);"
    assert "DROP INDEX `new` ON `items`;" in rendering.as_sql(plan(other, [build("kind")], Choice()))


def test_what_a_new_index_makes_needless_is_dropped_once_that_one_is_verified() -> None:
    made = plan(snapshot(index("narrow", "kind")), [build("kind", "code")], DROPS)
    assert names(made) == ["create new", "drop narrow"]
    assert (made.steps[1].because, made.steps[1].after) == ("new", 1)
    assert names(plan(snapshot(index("narrow", "kind")), [build("kind", "code")], Choice())) == ["create new"]


def test_what_the_advisor_calls_needless_is_dropped_with_its_reason_and_not_left_out() -> None:
    spare = Advice(key="narrow", title="narrow", after="new", action=DropIndex(table="items", name="narrow"))
    made = plan(snapshot(index("narrow", "kind")), [build("kind", "code"), spare], DROPS)
    assert names(made) == ["create new", "drop narrow"]
    assert made.left_out == ()
    alone = plan(snapshot(index("narrow", "kind")), [spare], DROPS)
    assert alone.steps == ()
    assert alone.left_out[0].reason == "No other index of items does the work of narrow (any more)."


def test_on_sqlite_an_index_of_a_later_report_is_compared_with_those_that_stand() -> None:
    narrow = index("narrow", "kind")
    there = replace(snapshot(narrow), vendor="sqlite", dialect=Dialect("sqlite"))
    assert names(plan(there, [build("kind", "-code")], DROPS)) == ["create new", "drop narrow"]
    assert "has it already" in plan(there, [build("kind")], DROPS).left_out[0].reason
    assert "has it already" in plan(there, [build("-kind")], DROPS).left_out[0].reason


def test_a_group_s_recommendation_stands_for_all_its_findings() -> None:
    findings = [
        Finding(
            subject=name,
            detail="",
            identity=(name,),
            group="all of them",
            check="check",
            table="items",
            remedy=Remedy(action=CreateIndex(table="items", columns=(name,), name=name)),
        )
        for name in "ab"
    ]
    one = Recommendation(
        rank=1, priority="high", phase=1, title="all of them", remedy=findings[0].remedy,
        findings=tuple(each.key for each in findings),
    )  # fmt: skip
    assert [each.action.name for each in advice.of([one], findings)] == ["a", "b"]
    for_both = CreateIndex(table="items", columns=("a", "b"), name="ab")
    alone = replace(one, remedy=Remedy(action=for_both))
    assert [each.action.name for each in advice.of([alone], findings)] == ["ab"]
    of_one_object = [replace(finding, group="") for finding in findings]
    assert [each.action.name for each in advice.of([one], of_one_object)] == ["a"]


def test_findings_that_drop_several_indexes_are_as_many_drops_whatever_ties_them_together() -> None:
    drops = [
        Finding(
            subject=check,
            detail="",
            identity=(name,),
            group=group,
            check=check,
            table="items",
            remedy=Remedy(action=DropIndex(table="items", name=name)),
        )
        for check, name, group in [
            ("redundant_index", "a", "all of them"),
            ("redundant_index", "b", "all of them"),
            ("unused_index", "b", ""),
            ("unused_index", "c", ""),
        ]
    ]
    one = Recommendation(
        rank=1, priority="low", phase=2, title="all of them", remedy=drops[0].remedy,
        findings=tuple(each.key for each in drops),
    )  # fmt: skip
    assert [each.action.name for each in advice.of([one], drops)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX "a ON b" ON public."x USING (y)" USING btree (c) WHERE d',
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS s.a ON ONLY t USING btree (c) WHERE d;",
    ],
)
def test_a_statement_is_taken_apart(statement: str) -> None:
    found = wording.parsed(statement)
    assert found is not None
    assert found.body == "USING btree (c) WHERE d"
    assert found.name in ("a ON b", "a")
    assert wording.parsed("DROP INDEX a") is None


def test_a_plan_says_in_words_what_it_takes() -> None:
    made = plan(snapshot(index("narrow", "kind")), [build("kind", "code")], DROPS, free_bytes=1000)
    text = rendering.text(made)
    assert "blocks nobody who reads or writes" in text
    assert "TOO LITTLE" in text
    assert "new does its work once step 1 is verified" in text
    assert "Nothing to do" in rendering.text(plan(snapshot(), [], Choice()))
