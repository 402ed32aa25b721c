"""A comparison as text for a terminal, and as Markdown for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dbaudit.diff.changes import DAY, DatabaseDifference, Difference, Runway, slower
from dbaudit.diff.past import PastFinding, PastQuery, PastTable
from dbaudit.report import markup, words

#: A comment on GitHub holds so many characters. Lists are cut at the first of these lengths that fits.
COMMENT = 65_000
LENGTHS = (25, 10, 5, 2)
LONGEST = 160

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class _Block:
    """A part of the story: a title with rows under heads; ``columns`` is empty where the rows are sentences."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def markdown(difference: Difference) -> str:
    """The comparison as Markdown, short enough for a comment."""
    for length in LENGTHS:
        drawn = "\n\n".join(_markdown(difference, length)) + "\n"
        if len(drawn) <= COMMENT:
            break
    return drawn


def text(difference: Difference) -> str:
    """The comparison for a terminal."""
    return "\n".join(_text(difference, LENGTHS[0])) + "\n"


#: What draws each format, by its name on the command line.
FORMATS: dict[str, Callable[[Difference], str]] = {"text": text, "markdown": markdown}


def _markdown(difference: Difference, length: int) -> Iterator[str]:
    yield "## Database audit: what changed"
    yield markup.text(_span(difference))
    for database in difference.databases:
        if len(difference.databases) > 1:
            yield f"### Database {markup.code(database.alias)}"
        yield f"**{markup.text(_verdict(database))}**"
        for block in _blocks(database):
            yield f"#### {block.title} ({len(block.rows):,})"
            rows = block.rows[:length]
            if block.columns:
                cells = [[markup.text(_short(cell)) for cell in row] for row in rows]
                yield markup.table(block.columns, cells, "l" + "r" * (len(block.columns) - 1))
            else:
                yield "\n".join(f"- {' '.join(_mark(cell, n) for n, cell in enumerate(row) if cell)}" for row in rows)
            if len(block.rows) > length:
                yield f"… and {len(block.rows) - length:,} more."
    yield from map(markup.text, _alone(difference))


def _mark(cell: str, number: int) -> str:
    return markup.text(_short(cell)) if number == 0 else markup.code(_short(cell))


