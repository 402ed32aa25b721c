"""Application configuration."""

from django.apps import AppConfig


class WorkOrdersConfig(AppConfig):
    name = "context7.work_orders"
    label = "work_orders"
    verbose_name = "Work orders"
