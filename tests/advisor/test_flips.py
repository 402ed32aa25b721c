"""Plans that hope to stop early are told, wherever the hope reaches; and none is called safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dbaudit.advisor.candidate import Candidate, Planned
from dbaudit.advisor.closure import closed
from dbaudit.advisor.flips import flips, hopes
from dbaudit.advisor.trials import postgresql
from dbaudit.advisor.trials.definition import create_index
from dbaudit.advisor.trials.executed import executed
from dbaudit.facts import IndexKey
from dbaudit.workload.plans import postgresql_plan
from tests.advisor.shop import asked

if TYPE_CHECKING:
    from dbaudit.facts import Plan
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("postgresql")

DOCS = 20_000
#: The documents of the one tenant with the plan "legacy" are the oldest.
TABLES = f"""
    CREATE TABLE tenant (id integer PRIMARY KEY, plan text NOT NULL);
    CREATE TABLE doc (id integer PRIMARY KEY, tenant_id integer NOT NULL, created timestamp NOT NULL,
        state text NOT NULL, body text NOT NULL);
    INSERT INTO tenant SELECT i, CASE WHEN i = 1 THEN 'legacy' ELSE 'plan ' || i % 3 END FROM generate_series(1, 200) i;
    INSERT INTO doc SELECT i, 1 + i * 200 / {DOCS + 1}, timestamp '2020-01-01' + i * interval '1 minute',
        CASE WHEN i < 200 THEN 'old' WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END, repeat('x', 150)
        FROM generate_series(1, {DOCS}) i;
    CREATE INDEX doc_tenant ON doc (tenant_id);
    VACUUM ANALYZE;
"""
LEGACY = (
    "SELECT doc.* FROM doc JOIN tenant ON tenant.id = doc.tenant_id WHERE tenant.plan = %s "
    "ORDER BY doc.created DESC LIMIT 10"
)
MERGED = (
    "SELECT doc.* FROM doc JOIN tenant ON tenant.id = doc.tenant_id WHERE tenant.plan = 'legacy' "
    "ORDER BY doc.tenant_id DESC LIMIT 10"
)
OF_EACH = (
    "SELECT t.id, (SELECT d.id FROM doc d WHERE d.tenant_id = t.id AND d.state = 'odd' AND d.id > 19000 "
    "ORDER BY d.created LIMIT 1) FROM tenant t"
)
NOT_EXISTS = (
    "SELECT * FROM doc WHERE NOT EXISTS (SELECT 1 FROM tenant t WHERE t.id = doc.tenant_id AND plan <> 'legacy') "
    "ORDER BY created DESC LIMIT 10"
)


@pytest.fixture
def docs(postgres: Scratch) -> Scratch:
    postgres.execute(TABLES)
    return postgres


def on(*columns: str, **more: Any) -> Candidate:
    return Candidate(table="doc", keys=tuple(IndexKey(column=one) for one in columns), **more)


def plan(docs: Scratch, sql: str, *off: str) -> Plan:
    for setting in off:
        docs.execute(f"SET enable_{setting} = off")
    ((answer,),) = docs.rows(f"EXPLAIN (FORMAT JSON) {sql}")
    return postgresql_plan(answer, "", docs.alias, "EXPLAIN")


def told(docs: Scratch, sql: str, candidate: Candidate, *off: str) -> bool:
    """Whether the plan hopes to leave the candidate's order early, with its index built; it must be walked."""
    snapshot = docs.snapshot()
    docs.execute(
        f"DROP INDEX doc_tenant; {create_index(candidate, snapshot.dialect, name=candidate.name)}; ANALYZE doc"
    )
    found = plan(docs, sql, *off)
    assert candidate.name in {node.index for node in found.nodes}, found.nodes
    return bool([*hopes(found, {candidate.name: candidate}, snapshot)])


@pytest.mark.parametrize(
    ("sql", "candidate"),
    [
        ("SELECT * FROM doc WHERE tenant_id = 7 ORDER BY created DESC LIMIT 10", on("tenant_id", "created")),
        ("SELECT * FROM doc ORDER BY created LIMIT 10", on("created")),
        ("SELECT * FROM doc JOIN tenant ON tenant.id = tenant_id ORDER BY created LIMIT 10", on("created")),
        ("SELECT * FROM doc WHERE state <> 'old' ORDER BY created LIMIT 10", on("created")),
        ("SELECT * FROM doc WHERE created > '2020-01-12' ORDER BY created LIMIT 10", on("created")),
        ("SELECT id FROM doc WHERE state = 'old' ORDER BY created LIMIT 10", on("created", condition="state = 'old'")),
        ("SELECT * FROM tenant WHERE EXISTS (SELECT 1 FROM doc WHERE doc.tenant_id = tenant.id)",
         on("tenant_id", "created")),
    ],
)  # fmt: skip
def test_silent_where_every_row_that_is_walked_is_wanted(docs: Scratch, sql: str, candidate: Candidate) -> None:
    off = ("bitmapscan", "hashjoin", "mergejoin", "seqscan")
    assert not told(docs, sql, candidate, *off)


