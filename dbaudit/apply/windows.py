"""The hours in which steps may begin."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from django.utils.timezone import get_default_timezone

from dbaudit.errors import AuditError

_WRITTEN: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)


def local_time() -> time:
    """The time of day in the time zone of the settings."""
    return datetime.now(get_default_timezone()).time()


@dataclass(frozen=True, slots=True)
class Window:
    """From one time of day to another, over midnight where the first is the later one; the last moment is outside."""

    begins: time
    ends: time
    clock: Callable[[], time] = local_time

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"

    @property
    def open(self) -> bool:
        """Whether a step may begin now."""
        now = self.clock()
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends

    def refuse(self) -> None:
        """Raise `AuditError` where no step may begin now."""
        if not self.open:
            raise AuditError(
                f"It is {self.clock():%H:%M}, and --window {self} lets no step begin; nothing was changed. The hours "
                "are those of TIME_ZONE in the settings."
            )


def window(text: str) -> Window:
    """The window that ``22:00-05:00`` means. Raises `ValueError` with a sentence for anything else."""
    found = _WRITTEN.fullmatch(text.strip())
    numbers = [int(number) for number in found.groups()] if found else [99] * 4
    try:
        begins, ends = time(numbers[0], numbers[1]), time(numbers[2], numbers[3])
    except ValueError:
        raise ValueError(f"{text!r} is no window of two times of day, such as 22:00-05:00") from None
    if begins == ends:
        raise ValueError(f"{text!r} begins when it ends, so that it says nothing")
    return Window(begins, ends)
