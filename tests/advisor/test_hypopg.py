"""Advice on a real PostgreSQL, by its own planner; and that the trial leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from dbaudit.advisor.candidate import Asked, Candidate, UnplannableError
from dbaudit.advisor.propose import advise
from dbaudit.advisor.search.costs import Costs, bits
from dbaudit.advisor.search.model import Problem
from dbaudit.advisor.search.search import exact, search
from dbaudit.advisor.trials import hypopg
from dbaudit.connection.read_only import read_only
from dbaudit.facts import IndexKey
from tests.advisor.shop import asked, chosen, on, tables
from tests.scratch import connected

if TYPE_CHECKING:
    from dbaudit.advisor.values import Advice
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("hypopg")

LIMITS = {"statement_timeout_ms": 10_000, "lock_timeout_ms": 1_000}
SALES = 40_000


@pytest.fixture
def shop(postgres: Scratch) -> Scratch:
    postgres.execute(f"CREATE EXTENSION hypopg; {tables(SALES)}")
    return postgres


def advice(shop: Scratch, *statements: Asked, **options: Any) -> Advice:
    snapshot = shop.snapshot()
    with hypopg.opened(shop.connection, snapshot, **LIMITS) as planner:
        return advise(planner, snapshot, statements, **{"budget_bytes": 10**9, **options})


def hypothetical(shop: Scratch) -> int:
    return int(shop.rows("SELECT count(*) FROM hypopg()")[0][0])


def test_silent_where_an_index_serves_the_statement(shop: Scratch) -> None:
    assert chosen(advice(shop, asked("SELECT * FROM sale WHERE customer_id = %s", (7,)))) == []


def test_silent_on_a_primary_key(shop: Scratch) -> None:
    assert chosen(advice(shop, asked("SELECT * FROM sale WHERE id = %s", (7,)))) == []


def test_one_bad_statement_does_not_keep_the_rest_from_being_advised(shop: Scratch) -> None:
    found = advice(
        shop,
        asked("SELECT FROM WHERE (("),
        asked("SELECT * FROM gone WHERE a = 1"),
        asked("SELECT * FROM sale WHERE placed = %s"),
        asked("SELECT * FROM customer WHERE email = %s", ("Mail5@x.org",)),
    )
    assert chosen(found) == ["customer (email)"]
    assert len(found.skipped) == 3
    assert all(one.reason.endswith(".") for one in found.skipped)


def test_equality_and_order_make_one_index(shop: Scratch) -> None:
    sql = "SELECT * FROM sale WHERE status = %s ORDER BY placed DESC LIMIT 10"
    (index,) = advice(shop, asked(sql, ("Open",), ("done",))).chosen
    assert [key.column for key in index.candidate.keys] == ["status", "placed"]
    assert not index.candidate.condition


def test_a_composite_names_the_index_that_it_makes_needless(shop: Scratch) -> None:
    sql = "SELECT * FROM sale WHERE customer_id = %s AND placed > %s ORDER BY placed"
    shop.execute(
        "INSERT INTO sale SELECT i, 1, 'done', '2026-01-01', true, now(), 1 FROM generate_series(50001, 60000) i"
    )
    shop.execute("ANALYZE sale")
    (index,) = advice(shop, asked(sql, (1, "2026-01-14"))).chosen
    assert [key.column for key in index.candidate.keys] == ["customer_id", "placed"]
    assert [one.name for one in index.replaces] == ["sale_customer"]


def test_a_test_in_the_statement_s_text_makes_a_partial_index(shop: Scratch) -> None:
    (index,) = advice(shop, asked("SELECT * FROM sale WHERE NOT paid AND placed > %s", ("2026-01-10",))).chosen
    assert index.candidate.condition == 'NOT "paid"'


def test_a_literal_seen_once_makes_no_partial_index(shop: Scratch) -> None:
    sql = "SELECT * FROM sale WHERE status = %s AND placed > %s"
    for index in advice(shop, asked(sql, ("Open", "2026-01-10"))).chosen:
        assert not index.candidate.condition


def test_a_literal_of_every_sample_keeps_its_case_in_the_partial_index(shop: Scratch) -> None:
    sql = "SELECT id FROM sale WHERE status = %s ORDER BY id"
    two = advice(shop, asked(f"{sql} LIMIT %s", ("Open", 100), ("Open", 150)))
    conditions = {one.candidate.condition for one in two.chosen} | {one.candidate.condition for one in two.rejected}
    assert "\"status\" = 'Open'" in conditions


def test_what_the_orm_compiles_for_iexact_is_an_index_on_the_expression(shop: Scratch) -> None:
    sql = 'SELECT * FROM customer WHERE UPPER("customer"."email"::text) = UPPER(%s)'
    (index,) = advice(shop, asked(sql, ("mail7@X.org",))).chosen
    assert index.candidate.keys[0].expression == 'UPPER(CAST("email" AS TEXT))'


def test_hostile_names_are_quoted(shop: Scratch) -> None:
    assert chosen(advice(shop, asked('SELECT id FROM sale WHERE "To ""tal" = %s AND status <> %s', (5, "x")))) != []


def test_a_limit_over_an_order_walk_is_not_advised(shop: Scratch) -> None:
    sql = 'SELECT * FROM sale WHERE "To ""tal" = 976 AND status <> \'x\' ORDER BY placed LIMIT 10'
    for index in advice(shop, asked(sql)).chosen:
        assert index.candidate.keys[0].column != "placed"
        assert index.flips == ()


def test_the_budget_holds(shop: Scratch) -> None:
    statements = [
        asked("SELECT * FROM customer WHERE email = %s", ("a",)),
        asked("SELECT * FROM sale WHERE placed = %s", ("2026-01-02",)),
    ]
    whole = advice(shop, *statements)
    part = advice(shop, *statements, budget_bytes=whole.bytes - 1)
    assert len(part.chosen) < len(whole.chosen)
    assert part.bytes < whole.bytes
    assert any("budget" in one.reason for one in part.rejected)


def test_no_time_still_gives_advice(shop: Scratch) -> None:
    found = advice(shop, asked("SELECT * FROM customer WHERE email = %s", ("a",)), seconds=0)
    assert not found.complete


def test_quick_finds_the_plain_index_too(shop: Scratch) -> None:
    assert chosen(advice(shop, asked("SELECT * FROM customer WHERE email = %s", ("a",)), quick=True)) == [
        "customer (email)"
    ]


def test_the_search_finds_what_trying_every_set_finds(shop: Scratch) -> None:
    statements = [
        asked("SELECT id FROM sale WHERE status = %s AND placed > %s", ("Open", "2026-01-10")),
        asked("SELECT count(*) FROM sale WHERE placed BETWEEN %s AND %s", ("2026-01-02", "2026-01-03")),
        asked("SELECT * FROM sale WHERE closed IS NULL AND status = %s", ("Open",)),
    ]
    pool = [on("placed"), on("status", "placed"), on("status"), on("placed", include=("id", "status")), on("closed")]
    pool += [on("status", condition='"closed" IS NULL'), on("id", condition='"closed" IS NULL'), on("status", "closed")]
    snapshot = shop.snapshot()
    with hypopg.opened(shop.connection, snapshot, **LIMITS) as planner:
        costs = Costs(planner, statements, risk=lambda _: 0.0)
        numbers = [costs.number(one) for one in pool]
        for question in range(len(statements)):
            costs.relate(question, sum(numbers))
            for chosen in range(1 << len(pool)):
                if chosen.bit_count() <= 3:
                    costs.price(question, chosen)
        sizes = [planner.size(one) for one in pool]
    for budget in (100_000, 400_000, 1_000_000, 2_500_000):
        problem = Problem(costs, [1.0] * len(statements), sizes, [0.0] * len(pool), budget)
        best = exact(problem)
        assert problem.total(search(problem)) == pytest.approx(problem.total(best))
        assert sum(sizes[place] for place in bits(best)) <= budget


def test_a_session_keeps_what_others_made_in_it(shop: Scratch) -> None:
    shop.execute("SELECT hypopg_create_index('CREATE INDEX ON sale (closed)')")
    shop.execute("PREPARE theirs AS SELECT 1")
    advice(
        shop, asked("SELECT * FROM customer WHERE email = %s", ("a",)), asked("SELECT * FROM sale WHERE placed = $1")
    )
    assert hypothetical(shop) == 1
    assert shop.rows("SELECT name FROM pg_prepared_statements") == [("theirs",)]


def test_nothing_is_left_after_an_error_in_the_block(shop: Scratch) -> None:
    snapshot = shop.snapshot()
    with pytest.raises(ZeroDivisionError), hypopg.opened(shop.connection, snapshot, **LIMITS) as planner:  # noqa: PT012
        planner.cost(asked("SELECT 1 FROM sale"), frozenset({on("placed")}))
        assert hypothetical(shop) == 1
        raise ZeroDivisionError
    assert hypothetical(shop) == 0


def test_nothing_is_left_after_a_failed_transaction(shop: Scratch) -> None:
    snapshot = shop.snapshot()
    with (  # noqa: PT012
        pytest.raises(transaction.TransactionManagementError),
        hypopg.opened(shop.connection, snapshot, **LIMITS) as planner,
    ):
        planner.cost(asked("SELECT 1 FROM sale"), frozenset({on("placed")}))
        transaction.set_rollback(True, using=shop.alias)
        shop.rows("SELECT 1")
    assert hypothetical(shop) == 0


def test_the_trial_can_write_nothing(shop: Scratch) -> None:
    with hypopg.opened(shop.connection, shop.snapshot(), **LIMITS) as planner:
        assert shop.rows("SHOW transaction_read_only") == [("on",)]
        assert planner.calls == 0


def test_a_lost_connection_ends_the_trial_and_not_the_audit(shop: Scratch) -> None:
    snapshot = shop.snapshot()

    with connected("killed", shop.connection.settings_dict.copy()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (number,) = cursor.fetchone()
        with hypopg.opened(connection, snapshot, **LIMITS) as planner:
            planner.cost(asked("SELECT 1 FROM sale"), frozenset({on("placed")}))
            shop.execute(f"SELECT pg_terminate_backend({number}, 5000)")
            found = advise(planner, snapshot, [asked("SELECT * FROM customer WHERE email = %s", ("a",))])
        assert not found.complete
        assert [one.reason for one in found.skipped] == ["The server closed the connection while it was planning."]


def test_an_expression_that_is_not_immutable_is_refused_by_the_server(shop: Scratch) -> None:
    changing = Candidate(table="sale", keys=(IndexKey(expression="clock_timestamp() - placed"),))
    with hypopg.opened(shop.connection, shop.snapshot(), **LIMITS) as planner:
        with pytest.raises(UnplannableError):
            planner.size(changing)
        assert planner.size(on("placed")) > 0


def test_installable_and_no_permission_are_told_apart(postgres: Scratch) -> None:
    with read_only(postgres.connection, **LIMITS):
        assert hypopg.availability(postgres.connection).state == "installable"
    postgres.execute("CREATE SCHEMA apart; CREATE EXTENSION hypopg SCHEMA apart")
    with read_only(postgres.connection, **LIMITS):
        assert hypopg.availability(postgres.connection).state == "usable"
    with connected("poor", postgres.role("poor")) as connection, read_only(connection, **LIMITS):
        assert hypopg.availability(connection).state == "no permission"
    postgres.execute("ALTER EXTENSION hypopg DROP FUNCTION apart.hypopg_drop_index(oid)")
    postgres.execute("DROP FUNCTION apart.hypopg_drop_index(oid)")
    with read_only(postgres.connection, **LIMITS):
        assert hypopg.availability(postgres.connection).state == "broken"


@pytest.mark.parametrize(
    "columns",
    [
        "customer_id",
        "status",
        "placed",
        "status, placed",
        "paid, customer_id",
        "closed",
        '"To ""tal"',
        "customer_id, id",
    ],
)
def test_sizes_are_within_fifteen_per_cent_of_real_ones(shop: Scratch, columns: str) -> None:
    names = [name.strip().strip('"').replace('""', '"') for name in columns.split(",")]
    with hypopg.opened(shop.connection, shop.snapshot(), **LIMITS) as planner:
        estimated = planner.size(on(*names))
    shop.execute(f"CREATE INDEX real_one ON sale ({columns})")
    ((real,),) = shop.rows("SELECT pg_relation_size('real_one')")
    assert estimated == pytest.approx(real, rel=0.15)


def test_an_index_with_carried_columns_or_a_condition_has_its_size_too(shop: Scratch) -> None:
    with hypopg.opened(shop.connection, shop.snapshot(), **LIMITS) as planner:
        sizes = [planner.size(on("status", include=("customer_id",))), planner.size(on("id", condition='NOT "paid"'))]
    shop.execute("CREATE INDEX one ON sale (status) INCLUDE (customer_id);CREATE INDEX two ON sale (id) WHERE NOT paid")
    real = [row[0] for row in shop.rows("SELECT pg_relation_size(r::regclass) FROM unnest('{one,two}'::text[]) r")]
    assert sizes[0] == pytest.approx(real[0], rel=0.15)
    assert abs(sizes[1] - real[1]) <= 2 * 8192


SEEDED = """
import json, os, sys
import django
django.setup()
from tests.advisor.test_hypopg import LIMITS, asked
from dbaudit import catalog
from dbaudit.advisor.propose import advise
from dbaudit.advisor.trials import hypopg
from django.apps.registry import Apps
from tests.scratch import connected
with connected("seeded", json.loads(os.environ["SCRATCH"])) as connection:
    snapshot = catalog.read(connection, apps=Apps([]), count_limit_bytes=0, **LIMITS)
    statements = [
        asked("SELECT id FROM sale WHERE status = %s AND paid AND placed > %s", ("Open", "2026-01-10")),
        asked("SELECT c.city FROM sale s JOIN customer c ON c.id = s.customer_id WHERE s.closed IS NULL"),
    ]
    with hypopg.opened(connection, snapshot, **LIMITS) as planner:
        print(advise(planner, snapshot, statements, budget_bytes=800_000))
