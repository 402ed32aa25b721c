"""TPC-H: the advisor's indexes, judged by the planner at several budgets and by the clock at one.

    python benchmarks/advisor/tpch.py [--scale 0.1] [--without-keys] [--budgets 0.25 0.5 1] [--execute 0.5]
        [--planned-only] [--repeat 3] [--server URL] [--output FILE]

See ../README.md for the method. ``--scale 1`` is what the published figures were measured at.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
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
from workloads import tpch  # noqa: E402  as above

from tests.scratch import connected  # noqa: E402  as above

OURS, TIMED, YARDSTICK = "dbaudit", "dbaudit, told the times", "Extend, width 2"

# From shared measurements on scale factor 1, an index advisor each: budget 0.25, 0.5, 1.
PUBLISHED = {
    True: """\
| published, with keys | 0.25 | 0.5 | 1 | time and planner calls at 0.5 |
|---|---:|---:|---:|---|
| Extend, width 2 | .848 | .788 | .698 | 10 s, 2.0 k |
| DB2Advis | .908 | .780 | .698 | 0.8 s, 66 |
| AutoAdmin | .879 | .787 | .680 | 16 s |
| Relaxation | .958 | .777 | .673 | 111 s, 10 k |
| Anytime (DTA) | .843 | .729 | .665 | 289 s, 38 k |
| candidates by role, greedy, local search | .837 | .721 | .562 | 67 s, 12.7 k |

Without a budget: dexter .928, Supabase index_advisor .903, postgres-mcp .879. Executed at 0.5: .57 (the last of the
table), Anytime .62, Supabase .79, Extend .81.
""",
    False: """\
| published, without keys | 0.25 | 0.5 | 1 |
|---|---:|---:|---:|
| Extend, width 2 | .564 | .438 | .371 |
| Anytime (DTA) | .562 | .453 | .377 |
| candidates by role, greedy, local search | .564 | .438 | .344 |
""",
}


def main() -> None:
    """Fill, advise, judge, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", default="0.1", metavar="FACTOR")
    parser.add_argument("--without-keys", dest="keys", action="store_false")
    parser.add_argument("--budgets", type=float, nargs="*", default=[0.25, 0.5, 1.0], metavar="SHARE")
    parser.add_argument("--execute", type=float, nargs="*", default=[0.5], metavar="SHARE")
    parser.add_argument("--planned-only", action="store_true", help="build nothing")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--server", default="", metavar="URL", help="a running server that keeps the databases")
    parser.add_argument("--no-yardstick", dest="yardstick", action="store_false", help="leave Extend out")
    parser.add_argument("--output", type=Path, metavar="FILE")
    options = parser.parse_args()
    keys = "keys" if options.keys else "nokeys"
    output = options.output or HERE / "results" / f"tpch-{options.scale}-{keys}.md"
    fill = partial(tpch.fill, scale=float(options.scale), keys=options.keys)
    statements = tpch.statements(keys=options.keys, scale=float(options.scale))
    with (
        database(f"tpch_{options.scale}_{keys}", fill, server=options.server) as settings,
        connected("tpch", settings) as connection,
        connect(settings) as own,
    ):
        judge = Judge(own, statements)
        heap = judge.heap()
        advisors: Advisors = {OURS: Advisor(connection, statements).choose}
        if options.execute:
            advisors[TIMED] = Advisor(connection, statements, judge.times()).choose
        if options.yardstick:
            advisors[YARDSTICK] = Extend(judge).choose
        plan = Plan(
            title=f"TPC-H, scale factor {options.scale}, with{'' if options.keys else 'out'} keys",
            program="tpch.py",
            ours=OURS,
            intro=(
                f"{machine()}; {version(own)}. {len(statements)} queries, each once, with the specification's"
                f" validation parameters; rows by {tpch.generator_version()}, which has one seed;"
                f" heap {heap / 1e6:,.0f} MB."
            ),
            beside=PUBLISHED[options.keys],
            shares=(*options.budgets, None),
            executed=tuple(options.execute),
            built=not options.planned_only,
            repeat=options.repeat,
            output=output,
        )
        run(plan, judge, advisors, experts(judge, HERE / "workloads" / "tpch" / "expert.sql"))


if __name__ == "__main__":
    main()
