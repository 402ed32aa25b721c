"""Figures and names as people read them, the same in every format for people."""

from __future__ import annotations

from collections.abc import Iterable

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024


def number(value: float) -> str:
    """``1,234`` or ``10.59``: thousands separated, at most two decimals (three digits below one)."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.3g}"


def count(value: int, one: str, many: str = "") -> str:
    """``1 index``, ``2 indexes``; ``many`` defaults to ``one`` with an s."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def counted(value: int | None) -> str:
    """``1,234``, or ``not counted`` for None."""
    return "not counted" if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """Bytes in binary units: ``512 bytes``, ``16 KiB``, ``1.5 MiB``; ``not seen`` for None."""
    if value is None:
        return "not seen"
    amount: float = value
    for unit in _UNITS:
        if abs(amount) < _STEP or unit == _UNITS[-1]:
            break
        amount /= _STEP
    return f"{amount:,.0f} {unit}" if unit == "bytes" or abs(amount) >= 10 else f"{amount:.1f} {unit}"


def milliseconds(value: float | None) -> str:
    """A time as ``12.3 ms``, ``1.84 s`` from a second on; empty for None."""
    if value is None:
        return ""
    return f"{value / 1000:,.2f} s" if value >= 1000 else f"{value:.2f} ms"


def measure(value: str | float, unit: str = "") -> str:
    """A value with its unit: bytes in binary units, other numbers with separators, text as it is."""
    if isinstance(value, str):
        return f"{value} {unit}".rstrip()
    if unit == "bytes":
        return size(round(value))
    return f"{number(value)} {unit}".rstrip()


def printable(text: str) -> str:
    r"""The text on one line, with every character that would act instead of show written out (``\n``, ``\x1b``)."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode("ascii") for one in text
    )


def listing(names: Iterable[str], limit: int) -> str:
    """The first ``limit`` names with commas, and how many more there are."""
    every = list(names)
    text = ", ".join(every[:limit])
    return f"{text} and {len(every) - limit:,} more" if len(every) > limit else text


def more(hidden: int) -> str:
    """The line under a list that was cut."""
    return f"… and {hidden:,} more; the JSON has all."
