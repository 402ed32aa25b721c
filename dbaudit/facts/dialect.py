"""How a backend spells identifiers, as a value that rooms without a connection can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Dialect:
    """The vendor and the characters around its quoted identifiers.

    Django's ``quote_name`` leaves a quote inside a name as it is, and a name that already stands in quotes alone: a
    table called ``a"b`` would end the identifier. Here the backend gives the characters and we double the closing
    one.
    """

    vendor: str
    opening: str = '"'
    closing: str = '"'

    @classmethod
    def of(cls, connection: BaseDatabaseWrapper) -> Dialect:
        """The dialect that a connection's backend speaks."""
        quoted = connection.ops.quote_name("x")
        return cls(connection.vendor, quoted[0], quoted[-1])

    def nulls_first(self, nulls: str, *, descending: bool) -> bool:
        """Whether NULL stands first in a key with this direction and ``IndexKey.nulls``. To PostgreSQL and Oracle NULL
        is greater than any value, to the others less."""
        greatest = self.vendor in ("postgresql", "oracle")
        return nulls == "first" if nulls else descending == greatest

    def quote(self, *names: str) -> str:
        """The identifiers, quoted and joined by points; empty ones (a schema that is the current one) are left out."""
        return ".".join(
            f"{self.opening}{name.replace(self.closing, self.closing * 2)}{self.closing}" for name in names if name
        )
