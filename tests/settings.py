"""The reference ERP's settings for the tests: SQLite in memory, and the tests' own PostgreSQL server."""

from context7.settings import *  # noqa: F403  settings are inherited whole
from tests.postgres import main_installation

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

if main_installation():
    # Where it listens is known once it runs: tests/conftest.py adds it.
    DATABASES["postgresql"] = {"ENGINE": "django.db.backends.postgresql", "NAME": "dbaudit"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
