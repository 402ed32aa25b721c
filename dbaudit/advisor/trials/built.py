"""Real indexes on copies of tables: each built once, and taken from the planner's sight for as long as it is unwanted.

An index is hidden by dropping it behind a savepoint, which takes less than a tenth of a millisecond, where building it
takes ten or a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError

from dbaudit.advisor.candidate import Candidate, UnplannableError
from dbaudit.advisor.sizes import PAGE, index_bytes
from dbaudit.advisor.trials import inverted
from dbaudit.advisor.trials.copies import Copies
from dbaudit.advisor.trials.definition import create_index
from dbaudit.advisor.trials.explain import refusal
from dbaudit.advisor.trials.keys import is_guessed, keys
from dbaudit.connection.errors import sqlstate
from dbaudit.connection.rollback import attempt

#: So many at a time there may always be.
LEAST = 20
_MEASURES = """
SELECT pg_catalog.pg_relation_size(c.oid), greatest(c.reltuples, 0), greatest(t.reltuples, 1)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid WHERE c.oid = %s::regclass
"""
_REASONS = {
    "42P17": "The server allows no index on it: what it computes depends on settings, such as the search configuration "
    "that to_tsvector is not given (SearchVector(..., config=...)).",
    "57014": "Building it on a copy took longer than the statement timeout.",
    "54000": "Some rows of a copy are too large for such an index.",
}


class Built:
    """The candidates that are built. To be used inside of the transaction of the copies, while the real tables are in
    front. ``builds`` counts them, ``clearings`` how often all of them were let go to make room."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies
        self._connection = copies.connection
        self._dialect = copies.snapshot.dialect
        self._names: dict[Candidate, str] = {}
        self._refused: dict[Candidate, str] = {}
        self._sizes: dict[Candidate, int] = {}
        self._trigrams = inverted.trigrams(self._connection)
        self._most = max(LEAST, copies.locks)
        self._copied: frozenset[str] | None = None
        self.clearings = self.builds = 0

    def build(self, wanted: Iterable[Candidate]) -> list[Candidate]:
        """Build those that are not there yet; gives those that are then, in a fixed order."""
        asked = sorted(one for one in wanted if one not in self._refused)
        missing = [one for one in asked if one not in self._names and self._possible(one)]
        self._mark()
        if len(self._names) + len(missing) > self._most:
            self._clear()
            missing = [one for one in asked if self._possible(one)][: self._most]
        if missing and not self._all(missing):
            missing = [one for one in asked if self._possible(one)][: self._most]
            for one in missing:
                self._one(one)
        tables = sorted({one.table for one in missing if any(key.expression for key in one.keys)})
        for table in tables:
            self._execute(f"ANALYZE pg_temp.{self._dialect.quote(table)}")
        return [one for one in asked if one in self._names]

    def size(self, candidate: Candidate) -> int:
        """Bytes that the index would take on the whole table.

        Raises:
            UnplannableError: the server refuses such an index, with the reason.
        """
        if candidate not in self._sizes:
            if not self.build([candidate]):
                raise UnplannableError(self._refused.get(candidate, "There was no room to try it."))
            try:
                with attempt(self._connection):
                    self._sizes[candidate] = self._measured(candidate)
            except (DatabaseError, InterfaceError) as error:
                raise refusal(self._connection, error) from error
        return self._sizes[candidate]

    def refusal(self, candidate: Candidate) -> str:
        """Why it could not be built, ``""`` where it could or was not wanted."""
        return self._refused.get(candidate, "")

    def named(self, names: Iterable[str]) -> frozenset[Candidate]:
        """Those of the candidates whose indexes are among these names."""
        seen = {*names}
        return frozenset(one for one, name in self._names.items() if name in seen)

    @contextmanager
    def alone(self, shown: Iterable[Candidate], sql: str) -> Iterator[None]:
        """A block in which of the candidates on tables that a statement names only these are there."""
        kept = {*shown}
        hidden = [self._quoted(one) for one in sorted(self._names) if one not in kept and one.table in sql]
        if not hidden:
            yield
            return
        self._execute("SAVEPOINT dbaudit_hidden", f"DROP INDEX {', '.join(hidden)}")
        try:
            yield
        finally:
            self._execute("ROLLBACK TO SAVEPOINT dbaudit_hidden", "RELEASE SAVEPOINT dbaudit_hidden")

    def _possible(self, candidate: Candidate) -> bool:
        table = self._copies.snapshot.table(candidate.table, candidate.schema)
        reason = "" if table else "Its table was not seen."
        if any(key.opclass.endswith("_trgm_ops") for key in candidate.keys):
            reason = reason or self._trigrams
        try:
            if table is not None and not reason:
                self._copies.factor(table)
        except UnplannableError as error:
            reason = str(error)
        if reason:
            self._refused[candidate] = reason
        return not reason

    def _all(self, missing: list[Candidate]) -> bool:
        """Build them; False where one of them fails, and then none is there, nor is any other.

        Without a savepoint of their own: a transaction with many of those that went well slows other sessions down.
        """
        try:
            with self._connection.cursor() as cursor:
                for one in missing:
                    cursor.execute(self._definition(one))
        except (DatabaseError, InterfaceError) as error:
            self._clear()
            found = refusal(self._connection, error)
            if isinstance(found, UnplannableError):
                return False
            raise found from error
        self._names |= {one: one.name for one in missing}
        self.builds += len(missing)
        return True

    def _one(self, candidate: Candidate) -> None:
        try:
            with attempt(self._connection), self._connection.cursor() as cursor:
                cursor.execute(self._definition(candidate))
        except (DatabaseError, InterfaceError) as error:
            found = refusal(self._connection, error)
            if not isinstance(found, UnplannableError):
                raise found from error
            state = sqlstate(error) or "unknown"
            self._refused[candidate] = _REASONS.get(state, f"The server refuses such an index (SQLSTATE {state}).")
        else:
            self._names[candidate] = candidate.name
            self.builds += 1

    def _definition(self, candidate: Candidate) -> str:
        table = f"pg_temp.{self._dialect.quote(candidate.table)}"
        return create_index(candidate, self._dialect, name=candidate.name, table=table)

    def _quoted(self, candidate: Candidate) -> str:
        return f"pg_temp.{self._dialect.quote(self._names[candidate])}"

    def _mark(self) -> None:
        """Remember the state without any of them, once: to go back to it gives all of their locks back."""
        if self._copied is None:
            self._copied = self._copies.made
            self._execute("SAVEPOINT dbaudit_built")

    def _clear(self) -> None:
        """Let all go, with the copies that were made since."""
        self._execute("ROLLBACK TO SAVEPOINT dbaudit_built")
        self._names.clear()
        self._copies.forget(self._copies.made - (self._copied or frozenset()))
        self.clearings += 1

    def _measured(self, candidate: Candidate) -> int:
        table = self._copies.snapshot.table(candidate.table, candidate.schema)
        assert table is not None  # what is built has one  # noqa: S101
        factor = self._copies.factor(table)
        with self._connection.cursor() as cursor:
            cursor.execute(_MEASURES, [self._quoted(candidate)])
            size, rows, all_rows = cursor.fetchone()
        # In a projection the indexes that there are have few rows: the model's sizes are the ones to compare.
        if candidate.method == "btree" and (factor != 1 or self._copies.grown):
            counted = keys(self._copies, candidate) if is_guessed(candidate) else None
            return index_bytes(candidate, self._copies.snapshot, min(1.0, rows / all_rows), counted)
        if factor == 1 or candidate.method == "brin":
            return int(size)
        power = inverted.growth(self._connection, self._dialect, candidate, size)
        return int((size - inverted.FIXED * PAGE) * factor**power + inverted.FIXED * PAGE)

    def _execute(self, *statements: str) -> None:
        try:
            with self._connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        except (DatabaseError, InterfaceError) as error:
            raise refusal(self._connection, error) from error
