"""The parameters of a route, and the path that values for them make."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.urls import Resolver404, resolve
from django.urls.resolvers import RegexPattern
from django.utils.regex_helper import normalize

from dbaudit.workload.sources.routes import Route

_PARAMETER = re.compile(r"<(?:[^>:]+:)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>")
_WORDS = re.compile(r"\w[\w-]*(?:\|\w[\w-]*)*")
#: What Django leaves as it is when it makes a path.
_SAFE = "/~:@!$&'()*+,;="
_EXAMPLES = ("1", "a", "a-b", "2020", "00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter. ``hint`` is what it is called in the view, where the pattern does not name it."""

    name: str
    hint: str
    converter: Any = None
    words: tuple[str, ...] = ()

    @property
    def converted(self) -> bool:
        """Whether the project converts it by a class of its own."""
        return self.converter is not None and type(self.converter).__module__ != "django.urls.converters"

    def text(self, value: Any) -> str | None:
        """The value as a path has it, None where the parameter does not take it."""
        if value is None:
            return None
        try:
            text = str(self.converter.to_url(value)) if self.converter is not None else str(value)
            if self.converter is not None and not re.fullmatch(self.converter.regex, text):
                return None
        except Exception:  # noqa: BLE001 - a converter of the project takes what it takes
            return None
        return text or None


@dataclass(frozen=True, slots=True)
class Form:
    """A route as a template of paths, with its parameters in order."""

    template: str
    slots: tuple[Slot, ...]

    def path(self, texts: Mapping[str, str]) -> str:
        """The path for texts by the names of the parameters."""
        return self.template % {name: quote(text, safe=_SAFE) for name, text in texts.items()}


def form(route: Route) -> Form:
    """The template of a route: of what its patterns leave open, as little as possible is filled.

    Raises: `ValueError` for a regular expression that cannot be turned around.
    """
    template = "/"
    slots: list[Slot] = []
    for part in route.parts:
        if isinstance(part, RegexPattern):
            pattern = part.regex.pattern
            options = list(normalize(pattern))
            if not options:
                raise ValueError(f"the regular expression {pattern!r} cannot be turned around")
            text, names = min(options, key=lambda option: len(option[1]))
            slots += [Slot(name, _hint(route.view, name), words=_alternatives(pattern, name)) for name in names]
        else:
            raw = str(part)
            text = _PARAMETER.sub(r"%(\1)s", raw.replace("%", "%%"))
            converters = getattr(part, "converters", {})
            slots += [Slot(name, name, converters.get(name)) for name in _PARAMETER.findall(raw)]
        template += text
    return Form(template, tuple(slots))


def leads_to(path: str, route: Route) -> bool:
    """Whether a path is answered by the view of this route, and by no other."""
    try:
        found = resolve(path)
    except Resolver404:
        return False
    return bool(found.func == route.view and found.route.replace("^", "") == route.route.replace("^", ""))


def examples(route: Route) -> Iterator[str]:
    """Paths of the shape of this route, with values that no row need have: what a pattern for paths can be held
    against."""
    try:
        shape = form(route)
    except ValueError:
        return
    for example in _EXAMPLES:
        texts = {
            slot.name: (slot.words or (slot.text(example) or _any_text(slot) or example,))[0] for slot in shape.slots
        }
        yield shape.path(texts)


def _any_text(slot: Slot) -> str | None:
    return next(
        (example for example in _EXAMPLES if slot.converter and re.fullmatch(slot.converter.regex, example)), None
    )


def paths(shape: Form, values: Callable[[Slot], list[Any]], most: int) -> Iterator[str]:
    """The paths that the first values of each parameter make, at most so many."""
    texts = [list(dict.fromkeys(filter(None, map(slot.text, values(slot)))))[:3] for slot in shape.slots]
    names = [slot.name for slot in shape.slots]
    for chosen in itertools.islice(itertools.product(*texts), most):
        yield shape.path(dict(zip(names, chosen, strict=True)))


def _hint(view: Any, name: str) -> str:
    """The name of a group, or of the view's argument in its place."""
    if not name.startswith("_"):
        return name
    try:
        arguments = [one for one in inspect.signature(view).parameters if one != "self"]
        return arguments[1 + int(name[1:])]
    except (TypeError, ValueError, IndexError):
        return name


def _alternatives(pattern: str, name: str) -> tuple[str, ...]:
    """The words between which a group chooses, () where it takes more than words."""
    for found in _GROUP.finditer(pattern):
        if found[1] == name:
            inner = pattern[found.end() :].partition(")")[0]
            return tuple(inner.split("|")) if _WORDS.fullmatch(inner) else ()
    return ()
