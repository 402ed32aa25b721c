"""A shop as Django projects have them: models, skewed rows, and the queries of its pages with how often they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from judging.servers import connect

from tests.scratch import connected
from workloads.shop.models import MODELS

ROWS = Path(__file__).with_name("rows.sql")
SEED = 0.42


def fill(settings: dict[str, Any]) -> None:
    """The tables as Django makes them, and their rows."""
    with connected("filling", settings) as django, django.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    with connect(settings) as connection:
        for statement in ROWS.read_text().format(seed=SEED).split(";\n"):
            if statement.strip():
                connection.execute(statement)