def _text(difference: Difference, length: int) -> Iterator[str]:
    yield words.printable(_span(difference))
    for database in difference.databases:
        yield ""
        yield words.printable(f"Database {database.alias}: {_verdict(database)}")
        for block in _blocks(database):
            yield ""
            yield f"{block.title} ({len(block.rows):,})"
            rows = [[words.printable(_short(cell)) for cell in row] for row in block.rows[:length]]
            if block.columns:
                yield from _aligned([block.columns, *rows])
            else:
                yield from (f"  - {'  '.join(filter(None, row))}" for row in rows)
            if len(block.rows) > length:
                yield f"  … and {len(block.rows) - length:,} more."
    for line in _alone(difference):
        yield ""
        yield words.printable(line)


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    """Rows as columns, the first to the left and figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield f"  {'  '.join(cells)}".rstrip()


def _short(cell: str) -> str:
    return cell if len(cell) <= LONGEST else f"{cell[: LONGEST - 1]}…"


def _span(difference: Difference) -> str:
    days = difference.elapsed / DAY
    between = f"{words.number(round(days, 1))} days" if abs(days) >= 1 else _clock(difference.elapsed)
    return f"From {difference.old.file} to {difference.new.file}, {between} later."


def _clock(elapsed: timedelta) -> str:
    return f"{words.number(round(elapsed.total_seconds() / 60, 1))} minutes"


def _alone(difference: Difference) -> Iterator[str]:
    for file, aliases in ((difference.old.file, difference.only_old), (difference.new.file, difference.only_new)):
        if aliases:
            yield f"Only {file} has {', '.join(aliases)}; there is nothing to compare."


def _verdict(database: DatabaseDifference) -> str:
    if not database.changed:
        return "No difference."
    found = (
        (len(database.new), "new"),
        (len(database.fixed), "fixed"),
        (len(database.worse), "worse"),
        (len(database.better), "better"),
    )
    return f"Findings: {', '.join(f'{count:,} {what}' for count, what in found)}."


def _blocks(database: DatabaseDifference) -> Iterator[_Block]:
    """The parts that have something to tell, the most urgent first."""
    return (block for block in _all_blocks(database) if block.rows)


def _all_blocks(database: DatabaseDifference) -> Iterator[_Block]:
    lists = (
        ("New findings", database.new),
        ("Found by checks or queries that did not look before", database.first_seen),
    )
    for title, findings in lists:
        yield _Block(title, (), tuple(map(_told, findings)))
    for title, pairs in (("Worse", database.worse), ("Better", database.better)):
        yield _Block(title, (), tuple(_turned(was, now) for was, now in pairs))
    yield _Block("Fixed", (), tuple(map(_told, database.fixed)))
    yield _Block("Suppressed since", (), tuple(map(_told, database.silenced)))
    yield _Block("Not looked for again, so not known to be fixed", (), tuple(map(_told, database.unseen)))
    slow = [pair for pair in database.queries if _worse(*pair)]
    fast = [pair for pair in database.queries if not _worse(*pair)]
    columns = ("Query", "Median", "Queries", "Rows")
    yield _Block("Queries that take more", columns, tuple(_query(*pair) for pair in slow))
    yield _Block("Queries that take less", columns, tuple(_query(*pair) for pair in fast))
    yield _Block("Tables", ("Table", "Records", "Size with indexes"), tuple(_table(*pair) for pair in database.tables))
    runways = ("Key", "Days left", "Numbers left", "Used a day")
    yield _Block("Integer runway", runways, tuple(map(_runway, database.runways)))


def _told(finding: PastFinding) -> Row:
    return (f"{finding.severity}: {finding.subject}", finding.place, finding.key)


def _turned(was: PastFinding, now: PastFinding) -> Row:
    return (f"{was.severity} → {now.severity}: {now.subject}", now.place, now.key)


def _worse(was: PastQuery, now: PastQuery) -> bool:
    """Whether a query asks more; where it asks as much, whether it takes longer or returns more."""
    if was.queries is not None and now.queries is not None and was.queries != now.queries:
        return now.queries > was.queries
    return slower(was, now) or (not slower(now, was) and (now.rows or 0) > (was.rows or 0))


def _query(was: PastQuery, now: PastQuery) -> Row:
    return (
        now.label,
        _turn(words.milliseconds(was.median_ms), words.milliseconds(now.median_ms)),
        _turn(_figure(was.queries), _figure(now.queries)),
        _turn(_figure(was.rows), _figure(now.rows)),
    )


def _table(was: PastTable | None, now: PastTable | None) -> Row:
    if was is None or now is None:
        one, what = (now, "new") if was is None else (was, "gone")
        return (f"{one.label if one else ''} ({what})", _records(one), words.size(one.bytes if one else None))
    return (
        now.label,
        _turn(_records(was), _records(now), _change(was.rows, now.rows)),
        _turn(words.size(was.bytes), words.size(now.bytes), _grown(was.bytes, now.bytes)),
    )


def _runway(runway: Runway) -> Row:
    return (runway.label, f"{runway.days:,}", f"{runway.left:,}", words.number(round(runway.per_day, 1)))


def _records(table: PastTable | None) -> str:
    if table is None or table.rows is None:
        return "not counted"
    return f"about {table.rows:,}" if table.estimated else f"{table.rows:,}"


def _figure(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _change(was: int | None, now: int | None) -> str:
    return "" if was is None or now is None else f"{now - was:+,}"


def _grown(was: int | None, now: int | None) -> str:
    if was is None or now is None:
        return ""
    return f"{'-' if now < was else '+'}{words.size(abs(now - was))}"


def _turn(was: str, now: str, change: str = "") -> str:
    """``1 → 2``, or the one figure where it stayed."""
    if was == now:
        return now
    return f"{was or 'not seen'} → {now or 'not seen'}{f' ({change})' if change else ''}"
