"""Statements that stop early, in shapes that are drawn: limits, EXISTS and subqueries of one row, over skewed tables.

What is wanted lies at the old end, at the new end, or everywhere; the statistics tell the planner how much there is of
it, and not where.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import psycopg

SEED = 12
DOCS, LINES, TENANTS = 100_000, 150_000, 1_000

TABLES = f"""
CREATE TABLE tenant (id integer PRIMARY KEY, plan text NOT NULL, region integer NOT NULL);
CREATE TABLE doc (
    id integer PRIMARY KEY, tenant_id integer NOT NULL, author_id integer NOT NULL, created timestamp NOT NULL,
    touched timestamp NOT NULL, state text NOT NULL, kind integer NOT NULL, open boolean NOT NULL,
    score integer NOT NULL, body text NOT NULL
);
CREATE TABLE line (
    id integer PRIMARY KEY, doc_id integer NOT NULL, sku text NOT NULL, at timestamp NOT NULL, qty integer NOT NULL
);
INSERT INTO tenant SELECT i, CASE WHEN i <= 20 THEN 'legacy' WHEN i > {TENANTS - 20} THEN 'trial' WHEN i % 50 = 0
    THEN 'gold' ELSE 'plain' END, i % 7 FROM generate_series(1, {TENANTS}) i;
