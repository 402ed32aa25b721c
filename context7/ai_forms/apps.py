"""Application configuration."""

from django.apps import AppConfig


class AiFormsConfig(AppConfig):
    name = "context7.ai_forms"
    label = "ai_forms"
    verbose_name = "AI forms"
