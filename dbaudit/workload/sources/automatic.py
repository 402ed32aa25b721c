"""The automatic workload: what every Django project asks, without a line written for the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from django.apps.registry import Apps
from django.db import DatabaseError, models

from dbaudit.facts import Model, QueryRun, Snapshot
from dbaudit.workload.asking.surroundings import prepared
from dbaudit.workload.asking.visitor import Visitors
from dbaudit.workload.sampling import Bench
from dbaudit.workload.shares import Budget, fairly
from dbaudit.workload.sources import admin_pages

#: These are many and each is small: two warm samples tell enough.
SAMPLES = 2


def runs(apps: Apps, snapshot: Snapshot, bench: Bench, stopped: Callable[[str], None]) -> Iterator[QueryRun]:
    """Measure admin lists, model pages and relations of the models that have rows here, and filtered lists.

    They share the limit fairly. ``stopped`` is called with a sentence where it ended them.
    """
    bench = replace(bench, limits=replace(bench.limits, samples=SAMPLES), once_a_table=True)
    asking = replace(bench, writes=True, limits=bench.limits.of_pages(SAMPLES))
    found = tuple(_with_rows(apps, snapshot))
    visitors = Visitors(apps, asking)
    kinds = {
        "admin lists": admin_pages.changelists(found, visitors, asking),
        "model pages": (_page(model, facts, bench) for model, facts in found),
        "relations": chain.from_iterable(_relations(model, facts, bench) for model, facts in found),
        "filtered and ordered admin lists": admin_pages.variants(found, visitors, asking),
    }
    with prepared(bench.connection):
        yield from fairly(kinds, Budget(bench.limits.automatic_statements, bench.limits, bench.tally), stopped)


def _with_rows(apps: Apps, snapshot: Snapshot) -> Iterator[tuple[type[models.Model], Model]]:
    for facts in sorted(snapshot.models, key=lambda one: one.label):
        table = snapshot.table(facts.table, facts.schema)
        if table is None or table.rows == 0 or facts.proxy or facts.swapped or facts.auto_created:
            continue
        try:
            yield apps.get_model(facts.label), facts
        except LookupError:
            continue


def _page(model: type[models.Model], facts: Model, bench: Bench) -> QueryRun:
    """The first page of the default manager in the model's own order."""
    run = bench.about(f"page:{facts.label}", f"{facts.label}: first {bench.limits.rows} of the default manager", facts)
    return _gently(bench.measure(run, lambda: model._default_manager.all()[: bench.limits.rows]))


def _gently(run: QueryRun) -> QueryRun:
    """A manager that needs a scope (a tenant, a user) is not a failure of the project: it was not audited."""
    return replace(run, status="not audited") if run.status == "failed" else run


def _relations(model: type[models.Model], facts: Model, bench: Bench) -> Iterator[QueryRun]:
    """Each foreign key: forward as a join of one page, backward as the rows of one parent.

    Neither loops over rows: a loop of the audit's own would be an N+1 of nobody's.
    """
    rows = bench.limits.rows
    for field in model._meta.local_fields:
        if not isinstance(field, models.ForeignKey) or field.remote_field.parent_link:
            continue
        name = f"{facts.label}.{field.name}"
        place = next((one.location for one in facts.fields if one.name == field.name), facts.location)
        forward = replace(
            bench.about(f"forward:{name}", f"{name}: {rows} rows with what they refer to", facts), location=place
        )
        yield _gently(bench.measure(forward, _joined(model, field.name, rows)))
        parent = _parent(model, field, bench)
        if parent is not None:
            backward = replace(
                bench.about(f"reverse:{name}", f"{name}: the rows that refer to one record", facts), location=place
            )
            yield _gently(bench.measure(backward, _referring(model, field, parent, rows)))


def _joined(model: type[models.Model], name: str, rows: int) -> Any:
    return lambda: model._base_manager.select_related(name)[:rows]


def _referring(model: type[models.Model], field: Any, parent: Any, rows: int) -> Any:
    return lambda: model._base_manager.filter(**{field.attname: parent})[:rows]


def _parent(model: type[models.Model], field: Any, bench: Bench) -> Any:
    """A value that occurs in the foreign key's column, None where there is none."""
    found: list[Any] = []
    try:
        bench.aside(
            lambda: found.extend(
                model._base_manager.exclude(**{field.attname: None}).values_list(field.attname, flat=True)[:1]
            )
        )
    except DatabaseError:
        return None
    return found[0] if found else None
