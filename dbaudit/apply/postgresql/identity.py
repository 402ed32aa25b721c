"""Whether an index is there already: by definition, never by name.

The wanted index is built on an empty temporary copy of the table's columns, and what the server then says of it is
compared with what it says of the table's own indexes: casts, quoting and defaults are its words, not ours.
"""

from __future__ import annotations

from typing import Final

from django.db import Error

from dbaudit.apply import wording
from dbaudit.apply.postgresql import catalogue, failures
from dbaudit.apply.postgresql.catalogue import Relation, Standing
from dbaudit.apply.postgresql.sessions import Session
from dbaudit.apply.steps import Definition, Limits, StepError
from dbaudit.facts.dialect import Dialect

CLONE: Final = "dbaudit_identity"


def wanted(session: Session, relation: Relation, definition: Definition, limits: Limits) -> Standing:
    """The definition as the server understands it. The live table is locked as by a SELECT, for a moment.

    Raises:
        StepError: the server does not accept the definition, or lets this role create no temporary table.
    """
    statement = wording.create(Dialect("postgresql"), definition, f"pg_temp.{CLONE}")
    try:
        session.execute("BEGIN")
        session.execute(f"SET LOCAL lock_timeout = {int(limits.max_wait * 1000) or 1}")
        session.execute(f"CREATE TEMPORARY TABLE {CLONE} (LIKE {relation.quoted}) ON COMMIT DROP")
        session.execute(statement)
        ((oid,),) = session.ask(f"SELECT 'pg_temp.{CLONE}'::regclass::oid::bigint")
        (found,) = catalogue.indexes(session, oid)
    except Error as error:
        raise StepError(
            f"{definition.name} cannot be built: {failures.sentence(error)}", again=failures.passing(error)
        ) from error
    finally:
        session.recover()
    return found


def twins(standing: tuple[Standing, ...], like: Standing) -> tuple[Standing, ...]:
    """The table's indexes of this definition, the usable ones first."""
    return tuple(sorted((one for one in standing if one.is_like(like)), key=lambda one: not one.usable))


def of_table(session: Session, relation: Relation, like: Standing) -> tuple[Standing, ...]:
    """The same, read now."""
    return twins(catalogue.indexes(session, relation.oid), like)
