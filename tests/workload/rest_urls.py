"""A REST router whose detail route is looked up by name, and that admits nobody without a token."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.urls import include, path
from rest_framework.authentication import TokenAuthentication
from rest_framework.permissions import IsAdminUser
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet


class GroupSerializer(ModelSerializer):  # type: ignore[misc]
    class Meta:
        model = Group
        fields = ["name"]


class Groups(ModelViewSet):  # type: ignore[misc]
    queryset = Group.objects.order_by("name")
    serializer_class = GroupSerializer
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAdminUser]
    lookup_field = "name"


router = DefaultRouter()
router.register("groups", Groups)
urlpatterns = [path("api/", include(router.urls))]
