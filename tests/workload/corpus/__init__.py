"""Scenarios for N+1: code that asks once a row, as other tools miss it, and code that only looks like it."""

from tests.workload.corpus import asked_once_a_row, of_every_kind, only_looks_like_it
from tests.workload.corpus.models import shelf
from tests.workload.corpus.scenario import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario", "asked_once_a_row", "of_every_kind", "only_looks_like_it", "shelf"]
