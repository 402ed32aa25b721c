"""A shop of two tables, and statements and candidates on them: what the trials on PostgreSQL are tested with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbaudit.advisor.candidate import Asked, Candidate
from dbaudit.facts import IndexKey, Parameters

if TYPE_CHECKING:
    from dbaudit.advisor.values import Advice


def tables(sales: int) -> str:
    """The tables with their rows: so many sales, which come in twice in the minutes of half their number."""
    return f"""
    CREATE TABLE customer (id integer PRIMARY KEY, email varchar(60) NOT NULL, city text NOT NULL);
    CREATE TABLE sale (id integer PRIMARY KEY, customer_id integer NOT NULL, status text NOT NULL,
        placed timestamp NOT NULL, paid boolean NOT NULL, closed timestamp, "To ""tal" numeric NOT NULL);
    INSERT INTO customer SELECT i, 'Mail' || i || '@x.org', 'city ' || i % 300 FROM generate_series(1, 6000) i;
    INSERT INTO sale SELECT i, i % 6000 + 1, CASE WHEN i % 50 = 0 THEN 'Open' ELSE 'done' END,
        timestamp '2026-01-01' + i % {sales // 2} * interval '1 minute', i % 100 <> 0,
        CASE WHEN i % 40 = 0 THEN NULL ELSE now() END, i % 977 FROM generate_series(1, {sales}) i;
    CREATE INDEX sale_customer ON sale (customer_id);
    VACUUM ANALYZE;
    """


def asked(sql: str, *samples: tuple[Any, ...], **more: Any) -> Asked:
    return Asked(fingerprint=sql, sql=sql, samples=tuple(map(Parameters, samples)), **more)


def chosen(found: Advice) -> list[str]:
    return [f"{one.candidate.table} {one.candidate.describe()}" for one in found.chosen]


def on(*columns: str, **more: Any) -> Candidate:
    return Candidate(table="sale", keys=tuple(IndexKey(column=one) for one in columns), **more)
