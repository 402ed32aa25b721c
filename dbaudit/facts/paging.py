"""What a list view says of its pages, where it has none or lets the client choose how large they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbaudit.facts.ownership import Location

PagingSetting = Literal[
    "pagination_class",
    "PAGE_SIZE",
    "page_size",
    "default_limit",
    "max_page_size",
    "max_limit",
    "paginate_by",
    "list_per_page",
    "list_max_show_all",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """The setting that leaves a list without a bound, as it was read from its view.

    ``of`` is the class that has the ``setting`` (or should have it), ``value`` the number of rows that it allows, None
    where it is not set. ``table`` is the table that is listed. Where a request may choose the size of a page, ``asked``
    is the query string that did, for ``asked_rows`` rows, and ``rows`` is how many of the table came back. A page has
    ``page_rows`` where nobody chooses.
    """

    setting: PagingSetting
    of: str
    table: str
    value: int | None = None
    location: Location | None = None
    asked: str = ""
    asked_rows: int = 0
    page_rows: int | None = None
    rows: int = 0