"""


def test_the_same_advice_to_the_byte_over_twenty_hash_seeds(shop: Scratch) -> None:
    settings = {
        name: shop.connection.settings_dict[name] for name in ("ENGINE", "HOST", "PORT", "USER", "PASSWORD", "NAME")
    }
    root = Path(__file__).parents[2]

    def start(seed: int) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PYTHONHASHSEED": str(seed),
            "SCRATCH": json.dumps(settings),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": str(root),
        }
        return subprocess.Popen(
            [sys.executable, "-c", SEEDED],
            env=environment,
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    outputs = set()
    for first in range(0, 20, 4):
        for one in [start(seed) for seed in range(first, first + 4)]:
            output, error = one.communicate()
            assert one.returncode == 0, error
            outputs.add(output)
    assert len(outputs) == 1
    assert "chosen=(Chosen" in outputs.pop()


def test_a_hypothetical_index_costs_what_a_real_one_does(shop: Scratch) -> None:
    shop.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    sql = "SELECT * FROM sale WHERE customer_id = 7"
    with hypopg.opened(shop.connection, shop.snapshot(), **LIMITS) as planner:
        real = planner.cost(asked(sql), frozenset())
    shop.execute("DROP INDEX sale_customer")
    with hypopg.opened(shop.connection, shop.snapshot(), **LIMITS) as planner:
        hypothetical = planner.cost(asked(sql), frozenset({on("customer_id")}))
    assert hypothetical.used
    assert hypothetical.cost == pytest.approx(real.cost, abs=0.01)  # without its height it costs 0.25 less


def test_what_a_failed_message_made_is_taken_back(shop: Scratch) -> None:
    changing = Candidate(table="sale", keys=(IndexKey(expression="clock_timestamp() - placed"),))
    with hypopg.opened(shop.connection, shop.snapshot(), **LIMITS) as planner:
        with pytest.raises(UnplannableError):
            planner.cost(asked("SELECT 1 FROM sale"), frozenset({on("placed"), on("status"), changing}))
        assert hypothetical(shop) == 0
        assert planner.cost(asked("SELECT 1 FROM sale WHERE status = 'Open'"), frozenset({on("status")})).used
