"""How far sequences have come.

Read from the sequences themselves, as one reads a table: ``pg_sequence_last_value()``, and the views over it, would
take ROW EXCLUSIVE on each and keep it until the transaction ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.rows.asking import Question, ask
from dbaudit.facts import Sequence, Skipped, Snapshot
from dbaudit.facts.dialect import Dialect

NOTHING: Final = (None, None)


def read(connection: BaseDatabaseWrapper, snapshot: Snapshot) -> tuple[Snapshot, tuple[Skipped, ...]]:
    """The snapshot with the last value of each sequence that was used, and what could not be read, with the reason."""
    quote = Dialect.of(connection).quote
    questions = [
        Question(number, (), f"SELECT {_position(one)} FROM {quote(one.schema, one.name)}")
        for number, one in enumerate(snapshot.sequences)
        if one.readable
    ]
    answers, unanswered = ask(connection, questions)
    failed = {one.question.key: one.reason for one in unanswered}
    sequences = tuple(
        replace(
            one,
            last_value=answers.get(number, NOTHING)[0],
            position=answers.get(number, NOTHING)[1],
            readable=one.readable and number not in failed,
        )
        for number, one in enumerate(snapshot.sequences)
    )
    skipped = tuple(
        Skipped(f"position of {one.name}", failed[number])
        for number, one in enumerate(snapshot.sequences)
        if number in failed
    )
    return replace(snapshot, sequences=sequences), skipped


def _position(sequence: Sequence) -> str:
    """The number that was given last, NULL for none; and the one before that which comes next: another one where the
    sequence was set anew and not used since (``RESTART``), NULL for one that begins at its beginning."""
    before = f"last_value - {sequence.increment}"
    within = f"{before} >= {sequence.minimum}" if sequence.increment > 0 else f"{before} <= {sequence.maximum}"
    last = "CASE WHEN is_called THEN last_value END"
    return f"ARRAY[{last}, CASE WHEN is_called THEN last_value WHEN {within} THEN {before} END]"
