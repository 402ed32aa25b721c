"""Admin lists of large tables without their counts: the change is run as it is printed, beside the list as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.db import connections
from django.utils.functional import cached_property

from dbaudit.facts import QueryRun, Trial
from dbaudit.workload.execution import interrupted
from dbaudit.workload.sampling import Bench

CHANGE = "show_full_result_count = False; paginator = EstimatingPaginator"
#: What is printed, and executed for the trial.
PAGINATOR = '''class EstimatingPaginator(Paginator):
    """Asks PostgreSQL's statistics instead of counting all rows; what is filtered or searched is counted."""

    @cached_property
    def count(self):
        query = self.object_list.query
        if query.where or query.distinct or query.is_sliced:
            return super().count
        with connections[self.object_list.db].cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)", ['"{table}"'])
            (rows,) = cursor.fetchone() or (-1,)
        return rows if rows >= self.per_page else super().count
'''


def with_trial(run: QueryRun, model_admin: Any, render: Any, bench: Bench) -> QueryRun:
    """The run with the trial of a list that counts nothing, where it counts a large table."""
    counts = [one for one in run.statements if bench.counts is not None and bench.counts.large(one)]
    if not counts:
        return run
    estimated = bench.connection.vendor == "postgresql" and model_admin.paginator is Paginator
    change = CHANGE if estimated else CHANGE.partition(";")[0]
    lines = "\n".join(f"    {line}" for line in change.split("; "))
    table = model_admin.model._meta.db_table.replace('"', '""')
    text = PAGINATOR.replace("{table}", table) if estimated else ""
    cls = type(model_admin)
    trial = Trial(
        fingerprint=counts[0].fingerprint,
        change=change,
        before=f"class {cls.__name__}:\n    show_full_result_count = {model_admin.show_full_result_count}",
        after=f"{text}\n\nclass {cls.__name__}:\n{lines}".lstrip(),
        worked=False,
        queries_before=run.queries,
        ms_before=run.median_ms,
    )
    try:
        names: dict[str, Any] = {"Paginator": Paginator, "cached_property": cached_property, "connections": connections}
        exec(text, names)  # noqa: S102 - the text above, as it is printed
        attributes: dict[str, Any] = {"show_full_result_count": False}
        attributes |= {"paginator": names["EstimatingPaginator"]} if estimated else {}
        changed = type(cls.__name__, (cls,), attributes)(model_admin.model, model_admin.admin_site)
        once = bench.once(render(changed))
    except BaseException as error:
        if interrupted(error):
            raise
        return replace(run, trials=(*run.trials, trial))
    queries = len(once.statements) + once.dropped + once.spared
    counted = once.spared + sum(bench.counts is not None and bench.counts.large(one) for one in once.statements)
    worked = queries < (run.queries or 0) or counted == 0
    trial = replace(trial, worked=worked, queries_after=queries, ms_after=once.ms)
    return replace(run, trials=(*run.trials, trial))
