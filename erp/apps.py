"""Application configuration."""

from django.apps import AppConfig


class ErpConfig(AppConfig):
    name = "erp"
    label = "erp"
    verbose_name = "ERP"
