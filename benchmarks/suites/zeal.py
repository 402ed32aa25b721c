"""django-zeal's own scenarios under `dbaudit.capture()`: is each N+1 found by model and field, and nothing else?

    python benchmarks/suites/zeal.py --sdist django_zeal-2.3.0.tar.gz [--output FILE]

The source distribution from PyPI holds `tests/test_nplusones.py`; its models and factories, which it leaves out, are
written here from the names that the tests use. Nothing of it is copied: the file is read, and what stands for `zeal` in
it records with dbaudit. ``pytest.raises(NPlusOneError, match=...)`` becomes a block in which a finding must name the
model and the field; everything else in a test must stay without a finding. Tests of what only zeal has (its allowlist,
its threshold, its switch in the middleware) are counted apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
OUTPUT = Path(__file__).parent.parent / "results" / "zeal.md"
#: Tests of zeal's own switches: without it there is nothing to ask.
APART = ("threshold", "zeal_ignore", "if_not_in_middleware")

SETTINGS = """
SECRET_KEY = "x"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "djangoproject.social"]
ROOT_URLCONF = "djangoproject.urls"
MIDDLEWARE = []
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
MODELS = """
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class User(models.Model):
    username = models.TextField()
    following = models.ManyToManyField("self", symmetrical=False, related_name="followers")
    blocked = models.ManyToManyField("self", symmetrical=False)
    tags = GenericRelation("social.Tag", content_type_field="content_type", object_id_field="object_id")


class Profile(models.Model):
    user = models.OneToOneField(User, models.CASCADE)
    display_name = models.TextField()


class Post(models.Model):
    author = models.ForeignKey(User, models.CASCADE, related_name="posts")
    text = models.TextField()


class Tag(models.Model):
    label = models.TextField()
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
    object_id = models.PositiveIntegerField(null=True)
    obj = GenericForeignKey("content_type", "object_id")
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

from djangoproject.social.models import User

urlpatterns = [
    path("users/", lambda _request: HttpResponse([user.profile.display_name for user in User.objects.all()])),
    path("user/<int:key>/", lambda _request, key: HttpResponse(User.objects.get(pk=key).profile.display_name)),
]
"""
FACTORIES = """
import itertools

from djangoproject.social.models import Post, Profile, User

_number = itertools.count()


class _Factory:
    def __new__(cls, **given):
        return cls.create(**given)

    @classmethod
    def create_batch(cls, size, **given):
        return [cls.create(**given) for _ in range(size)]


class UserFactory(_Factory):
    @classmethod
    def create(cls, **given):
        return User.objects.create(**{"username": f"user {next(_number)}", **given})


class ProfileFactory(_Factory):
    @classmethod
    def create(cls, **given):
        user = given.pop("user", None) or UserFactory()
        return Profile.objects.create(**{"display_name": "x", "user": user, **given})


class PostFactory(_Factory):
    @classmethod
    def create(cls, **given):
        author = given.pop("author", None) or UserFactory()
        return Post.objects.create(**{"text": "x", "author": author, **given})
"""
#: What stands for `zeal`, and what the tests' own words mean here.
STAND_IN = '''
"""Records with dbaudit what the tests let zeal watch."""

import re
import warnings
from contextlib import ContextDecorator, contextmanager
from dataclasses import replace

import pytest
from django.conf import settings

import dbaudit
from dbaudit.live.capture import judge

JUDGED = {"n_plus_one", "defeated_prefetch", "query_in_loop"}


class NPlusOneError(Exception):
    pass


def told(run):
    """What is found, in zeal's words."""
    allowed = {(entry["model"], entry["field"]) for entry in getattr(settings, "ZEAL_ALLOWLIST", ())}
    found = []
    for finding in judge(run).findings:
        if finding.check in JUDGED:
            name = re.search(r"(\\w+\\.\\w+)(?:\\.(\\w+))?", finding.subject)
            what = name[1], ("get()" if finding.check == "query_in_loop" else name[2])
            if what not in allowed:
                found.append(f"N+1 detected on {what[0]}.{what[1]}")
    return found


class _Outer:
    """The capture of the test, and the statements of which something was expected."""

    run = None
    expected = set()


@contextmanager
def expecting(error, match=""):
    assert error is NPlusOneError
    begin = len(_Outer.run._recorder.statements)
    yield
    within = _Outer.run._recorder.statements[begin:]
    _Outer.expected |= {statement.number for statement in within}
    run = _Outer.run.run
    found = told(replace(run, statements=tuple(one for one in run.statements if one in within or one.number <= begin)))
    assert any(re.search(match, one) for one in found), (match, found)


_raises = pytest.raises


def raises(error, *arguments, **named):
    return expecting(error, **named) if error is NPlusOneError else _raises(error, *arguments, **named)


class Caught:
    """As many warnings as there are findings until now."""

    class Message:
        def __init__(self, text):
            self.message = text

    def _found(self):
        _Outer.expected |= {statement.number for statement in _Outer.run._recorder.statements}
        return [self.Message(text) for text in told(_Outer.run.run)]

    def __len__(self):
        return len(self._found())

    def __getitem__(self, position):
        return self._found()[position]


@contextmanager
def _caught():
    yield Caught()


class zeal_context(ContextDecorator):
    def __init__(self, *_arguments, **_named):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None


zeal_ignore = zeal_context


@pytest.fixture(autouse=True)
def recorded(request, monkeypatch):
    monkeypatch.setattr(pytest, "raises", raises)
    monkeypatch.setattr(warnings, "catch_warnings", lambda record=False: _caught())
    with dbaudit.capture() as _Outer.run:
        _Outer.expected = set()
        yield
    run = _Outer.run.run
    rest = tuple(statement for statement in run.statements if statement.number not in _Outer.expected)
    assert told(replace(run, statements=rest)) == []
'''


