"""The schema as pictures: an application's tables and the foreign keys between them, in parts that a reader can take
in and that Mermaid draws on GitHub and GitLab."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbaudit.facts import Snapshot
from dbaudit.report.references import Reference, merged
from dbaudit.report.words import printable
from dbaudit.sql.equivalence import covers_foreign_key

#: A picture's tables and foreign keys at most. Mermaid refuses to draw above 500 edges or 50,000 characters.
TABLES = 30
EDGES = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A table. ``outside`` means that it is another application's, or another part's."""

    table: str
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A foreign key. ``indexed`` is None where the database lacks the table; ``enforced`` says that the database has a
    constraint for it."""

    source: str
    target: str
    columns: str
    on_delete: str
    indexed: bool | None
    enforced: bool

    @property
    def label(self) -> str:
        """The columns, and what is wrong with them."""
        wrong = ["no index"] if self.indexed is False else []
        wrong += [] if self.enforced else ["not enforced"]
        return f"{self.columns} ({', '.join(wrong)})" if wrong else self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One part of an application's schema; parts count from 1."""

    app: str
    part: int
    parts: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def title(self) -> str:
        """The application, with the part where there are several."""
        return f"{self.app}, part {self.part} of {self.parts}" if self.parts > 1 else self.app

    @property
    def unindexed(self) -> int:
        """How many of its foreign keys have no index."""
        return sum(edge.indexed is False for edge in self.edges)


def pictures(snapshot: Snapshot) -> tuple[Picture, ...]:
    """The pictures of every application that has a foreign key, in order of its label."""
    apps: defaultdict[str, list[Edge]] = defaultdict(list)
    for reference in merged(snapshot):
        apps[_app(reference)].append(_edge(reference))
    return tuple(picture for app in sorted(apps) for picture in _parts(app, apps[app]))


def mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart."""
    return "\n".join(_mermaid(picture))


def _mermaid(picture: Picture) -> Iterator[str]:
    yield "flowchart LR"
    ids = {node.table: f"t{number}" for number, node in enumerate(picture.nodes)}
    for node in picture.nodes:
        left, right = ("([", "])") if node.outside else ("[", "]")
        yield f"    {ids[node.table]}{left}{_quoted(node.table)}{right}"
    for edge in picture.edges:
        arrow = "-.->" if edge.indexed is False else "-->"
        yield f"    {ids[edge.source]} {arrow}|{_quoted(edge.label)}| {ids[edge.target]}"
    bad = [str(number) for number, edge in enumerate(picture.edges) if edge.indexed is False]
    if bad:
        yield f"    linkStyle {','.join(bad)} stroke:#c62828,stroke-width:2px"


def _quoted(label: str) -> str:
    """A Mermaid string: its own entities for whatever it would read as markup."""
    safe = "".join(one if one.isalnum() or one in " _.,:()-" else f"#{ord(one)};" for one in printable(label))
    return f'"{safe}"'


def _parts(app: str, edges: list[Edge]) -> Iterator[Picture]:
    """Tables in order of name, a new part when the next one would not fit. A table's own keys stay together, unless
    they alone are too many."""
    chunks: list[list[Edge]] = [[]]
    for edge in edges:
        with_it = {one.source for one in chunks[-1]} | {one.target for one in chunks[-1]} | {edge.source, edge.target}
        if chunks[-1] and (len(with_it) > TABLES or len(chunks[-1]) >= EDGES):
            chunks.append([])
        chunks[-1].append(edge)
    for number, chunk in enumerate(chunks, 1):
        inside = {edge.source for edge in chunk}
        yield Picture(app=app, part=number, parts=len(chunks), nodes=tuple(_nodes(inside, chunk)), edges=tuple(chunk))


def _nodes(inside: set[str], edges: Iterable[Edge]) -> Iterator[Node]:
    for table in sorted(inside | {edge.target for edge in edges}):
        yield Node(table=table, outside=table not in inside)


def _edge(reference: Reference) -> Edge:
    holder, field = reference.holder, reference.field
    return Edge(
        source=_label(reference.schema, reference.table),
        target=_label(reference.target_schema, reference.target_table),
        columns=", ".join(reference.columns),
        on_delete=field.on_delete if field else "",
        indexed=covers_foreign_key(holder, reference.columns) if holder else None,
        enforced=reference.constraint is not None,
    )


def _app(reference: Reference) -> str:
    if reference.model:
        return reference.model.app
    return (reference.holder.ownership.app if reference.holder else "") or "no application"


def _label(schema: str, table: str) -> str:
    return f"{schema}.{table}" if schema else table
