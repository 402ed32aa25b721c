"""How much measuring is allowed."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the query audit, times in milliseconds.

    ``wall_ms`` ends one execution whatever it does, ``page_ms`` that of a page which the audit asked for. Warm samples
    stop after ``samples`` of them or ``sampling_ms``, and an execution of more than ``heavy`` statements has none.

    The automatic workload reads at most ``rows`` rows a query. It may execute ``automatic_statements``, the crawl
    ``crawl_statements``: what an audit reaches must not depend on how busy the machine is. ``cpu_ms`` of this process
    ends either of them as well, and ``waiting_ms`` on the clock, for a database that does not answer. At most ``plans``
    statements of a run are planned; one that took up to ``analyze_ms`` is planned with its real numbers, which executes
    it once more.
    """

    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 2_000
    wall_ms: int = 60_000
    page_ms: int = 30_000
    samples: int = 5
    sampling_ms: int = 2_000
    heavy: int = 2_000
    rows: int = 100
    automatic_statements: int = 40_000
    crawl_statements: int = 100_000
    cpu_ms: int = 120_000
    waiting_ms: int = 600_000
    plans: int = 20
    analyze_ms: int = 500

    def of_pages(self, samples: int) -> Limits:
        """The limits for pages that the audit asks for."""
        return replace(self, wall_ms=min(self.wall_ms, self.page_ms), samples=samples)
