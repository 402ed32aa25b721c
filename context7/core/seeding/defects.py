"""The defects of a database that people have worked on by hand for years, for an audit to find.

They come as they come to a team: a branch that was migrated and then thrown away, indexes made in a hurry, tables that
a removed application and an import left behind, and on PostgreSQL what ``defects_postgresql`` adds. Every statement is
safe at any scale. What each of them is to an audit stands in ``tests/erp_truth.py``.
"""

import datetime as dt

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import migrations, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from context7.core.models import SystemSetting

from .defects_postgresql import add_postgresql_defects
from .world import NOW

MARK = "seed.defects"
SESSIONS = 1_100
IMPORTED_ROWS = 1_200


class Branch(migrations.Migration):
    """The migration of a branch that was tried on this database and never merged."""

    operations = [
        migrations.AddField("supplier", "legacy_code", models.CharField(max_length=20, null=True)),
        migrations.AlterField("customer", "city", models.CharField(max_length=60)),
        migrations.AlterField(
            "goodsreceipt", "delivery_note", models.CharField(max_length=40, db_index=True, null=True)
        ),
        migrations.RemoveConstraint("bom", "ck_bom_quantity"),
        migrations.RemoveConstraint("vehicle", "ck_vehicle_odometer"),
        migrations.AddConstraint(
            "vehicle",
            models.CheckConstraint(condition=models.Q(odometer_km__lte=9_000_000), name="ck_vehicle_odometer"),
        ),
        migrations.AlterField(
            "shipment",
            "carrier",
            models.ForeignKey("erp.carrier", models.PROTECT, related_name="shipments", db_constraint=False),
        ),
        migrations.AlterField(
            "suppliercontact",
            "supplier",
            models.ForeignKey(
                "erp.supplier", models.CASCADE, related_name="contacts", db_constraint=False, db_index=False
            ),
        ),
        migrations.AlterField(
            "goodsreceiptitem",
            "order_item",
            models.ForeignKey("erp.purchaseorderitem", models.PROTECT, related_name="receipt_items", db_index=False),
        ),
        migrations.RemoveIndex("material", "idx_material_name"),
        migrations.RenameIndex("customer", old_name="idx_customer_name", new_name="idx_customer_by_name"),
    ]


# Typed into a database shell, on either vendor.
BY_HAND = """
CREATE INDEX idx_salesorderitem_product ON erp_salesorderitem (product_id);
CREATE INDEX idx_todos_due ON todos (due_date);
CREATE INDEX idx_invoice_status_date ON erp_invoice (status, invoice_date);
CREATE INDEX idx_payment_method ON erp_payment (method) WHERE method IS NOT NULL;
CREATE INDEX idx_auditlog_changes ON core_auditlog (changes);
CREATE UNIQUE INDEX uq_paymentterm_days ON erp_paymentterm (company_id, days);
CREATE UNIQUE INDEX uq_currency_code_name ON erp_currency (code, name);
DROP INDEX idx_invoice_unpaid_due;
CREATE INDEX idx_invoice_unpaid_due ON erp_invoice (due_date) WHERE status = 'sent';
UPDATE erp_shipment SET carrier_id = (SELECT max(id) + 1 FROM erp_carrier)
    WHERE id = (SELECT min(id) FROM erp_shipment);
CREATE TABLE crm_lead (id integer NOT NULL PRIMARY KEY, email varchar(254) NOT NULL);
CREATE TABLE price_import (article varchar(32) NOT NULL, price numeric(14, 2) NOT NULL);
CREATE TABLE stock_count_2023 (lot_number varchar(32) UNIQUE, quantity numeric(14, 3) NOT NULL)
"""


def add_defects(connection: BaseDatabaseWrapper) -> bool:
    """Add the defects to a seeded database, outside of a transaction.

    Returns:
        False if they were there already. A run that was broken off cannot be resumed: begin with an empty database.
    """
    settings = SystemSetting.objects.using(connection.alias)
    if settings.filter(key=MARK).exists():
        return False
    _apply_the_branch(connection)
    with connection.cursor() as cursor:
        for statement in BY_HAND.split(";"):
            cursor.execute(statement)
        rows = [(f"A-{number:05}", number % 900 + 1) for number in range(IMPORTED_ROWS)]
        cursor.executemany("INSERT INTO price_import (article, price) VALUES (%s, %s)", rows)
        leads = [(number, f"lead{number}@example.com") for number in range(IMPORTED_ROWS)]
        cursor.executemany("INSERT INTO crm_lead (id, email) VALUES (%s, %s)", leads)
    _forget_to_clear_sessions(connection)
    if connection.vendor == "postgresql":
        add_postgresql_defects(connection)
    settings.create(key=MARK, value=True, description="seed_erp --with-defects was here")
    return True


def _apply_the_branch(connection: BaseDatabaseWrapper) -> None:
    """Migrate as the lost branch did, and remember what the application that is gone had recorded."""
    migration = Branch("0004_quick_fixes", "erp")
    with connection.schema_editor() as editor:
        migration.apply(ProjectState.from_apps(apps), editor)
    recorder = MigrationRecorder(connection)
    recorder.record_applied("erp", migration.name)
    recorder.record_applied("crm", "0001_initial")


def _forget_to_clear_sessions(connection: BaseDatabaseWrapper) -> None:
    """Sessions of people who never logged out."""
    Session.objects.using(connection.alias).bulk_create(
        Session(session_key=f"{number:032x}", session_data="", expire_date=NOW - dt.timedelta(hours=number))
        for number in range(SESSIONS)
    )
