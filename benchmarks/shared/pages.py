"""The pages that benchmarks/capture.py asks for: so many queries of one kind each, as a team writes them."""

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from erp.models import SalesOrder

#: Queries of one request.
QUERIES = 20
#: Rows of a list.
ROWS = 20


def get(_request: HttpRequest) -> HttpResponse:
    """One row by its key, the smallest query there is."""
    return HttpResponse(", ".join(SalesOrder.objects.get(pk=key).number for key in range(1, QUERIES + 1)))


def page(_request: HttpRequest) -> HttpResponse:
    """A list of twenty rows with what they refer to."""
    numbers = []
    for _ in range(QUERIES):
        orders = SalesOrder.objects.select_related("customer").order_by("pk")[:ROWS]
        numbers += [f"{order.number} {order.customer.name}" for order in orders]
    return HttpResponse(len(numbers))


def shown(_request: HttpRequest) -> bool:
    """Whether the toolbar is to work: always."""
    return True


urlpatterns: list[URLPattern | URLResolver] = [path("get/", get), path("page/", page)]
if apps.is_installed("debug_toolbar"):
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
