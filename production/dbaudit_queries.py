"""The queries of the production lines that the team wants measured."""

from typing import Any

from django.db.models import QuerySet, Sum

from dbaudit import query
from production.models import DowntimeEvent, ProductionPlan


@query(budget_ms=50, max_queries=1, label="Newest plans with line and product")
def newest_plans() -> QuerySet[ProductionPlan]:
    return ProductionPlan.objects.select_related("line", "product").order_by("-period_start", "pk")[:25]


@query(budget_ms=100, max_queries=1, label="Downtime of each line")
def downtime_of_each_line() -> QuerySet[Any, Any]:
    return DowntimeEvent.objects.values("line__code").annotate(minutes=Sum("minutes")).order_by("-minutes")
