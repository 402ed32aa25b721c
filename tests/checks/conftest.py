"""The small library of the workload's tests, for the checks that judge queries."""

from tests.workload.conftest import library

__all__ = ["library"]
