"""What every kind of trial asks of a place where statements may be carried out without harm."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.facts import Snapshot, Table


class RefusedError(Exception):
    """The database does not take a statement; the text is the reason, in one sentence."""


class UntriedError(Exception):
    """Nothing could be tried; the text is the reason, in one sentence."""


class Bench(Protocol):
    """Empty copies of tables, on which statements are carried out and taken back."""

    connection: BaseDatabaseWrapper
    snapshot: Snapshot
    #: What is done here, as the beginning of a sentence: "Executed on an empty copy of the table".
    how: str

    def apart(self) -> AbstractContextManager[None]:
        """A block whose changes are taken back at its end.

        Raises:
            UntriedError: the place is lost, or cannot be made.
        """

    def stand(self, table: Table, *, alone: bool = True) -> None:
        """See that there is an empty copy of the table, with its keys towards other tables unless ``alone``.

        Raises:
            UntriedError: none can be made.
        """

    def execute(self, statement: str) -> None:
        """Carry out one statement as it is printed, on the copies of the tables that it names.

        Raises:
            RefusedError: the database does not take it.
            UntriedError: it is none of those that can be carried out on a copy.
        """

    def definition(self, table: Table, name: str) -> object:
        """What the database says of the index of that name on the copy, to be compared; None where there is none."""

    def ask(self, sql: str, values: Iterable[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a question to the audited database, within its time limits; None for none.

        Raises:
            UntriedError: it was not answered.
        """
