"""The schema as pictures: parts that fit, marks that are true, names that cannot act."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dbaudit.facts import Column, ForeignKey, Index, IndexKey, Ownership, Snapshot, Table
from dbaudit.report import pictures
from dbaudit.report.pictures import Picture
from tests.report import sample


def table(name: str, *targets: str, app: str = "shop", indexed: bool = True) -> Table:
    columns = [f"{target}_id" for target in targets]
    return Table(
        name=name,
        columns=tuple(Column(name=one, type="integer", nullable=False) for one in columns),
        indexes=tuple(Index(name=f"i_{one}", table=name, keys=(IndexKey(column=one),)) for one in columns if indexed),
        foreign_keys=tuple(
            ForeignKey(name=f"fk_{one}", table=name, columns=(one,), target_table=target, target_columns=("id",))
            for one, target in zip(columns, targets, strict=True)
        ),
        ownership=Ownership(owner="project", app=app, model=f"{app}.{name}"),
    )


def drawn(*tables: Table) -> tuple[Picture, ...]:
    return pictures.pictures(replace(sample.SNAPSHOT, tables=tables, models=()))


def test_tables_without_foreign_keys_are_no_picture() -> None:
    assert drawn(table("a"), table("b")) == ()


def test_an_indexed_key_is_not_marked() -> None:
    (picture,) = drawn(table("a", "b"), table("b"))
    assert picture.unindexed == 0
    assert "-.->" not in pictures.mermaid(picture)
    assert "linkStyle" not in pictures.mermaid(picture)


def test_a_key_without_an_index_is_marked_and_counted() -> None:
    (picture,) = drawn(table("a", "b", indexed=False), table("b"))
    assert picture.unindexed == 1
    assert '-.->|"b_id (no index)"|' in pictures.mermaid(picture)


def test_a_table_of_another_application_is_outside() -> None:
    (picture,) = drawn(table("a", "b"), table("b", app="other"))
    assert [(node.table, node.outside) for node in picture.nodes] == [("a", False), ("b", True)]


def test_a_large_application_is_split_into_parts_that_fit() -> None:
    many = [table(f"t{number:03}", f"u{number:03}", "hub") for number in range(200)]
    found = drawn(*many)
    assert len(found) > 1
    assert sum(len(picture.edges) for picture in found) == 400
    assert [picture.part for picture in found] == [*range(1, len(found) + 1)]
    for picture in found:
        assert len(picture.nodes) <= pictures.TABLES
        assert len(picture.edges) <= pictures.EDGES
        assert len(pictures.mermaid(picture)) < 50_000


def test_one_table_with_very_many_keys_is_split_too() -> None:
    found = drawn(table("a", *(f"t{number}" for number in range(300))))
    assert sum(len(picture.edges) for picture in found) == 300
    assert all(len(picture.edges) <= pictures.EDGES for picture in found)


@pytest.mark.parametrize(
    "name", [sample.HOSTILE, 'a"]; click t0 href "javascript:alert(1)"', "end", "a--b", "%%{init}%%"]
)
def test_a_name_cannot_act_in_a_picture(name: str) -> None:
    (picture,) = drawn(table(name, "b"))
    text = pictures.mermaid(picture)
    assert re.fullmatch(
        r'flowchart LR\n(    t\d+(\["[^"<>\n]*"\]|\(\["[^"<>\n]*"\]\))\n){2}    t\d+ -->\|"[^"<>\n]*"\| t\d+', text
    )


@pytest.mark.parametrize("snapshot", [sample.SNAPSHOT])
def test_the_sample_s_pictures_are_drawn_in_order_of_application(snapshot: Snapshot) -> None:
    found = pictures.pictures(snapshot)
    assert [picture.app for picture in found] == sorted(picture.app for picture in found)
    assert found
