"""Application configuration."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "context7.core"
    label = "core"
    verbose_name = "Core"
