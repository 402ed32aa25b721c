"""The defects that only PostgreSQL can have."""

from contextlib import closing

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

BY_HAND = """
-- A key that was taken off for a load and put back unchecked, another one that was put back twice.
ALTER TABLE erp_payment DROP CONSTRAINT {payment_invoice};
ALTER TABLE erp_payment ADD CONSTRAINT fk_payment_invoice
    FOREIGN KEY (invoice_id) REFERENCES erp_invoice (id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE erp_salesreturn ADD CONSTRAINT fk_salesreturn_item
    FOREIGN KEY (item_id) REFERENCES erp_salesorderitem (id) DEFERRABLE INITIALLY DEFERRED;
-- Columns from before a change of type.
ALTER TABLE erp_leaverequest ALTER COLUMN employee_id TYPE integer;
ALTER TABLE ai_forms_formfield ALTER COLUMN options TYPE json;
ALTER TABLE users_loginevent ALTER COLUMN occurred_at TYPE timestamp without time zone;
ALTER TABLE users_userprofile ALTER COLUMN phone DROP NOT NULL;
-- A sequence that kept its type, one that a load with keys of its own passed by, one that an import set far ahead.
ALTER SEQUENCE core_notification_id_seq AS integer;
INSERT INTO todo_comments (id, todo_id, author_id, text, created_at)
    SELECT max(id) + 1, min(todo_id), NULL, 'Taken over from the old system', max(created_at) FROM todo_comments;
ALTER TABLE production_downtimeevent ALTER COLUMN id TYPE integer;
SELECT setval('production_downtimeevent_id_seq', 1700000000);
-- A fast load.
ALTER TABLE erp_attendance SET UNLOGGED;
-- A constraint that somebody renamed.
ALTER TABLE qms_auditfinding RENAME CONSTRAINT uq_auditfinding_position TO uq_finding_position;
-- An expression that the planner knows nothing of.
ANALYZE crm_lead;
CREATE INDEX crm_lead_email_upper ON crm_lead (upper(email))
"""


def add_postgresql_defects(connection: BaseDatabaseWrapper) -> None:
    """Add them to a seeded database, in autocommit."""
    with connection.cursor() as cursor:
        keys = connection.introspection.get_constraints(cursor, "erp_payment")
        [invoice] = [
            name for name, facts in keys.items() if facts["foreign_key"] and facts["columns"] == ["invoice_id"]
        ]
        for statement in BY_HAND.split(";"):
            cursor.execute(statement.replace("{payment_invoice}", connection.ops.quote_name(invoice)))
    _fail_to_build_a_unique_index(connection)
    _break_off_a_rebuild(connection)


def _fail_to_build_a_unique_index(connection: BaseDatabaseWrapper) -> None:
    """Some customers have several orders under the same terms: the index stays behind, invalid."""
    _fail(
        connection,
        "CREATE UNIQUE INDEX CONCURRENTLY uq_salesorder_customer_term ON erp_salesorder (customer_id, payment_term_id)",
    )


def _break_off_a_rebuild(connection: BaseDatabaseWrapper) -> None:
    """A rebuild waits for a transaction that is open and gives up; its unfinished copy stays behind."""
    other = connection.copy()
    with closing(other):
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE erp_supplier IN ROW EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
            _fail(connection, "REINDEX INDEX CONCURRENTLY idx_supplier_name")
            cursor.execute("RESET lock_timeout")
        other.rollback()


def _fail(connection: BaseDatabaseWrapper, statement: str) -> None:
    """Execute a statement that must fail."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return
    raise RuntimeError(f"This was to fail: {statement}")
