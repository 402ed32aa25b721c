"""The projects: what to install, and the settings that their documentation asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project of the package index; the first of ``packages`` is its own source. ``apps`` are filled."""

    name: str
    packages: tuple[str, ...]
    settings: str
    apps: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    start: str = ""


OSCAR = """
from oscar.defaults import *
SECRET_KEY = "x"
DEBUG = True
USE_TZ = True
STATIC_URL = "/static/"
ROOT_URLCONF = "shop_urls"
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles", "django.contrib.sites", "django.contrib.flatpages",
    "oscar.config.Shop", "oscar.apps.analytics.apps.AnalyticsConfig", "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig", "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig", "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig", "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig", "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig", "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig", "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig", "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig", "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig", "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig", "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "widget_tweaks", "haystack", "treebeard", "django_tables2",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.debug", "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages",
        "oscar.apps.search.context_processors.search_form", "oscar.apps.checkout.context_processors.checkout",
        "oscar.apps.communication.notifications.context_processors.notifications",
        "oscar.core.context_processors.metadata",
    ]},
}]
AUTHENTICATION_BACKENDS = (
    "oscar.apps.customer.auth_backends.EmailBackend", "django.contrib.auth.backends.ModelBackend"
)
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
MEDIA_ROOT = "/nowhere"
"""
OSCAR_URLS = """
from django.apps import apps
from django.contrib import admin
from django.urls import include, path
urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")), path("admin/", admin.site.urls),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
"""
WIKI = """
SECRET_KEY = "x"
DEBUG = True
USE_TZ = True
SITE_ID = 1
STATIC_URL = "/static/"
ROOT_URLCONF = "wiki_urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
WIKI_ACCOUNT_HANDLING = False
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles", "django.contrib.sites", "django.contrib.humanize",
    "django_nyt.apps.DjangoNytConfig", "mptt", "sekizai", "sorl.thumbnail", "wiki.apps.WikiConfig",
    "wiki.plugins.attachments.apps.AttachmentsConfig", "wiki.plugins.notifications.apps.NotificationsConfig",
    "wiki.plugins.images.apps.ImagesConfig", "wiki.plugins.macros.apps.MacrosConfig",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.contrib.auth.context_processors.auth", "django.template.context_processors.debug",
        "django.template.context_processors.i18n", "django.template.context_processors.media",
        "django.template.context_processors.request", "django.template.context_processors.static",
        "django.template.context_processors.tz", "django.contrib.messages.context_processors.messages",
        "sekizai.context_processors.sekizai",
    ]},
}]
MEDIA_ROOT = "/nowhere"
"""
WIKI_URLS = """
from django.contrib import admin
from django.urls import include, path
urlpatterns = [
    path("admin/", admin.site.urls), path("notifications/", include("django_nyt.urls")),
    path("", include("wiki.urls")),
]
"""
WAGTAIL = """
from mysite.settings.dev import *
SECRET_KEY = "x"
"""
PRETALX = """
from pretalx.settings import *
"""

PROJECTS: dict[str, Project] = {
    one.name: one
    for one in (
        Project(
            name="oscar",
            packages=("django-oscar[sorl-thumbnail]", "setuptools<81"),
            settings=OSCAR,
            files={"shop_urls.py": OSCAR_URLS},
            apps=(
                "auth",
                "partner",
                "address",
                "offer",
                "catalogue",
                "voucher",
                "basket",
                "order",
                "customer",
                "analytics",
                "payment",
                "reviews",
                "wishlists",
                "shipping",
                "communication",
            ),
        ),
        Project(
            name="wiki",
            packages=("wiki", "setuptools<81"),
            settings=WIKI,
            files={"wiki_urls.py": WIKI_URLS},
            apps=("auth", "wiki", "django_nyt", "wiki_attachments", "wiki_images", "wiki_notifications"),
        ),
        Project(
            name="wagtail",
            packages=("wagtail",),
            settings=WAGTAIL,
            start="import os, subprocess, sys; os.path.exists('mysite') or subprocess.run("
            "[os.path.join(os.path.dirname(sys.executable), 'wagtail'), 'start', 'mysite', '.'], check=True)",
            apps=("auth", "wagtailimages", "wagtaildocs", "wagtailredirects", "wagtailsearch", "wagtailcore", "taggit"),
        ),
        Project(
            name="pretalx",
            packages=("pretalx",),
            settings=PRETALX,
            environment={
                "PRETALX_FILESYSTEM_LOGS": "logs",
                "PRETALX_FILESYSTEM_DATA": "data",
            },
            apps=("person", "event", "cfp", "submission", "schedule", "mail", "agenda", "common"),
        ),
    )
}
