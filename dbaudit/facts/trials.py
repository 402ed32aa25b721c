"""Names that lead nowhere, and changes that were tried."""

from __future__ import annotations

from dataclasses import dataclass

from dbaudit.facts.ownership import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongName:
    """A name in a query that leads nowhere: ``name`` was given, ``valid`` are those that ``model`` has.

    ``nearest`` is the one that was probably meant, empty where none is like it; ``sure`` says that it can only be that
    one, and is no guess. ``location`` is the project's line that gave the name, None where it is that of the run.
    """

    name: str
    model: str
    valid: tuple[str, ...] = ()
    nearest: str = ""
    sure: bool = False
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A changed function that was run on this data beside the function as it is, and rolled back.

    ``fingerprint`` is the statement that the change is to do away with, the name that it corrects, or the load that it
    spares. ``before`` and ``after`` are the function's text. ``queries_before`` and ``ms_before`` are None where it
    failed as it was; times are medians in milliseconds; bytes are those of the values that became instances, where the
    change is about them. ``worked`` says that the same came back, in fewer statements or bytes, and
    that nothing is asked once a row any more; ``left`` names what still is.
    """

    fingerprint: str
    change: str
    before: str
    after: str
    worked: bool
    queries_before: int | None = None
    queries_after: int | None = None
    ms_before: float | None = None
    ms_after: float | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    left: tuple[str, ...] = ()

    def told(self) -> str:
        """The figures in one sentence."""
        after = f"{self.queries_after} {'query' if self.queries_after == 1 else 'queries'}, {self.ms_after or 0:.2f} ms"
        if self.queries_before is None:
            return f"Run on this data and rolled back: it comes to its end, {after}."
        queries = "query" if self.queries_before == 1 else "queries"
        before = f"{self.queries_before} {queries}, {self.ms_before or 0:.2f} ms"
        if self.bytes_before is not None and self.bytes_after is not None:
            before += f" and {self.bytes_before:,} bytes of values"
            after += f" and {self.bytes_after:,} bytes of values"
        return f"Run on this data and rolled back: the same result, {before} before, {after} after."
