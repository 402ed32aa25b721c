"""The description of a pull request that declares indexes: plan, evidence, risk, and how to undo it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dbaudit.apply import rendering
from dbaudit.apply.steps import Plan, Step
from dbaudit.findings import Gain
from dbaudit.report import words
from dbaudit.report.markup import block, code, table, text


def describe(made: Plan, files: Sequence[str], before: Mapping[str, str], into: Iterable[str] = ()) -> str:
    """The Markdown. ``files`` are those that were written; ``before`` names for each application the migration that
    was its last one; ``into`` are the migrations that are new (``shop.0002_more``)."""
    return "\n\n".join(_blocks(made, files, before, tuple(into))) + "\n"


def _blocks(made: Plan, files: Sequence[str], before: Mapping[str, str], new: tuple[str, ...]) -> Iterator[str]:
    built = sum(step.action == "create" for step in made.steps)
    yield f"# Indexes for database {code(made.alias)}"
    if not made.steps:
        yield "Nothing to declare: no recommendation can be carried out by models and migrations."
    else:
        dropped = len(made.steps) - built
        yield f"Builds {words.count(built, 'index', 'indexes')} and drops {dropped}. No database was changed for this."
        yield _overview(made)
        yield "## Steps"
        for step in made.steps:
            yield from _step(step)
        yield "## Files"
        yield "\n".join(f"- {code(name)}" for name in files)
        yield "## How it is deployed"
        yield _deployment(made)
        yield "## How to undo it"
        yield "Before it is merged: close the pull request. After it was deployed, in each environment first:"
        yield block("\n".join(_backwards(before, new)), "console")
        yield "Then revert the commit. The statements of each step that take its index back stand above."
    if made.invalid:
        yield "## Invalid indexes"
        yield "The planner cannot use these, and no migration puts them right:"
        for broken in made.invalid:
            yield f"{text(broken.title)}. {text(broken.detail)}"
            yield block(broken.sql, "sql")
    if made.left_out:
        yield "## Left out"
        yield "\n".join(f"- {text(left.title)}: {text(left.reason)}" for left in made.left_out)


def _overview(made: Plan) -> str:
    rows = [
        [
            str(step.number),
            f"{'build' if step.action == 'create' else 'drop'} {code(step.definition.name)}",
            code(step.label),
            step.risk,
            _gain(step.gain),
            rendering.size(step.bytes),
        ]
        for step in made.steps
    ]
    return table(("#", "Index", "Table", "Risk", "Expected", "Size"), rows, "rlllrr")


def _step(step: Step) -> Iterator[str]:
    yield f"### {step.number}. {text(step.title)}"
    told = [f"Risk: {step.risk}. {text(step.caution)}".strip()]
    told += [f"Lock: {text(step.lock)}. It blocks {text(step.blocks)}."]
    told += [f"Evidence: {text(one)}" for one in step.evidence]
    if step.gain:
        told.append(f"Expected: {_gain(step.gain)} ({text(step.gain.source)})")
    told += [f"Helps {text(one)}" for one in step.helps]
    if step.because:
        told.append(f"{code(step.because)} does its work.")
    yield "\n".join(f"- {line}" for line in told)
    yield block(f"{step.sql}\n-- undo:\n{step.undo_sql}", "sql")


def _deployment(made: Plan) -> str:
    if made.vendor == "postgresql":
        return (
            "`manage.py migrate` builds and drops concurrently, so writers go on; the migrations are not atomic. An "
            "index that is there already by its definition is left as it is. Run it without a `statement_timeout`, by "
            "a connection that leads to the server itself and not through a pooler."
        )
    return "`manage.py migrate` builds and drops them. Writers wait meanwhile."


def _backwards(before: Mapping[str, str], new: Sequence[str]) -> Iterator[str]:
    for app in sorted({one.partition(".")[0] for one in new}):
        yield f"$ {shlex.join(['python', 'manage.py', 'migrate', app, before.get(app, 'zero')])}"


def _gain(gain: Gain | None) -> str:
    return f"{gain.before:,.6g} → {gain.after:,.6g} {gain.unit}" if gain else "not measured"
