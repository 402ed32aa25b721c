"""What only inverted indexes (GIN) and trees of regions (GiST) have: the extension of trigrams, and how they grow."""

from __future__ import annotations

import math

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.sizes import PAGE
from dbaudit.advisor.trials.definition import create_index
from dbaudit.facts.dialect import Dialect

#: The methods that no hypothetical index knows.
METHODS = ("gin", "gist")
#: Pages that an index has however few rows there are: what describes it, and the root.
FIXED = 2
#: An index grows at most as the rows do, and hardly less than with their root.
LEAST_POWER = 0.5
#: The part of a copy on which an index is built once more to see how it grows.
PART = 4
#: Indexes of so few pages tell nothing of how they grow.
FEW_PAGES = 8
_TRIGRAMS = """
SELECT e.oid IS NOT NULL, coalesce(pg_catalog.pg_opclass_is_visible(o.oid), false), a.name IS NOT NULL,
    coalesce(n.nspname, '')
FROM (SELECT 1) AS one
LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'pg_trgm'
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
LEFT JOIN pg_catalog.pg_opclass o ON o.opcnamespace = n.oid AND o.opcname = 'gin_trgm_ops'
LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = 'pg_trgm'
"""
INSTALLABLE = (
    "The extension pg_trgm, which finds parts of texts, is there but not installed in this database; "
    "TrigramExtension() in a migration, or CREATE EXTENSION pg_trgm, installs it."
)
ABSENT = "The server has no extension pg_trgm, by which an index finds parts of texts."
HIDDEN = "The extension pg_trgm is installed in the schema {schema}, which is not on the search path."


def trigrams(connection: BaseDatabaseWrapper) -> str:
    """Why no index of trigrams can be tried here, ``""`` where it can."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIGRAMS)
        installed, visible, available, schema = cursor.fetchone()
    if not installed:
        return INSTALLABLE if available else ABSENT
    return "" if visible else HIDDEN.format(schema=schema)


def growth(connection: BaseDatabaseWrapper, dialect: Dialect, candidate: Candidate, size: int) -> float:
    """The power with which the index grows as rows are added: below 1, because each key is kept once.

    Seen by building it on a part of the copy, too; ``size`` are its bytes on the whole of that.
    """
    if size < (FIXED + FEW_PAGES) * PAGE:
        return 1.0
    copy = f"pg_temp.{dialect.quote(candidate.table)}"
    part = "pg_temp.dbaudit_part"
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT dbaudit_part")
        # Drawn one by one: rows that lie side by side are more alike than others.
        cursor.execute(
            f"CREATE TEMPORARY TABLE dbaudit_part AS "
            f"SELECT * FROM {copy} TABLESAMPLE BERNOULLI ({100 / PART}) REPEATABLE (0)"
        )
        cursor.execute(create_index(candidate, dialect, name="dbaudit_part_index", table=part))
        cursor.execute(
            "SELECT pg_catalog.pg_relation_size('pg_temp.dbaudit_part_index'), "
            f"(SELECT count(*) FROM {part}), (SELECT count(*) FROM {copy})"
        )
        less, few, many = cursor.fetchone()
        cursor.execute("ROLLBACK TO SAVEPOINT dbaudit_part")
        cursor.execute("RELEASE SAVEPOINT dbaudit_part")
    if less <= FIXED * PAGE or few in (0, many):
        return 1.0
    power = math.log((size - FIXED * PAGE) / (less - FIXED * PAGE)) / math.log(many / few)
    return min(1.0, max(LEAST_POWER, power))
