"""Template filters: figures in the words of the other formats, names without characters that act."""

from __future__ import annotations

from django import template

from dbaudit.facts import Location
from dbaudit.findings import Evidence, Gain
from dbaudit.report import words

register = template.Library()

register.filter("size", words.size)
register.filter("counted", words.counted)
register.filter("milliseconds", words.milliseconds)
register.filter("show", lambda value: words.printable(str(value)))


@register.filter
def number(value: float | None) -> str:
    """A number as people read it, nothing for None."""
    return "" if value is None else words.number(value)


@register.filter
def code(value: str) -> str:
    """Text of several lines, without characters that act."""
    return "\n".join(words.printable(line.expandtabs(4)).rstrip() for line in value.strip("\n").splitlines())


@register.filter
def place(location: Location | None) -> str:
    """File and line."""
    return words.printable(f"{location.file}:{location.line}") if location else ""


@register.filter
def measured(evidence: Evidence) -> str:
    """An evidence's value with its unit."""
    return words.printable(words.measure(evidence.value, evidence.unit))


@register.filter
def gained(gain: Gain | None) -> str:
    """Before and after, and by what they were measured."""
    if gain is None:
        return "not measured"
    before, after = words.measure(gain.before, gain.unit), words.measure(gain.after, gain.unit)
    return words.printable(f"{before} → {after} ({gain.source})")


@register.filter
def percent(share: float | None) -> str:
    """A share as per cent, nothing for None."""
    return "" if share is None else f"{share:.2%}"


@register.filter
def exact(value: float | None) -> str:
    """The bare number, by which a table sorts; nothing known sorts first."""
    return "-1" if value is None else repr(value)
