"""URLs of the Context7 reference ERP: the admin is its user interface."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

admin.site.site_header = "Context7 ERP"
admin.site.site_title = "Context7 ERP"

urlpatterns: list[URLPattern | URLResolver] = [path("admin/", admin.site.urls)]

if settings.DEBUG_TOOLBAR:
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
