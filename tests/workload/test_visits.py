"""Pages are asked for as users ask: by a saved superuser of whatever model, through the project's own middleware."""

from __future__ import annotations

from typing import Any

import pytest

from tests import project

MODELS = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class Team(models.Model):
    name = models.CharField(max_length=40)


class Badge(models.Model):
    number = models.IntegerField(unique=True)


class Manager(BaseUserManager):
    def create_superuser(self, handle, email, birthday, team, password, *, region, **more):
        if not password:
            raise ValueError("a password is needed")
        user = self.model(handle=handle, email=email, birthday=birthday, team=team, region=region, **more)
        user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser, PermissionsMixin):
    handle = models.CharField(max_length=8, unique=True)
    email = models.EmailField(unique=True)
    birthday = models.DateField()
    region = models.CharField(max_length=2, choices=[("eu", "Europe"), ("us", "America")])
    code = models.UUIDField(unique=True)
    badge = models.OneToOneField(Badge, models.PROTECT)
    team = models.ForeignKey(Team, models.PROTECT)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    objects = Manager()
    USERNAME_FIELD = "handle"
    REQUIRED_FIELDS = ["email", "birthday", "team"]


class Profile(models.Model):
    user = models.OneToOneField(User, models.CASCADE)


class Book(models.Model):
    title = models.CharField(max_length=40)
    owner = models.ForeignKey(User, models.CASCADE, null=True)
"""
ADMIN = """
from django.contrib import admin
from django.urls import reverse
from shop.models import Book, Profile, Team, User


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title", "mine", "link", "site"]

    def get_queryset(self, request):
        self.request = request
        return super().get_queryset(request)

    def mine(self, book):
        return Book.objects.filter(owner=self.request.user, title=book.title).exists()

    def link(self, book):
        return reverse("profile", args=[self.request.user.pk])

    def site(self, book):
        return f"{self.request.marked} {self.request.user.profile.pk}"


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "broken"]

    def broken(self, team):
        raise LookupError("a row's own value")
"""
VIEWS = """
from django.http import HttpResponse
from django.urls import path
from django.contrib import admin
from shop.models import Book

def profile(request, user_id):
    return HttpResponse(str(Book.objects.filter(owner_id=user_id).count()))

urlpatterns = [path("admin/", admin.site.urls), path("profile/<int:user_id>/", profile, name="profile")]
"""
MIDDLEWARE = """
import threading

seen = threading.local()

def marking(get_response):
    def middleware(request):
        request.marked = "marked"
        seen.request = request
        return get_response(request)
    return middleware
"""
SIGNALS = """
from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
        from django.core.mail import send_mail
        from django.db import transaction
        from django.db.models.signals import post_save
        from shop.models import Profile, User

        def greet(instance, created, **_):
            if created:
                Profile.objects.create(user=instance)
                send_mail("Welcome", "you", "a@example.org", [instance.email])
                transaction.on_commit(lambda: open("committed", "w").close())

        post_save.connect(greet, sender=User, weak=False)
"""
MORE = """
AUTH_USER_MODEL = "shop.User"
DEBUG = False
ALLOWED_HOSTS = []
MIDDLEWARE = [*MIDDLEWARE, "shop.marking.marking"]
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / "mails"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": BASE_DIR / "cache"}}
"""
FILL = """
from shop.models import Badge, Book, Team, User
team = Team.objects.create(name="team")
for number in range(3):
    Book.objects.create(title=f"Book {number}")
"""
CONTRIB = tuple(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "messages", "sessions"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> project.Project:
    """A shop whose users need much, whose sessions are cached in files, and which allows no host."""
    made = project.make(tmp_path_factory.mktemp("visits"), apps=("shop",), contrib=CONTRIB, more=MORE)
    made.write(
        {
            "shop/__init__.py": "",
            "shop/apps.py": SIGNALS,
            "shop/models.py": MODELS,
            "shop/admin.py": ADMIN,
            "shop/marking.py": MIDDLEWARE,
            "urls.py": VIEWS,
        }
    )
    made.migrate()
    made.manage("shell", "-c", FILL)
    return made


@pytest.fixture(scope="module")
def report(shop: project.Project) -> dict[str, Any]:
    """What the audit of the shop says."""
    found: dict[str, Any] = shop.report()["databases"][0]
    return found


def run(report: dict[str, Any], identity: str) -> dict[str, Any]:
    (found,) = [query for query in report["queries"] if query["id"] == identity]
    return dict(found)


def test_a_list_that_needs_the_user_and_the_middleware_is_measured(report: dict[str, Any]) -> None:
    books = run(report, "admin:shop.Book")
    assert books["status"] not in ("failed", "not audited"), books["reason"]


def test_what_a_list_raises_for_the_audits_own_request_is_not_audited_and_named(report: dict[str, Any]) -> None:
    teams = run(report, "admin:shop.Team")
    assert teams["status"] == "not audited"
    assert teams["reason"] == "Status 500 (LookupError at shop/admin.py:29)."
    assert not [finding for finding in report["findings"] if finding["check"] == "query_failed"]


def test_nothing_of_the_user_stays_or_leaves(shop: project.Project, report: dict[str, Any]) -> None:
    count = "from shop.models import *; from django.contrib.sessions.models import Session; "
    count += "print([m.objects.count() for m in (User, Profile, Badge, Session, Team)])"
    assert shop.manage("shell", "-v", "0", "-c", count).stdout.strip() == "[0, 0, 0, 0, 1]"
    left = {path.name for path in shop.folder.iterdir()}
    assert not left & {"mails", "committed"}
    assert not any((shop.folder / "cache").iterdir())  # Django's own system check makes the folder
