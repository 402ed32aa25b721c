"""Views that list groups, with pages and without."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import ListView
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination, LimitOffsetPagination, PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet


class Groups(ListView):  # type: ignore[type-arg]
    queryset: Any = Group.objects.order_by("pk")
    paginate_by: int | None = None

    def render_to_response(self, context: dict[str, Any], **_: Any) -> HttpResponse:
        return HttpResponse(", ".join(group.name for group in context["object_list"]))


class PagedGroups(Groups):
    paginate_by = 50


class GroupsPagedInCode(Groups):
    def get_paginate_by(self, queryset: Any) -> int:  # noqa: ARG002 - Django's own signature
        return 50


class Permissions(Groups):
    queryset: Any = Permission.objects.order_by("pk")

    def render_to_response(self, context: dict[str, Any], **_: Any) -> HttpResponse:
        names = [group.name for group in Group.objects.order_by("pk")]
        return HttpResponse(f"{len(context['object_list'])} {', '.join(names)}")


def groups(request: HttpRequest) -> HttpResponse:
    page = Paginator(Group.objects.order_by("pk"), 50).get_page(request.GET.get("page"))
    return HttpResponse(", ".join(group.name for group in page))


class GroupSerializer(ModelSerializer):  # type: ignore[misc]
    class Meta:
        model = Group
        fields = ["name"]


class RestGroups(ListAPIView):  # type: ignore[misc]
    queryset = Group.objects.order_by("pk")
    serializer_class = GroupSerializer
    renderer_classes = [JSONRenderer]
    pagination_class: Any = None


class Sized(PageNumberPagination):  # type: ignore[misc]
    page_size = 50


class AnySize(Sized):
    page_size_query_param = "size"


class OneSize(AnySize):
    page_size = 1_000


class Bounded(AnySize):
    max_page_size = 100


class BoundedInCode(AnySize):
    def get_page_size(self, request: Any) -> int:
        return min(int(super().get_page_size(request)), 100)


class NoSize(PageNumberPagination):  # type: ignore[misc]
    page_size = None


class AnyLimit(LimitOffsetPagination):  # type: ignore[misc]
    default_limit = 50


class BoundedLimit(AnyLimit):
    max_limit = 100


class Cursor(CursorPagination):  # type: ignore[misc]
    page_size = 50
    ordering = "pk"


class GroupSet(ReadOnlyModelViewSet):  # type: ignore[misc]
    serializer_class = GroupSerializer
    renderer_classes = [JSONRenderer]
    pagination_class = None

    def get_queryset(self) -> Any:
        return Group.objects.order_by("pk")


def rest(pagination: Any) -> Any:
    return RestGroups.as_view(pagination_class=pagination)


router = SimpleRouter()
router.register("set", GroupSet, basename="group")
urlpatterns = [
    path("plain/", Groups.as_view()),
    path("paged/", PagedGroups.as_view()),
    path("paged-here/", Groups.as_view(paginate_by=50)),
    path("paged-in-code/", GroupsPagedInCode.as_view()),
    path("paginator/", groups),
    path("permissions/", Permissions.as_view()),
    path("none/", rest(None)),
    path("sized/", rest(Sized)),
    path("any-size/", rest(AnySize)),
    path("one-size/", rest(OneSize)),
    path("bounded/", rest(Bounded)),
    path("bounded-in-code/", rest(BoundedInCode)),
    path("no-size/", rest(NoSize)),
    path("no-size-at-all/", rest(PageNumberPagination)),
    path("any-limit/", rest(AnyLimit)),
    path("bounded-limit/", rest(BoundedLimit)),
    path("cursor/", rest(Cursor)),
    path("", include(router.urls)),
]
