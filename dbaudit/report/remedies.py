"""What is advised, in the words of every format for people: what to do, what it gains and what it takes."""

from __future__ import annotations

import ast
import textwrap

from dbaudit.findings import (
    Action,
    AddConstraint,
    ChangeQuery,
    ChangeSetting,
    CreateIndex,
    DropIndex,
    EditModel,
    Helped,
    IndexPlan,
    LeaveAsIs,
    Recommendation,
    Remedy,
    RunSql,
)
from dbaudit.report import words

#: Units that nobody but a planner knows, and from which factor on times are told instead of per cent.
_WORK = ("steps", "cost")
_TIMES = 2
_LATE = "The time ran out: this is the best that was found by then."
_BRIEF: dict[str, str] = {
    "create_index": "create the index",
    "drop_index": "drop the index",
    "edit_model": "edit the model",
    "change_query": "change the query",
    "add_constraint": "add the constraint",
    "run_sql": "run the SQL",
    "change_setting": "change the setting",
    "none": "change nothing",
}


def deed(recommendation: Recommendation) -> str:
    """What to do, in a few words: the remedy, or how many findings share it."""
    if len(recommendation.findings) > 1 and not recommendation.helps:
        return f"One remedy for {words.count(len(recommendation.findings), 'finding')}"
    return action(recommendation.remedy.action)


def facts(recommendation: Recommendation) -> tuple[str, ...]:
    """How much a recommendation matters, and its gain or else what to do; the same in fewer and fewer words."""
    matters = f"{recommendation.priority}, {recommendation.risk}"
    wordy = f"{recommendation.priority} priority, {recommendation.risk}"
    told = gained(recommendation) or deed(recommendation)
    told = told[:1].lower() + told[1:]
    brief = _BRIEF[recommendation.remedy.kind]
    return (f"{wordy}: {told}", f"{matters}: {told}", f"{wordy}: {brief}", f"{matters}: {brief}", matters)


def gained(recommendation: Recommendation) -> str:
    """What was before and is after, in one unit, and whether that is a projection; empty where nothing was measured."""
    gain = recommendation.gain
    if gain is None:
        return ""
    projected = recommendation.projected or any(one.today_before is not None for one in recommendation.helps)
    told = change(gain.before, gain.after, gain.unit)
    return f"{told}, projected" if projected else told


def change(before: float, after: float, unit: str) -> str:
    """From one figure to another. What only a planner counts is told as a part of the work, in brackets its units."""
    told = f"{words.number(before)} → {words.measure(after, unit)}"
    if unit not in _WORK:
        return told
    if after >= before:
        return f"as much work as before ({told})"
    if before >= _TIMES * after:
        times = f"{words.number(round(before / after))} times less work" if after else "no work left"
        return f"{times} ({told})"
    return f"{round(100 * (1 - after / before))} % less work ({told})"


def index_plan(plan: IndexPlan) -> str:
    """The plan of indexes in a few sentences."""
    built, dropped = words.count(plan.built, "index", "indexes"), f"{plan.dropped:,} to drop"
    if plan.projection and not plan.projected:
        sizes = f"{built} to build ({words.size(plan.built_bytes)} then), {dropped}"
    else:
        net = f"{'+' if plan.net_bytes > 0 else '-' if plan.net_bytes < 0 else ''}{words.size(abs(plan.net_bytes))}"
        sizes = f"{built} to build, {dropped}, net size {net}"
    entries = words.count(abs(plan.entries), "index entry", "index entries") + (
        " more" if plan.entries > 0 else " fewer"
    )
    told = f"{sizes}; a row written to each of the tables makes {entries if plan.entries else 'as many index entries'}."
    asked = words.count(plan.statements, "statement")
    if not plan.built:
        told += f" The {asked} that were weighed need no other index."
        return told if plan.complete else f"{told} {_LATE}"
    told += (
        f" The {asked} that were weighed: {change(round(plan.before), round(plan.after), plan.unit)}, {plan.source}."
    )
    if plan.projection and not plan.projected:
        told += f" That is a projection {plan.projection}, as the data is too small to show anything."
    elif plan.projection:
        some = f"{plan.projected} of the indexes {'is' if plan.projected == 1 else 'are'} not counted there"
        told += f" {some}: a projection {plan.projection}, as their tables are too small to show anything."
    return told if plan.complete else f"{told} {_LATE}"


def helped(one: Helped) -> str:
    """What an index does for a statement, in a line."""
    seen = [words.milliseconds(one.ms)] if one.ms is not None else []
    seen += [words.count(one.rows, "row")] if one.rows is not None else []
    today = f"{', '.join(seen)} today; " if seen else ""
    told = f"{one.query}: {today}{change(one.before, one.after, one.unit)}"
    if one.today_before is not None and one.today_after is not None:
        told += f", projected; with today's rows {change(one.today_before, one.today_after, one.unit)}"
    return told


def price(one: Recommendation) -> str:
    """What building or dropping an index takes, in a line; empty where nothing is known."""
    cost = one.cost
    if cost is None:
        return ""
    parts = [words.size(cost.bytes)] if cost.bytes is not None and cost.bytes >= 0 else []
    if cost.net_bytes is not None and cost.net_bytes != cost.bytes:
        parts.append(f"net {words.size(cost.net_bytes)}")
    if cost.build_seconds is not None:
        parts.append(f"built in about {max(0.1, cost.build_seconds):,.1f} s")
    parts += [cost.lock] if cost.lock else []
    parts += [f"slows {cost.writes_slowed}"] if cost.writes_slowed else []
    return "; ".join(parts)


def is_code(orm: str) -> bool:
    """Whether a remedy's text in Django's words is Python, not a sentence."""
    try:
        ast.parse(textwrap.dedent(orm))
    except (SyntaxError, ValueError):
        return False
    return True


def verification(remedy: Remedy) -> str:
    """What came of trying a remedy, and what it gave; or that it was not tried, and why."""
    found, gave = remedy.attempt, remedy.verification
    if isinstance(remedy.action, LeaveAsIs):
        return ""
    if found is None:
        return f"Verified: {gave}" if gave else "Not verified: this remedy was not tried."
    match found.state:
        case "verified":
            return f"Verified: {gave or found.how}"
        case "failed":
            return f"What would be advised was tried and does not work: {found.reason}"
    return " ".join(filter(None, (f"Not tried: {found.reason}", gave)))


def action(what: Action) -> str:
    """What a remedy does, in one sentence without its final stop."""
    match what:
        case CreateIndex():
            text = f"create the {'unique ' if what.unique else ''}index {what.name}".rstrip()
            text += f" on {what.table} ({', '.join(map(str, what.keys))})"
            text += f" using {what.method}" if what.method else ""
            text += f" include ({', '.join(what.include)})" if what.include else ""
            text += f" where {what.condition}" if what.condition else ""
        case DropIndex():
            text = f"drop the index {what.name} of {what.table}"
        case EditModel():
            text = f"edit {what.model}{f'.{what.field}' if what.field else ''}: {what.change}"
        case ChangeQuery():
            text = "change the query"
        case AddConstraint():
            text = f"add to {what.table} ({', '.join(what.columns)}): {what.constraint}"
        case RunSql():
            text = what.purpose
        case LeaveAsIs():
            text = f"nothing to change: {what.why}"
        case ChangeSetting():
            text = f"set {what.setting} to {what.value} ({what.where})"
    text = text.rstrip(".")
    return text[:1].upper() + text[1:]