def written(folder: Path, sdist: Path) -> None:
    """A project around the test file."""
    package = folder / "djangoproject"
    for path, text in {
        package / "__init__.py": "",
        package / "settings.py": SETTINGS,
        package / "urls.py": URLS,
        package / "social" / "__init__.py": "",
        package / "social" / "models.py": MODELS,
        folder / "scenarios" / "__init__.py": "",
        folder / "scenarios" / "factories.py": FACTORIES,
        folder / "zeal" / "__init__.py": STAND_IN,
        folder / "zeal" / "listeners.py": "from zeal import zeal_ignore\n",
        folder / "conftest.py": "from zeal import recorded\n",
        folder / "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = djangoproject.settings\npythonpath = .\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with tarfile.open(sdist) as archive:
        name = next(one for one in archive.getnames() if one.endswith("tests/test_nplusones.py"))
        file = archive.extractfile(name)
        assert file is not None
        (folder / "scenarios" / "test_nplusones.py").write_bytes(file.read())


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sdist", type=Path, required=True, metavar="FILE")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the project here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        written(folder, options.sdist)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-n0",
            "-q",
            "-rA",
            "--tb=line",
            "scenarios",
        ]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
        done = subprocess.run(
            command, cwd=folder, env={**clean, "PYTHONPATH": str(ROOT)}, text=True, capture_output=True, check=False
        )
    results: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        status, _, rest = line.partition(" ")
        if status in ("PASSED", "FAILED", "ERROR") and "::" in rest:
            name = rest.partition(" - ")[0].partition("[")[0].rpartition("test_nplusones.py::")[2]
            results.setdefault(name, set()).add(status)
    if not results:
        raise SystemExit(done.stdout + done.stderr)
    apart = {name for name in results if any(word in name for word in APART)}
    asked = {name: statuses for name, statuses in sorted(results.items()) if name not in apart}
    right = [name for name, statuses in asked.items() if statuses == {"PASSED"}]
    summary = (
        f"{options.sdist.name}: {len(right)} of {len(asked)} as zeal's own tests want it, by model and field; "
        f"{len(apart)} tests of zeal's own switches left out."
    )
    lines = [
        "# django-zeal's scenarios",
        "",
        "Written by `benchmarks/suites/zeal.py`, which says how in its first lines.",
        "",
        summary,
        "",
        *(f"- not: {name}" for name in asked if name not in right),
        "",
    ]
    text = "\n".join(lines)
    print(text)
    options.output.write_text(text)


if __name__ == "__main__":
    main()
