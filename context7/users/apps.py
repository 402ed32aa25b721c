"""Application configuration."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "context7.users"
    label = "users"
    verbose_name = "Users and roles"
