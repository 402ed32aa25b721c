"""``manage.py seed_erp``: fills the reference ERP with believable data."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from context7.core.models import Company, SystemSetting
from context7.core.seeding.company import seed_company
from context7.core.seeding.defects import add_defects
from context7.core.seeding.progress import progress_bar
from context7.core.seeding.volumes import VOLUMES

MAXIMUM_SCALE = 100_000


class Command(BaseCommand):
    help = "Fills an empty, migrated database with the data of the Context7 reference ERP."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale",
            type=int,
            default=1,
            help="1 is the company of the analysis of 13 July 2025; 1000 has about a million rows",
        )
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="alias of the database to fill")
        parser.add_argument(
            "--with-defects", action="store_true", help="also add the defects of a database that was changed by hand"
        )
        parser.add_argument("--admin-password", help="password of the account 'admin'; without it nobody can log in")

    def handle(
        self, *, scale: int, database: str, admin_password: str | None, with_defects: bool, **_options: Any
    ) -> None:
        if not 1 <= scale <= MAXIMUM_SCALE:
            raise CommandError(f"--scale must be between 1 and {MAXIMUM_SCALE:,}, not {scale}.")
        if database not in connections:
            raise CommandError(f"No database has the alias {database!r}; there are {', '.join(sorted(connections))}.")
        self._seed(scale, database, admin_password)
        if with_defects:
            added = add_defects(connections[database])
            told = "Added the defects to" if added else "The defects are already in"
            self.stdout.write(f"{told} the database {database!r}.")

    def _seed(self, scale: int, database: str, admin_password: str | None) -> None:
        seeded = self._seeded_scale(database)
        if seeded == scale:
            self.stdout.write(f"The database {database!r} already holds the data of scale {scale}; nothing to do.")
            return
        if seeded is not None:
            raise CommandError(
                f"The database {database!r} holds the data of scale {seeded}; scale {scale} needs an empty database."
            )
        total = sum(volume.at(scale) for volume in VOLUMES.values())
        with progress_bar(total) as report:
            seed_company(connections[database], scale, admin_password, report)
        self._analyze(database, scale)
        self.stdout.write(f"Seeded {total:,} rows at scale {scale} into the database {database!r}.")

    def _seeded_scale(self, database: str) -> int | None:
        """The scale that the database was seeded with, or None if it is empty."""
        try:
            setting = SystemSetting.objects.using(database).filter(key="seed.scale").first()
            strangers = User.objects.using(database).exists() or Company.objects.using(database).exists()
        except DatabaseError as error:
            raise CommandError(f"The database {database!r} cannot be read ({error}); run migrate first.") from error
        if setting is not None:
            return int(setting.value)
        if strangers:
            raise CommandError(
                f"The database {database!r} has users or companies that seed_erp did not make; it needs an empty one."
            )
        return None

    def _analyze(self, database: str, scale: int) -> None:
        """Give the planner statistics of what was just loaded; the demonstration on SQLite does without."""
        connection = connections[database]
        if connection.vendor == "postgresql" or scale > 1:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
