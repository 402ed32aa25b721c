"""The app. It has no models; being installed adds the command and the checks of its settings, nothing else."""

from django.apps import AppConfig
from django.core import checks

from dbaudit.conf import check_settings
from dbaudit.workload.recording import recorder  # noqa: F401 - it knows the connections that are made from here on


class DbauditConfig(AppConfig):
    """Registers the system checks of ``settings.DBAUDIT`` and does nothing else at start-up."""

    name = "dbaudit"
    verbose_name = "Database audit"

    def ready(self) -> None:
        """Register the checks of the settings."""
        checks.register(check_settings, "dbaudit")
