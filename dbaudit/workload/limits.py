"""How much measuring is allowed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the query audit, times in milliseconds.

    ``wall_ms`` ends one execution whatever it does. Warm samples stop after ``samples`` of them or ``sampling_ms``.
    The automatic workload reads at most ``rows`` rows a query and takes at most ``automatic_ms`` in all, the crawl
    ``crawl_ms``. At most ``plans`` statements of a run are planned; one that took up to ``analyze_ms`` is planned with
    its real numbers, which executes it once more.
    """

    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 2_000
    wall_ms: int = 60_000
    samples: int = 5
    sampling_ms: int = 2_000
    rows: int = 100
    automatic_ms: int = 30_000
    crawl_ms: int = 120_000
    plans: int = 20
    analyze_ms: int = 500