INSERT INTO doc SELECT i, 1 + (i::bigint * {TENANTS} / {DOCS + 1})::int, 1 + i * 7919 % 500,
    timestamp '2020-01-01' + i * interval '1 minute',
    timestamp '2022-01-01' + (i::bigint * 104729 % {DOCS}) * interval '1 minute',
    CASE WHEN i < {DOCS // 50} THEN 'old' WHEN i > {DOCS - DOCS // 50} THEN 'new' WHEN i % 100 = 0 THEN 'rare'
    ELSE 'usual' END, CASE WHEN i < {DOCS // 10} THEN 1 ELSE 2 + i % 9 END, i % 40 = 0, i * 7907 % 10000,
    repeat('x', 120) FROM generate_series(1, {DOCS}) i;
INSERT INTO line SELECT i, 1 + (i::bigint * {DOCS} / {LINES + 1})::int, CASE WHEN i < {LINES // 100} THEN 'gone'
    WHEN i % 200 = 0 THEN 'odd' ELSE 'sku ' || i % 50 END, timestamp '2020-01-01' + i * interval '40 seconds', i % 9
    FROM generate_series(1, {LINES}) i;
CREATE INDEX doc_tenant ON doc (tenant_id);
CREATE INDEX doc_author ON doc (author_id);
CREATE INDEX line_doc ON line (doc_id);
"""

STATES = ("old", "new", "rare", "usual")
PLANS = ("legacy", "trial", "gold", "plain")
ORDERS = ("created", "touched", "score, id", "created, id", "kind, created")


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement with its values."""

    name: str
    sql: str
    values: tuple[Any, ...]


def fill(settings: dict[str, Any]) -> None:
    """Make the tables."""
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
        autocommit=True,
    ) as connection:
        connection.execute(TABLES.encode())


def shapes(count: int, seed: int = SEED) -> list[Shape]:
    """So many statements, the same ones for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - no secret: the same draws each time are what is wanted
    made = [_KINDS[place % len(_KINDS)](draw) for place in range(count)]
    return [Shape(f"{place + 1:02} {one.name}", one.sql, one.values) for place, one in enumerate(made)]


def _order(draw: random.Random, alias: str = "d") -> str:
    down = draw.choice(("", " DESC"))
    return ", ".join(f"{alias}.{name}{down}" for name in draw.choice(ORDERS).split(", "))


def _filter(draw: random.Random, alias: str = "d") -> tuple[str, tuple[Any, ...]]:
    return draw.choice(
        (
            (f"{alias}.state = %s", (draw.choice(STATES),)),
            (f"{alias}.kind = %s", (draw.randint(1, 10),)),
            (f"{alias}.state = %s AND {alias}.open", (draw.choice(STATES),)),
            (f"{alias}.score > %s", (draw.choice((10, 5000, 9990)),)),
            (f"{alias}.author_id = %s AND {alias}.state = %s", (draw.randint(1, 500), draw.choice(STATES))),
            (f"{alias}.created < %s", (draw.choice(("2020-01-03", "2020-03-01")),)),
            (f"NOT {alias}.open AND {alias}.kind IN (%s, %s)", (1, draw.randint(2, 10))),
        )
    )


def _filtered(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    limit = draw.choice((1, 10, 50))
    return Shape("filter", f"SELECT d.* FROM doc d WHERE {where} ORDER BY {_order(draw)} LIMIT {limit}", values)


def _parent(draw: random.Random) -> Shape:
    sql = (
        f"SELECT d.* FROM doc d JOIN tenant t ON t.id = d.tenant_id WHERE t.plan = %s ORDER BY {_order(draw)} LIMIT 10"
    )
    return Shape("parent", sql, (draw.choice(PLANS),))


def _parent_and_own(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    sql = (
        f"SELECT d.* FROM doc d JOIN tenant t ON t.id = d.tenant_id WHERE t.plan = %s AND {where} "
        f"ORDER BY {_order(draw)} LIMIT 20"
    )
    return Shape("parent and own", sql, (draw.choice(PLANS), *values))


def _child(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    order = draw.choice(("l.at", "l.at DESC", "l.qty, l.at"))
    sql = f"SELECT l.* FROM line l JOIN doc d ON d.id = l.doc_id WHERE {where} ORDER BY {order} LIMIT 25"
    return Shape("child", sql, values)


def _exists(draw: random.Random) -> Shape:
    no, sku = draw.choice(("", "NOT ")), draw.choice(("gone", "odd", "sku 7", "nothing"))
    sql = (
        f"SELECT d.* FROM doc d WHERE {no}EXISTS (SELECT 1 FROM line l WHERE l.doc_id = d.id AND l.sku = %s) "
        f"ORDER BY {_order(draw)} LIMIT 10"
    )
    return Shape("exists", sql, (sku,))


def _exists_of_parents(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    sql = (
        f"SELECT t.* FROM tenant t WHERE EXISTS (SELECT 1 FROM doc d WHERE d.tenant_id = t.id AND {where}) "
        "ORDER BY t.id DESC LIMIT 10"
    )
    return Shape("exists of parents", sql, values)


def _latest(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    sql = (
        f"SELECT t.id, (SELECT d.id FROM doc d WHERE d.tenant_id = t.id AND {where} ORDER BY {_order(draw)} LIMIT 1) "
        "FROM tenant t WHERE t.plan = %s"
    )
    return Shape("latest of each", sql, (*values, draw.choice(PLANS)))


def _least(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    what = draw.choice(("min(d.created)", "max(d.touched)", "min(d.score)"))
    return Shape("least", f"SELECT {what} FROM doc d WHERE {where}", values)


def _distinct(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    return Shape(
        "distinct", f"SELECT DISTINCT d.author_id FROM doc d WHERE {where} ORDER BY d.author_id LIMIT 5", values
    )


def _inside(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    sql = f"SELECT l.* FROM line l WHERE l.doc_id IN (SELECT d.id FROM doc d WHERE {where}) ORDER BY l.at DESC LIMIT 10"
    return Shape("in", sql, values)


def _three(draw: random.Random) -> Shape:
    sql = (
        "SELECT l.* FROM line l JOIN doc d ON d.id = l.doc_id JOIN tenant t ON t.id = d.tenant_id "
        f"WHERE t.plan = %s AND l.sku = %s ORDER BY {draw.choice(('l.at', 'l.at DESC', 'd.created DESC'))} LIMIT 10"
    )
    return Shape("three tables", sql, (draw.choice(PLANS), draw.choice(("gone", "odd", "sku 7"))))


def _asked(draw: random.Random) -> Shape:
    where, values = _filter(draw)
    return Shape("asked whether", f"SELECT EXISTS (SELECT 1 FROM doc d WHERE {where} AND d.body = %s)", (*values, "y"))


_KINDS = (
    _filtered,
    _parent,
    _parent_and_own,
    _child,
    _exists,
    _exists_of_parents,
    _latest,
    _least,
    _distinct,
    _inside,
    _three,
    _asked,
)
