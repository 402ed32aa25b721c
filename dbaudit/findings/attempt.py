"""What came of trying a remedy in the very words in which the report prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["verified", "failed", "not_tried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One trial of a remedy.

    ``how`` says what was done, ``reason`` why it failed or why nothing was done; each is one sentence. A remedy that
    failed is no advice: its finding stays, and the text is shown only to those who ask for details.
    """

    state: State
    how: str = ""
    reason: str = ""
