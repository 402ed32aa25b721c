"""Template filters: figures in the words of the other formats, names without characters that act."""

from __future__ import annotations

from difflib import SequenceMatcher

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from dbaudit.facts import Location
from dbaudit.findings import ChangeQuery, Evidence, Gain, Recommendation, Remedy
from dbaudit.report import remedies, words

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
def prose(value: str) -> SafeString:
    """A part of a check's page as paragraphs, with what stands between double backticks as code."""
    return mark_safe("".join(f"<p>{_spans(one)}</p>" for one in value.split("\n\n")))  # noqa: S308 - escaped by _spans


def _spans(paragraph: str) -> str:
    parts = words.printable(" ".join(paragraph.split())).split("``")
    return "".join(
        format_html("<code>{}</code>", part) if number % 2 else conditional_escape(part)
        for number, part in enumerate(parts)
    )


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
    return words.printable(f"{remedies.change(gain.before, gain.after, gain.unit)}, {gain.source}")


@register.filter
def django(remedy: Remedy) -> str:
    """A remedy in Django's words; nothing where the code as it is after the change has them already."""
    action, orm = remedy.action, remedy.orm.strip().replace("'", '"')
    told = isinstance(action, ChangeQuery) and bool(action.before) and orm in action.after.replace("'", '"')
    return "" if told else remedy.orm


@register.filter
def change(recommendation: Recommendation) -> str:
    """Before and after alone, nothing where nothing was measured."""
    return words.printable(remedies.gained(recommendation))


@register.filter
def gone(before: str, after: str) -> SafeString:
    """Code that is to be changed, with the lines marked that change."""
    return _marked(before, after, "del")


@register.filter
def came(after: str, before: str) -> SafeString:
    """Changed code, with the lines marked that changed."""
    return _marked(after, before, "ins")


def _marked(shown: str, other: str, tag: str) -> SafeString:
    """``shown`` with the lines that ``other`` does not have inside elements of this kind."""
    lines, others = code(shown).split("\n"), code(other).split("\n")
    told = {
        number
        for kind, begin, end, _, _ in SequenceMatcher(None, lines, others, autojunk=False).get_opcodes()
        if kind != "equal"
        for number in range(begin, end)
    }
    drawn = (
        format_html("<{0}>{1}</{0}>", tag, line) if number in told else conditional_escape(line)
        for number, line in enumerate(lines)
    )
    return mark_safe("\n".join(drawn))  # noqa: S308 - each line was escaped


@register.filter
def percent(share: float | None) -> str:
    """A share as per cent, nothing for None."""
    return "" if share is None else f"{share:.2%}"


@register.filter
def exact(value: float | None) -> str:
    """The bare number, by which a table sorts; nothing known sorts first."""
    return "-1" if value is None else repr(value)
