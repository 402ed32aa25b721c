"""Pages are asked for as users ask: by a saved superuser of whatever model, through the project's own middleware."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import project
from tests.scratch import Scratch

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


def test_a_recording_is_read_where_nothing_is_measured(shop: project.Project) -> None:
    rows = "from shop.models import Book; import dbaudit; from pathlib import Path\n"
    rows += "from dbaudit.workload.recording.capture_file import Captured, append\n"
    rows += "with dbaudit.capture() as run: list(Book.objects.all())\n"
    rows += "append(Path('recorded.jsonl'), Captured(id='a', label='A', ms=1.0, statements=run.statements))"
    shop.manage("shell", "-v", "0", "-c", rows)
    found = shop.report("--no-queries", "--workload", "recorded.jsonl")["databases"][0]
    assert [(query["origin"], query["label"]) for query in found["queries"]] == [("captured", "A")]
    assert "The audit was asked to measure no queries." in [one["reason"] for one in found["skipped"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--crawl", "--crawl-exclude", "^/profiles/"), "meets no route; the nearest is '/profile/<int:user_id>/'."),
        (("--crawl-exclude", "^/admin/"), "--crawl-exclude leaves routes out of the crawl; add --crawl."),
    ],
)
def test_a_pattern_that_excludes_nothing_is_refused(
    shop: project.Project, arguments: tuple[str, ...], words: str
) -> None:
    assert words in shop.refused("dbaudit", "report", *arguments)


def test_the_documented_pattern_excludes_the_admin_and_coverage_is_told(shop: project.Project) -> None:
    found = shop.report("--crawl", "--crawl-exclude", "^/admin/", "--quick")["databases"][0]
    crawled = {query["id"]: query for query in found["queries"] if query["origin"] == "crawl"}
    reasons = {query["reason"] for name, query in crawled.items() if name.startswith("crawl:/admin/")}
    assert reasons == {"Excluded by --crawl-exclude."}
    assert crawled["crawl:/profile/<int:user_id>/"]["reason"] == "No row tells a value for <user_id>."
    (told,) = [one["reason"] for one in found["skipped"] if one["what"] == "Crawled pages"]
    assert "GET routes answered. Of the others, " in told


OWNED = """
from django.contrib import admin
from shop.models import Book

@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title"]
"""
READERS = """
from django.db import models

class Book(models.Model):
    title = models.CharField(max_length=40)
"""


@pytest.mark.needs("postgresql")
def test_a_role_that_may_only_read_asks_as_a_superuser_that_exists(postgres: Scratch, tmp_path: Path) -> None:
    database = postgres.connection.settings_dict
    made = project.make(tmp_path, apps=("shop",), contrib=CONTRIB, database=database)
    made.write(
        {
            "shop/__init__.py": "",
            "shop/models.py": READERS,
            "shop/admin.py": OWNED,
            "urls.py": "from django.contrib import admin\nfrom django.urls import path\n\n"
            'urlpatterns = [path("admin/", admin.site.urls)]\n',
        }
    )
    made.migrate()
    made.manage("shell", "-c", "from shop.models import Book; Book.objects.create(title='x')")
    reader = postgres.role("reader")
    postgres.execute("GRANT pg_read_all_data TO reader; ANALYZE")
    made.configure(f"DATABASES = {{'default': {dict(reader)!r}}}")
    reason = run(made.report("--quick")["databases"][0], "admin:shop.Book")["reason"]
    assert reason.startswith("No user could be made to ask as (ProgrammingError at ")
    postgres.execute(
        "INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,"
        " date_joined) VALUES ('!', true, 'root', '', '', '', true, true, now())"
    )
    books = run(made.report("--quick")["databases"][0], "admin:shop.Book")
    assert books["status"] not in ("failed", "not audited"), books["reason"]


def test_a_list_is_of_the_class_that_describes_it(tmp_path: Path) -> None:
    made = project.make(tmp_path, apps=("shop",), contrib=CONTRIB)
    made.configure("TEMPLATES[0]['DIRS'] = [BASE_DIR / 'templates']")
    made.write(
        {
            "shop/__init__.py": "",
            "shop/models.py": READERS,
            "shop/admin.py": OWNED,
            # A project that only extends the admin's base does not own its pages.
            "templates/admin/base_site.html": "{% extends 'admin/base.html' %}{% block title %}Shop{% endblock %}",
            "urls.py": "from django.contrib import admin\nfrom django.urls import path\n\n"
            'urlpatterns = [path("admin/", admin.site.urls)]\n',
        }
    )
    made.migrate()
    rows = "from shop.models import Book; from django.contrib.auth.models import Group, User\n"
    rows += "[Book.objects.create(title=str(n)) for n in range(3)]; Group.objects.create(name='g')\n"
    rows += "User.objects.create_superuser('ann')"
    made.manage("shell", "-c", rows)
    report = made.report("--crawl", "--quick")["databases"][0]
    owners = {query["id"]: (query["owner"], query["app"]) for query in report["queries"]}
    assert owners["admin:shop.Book"] == owners["crawl:/admin/shop/book/"] == ("project", "shop")
    assert owners["admin:auth.User"] == owners["crawl:/admin/auth/user/"] == ("django", "auth")
    assert owners["crawl:/admin/"][0] == "django"
    assert run(report, "admin:shop.Book")["location"] == {"file": "shop/admin.py", "line": 5}
    asked = [finding for finding in report["findings"] if finding["owner"] == "project" and finding["app"] != "shop"]
    assert [finding["subject"] for finding in asked if "/admin/" in finding["subject"]] == []
