"""Advisors against each other on one workload, at several budgets; and what becomes of it when indexes are built."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from judging.extend import Choice
from judging.judge import Judge, Judgement

MIB = 2**20
METHOD = (
    "Relative cost is the planner's for the whole workload, with ÷ without, by HypoPG and with the indexes really"
    " built. Budgets and sizes are shares of the heap."
)

#: An advisor's name, and what it chooses for a budget in bytes.
Advisors = dict[str, Callable[[int | None], Choice]]

#: An advisor and its budget as a share of the heap.
Place = tuple[str, float | None]


@dataclass(frozen=True)
class Row:
    """What an advisor chose at one share of the heap (None: as much as it likes), and how that was judged."""

    advisor: str
    share: float | None
    choice: Choice
    planned: Judgement
    before: Judgement

    @property
    def relative(self) -> float:
        """Planned cost with ÷ without."""
        return self.planned.cost / self.before.cost


@dataclass(frozen=True)
class Built:
    """A row's indexes, really built: the workload planned, and where wanted executed, without and with them."""

    row: Row
    before: Judgement
    after: Judgement

    @property
    def relative(self) -> float:
        """Planned cost with ÷ without."""
        return self.after.cost / self.before.cost


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is tried: ``shares`` of the heap as budgets (None: unlimited), which are really built if ``built``, and
    ``executed`` those at which each statement runs ``repeat`` times. ``beside`` is Markdown under the table; ``ours``
    the advisor whose indexes are told one by one."""

    title: str
    program: str
    ours: str
    intro: str
    beside: str
    shares: tuple[float | None, ...]
    executed: tuple[float, ...]
    repeat: int
    output: Path
    built: bool = True


def run(plan: Plan, judge: Judge, advisors: Advisors, experts: Mapping[str, Judgement]) -> None:
    """Try, build, execute; write the page as results come and print it in the end."""
    heap = judge.heap()
    lines = [
        f"# {plan.title}",
        "",
        f"Written by `benchmarks/advisor/{plan.program}`; the method is in [the README](../../README.md).",
        "",
        plan.intro,
        METHOD,
        "",
    ]
    rows: list[Row] = []
    found: dict[Place, Built] = {}
    for row in compare(judge, advisors, plan.shares):
        told = f"{row.relative:.3f} in {row.choice.seconds:.1f} s"
        print(f"{row.advisor}, budget {budget(row.share)}: {told}", file=sys.stderr)
        rows.append(row)
        plan.output.write_text("\n".join([*lines, *table(rows, found, heap), plan.beside]))
    for row in rows:
        if plan.built and row.share is not None:  # without a budget it may be several times the tables
            one = build(judge, row, plan.repeat if row.share in plan.executed else 0)
            print(f"{row.advisor}, budget {budget(row.share)}, really built: {one.relative:.3f}", file=sys.stderr)
            found[row.advisor, row.share] = one
            plan.output.write_text("\n".join([*lines, *table(rows, found, heap), plan.beside]))
    lines += [*table(rows, found, heap), plan.beside]
    if executed := [one for one in found.values() if one.after.milliseconds]:
        lines += [f"## Executed, with and without in turns, the fastest of {plan.repeat}", ""]
        lines += executed_table(executed)
        for one in executed:
            if one.row.advisor == plan.ours:
                lines += [f"## {one.row.advisor} at {budget(one.row.share)}", ""]
                lines += [*statements_table(one, experts), *sizes_table(one)]
    text = "\n".join(lines)
    print(text)
    plan.output.write_text(text)


def compare(judge: Judge, advisors: Advisors, shares: Iterable[float | None]) -> Iterator[Row]:
    """Every advisor at every budget."""
    heap, before = judge.heap(), judge.planned([])
    for share in shares:
        for name, choose in advisors.items():
            choice = choose(None if share is None else int(share * heap))
            yield Row(name, share, choice, judge.planned(choice.sizes), before)


def build(judge: Judge, row: Row, repeat: int) -> Built:
    """Build a row's indexes and plan the workload, and execute it so many times."""
    return Built(row, *judge.built(row.choice.sizes, repeat=repeat))


