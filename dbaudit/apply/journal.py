"""What runs did, one JSON object a line, on disk before and after every step.

The catalogue is the truth: the journal says what was wanted, begun and done, and whoever reads it asks the database
what stands. It holds names and definitions of indexes and the lines of models that a run replaced, no values of rows
and no credentials.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from dbaudit.apply.edited import Edited
from dbaudit.apply.steps import Done, Outcome, Plan, Step
from dbaudit.errors import AuditError

NAME: Final = "dbaudit-journal.jsonl"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A step of a run as the journal tells it. ``begun`` counts how often it was begun, ``before`` says whether an
    index of its name stood at first; ``outcome`` is empty where its end was never written."""

    step: Step
    begun: int = 0
    before: bool = False
    outcome: Outcome | Literal[""] = ""
    index: str = ""
    definition: str = ""
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: ``database`` is its alias, ``place`` the database's own name. ``migrations`` says that models and
    migrations were to be brought level, ``into`` names the application for those of other packages; ``batches`` are
    the files that it wrote, those of one time together. ``finished`` says that it came to its end, ``undone`` that it
    was taken back."""

    id: str
    database: str
    place: str
    at: str
    records: tuple[Record, ...] = ()
    migrations: bool = False
    into: str = ""
    batches: tuple[tuple[Edited, ...], ...] = ()
    finished: bool = False
    undone: bool = False

    @property
    def pending(self) -> tuple[Step, ...]:
        """The steps whose success was not written."""
        return tuple(one.step for one in self.records if one.outcome in ("", "failed"))

    @property
    def files(self) -> tuple[Edited, ...]:
        """All files that it wrote, in order."""
        return tuple(one for batch in self.batches for one in batch)

    @property
    def done(self) -> tuple[Done, ...]:
        """What came of the steps that succeeded and were not taken back."""
        return tuple(
            Done(step=one.step, outcome=one.outcome, index=one.index, definition=one.definition)
            for one in self.records
            if one.outcome and one.outcome != "failed" and not one.undone
        )


@dataclass
class Journal:
    """A journal file; it need not exist. ``run`` is the id of the run that lines are written for."""

    path: Path
    run: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")

    def started(self, plan: Plan, place: str, *, migrations: bool = False, into: str = "") -> None:
        """The run begins, with all its steps."""
        steps = [one.as_data() for one in plan.steps]
        self._write(
            event="run started", database=plan.alias, place=place, steps=steps, migrations=migrations, into=into
        )

    def resumed(self) -> None:
        """The run goes on."""
        self._write(event="run resumed")

    def finished(self) -> None:
        """The run came to its end."""
        self._write(event="run finished")

    def begin(self, step: Step, *, before: bool) -> None:
        """A step is about to run; ``before``: an index of its name stands already."""
        self._write(event="step started", step=step.number, sql=step.sql, before=before)

    def end(self, done: Done) -> None:
        """A step came to an end, good or bad."""
        self._write(
            event="step ended",
            step=done.step.number,
            outcome=done.outcome,
            index=done.index,
            definition=done.definition,
            reason=done.reason,
        )

    def writing(self, files: Iterable[Edited]) -> None:
        """These files are about to be written."""
        self._write(event="files written", files=[one.as_data() for one in files])

    def files_undone(self) -> None:
        """The files are as they were before the run."""
        self._write(event="files undone")

    def undoing(self, step: Step) -> None:
        """A step is about to be taken back."""
        self._write(event="undo started", step=step.number)

    def undone(self, step: Step) -> None:
        """A step was taken back, or had left nothing."""
        self._write(event="undo ended", step=step.number)

    def run_undone(self) -> None:
        """All that the run did was taken back."""
        self._write(event="run undone")

    def runs(self) -> tuple[Run, ...]:
        """The runs in the order in which they began.

        A last line that was cut off when the machine stopped is left out: its step is one whose end was not written.

        Raises:
            AuditError: the file cannot be read or is no journal.
        """
        found: dict[str, Run] = {}
        for row in self._rows():
            try:
                _tell(found, row)
            except (KeyError, TypeError) as error:
                raise AuditError(f"{str(self.path)!r} is not a journal of apply-indexes.") from error
        return tuple(found.values())

    def writable(self) -> None:
        """Raise `AuditError` where no line can be written."""
        try:
            with self.path.open("ab"):
                pass
        except OSError as error:
            raise AuditError(
                f"Cannot write the journal {str(self.path)!r}: {error.strerror}; name another place by --journal."
            ) from error

    def _rows(self) -> Iterator[Row]:
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise AuditError(f"Cannot read the journal {str(self.path)!r}: {error.strerror}.") from error
        rows = [row for row in map(_parsed, filter(bytes.strip, lines)) if row is not None]
        if not all("run" in row and "event" in row for row in rows) or (any(map(bytes.strip, lines)) and not rows):
            raise AuditError(f"{str(self.path)!r} is not a journal of apply-indexes.")
        yield from rows

    def _write(self, **row: Any) -> None:
        """One line, whole and on disk when this returns."""
        row = {"run": self.run, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **row}
        line = json.dumps(row, ensure_ascii=True).encode() + b"\n"
        try:
            self._append(line)
        except OSError as error:
            raise AuditError(f"Cannot write the journal {str(self.path)!r}: {error.strerror}.") from error

    def _append(self, line: bytes) -> None:
        new = not self.path.exists()
        with self.path.open("ab+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if new:
            _sync_directory(self.path.parent)


def _tell(found: dict[str, Run], row: Row) -> None:
    """Take one line into the runs that are known so far."""
    event, run = row["event"], row["run"]
    if event == "run started":
        records = tuple(Record(step=Step.from_data(one)) for one in row["steps"])
        told = {name: row[name] for name in ("migrations", "into") if name in row}
        found[run] = Run(id=run, database=row["database"], place=row["place"], at=row["at"], records=records, **told)
        return
    known = found[run]
    if event == "files written":
        known = replace(known, batches=(*known.batches, tuple(map(Edited.from_data, row["files"]))))
    elif event == "files undone":
        known = replace(known, batches=())
    if "step" in row:
        records = tuple(_told(one, row) if one.step.number == row["step"] else one for one in known.records)
        known = replace(known, records=records)
    found[run] = replace(
        known,
        finished=event == "run finished" or (known.finished and event != "run resumed"),
        undone=known.undone or event == "run undone",
    )


def _told(record: Record, row: Row) -> Record:
    match row["event"]:
        case "step started":
            # On a second attempt the index may stand because the first one built it.
            before = record.before if record.begun else row["before"]
            return replace(record, begun=record.begun + 1, before=before, undone=False)
        case "step ended":
            if record.outcome in ("built", "dropped") and row["outcome"] in ("present", "absent"):
                return record  # it was this run that did it, before it was killed and went on
            meant: dict[tuple[str, bool], str] = {("present", False): "built", ("absent", True): "dropped"}
            outcome = row["outcome"]
            if record.begun > 1 and record.outcome == "":
                outcome = meant.get((outcome, record.before), outcome)  # killed after the work, before the line
            return replace(record, outcome=outcome, index=row["index"], definition=row["definition"])
        case "undo ended":
            return replace(record, undone=True)
        case _:
            return record


def _parsed(line: bytes) -> Row | None:
    """The object on a line; None for one that was torn when the machine stopped (what came after stands on its own)."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else {}


def _sync_directory(folder: Path) -> None:
    """Let a new file's name be on disk, too, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
