"""What a scenario of the corpus is, and the two lists that its functions enter themselves into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Function = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A function that stands by itself, so that the audit can read, change and run it.

    ``repeats`` says whether it asks once a row. ``fix`` is the change that the audit has to find and to run, "" where
    only the author can tell what to fetch. ``once_is_enough`` says whether one recorded run proves it: not where the
    values of the loop repeat, or where an attribute asks for nothing.
    """

    function: Function
    repeats: bool
    fix: str = ""
    once_is_enough: bool = True

    @property
    def name(self) -> str:
        """The function's name in words."""
        return self.function.__name__.replace("_", " ")


SCENARIOS: list[Scenario] = []


def once_a_row(fix: str = "", *, once_is_enough: bool = True) -> Callable[[Function], Function]:
    """Enter a function that asks once for each row of another statement."""

    def enter(function: Function) -> Function:
        SCENARIOS.append(Scenario(function=function, repeats=True, fix=fix, once_is_enough=once_is_enough))
        return function

    return enter


def clean(function: Function) -> Function:
    """Enter a function that only looks as if it asked once a row."""
    SCENARIOS.append(Scenario(function=function, repeats=False))
    return function


def chosen(name: str, queryset: str) -> str:
    """The change that prefetches of a relation what each row chooses of it."""
    return f'prefetch_related(Prefetch("{name}", queryset={queryset}, to_attr="chosen_{name}"))'