def experts(judge: Judge, file: Path) -> dict[str, Judgement]:
    """By statement: the workload with the indexes that the file lists for it, for it alone.

    The file has one definition a line under a ``-- name`` line; its first line is a comment.
    """
    found: dict[str, list[str]] = {}
    for line in file.read_text().splitlines()[1:]:
        if line.startswith("-- "):
            lines = found.setdefault(line.removeprefix("-- "), [])
        else:
            lines.append(line)
    names = {one.name for one in judge.statements}
    return {name: judge.planned(definitions) for name, definitions in found.items() if name in names}


# -- the page -------------------------------------------------------------------------------------------------------


def table(rows: Iterable[Row], found: Mapping[Place, Built], heap: int) -> Iterator[str]:
    """Budgets and advisors: as planned with HypoPG and with the real indexes, and the sizes that each says."""
    yield (
        "| budget | advisor | relative cost, HypoPG | really built | indexes | size, its own model | HypoPG | real"
        " | time | planner calls |"
    )
    yield "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        one = found.get((row.advisor, row.share))
        cells = (
            budget(row.share),
            row.advisor,
            f"{row.relative:.3f}",
            f"{one.relative:.3f}" if one else "",
            f"{len(row.choice.sizes)}",
            f"{row.choice.size / heap:.2f}",
            f"{row.planned.size / heap:.2f}",
            f"{one.after.size / heap:.2f}" if one else "",
            f"{row.choice.seconds:.1f} s",
            f"{row.choice.calls:,}",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def executed_table(found: Sequence[Built]) -> Iterator[str]:
    """The clock."""
    yield "| budget | advisor | before | after | relative |"
    yield "|---:|---|---:|---:|---:|"
    for one in found:
        first, then = one.before.time, one.after.time
        times = f"{first / 1000:.2f} s | {then / 1000:.2f} s | {then / first:.3f}"
        yield f"| {budget(one.row.share)} | {one.row.advisor} | {times} |"
    yield ""


def sizes_table(one: Built) -> Iterator[str]:
    """Each index: what its advisor thought that it takes, and what it takes."""
    yield "| index | its model | HypoPG | real | model ÷ real |"
    yield "|---|---:|---:|---:|---:|"
    for definition, real in one.after.sizes.items():
        own, hypothetical = one.row.choice.sizes[definition], one.row.planned.sizes.get(definition)
        told = "none" if hypothetical is None else f"{hypothetical / MIB:.1f} MiB"
        cells = (short(definition), f"{own / MIB:.1f} MiB", told, f"{real / MIB:.1f} MiB", f"{own / real:.2f}")
        yield f"| {' | '.join(cells)} |"
    yield ""


def statements_table(one: Built, experts: Mapping[str, Judgement]) -> Iterator[str]:
    """Each statement: planned and executed, and what an expert's indexes for it alone would give."""
    yield (
        "| statement | cost before | planned with | of it | of it, real indexes | ms before | ms after | of it"
        " | an expert's, alone | uses |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|"
    for name, before in one.row.before.costs.items():
        after, first, then = one.row.planned.costs[name], one.before.milliseconds[name], one.after.milliseconds[name]
        expert = f"{experts[name].costs[name] / before:.2f}" if name in experts else ""
        used = "; ".join(sorted(short(text) for text in one.row.planned.used[name] if text in one.row.choice.sizes))
        cells = (
            name,
            f"{before:,.0f}",
            f"{after:,.0f}",
            f"{after / before:.2f}",
            f"{one.after.costs[name] / one.before.costs[name]:.2f}",
            f"{first:,.1f}",
            f"{then:,.1f}",
            f"{then / first:.2f}",
            expert,
            used,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def budget(share: float | None) -> str:
    """A share of the heap in words."""
    return "unlimited" if share is None else f"{share:g}"


def short(definition: str) -> str:
    """A definition without what all of them share."""
    return "`" + definition.removeprefix("CREATE INDEX ON ").replace('"', "").replace(" USING btree", "") + "`"
