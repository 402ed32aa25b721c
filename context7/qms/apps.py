"""Application configuration."""

from django.apps import AppConfig


class QmsConfig(AppConfig):
    name = "context7.qms"
    label = "qms"
    verbose_name = "Controlled documents (QMS)"
