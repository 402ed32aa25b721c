"""The reference ERP's settings for the tests: SQLite in memory, and the tests' own PostgreSQL server."""

from typing import Any

from context7.settings import *  # noqa: F403  settings are inherited whole
from tests.postgres import main_installation

databases: dict[str, Any] = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

if main_installation():
    databases["postgresql"] = {
        # Where it listens is known once it runs: tests/conftest.py adds it.
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "dbaudit",
        "TEST": {
            "DEPENDENCIES": [],  # a test may ask for this database alone
            "TEMPLATE": "erp_template",  # tests/erp_database.py
        },
    }

DATABASES = databases
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
