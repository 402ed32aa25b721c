"""How far a build is, in words and as a bar."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the server tells of a build. ``share`` is the part of the phase that is done (0 to 1), ``seconds`` the time
    since the phase began; ``waits_for`` names the sessions that it waits for."""

    phase: str
    share: float | None = None
    seconds: float = 0.0
    waits_for: str = ""

    @property
    def left(self) -> float | None:
        """Seconds until the phase ends, None where that cannot be told."""
        if not self.share or self.share >= 1 or self.seconds < 1:
            return None
        return self.seconds * (1 - self.share) / self.share


def seen(
    phase: str, blocks: tuple[int, int], tuples: tuple[int, int], lockers: tuple[int, int], seconds: float, waits: str
) -> Seen:
    """From the figures of pg_stat_progress_create_index, each (done, total)."""
    figures = lockers if phase.startswith("waiting") else next((one for one in (tuples, blocks) if one[1]), (0, 0))
    share = min(1.0, figures[0] / figures[1]) if figures[1] else None
    return Seen(phase=phase, share=share, seconds=seconds, waits_for=waits)


def line(name: str, one: Seen) -> str:
    """One line: ``index [#####     ] 25 % building index: scanning table, 12 s left``."""
    words = one.phase
    if one.share is not None:
        full = int(one.share * WIDTH)
        words = f"[{'#' * full}{' ' * (WIDTH - full)}] {one.share * 100:3.0f} % {words}"
    if one.left is not None:
        words += f", {one.left:.0f} s left"
    if one.waits_for:
        words += f", for {one.waits_for}"
    return f"{name} {words}"
