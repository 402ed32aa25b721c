"""Migrations that a test makes up, for the installed application ``sessions``, on which no other depends."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.test import override_settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pytest

    from tests.scratch import Scratch

FILE = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = {dependencies!r}
    replaces = {replaces!r}
    operations = [{operations}]
"""
SESSION = """migrations.CreateModel("Session", [
    ("session_key", models.CharField(primary_key=True, max_length=40)),
    ("session_data", models.TextField()),
    ("expire_date", models.DateTimeField(db_index=True)),
], {"db_table": "django_session"})"""
INITIAL = {"0001_initial": SESSION}


def made_up(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    operations: dict[str, str],
    *,
    replaces: dict[str, list[str]] | None = None,
    after: dict[str, str] | None = None,
) -> AbstractContextManager[object]:
    """Settings in which ``sessions`` has these migrations: by name the source of their operations.

    Each depends on the one before it unless ``after`` names another; ``replaces`` gives what a squashed one stands for.
    """
    package = f"made_up_{uuid.uuid4().hex}"
    (folder / package).mkdir()
    (folder / package / "__init__.py").touch()
    before = ""
    for name, source in operations.items():
        parent = (after or {}).get(name, before)
        text = FILE.format(
            dependencies=[("sessions", parent)] if parent else [],
            replaces=[("sessions", one) for one in (replaces or {}).get(name, [])],
            operations=source,
        )
        (folder / package / f"{name}.py").write_text(text)
        before = name
    monkeypatch.syspath_prepend(folder)
    return override_settings(MIGRATION_MODULES={"sessions": package})


def record(scratch: Scratch, *applied: str) -> None:
    """A record of applied migrations, such as ``sessions.0001_initial``."""
    scratch.execute("CREATE TABLE django_migrations (id int, app varchar(255), name varchar(255), applied text)")
    for one in applied:
        scratch.execute("INSERT INTO django_migrations (app, name) VALUES (%s, %s)", one.split("."))