@pytest.mark.parametrize(
    ("sql", "candidate", "off"),
    [
        ("SELECT * FROM doc WHERE state = 'old' ORDER BY created DESC LIMIT 10", on("created"), ()),
        ("SELECT * FROM doc WHERE tenant_id < 150 AND state = 'old' ORDER BY tenant_id, created DESC LIMIT 5",
         on("tenant_id", "created"), ("bitmapscan",)),
        (LEGACY.replace("%s", "'legacy'"), on("created"), ("hashjoin", "mergejoin", "bitmapscan")),
        (MERGED, on("tenant_id", "created"), ("nestloop", "hashjoin", "bitmapscan")),
        ("SELECT * FROM doc WHERE state = 'old' ORDER BY created DESC, id LIMIT 10", on("created"), ()),
        ("SELECT * FROM doc WHERE state <> 'old' AND id % 50 = 3 ORDER BY created DESC LIMIT 10",
         on("created", condition="state <> 'old'"), ("seqscan", "bitmapscan")),
        (OF_EACH, on("tenant_id", "created"), ("bitmapscan",)),
        (NOT_EXISTS, on("created"), ("hashjoin", "mergejoin")),
        ("SELECT min(created) FROM doc WHERE state = 'old'", on("created"), ("seqscan", "bitmapscan")),
    ],
    ids=["filter", "behind a range", "nested loop", "merge join", "incremental sort", "partial", "subquery of one row",
         "not exists", "least"],
)  # fmt: skip
def test_a_hope_is_told_wherever_it_reaches(
    docs: Scratch, sql: str, candidate: Candidate, off: tuple[str, ...]
) -> None:
    assert told(docs, sql, candidate, "sort" if "LIMIT" in sql else "tidscan", *off)


def test_a_walk_that_even_to_its_end_takes_no_longer_than_before_is_no_flip(docs: Scratch) -> None:
    snapshot, candidate = docs.snapshot(), on("created")
    sql = "SELECT * FROM doc WHERE state = 'old' ORDER BY created DESC LIMIT 10"
    docs.execute(f"{create_index(candidate, snapshot.dialect, name=candidate.name)}; ANALYZE doc")
    after = Planned(cost=1.0, used=frozenset({candidate}), plans=(plan(docs, sql, "sort"),))
    dear = Planned(cost=1e6, used=frozenset(), plans=())
    assert flips(Planned(cost=500.0, used=frozenset(), plans=()), after, candidate, snapshot)
    assert not flips(dear, after, candidate, snapshot)


@pytest.mark.parametrize("values", [("legacy",), ("plan 1",)])
def test_nothing_that_is_advised_unflagged_makes_its_statement_worse(docs: Scratch, values: tuple[str]) -> None:
    snapshot, question = docs.snapshot(), asked(LEGACY, values)
    limits = {"statement_timeout_ms": 10_000, "lock_timeout_ms": 1_000}
    with postgresql.opened(docs.connection, snapshot, **limits) as trial:
        advice = closed(trial.planner, snapshot, [question], budget_bytes=10**9, seconds=10, quick=False)
    before = executed(docs.connection, question)
    for one in advice.chosen:
        docs.execute(create_index(one.candidate, snapshot.dialect, name=one.candidate.name))
    docs.execute("ANALYZE")
    after = executed(docs.connection, question)
    assert before is not None
    assert after is not None
    assert after[0] <= before[0] * 1.2 or any(one.flips for one in advice.chosen)
    if values == ("legacy",):
        assert not [one for one in advice.chosen if one.candidate.keys[0].column == "created"]


def test_pages_and_rows_are_the_same_each_time(docs: Scratch) -> None:
    question = asked("SELECT * FROM doc WHERE state = %s", ("old",))
    first, second = executed(docs.connection, question), executed(docs.connection, question)
    assert first == second
    assert first is not None
    assert first[0] > DOCS / 100
    assert executed(docs.connection, asked("SELECT * FROM nothing WHERE a = %s", (1,))) is None
    assert executed(docs.connection, asked("SELECT * FROM doc WHERE id = %s")) is None
