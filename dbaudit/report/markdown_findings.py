"""The Markdown report's second half: what was found, what to do about it and when, and what was not looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from dbaudit.findings import (
    Baseline,
    ChangeQuery,
    Cost,
    DatabaseReport,
    Evidence,
    Finding,
    Gain,
    Priority,
    Recommendation,
    Remedy,
    Report,
    Rule,
)
from dbaudit.report import outline, remedies, words
from dbaudit.report.markup import block, code, indent, table, text

DETAILED = 10
LISTED = 20
RECOMMENDATIONS = 20
SKIPPED = 12
PRIORITIES: tuple[Priority, ...] = ("high", "medium", "low")


def findings(report: Report, database: DatabaseReport, level: int) -> Iterator[str]:
    """The findings by owner and check: the project's own with all they carry, the others' as lists."""
    yield outline.verdict(database)
    rules = {rule.id: rule for rule in report.rules}
    explained: set[str] = set()
    for owner, groups in groupby(outline.groups(database.findings), key=lambda group: group.owner):
        yield f"{'#' * (level + 1)} {outline.OWNER_TITLES[owner]}"
        if owner != "project":
            yield "These tables are not the project's own: the remedy lies with those who publish their models."
        for group in groups:
            rule = rules.get(group.check)
            yield f"{'#' * (level + 2)} {_title(group, rule)}"
            if rule and group.check not in explained:
                explained.add(group.check)
                yield f"**Why**: {rule.why}"
                yield f"**Fix**: {rule.fix}"
            for sentence, members in group.causes:
                yield from _cause(sentence, members, level + 3, own=owner == "project")


def suppressed(database: DatabaseReport) -> Iterator[str]:
    """What the project does not want to be told, with its reasons."""
    yield "The project suppresses these; no figure and no recommendation counts them."
    rows = [
        (
            text(one.finding.subject),
            code(one.finding.key),
            text(one.suppression.reason),
            text(str(one.suppression.expires or "")),
            code(one.suppression.source),
        )
        for one in sorted(database.suppressed, key=lambda one: one.finding.order)[:LISTED]
    ]
    yield table(["What", "Key", "Reason", "Until", "Where"], rows, "lllll")
    if len(database.suppressed) > LISTED:
        yield words.more(len(database.suppressed) - LISTED)


def fixed(baseline: Baseline) -> Iterator[str]:
    """What the baseline knows that is no longer found."""
    yield f"{code(baseline.file)} still lists these; `--prune-baseline` takes them out."
    yield "\n".join(f"- {text(one.sentence or one.key)}: {code(one.key)}" for one in baseline.fixed[:LISTED])
    if len(baseline.fixed) > LISTED:
        yield words.more(len(baseline.fixed) - LISTED)


def recommendations(database: DatabaseReport, level: int) -> Iterator[str]:
    """The recommendations by priority, in order of rank; the code of those whose remedy no finding shows."""
    if not database.recommendations:
        yield outline.nothing_to_recommend(database)
        return
    if database.index_plan:
        yield text(remedies.index_plan(database.index_plan))
    shown = {finding.remedy for finding in database.findings}
    for priority in PRIORITIES:
        chosen = [one for one in _ranked(database.recommendations) if one.priority == priority]
        if not chosen:
            continue
        yield f"{'#' * (level + 1)} {priority.capitalize()} priority"
        rows = [
            (
                f"{one.rank}",
                text(one.title),
                text(remedies.deed(one)),
                _gain(one.gain),
                _cost(one.cost),
                one.risk,
                "yes" if one.remedy.tried else "no",
            )
            for one in chosen[:RECOMMENDATIONS]
        ]
        yield table(["#", "What", "Do", "Gain", "Cost", "Risk", "Verified"], rows, "rllllll")
        if len(chosen) > RECOMMENDATIONS:
            yield words.more(len(chosen) - RECOMMENDATIONS)
        for one in chosen[:RECOMMENDATIONS]:
            if one.remedy not in shown:
                yield f"{'#' * (level + 2)} {one.rank}. {text(one.title)}"
                yield from _tried(one)
                yield from _remedy(one.remedy)
    if database.index_plan and database.index_plan.refused:
        yield f"{'#' * (level + 1)} Indexes that were refused"
        refused = [(code(one.table), text(one.index), text(one.reason)) for one in database.index_plan.refused]
        yield table(["Table", "Index", "Why not"], refused, "lll")


def _tried(one: Recommendation) -> Iterator[str]:
    """What an index helps, what it takes, and what to look at."""
    lines = [
        f"- **Helps** {text(remedies.helped(helped))}\n{indent(block(helped.statement, 'sql'))}" for helped in one.helps
    ]
    if one.share is not None and one.share_alone is not None:
        lines.append(f"- **Saves** {one.share:.2%} of the workload beside the others, {one.share_alone:.2%} alone")
    if one.helps and (price := remedies.price(one)):
        lines.append(f"- **Takes** {text(price)}")
    if one.replaces:
        lines.append(f"- **Makes needless** {', '.join(map(code, one.replaces))}")
    if one.caution:
        lines.append(f"- **Mind** {text(one.caution)}")
    if lines:
        yield "\n".join(lines)


def plan(database: DatabaseReport, level: int) -> Iterator[str]:
    """The phases with the ranks and titles of their recommendations."""
    if not database.plan:
        yield "There is nothing to plan." if not database.recommendations else "No plan was made."
        return
    titles = {one.rank: one.title for one in database.recommendations}
    for phase in database.plan:
        yield f"{'#' * (level + 1)} Phase {phase.number}: {text(phase.title)}"
        ranks = phase.recommendations
        yield "\n".join(f"- {rank}: {text(titles.get(rank, ''))}" for rank in ranks[:RECOMMENDATIONS])
        if len(ranks) > RECOMMENDATIONS:
            yield words.more(len(ranks) - RECOMMENDATIONS)


def scorecard(database: DatabaseReport) -> Iterator[str]:
    """Each criterion with its target and what was measured, or why it was not."""
    if not database.scorecard:
        yield "No target is set."
        return
    rows = [
        (
            text(line.criterion),
            text(line.target),
            text(line.measured),
            line.state + (f": {text(line.why)}" if line.why else ""),
        )
        for line in database.scorecard
    ]
    yield table(["Criterion", "Target", "Measured", "State"], rows, "llll")


def unexamined(database: DatabaseReport) -> Iterator[str]:
    """What was not examined, each reason once; the checks for other servers are all named."""
    gaps = outline.gaps(outline.unexamined(database))
    if not gaps:
        yield "Everything that this audit looks at was examined."
        return
    rows = [
        (_names(gap.what, len(gap.what) if gap.other_vendors else SKIPPED), text(gap.reason)) for gap in gaps[:LISTED]
    ]
    yield table(["What", "Why"], rows, "ll")
    if len(gaps) > LISTED:
        yield words.more(len(gaps) - LISTED)


def _title(group: outline.Group, rule: Rule | None) -> str:
    name = f"{text(rule.title)}: {code(group.check)}" if rule else code(group.check)
    return f"{name}, {words.count(len(group.findings), 'finding')}"


def _cause(sentence: str, members: tuple[Finding, ...], level: int, *, own: bool) -> Iterator[str]:
    """Findings that share a cause under its sentence, or each by itself where they share nothing.

    Only those in the project's own code come with their remedies.
    """
    detailed = DETAILED if own and not sentence else 0
    for finding in members[:detailed]:
        yield from _finding(finding, level)
    if sentence:
        yield f"{'#' * level} {text(sentence)} ({len(members):,})"
    yield from _list(members[detailed:])
    if sentence and own:
        if len(members) > 1:
            yield "For the first of them:"
        yield from _remedy(members[0].remedy)


def _finding(finding: Finding, level: int) -> Iterator[str]:
    yield f"{'#' * level} {text(finding.subject)}"
    yield text(finding.detail)
    yield "\n".join(_facts(finding))
    yield from _remedy(finding.remedy)


def _facts(finding: Finding) -> Iterator[str]:
    category = ", about operations" if finding.category == "operations" else ""
    known = f", {outline.known_or_new(finding)}" if finding.new is not None else ""
    yield f"- **Severity**: {finding.severity}, {finding.confidence} confidence{category}{known}"
    where = [code(one) for one in (_place(finding), finding.model, finding.table) if one]
    if where:
        yield f"- **Where**: {', '.join(where)}"
    for evidence in finding.evidence:
        yield from _evidence(evidence)
    yield f"- **Key**: {code(finding.key)}"


def _evidence(evidence: Evidence) -> Iterator[str]:
    source = f" (from {text(evidence.source)})" if evidence.source else ""
    yield f"- **Evidence**: {text(evidence.what)}: {text(words.measure(evidence.value, evidence.unit))}{source}"
    if evidence.sql:
        yield indent(block(evidence.sql, "sql"))


def _remedy(remedy: Remedy) -> Iterator[str]:
    if remedy.failed:
        yield f"**No remedy**: {text(remedies.verification(remedy))}"
        return
    yield f"**Remedy**: {text(remedies.action(remedy.action))}. {text(remedies.verification(remedy))}"
    if isinstance(remedy.action, ChangeQuery) and remedy.action.before and remedy.action.after:
        yield block(remedy.action.before, "python")
        yield "becomes"
        yield block(remedy.action.after, "python")
    if remedy.orm:
        yield block(remedy.orm, "python") if remedies.is_code(remedy.orm) else text(remedy.orm)
    if remedy.migration:
        yield "As a migration:"
        yield block(remedy.migration, "python")
    if remedy.conflicts:
        yield "First find the rows that would make it fail:"
        yield block(remedy.conflicts, "sql")
    if remedy.sql:
        yield block(remedy.sql, "sql")
    if remedy.undo_sql:
        yield "To undo it:"
        yield block(remedy.undo_sql, "sql")


def _list(rest: tuple[Finding, ...]) -> Iterator[str]:
    """Findings in a line each."""
    if not rest:
        return
    rows = [
        (text(finding.subject), code(finding.table), code(_place(finding)), finding.severity, finding.confidence)
        for finding in rest[:LISTED]
    ]
    yield table(["What", "Table", "Where", "Severity", "Confidence"], rows, "lllll")
    if len(rest) > LISTED:
        yield words.more(len(rest) - LISTED)


def _place(finding: Finding) -> str:
    return f"{finding.location.file}:{finding.location.line}" if finding.location else ""


def _ranked(every: Iterable[Recommendation]) -> list[Recommendation]:
    return sorted(every, key=lambda one: one.rank)


def _gain(gain: Gain | None) -> str:
    if gain is None:
        return "not measured"
    return text(f"{remedies.change(gain.before, gain.after, gain.unit)}, {gain.source}")


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return ""
    parts = []
    if cost.bytes is not None:
        parts.append(f"frees {words.size(-cost.bytes)}" if cost.bytes < 0 else words.size(cost.bytes))
    if cost.writes_slowed:
        parts.append(f"slows {cost.writes_slowed}")
    return text(", ".join(parts))


def _names(names: tuple[str, ...], limit: int) -> str:
    return text(words.listing(names, limit))
