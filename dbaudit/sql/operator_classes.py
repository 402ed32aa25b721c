"""Which access methods and operator classes of PostgreSQL answer which operators of which types.

``@>`` is one operator of JSON, another of arrays and another of ranges: the column's type says which index answers it.
Sources: the manual's tables of `GiST <https://www.postgresql.org/docs/current/gist.html>`_, `SP-GiST
<https://www.postgresql.org/docs/current/spgist.html>`_ and `GIN <https://www.postgresql.org/docs/current/gin.html>`_,
and the pages of the extensions. A test holds `CLASSES` against ``pg_opclass`` and ``pg_amop`` of a server. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dbaudit.sql.types import Family, base, family


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorClass:
    """An operator class of an access method: ``column operator value`` is answered for these families (or the types
    in ``types``, where not the whole family has it). ``derived`` are operators of which the planner makes a range of
    this class, if the pattern has a fixed beginning. ``default`` says that it need not be named, ``extension`` what
    must be installed."""

    method: str
    name: str
    families: tuple[Family, ...]
    operators: tuple[str, ...]
    derived: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    default: bool = False
    extension: str = ""

    def takes(self, type_text: str) -> bool:
        """Whether it is for columns of this type."""
        return base(type_text) in self.types if self.types else family(type_text) in self.families


_RANGE_OPERATORS: Final = ("@>", "<@", "&&", "<<", ">>", "&<", "&>", "-|-", "=")
_NETWORK_OPERATORS: Final = ("&&", "<<", "<<=", ">>", ">>=", "=", "<>", "<", "<=", ">", ">=")
_PATTERNS: Final = ("~~", "~~*", "~", "~*", "%")
#: What is no plain comparison. Those (``= < <= > >=``) are answered by the default b-tree of each `ordered` type.
CLASSES: Final = (
    OperatorClass(method="gin", name="array_ops", families=("array",), operators=("@>", "<@", "&&", "="), default=True),
    OperatorClass(
        method="gin",
        name="jsonb_ops",
        families=("jsonb",),
        operators=("@>", "?", "?|", "?&", "@?", "@@"),
        default=True,
    ),
    OperatorClass(method="gin", name="jsonb_path_ops", families=("jsonb",), operators=("@>", "@?", "@@")),
    OperatorClass(method="gin", name="tsvector_ops", families=("search",), operators=("@@",), default=True),
    OperatorClass(method="gist", name="tsvector_ops", families=("search",), operators=("@@",), default=True),
    OperatorClass(method="gist", name="range_ops", families=("range",), operators=_RANGE_OPERATORS, default=True),
    OperatorClass(method="spgist", name="range_ops", families=("range",), operators=_RANGE_OPERATORS, default=True),
    OperatorClass(
        method="gist", name="multirange_ops", families=("multirange",), operators=_RANGE_OPERATORS, default=True
    ),
    OperatorClass(method="spgist", name="inet_ops", families=("network",), operators=_NETWORK_OPERATORS, default=True),
    OperatorClass(method="gist", name="inet_ops", families=("network",), operators=_NETWORK_OPERATORS),
    OperatorClass(
        method="gist",
        name="point_ops",
        families=(),
        types=("point",),
        operators=("<@", "<<", ">>", "<->"),
        default=True,
    ),
    OperatorClass(
        method="gist", name="box_ops", families=(), types=("box",), operators=("@>", "<@", "&&", "<->"), default=True
    ),
    OperatorClass(
        method="gist",
        name="poly_ops",
        families=(),
        types=("polygon",),
        operators=("@>", "<@", "&&", "<->"),
        default=True,
    ),
    OperatorClass(
        method="gist",
        name="circle_ops",
        families=(),
        types=("circle",),
        operators=("@>", "<@", "&&", "<->"),
        default=True,
    ),
    OperatorClass(
        method="btree",
        name="text_pattern_ops",
        families=(),
        types=("text", "character varying"),
        operators=("=",),
        derived=("~~", "~"),
    ),
    OperatorClass(
        method="btree",
        name="varchar_pattern_ops",
        families=(),
        types=("text", "character varying"),
        operators=("=",),
        derived=("~~", "~"),
    ),
    OperatorClass(
        method="btree",
        name="bpchar_pattern_ops",
        families=(),
        types=("character",),
        operators=("=",),
        derived=("~~", "~"),
    ),
    OperatorClass(
        method="gin",
        name="gin_trgm_ops",
        families=(),
        types=("text", "character varying"),
        operators=_PATTERNS,
        extension="pg_trgm",
    ),
    OperatorClass(
        method="gist",
        name="gist_trgm_ops",
        families=(),
        types=("text", "character varying"),
        operators=(*_PATTERNS, "<->"),
        extension="pg_trgm",
    ),
    OperatorClass(
        method="gin",
        name="gin_hstore_ops",
        families=("hstore",),
        operators=("@>", "?", "?|", "?&"),
        default=True,
        extension="hstore",
    ),
    OperatorClass(
        method="gist",
        name="gist_hstore_ops",
        families=("hstore",),
        operators=("@>", "?", "?|", "?&"),
        default=True,
        extension="hstore",
    ),
    OperatorClass(
        method="gist",
        name="gist_ltree_ops",
        families=("ltree",),
        operators=("@>", "<@", "~", "?", "@"),
        default=True,
        extension="ltree",
    ),
    OperatorClass(
        method="gist",
        name="gist_geometry_ops_2d",
        families=(),
        types=("geometry",),
        operators=("&&", "~", "@", "<<", ">>", "<->"),
        default=True,
        extension="postgis",
    ),
    OperatorClass(
        method="gist",
        name="gist_geography_ops",
        families=(),
        types=("geography",),
        operators=("&&", "<->"),
        default=True,
        extension="postgis",
    ),
)


def classes_for(operator: str, text: str) -> tuple[OperatorClass, ...]:
    """The operator classes that answer ``column operator value`` for a column of this type, defaults first.

    The operator is PostgreSQL's own (``~~`` for LIKE). Comparisons of `ordered` types, which any b-tree answers, are
    not among them. None for an unknown type.
    """
    found = [each for each in CLASSES if operator in (*each.operators, *each.derived) and each.takes(text)]
    return tuple(sorted(found, key=lambda each: not each.default))
