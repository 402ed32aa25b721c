"""One object of the database is one subject, whatever is advised about it."""

from __future__ import annotations

from dbaudit.analysis.subjects import Subject, of_action, of_finding
from dbaudit.facts import Column, Index, IndexKey, Snapshot, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import AddConstraint, CreateIndex, DropIndex, EditModel, Finding, Remedy, RunSql


def key(column: str, opclass: str = "") -> IndexKey:
    return IndexKey(column=column, opclass=opclass)


STANDING = Index(name="data_idx", table="doc", keys=(key("data", "jsonb_path_ops"),), method="gin")
ITEMS = Index(name="doc_ab_uniq", table="doc", keys=(key("a"), key("b")), unique=True, constraint="unique")
DECLARED = Index(name="lost_idx", table="doc", keys=(key("c"),))
DOC = Table(
    name="doc",
    columns=tuple(Column(name=name, type="integer", nullable=True) for name in ("a", "b", "c", "data")),
    indexes=(STANDING, ITEMS),
)
SNAPSHOT = Snapshot(
    alias="default",
    vendor="postgresql",
    server_version="16",
    dialect=Dialect("postgresql"),
    tables=(DOC,),
    expected=(Table(name="doc", indexes=(DECLARED,)),),
)


def create(*columns: str, **more: object) -> CreateIndex:
    return CreateIndex(table="doc", columns=columns, **more)  # type: ignore[arg-type]


def about(action: RunSql | EditModel, *identity: str) -> Subject | None:
    return of_finding(
        Finding(subject="", detail="", identity=identity, remedy=Remedy(action=action), table="doc"), SNAPSHOT
    )


def test_operator_classes_names_directions_and_conditions_tell_no_two_indexes_apart() -> None:
    plain = of_action(create("data", method="gin", name="x"), SNAPSHOT)
    assert plain == of_action(create("data", method="gin", opclasses=("jsonb_path_ops",), name="y"), SNAPSHOT)
    assert of_action(create("a"), SNAPSHOT) == of_action(create("-a", condition="b = 1"), SNAPSHOT)


def test_other_keys_and_methods_are_other_indexes() -> None:
    assert len({of_action(one, SNAPSHOT) for one in (create("a"), create("a", "b"), create("b", "a"))}) == 3
    assert of_action(create("a"), SNAPSHOT) != of_action(create("a", method="hash"), SNAPSHOT)


def test_an_index_to_drop_is_the_one_to_build_with_the_same_keys() -> None:
    drop = of_action(DropIndex(table="doc", name="data_idx"), SNAPSHOT)
    assert drop == of_action(create("data", method="gin"), SNAPSHOT)


def test_a_unique_constraint_is_its_index() -> None:
    constraint = AddConstraint(table="doc", columns=("a", "b"), constraint="unique")
    assert of_action(constraint, SNAPSHOT) == of_action(DropIndex(table="doc", name="doc_ab_uniq"), SNAPSHOT)


def test_an_expression_is_what_it_means() -> None:
    first, second = (create(expressions=(text,)) for text in ('UPPER("a")', "upper(a)"))
    assert of_action(first, SNAPSHOT) == of_action(second, SNAPSHOT)


def test_a_finding_that_names_an_index_is_about_it_whatever_its_remedy_is() -> None:
    declare = about(EditModel(model="app.Doc", change="declare it"), STANDING.describe())
    assert declare == of_action(DropIndex(table="doc", name="data_idx"), SNAPSHOT)
    assert about(RunSql(purpose="Build what is declared."), DECLARED.describe()) == of_action(create("c"), SNAPSHOT)


def test_a_finding_about_a_column_or_a_field_says_so() -> None:
    assert about(RunSql(purpose="Alter it."), "a") == Subject("column", "doc", "a")
    assert about(EditModel(model="app.Doc", field="a", change="max_length=9"), "x") == Subject("field", "app.Doc", "a")


def test_a_finding_about_no_object_is_about_none() -> None:
    assert about(RunSql(purpose="Vacuum it."), "dead rows") is None
