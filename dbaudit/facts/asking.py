"""Who asked: the attribute of which row, and on whose behalf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The kind of an ORM attribute that asks.
Asker = Literal[
    "", "forward", "reverse", "reverse one to one", "many to many", "generic", "deferred", "prefetch", "peers"
]
#: What runs apart from the code that is judged: it makes rows for a test, moves the schema, or fills a cache.
Apart = Literal["", "factory", "fixture", "migration", "cache"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingRow:
    """The instance whose attribute asked. ``number`` tells the rows of a run apart.

    ``loaded_by`` is the number of the statement of whose rows it was made: negative for one before the recording, 0
    where the code made the instance itself, None where that is not known. ``path`` leads to it from the rows of that
    statement, where it was joined to them (``book__author``). ``alone`` is a prefetch for this row by itself.
    """

    number: int
    loaded_by: int | None = None
    path: str = ""
    alone: bool = False
