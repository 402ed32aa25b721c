"""Django's own `CaptureQueriesContext` around what is timed, without the values that its log would keep.

Django counts and times the statements of one connection, to the millisecond. The recorder beside it
(`dbaudit.workload.recording`) notes what an audit needs beyond that: who asked, the statements of other aliases,
threads and tasks, the rows that were fetched, microseconds, and more than the 9,000 statements that Django keeps.
"""

from __future__ import annotations

from types import TracebackType

from django.test.utils import CaptureQueriesContext

_OF_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Captured(CaptureQueriesContext):
    """Counts the statements of a block in ``statements``, without those that only begin and end transactions.

    Django's log has the parameters within the text, so what the block added is taken out of it again.
    """

    statements = 0

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the block: count, and forget the texts."""
        super().__exit__(exc_type, exc_value, traceback)
        log = self.connection.queries_log
        while len(log) > self.initial_queries:
            entry = log.pop()
            self.statements += not str(entry["sql"]).upper().startswith(_OF_TRANSACTIONS)
