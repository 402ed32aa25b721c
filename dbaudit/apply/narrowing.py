"""A plan with fewer steps: each that goes is listed with the reason, and so is what needs it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dbaudit.apply.steps import LeftOut, Plan


def without(made: Plan, reasons: Mapping[int, str]) -> Plan:
    """The plan without the steps of these numbers, each left out for its reason, and without those that need them."""
    left, gone = list(made.left_out), dict[int, str]()
    for step in made.steps:
        reason = reasons.get(step.number, "")
        if not reason and step.after in gone:
            reason = f"{gone[step.after]} is not built, so {step.definition.name} is still needed."
        if reason:
            gone[step.number] = step.definition.name
            left.append(LeftOut(key=step.key, title=step.title, reason=reason))
    kept = [step for step in made.steps if step.number not in gone]
    numbers = {step.number: number for number, step in enumerate(kept, start=1)}
    steps = (
        replace(step, number=numbers[step.number], after=numbers[step.after] if step.after else None) for step in kept
    )
    return replace(made, steps=tuple(steps), left_out=tuple(left))
