"""Amounts as people write them: bytes or a share of something, seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dbaudit.errors import AuditError

_UNITS = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_BYTES = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmg]?i?b?)", re.IGNORECASE)
_SHARE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%")
_SECONDS = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>s|sec|m|min|)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes, or a share (1 is all) of what the tables' rows take."""

    bytes: int | None = None
    share: float | None = None

    def of(self, heap: int) -> int:
        """In bytes, where the rows take ``heap`` bytes."""
        return int((self.share or 0.0) * heap) if self.bytes is None else self.bytes


def budget(text: str) -> Budget:
    """``64MB``, ``1.5 GB``, ``4096`` or ``25%``; units are powers of 1,024.

    Raises:
        AuditError: it is none of these.
    """
    if found := _SHARE.fullmatch(text.strip()):
        return Budget(share=float(found["number"]) / 100)
    found = _BYTES.fullmatch(text.strip())
    if found is None or found["unit"].lower() not in _UNITS:
        raise AuditError(f"An index budget is bytes or a share of the rows, such as 64MB or 25%, not {text!r}.")
    return Budget(bytes=int(float(found["number"]) * _UNITS[found["unit"].lower()]))


def seconds(text: str) -> float:
    """``60``, ``60s`` or ``2m`` in seconds.

    Raises:
        AuditError: it is none of these, or nothing.
    """
    found = _SECONDS.fullmatch(text.strip())
    value = float(found["number"]) * (60 if found["unit"].lower().startswith("m") else 1) if found else 0.0
    if not value:
        raise AuditError(f"A time is a number of seconds above zero, such as 60s or 2m, not {text!r}.")
    return value
