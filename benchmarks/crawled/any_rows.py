"""Two rows of each model of the project that has none, filled by the types of their fields."""

from contextlib import suppress

from django.apps import apps
from django.db import transaction

from dbaudit.workload.asking.filling import fill

for _ in range(2):
    for model in apps.get_models():
        manager = model._base_manager  # noqa: SLF001 - Django's documented way past a project's managers
        if model._meta.managed and not model._meta.proxy and manager.count() < 2:
            with suppress(Exception), transaction.atomic():
                manager.create(**fill(model))
