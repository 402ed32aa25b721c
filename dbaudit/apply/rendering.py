"""A plan, and what came of it, as text, as JSON and as SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from dbaudit.apply.steps import Done, Plan, Step

FORMATS = ("text", "json", "sql")
#: Queries that a plan names for a step.
HELPS = 3


def render(plan: Plan, form: str) -> str:
    """The plan in one of `FORMATS`."""
    return {"text": text, "json": as_json, "sql": as_sql}[form](plan)


def text(plan: Plan) -> str:
    """The plan for a reader: each step with its SQL, lock, size, time and undo."""
    return "\n".join(_lines(plan)) + "\n"


def as_json(plan: Plan) -> str:
    """The plan for a program."""
    data = {
        "alias": plan.alias,
        "vendor": plan.vendor,
        "steps": [one.as_data() for one in plan.steps],
        "left_out": [asdict(one) for one in plan.left_out],
        "invalid": [asdict(one) for one in plan.invalid],
        "disk_bytes": plan.disk_bytes,
        "free_bytes": plan.free_bytes,
    }
    return json.dumps(data, indent=2) + "\n"


def as_sql(plan: Plan) -> str:
    """The plan as a script: one statement a step, the undo beside it. It has none of the safeguards of a run."""
    lines = [f"-- {len(plan.steps)} steps for database {plan.alias!r}. Run each by itself, outside a transaction."]
    for one in plan.steps:
        lines += [
            "",
            f"-- {one.number}. {_one_line(one.title)}",
            f"-- risk: {_risk(one)}",
            *(f"-- because {_one_line(told)}" for told in one.evidence),
            *(f"-- helps {_one_line(told)}" for told in one.helps[:HELPS]),
            _ended(one.sql),
            f"-- undo: {_undo(one)}",
        ]
    for broken in plan.invalid:
        lines += ["", f"-- {_one_line(broken.title)}: {_one_line(broken.detail)} Put right by:"]
        lines += [f"-- {line.removeprefix('-- ')}" for line in broken.sql.splitlines()]
    return "\n".join(lines) + "\n"


def outcome(done: Iterable[Done]) -> Iterator[str]:
    """What came of the steps, a line each with its notes below."""
    for one in done:
        name = one.index or one.step.definition.name
        words = {
            "built": f"built {name} on {one.step.label} in {duration(one.seconds)}"
            + (f", begun again {one.retries} times" if one.retries > 1 else ", begun again once" * one.retries),
            "present": f"{name} on {one.step.label} was there already",
            "adopted": f"{one.step.label} has the same index as {name}; none was built",
            "dropped": f"dropped {name} on {one.step.label}",
            "absent": f"{name} on {one.step.label} was gone already",
            "failed": f"{one.step.definition.name} on {one.step.label}: {one.reason}",
        }[one.outcome]
        yield f"{'FAILED ' if not one.ok else ''}{one.step.number}. {words}"
        yield from (f"   {note}" for note in one.notes)


def size(number: int | None) -> str:
    """Bytes in the unit that fits."""
    if number is None:
        return "unknown"
    value = float(abs(number))
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1024 or unit == "GB":
            return f"{value:,.0f} {unit}" if unit in ("bytes", "kB") or value >= 10 else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError


def duration(seconds: float) -> str:
    """Seconds in the unit that fits."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"


def _lines(plan: Plan) -> Iterator[str]:
    if plan.steps:
        yield f"Plan for database {plan.alias!r}: {_count(len(plan.steps), 'step')}"
    elif plan.invalid:
        yield f"No index to build on database {plan.alias!r}, but {_invalid(len(plan.invalid))}."
    else:
        yield f"Nothing to do on database {plan.alias!r}."
    for one in plan.steps:
        yield from step(one)
    if plan.disk_bytes is not None:
        available = f", {size(plan.free_bytes)} are available" if plan.free_bytes is not None else ""
        tight = plan.free_bytes is not None and plan.free_bytes < plan.disk_bytes
        yield ""
        yield f"Disk: at most {size(plan.disk_bytes)} for a while{available}{': TOO LITTLE' if tight else ''}."
    if plan.invalid:
        yield ""
        yield "Invalid indexes, which this plan does not touch:"
        for broken in plan.invalid:
            yield f"  {_one_line(broken.title)}"
            yield f"    {_one_line(broken.detail)}"
            yield from (f"    {line}" for line in broken.sql.splitlines())
    if plan.left_out:
        yield ""
        yield "Left out:"
        for left in plan.left_out:
            yield f"  {_one_line(left.title)}"
            yield f"    {left.reason}"


def step(one: Step) -> Iterator[str]:
    """A step of a plan in lines, the first one empty."""
    yield ""
    yield f"{one.number}. {_one_line(one.title)}"
    yield from (f"   {line}" for line in _ended(one.sql).splitlines())
    yield f"   risk     {_risk(one)}"
    yield f"   lock     {one.lock}: blocks {one.blocks}"
    if one.action == "create":
        yield f"   takes    {', '.join(_takes(one))}"
    else:
        needs = f" once step {one.after} is verified" if one.after else ""
        work = f"; {one.because} does its work{needs}" if one.because else ""
        yield f"   frees    {size(one.bytes)}{work}"
    for told in one.evidence:
        yield f"   because  {_one_line(told)}"
    if one.gain:
        yield f"   gain     {one.gain.before:g} → {one.gain.after:g} {one.gain.unit} ({one.gain.source})"
    elif one.completes:
        yield "   gain     the partitions without a part of it are read whole until then, and new ones get none"
    elif one.action == "create":
        yield "   gain     not measured: the schema alone speaks for it"
    yield from (f"   helps    {_one_line(told)}" for told in one.helps[:HELPS])
    if len(one.helps) > HELPS:
        yield f"   helps    {_count(len(one.helps) - HELPS, 'more statement')}"
    yield f"   undo     {_undo(one)}"
    yield f"   key      {one.key}"


def _risk(one: Step) -> str:
    told = f": {_one_line(one.caution)}" if one.caution else ""
    if one.needs_review:
        return f"review{told or ': the report asks to look at it first'}"
    return f"{one.risk}{told}"


def _takes(one: Step) -> Iterator[str]:
    if one.bytes is not None:
        yield f"about {size(one.bytes)}"
    if one.seconds is None:
        yield "time unknown"
    else:
        yield f"about {duration(one.seconds)}" if one.seconds >= 1 else "less than a second"


def _undo(one: Step) -> str:
    return "none: PostgreSQL takes no part from an index again" if one.completes else _one_line(one.undo_sql)


def _invalid(number: int) -> str:
    return "1 index is invalid" if number == 1 else f"{number} indexes are invalid"


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _ended(sql: str) -> str:
    return sql if sql.endswith(";") else f"{sql};"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
