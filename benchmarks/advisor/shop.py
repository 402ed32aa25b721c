"""A shop of Django models: the advisor's indexes, judged on other values than it saw, by the planner and by the clock.

    python benchmarks/advisor/shop.py [--budgets 0.1 0.25 0.5] [--execute 0.5] [--repeat 5] [--server URL]
        [--output FILE]

See ../README.md for the method.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402  after the settings are named

django.setup()

from judging.advice import Advisor  # noqa: E402  as above
from judging.extend import Extend  # noqa: E402  as above
from judging.judge import Judge  # noqa: E402  as above
from judging.servers import connect, database, version  # noqa: E402  as above
from judging.trials import Advisors, Plan, experts, run  # noqa: E402  as above
from shared.machine import machine  # noqa: E402  as above
from workloads import shop  # noqa: E402  as above
from workloads.shop.queries import ALIAS, statements  # noqa: E402  as above

from tests.scratch import connected  # noqa: E402  as above

OURS, TIMED, YARDSTICK = "dbaudit", "dbaudit, told the times", "Extend, width 2"
COPIED = "dbaudit, without HypoPG"

# On another shop of the same kind, of which only the figures are known.
PUBLISHED = """\
| published, on another shop of 44 statements | 0.1 | 0.25 | 0.5 | executed at 0.5 |
|---|---:|---:|---:|---:|
| Extend, width 2 | .780 | .277 | .038 | .195 |
| Anytime (DTA) | .778 | .330 | .043 | |
| candidates by role, greedy, local search | .433 | .084 | .026 | .062 |
| Supabase index_advisor | | | | .149 |
| dexter | | | | .154 |
"""


def main() -> None:
    """Fill, advise, judge, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--budgets", type=float, nargs="*", default=[0.1, 0.25, 0.5], metavar="SHARE")
    parser.add_argument("--execute", type=float, nargs="*", default=[0.5], metavar="SHARE")
    parser.add_argument("--repeat", type=int, default=5, metavar="N")
    parser.add_argument("--server", default="", metavar="URL", help="a running server that keeps the databases")
    parser.add_argument("--no-yardstick", dest="yardstick", action="store_false", help="leave Extend out")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "shop.md", metavar="FILE")
    options = parser.parse_args()
    with (
        database("shop", shop.fill, server=options.server) as settings,
        connected(ALIAS, settings) as connection,
        connect(settings) as own,
    ):
        workload = tuple(statements())
        judge = Judge(own, workload)
        advisors: Advisors = {
            OURS: Advisor(connection, workload).choose,
            TIMED: Advisor(connection, workload, judge.times()).choose,
            COPIED: Advisor(connection, workload, copies=True).choose,
        }
        if options.yardstick:
            advisors[YARDSTICK] = Extend(judge).choose
        plan = Plan(
            title="A shop of Django models",
            program="shop.py",
            ours=OURS,
            intro=(
                f"{machine()}; {version(own)}. {len(workload)} statements as the ORM sends them, weighted by their"
                f" calls; rows by the server's random numbers with the seed {shop.SEED};"
                f" heap {judge.heap() / 1e6:,.0f} MB."
                " Judged on other values than those that the advisors saw."
            ),
            beside=PUBLISHED,
            shares=(*options.budgets, None),
            executed=tuple(options.execute),
            repeat=options.repeat,
            output=options.output,
        )
        run(plan, judge, advisors, experts(judge, HERE / "workloads" / "shop" / "expert.sql"))


if __name__ == "__main__":
    main()
