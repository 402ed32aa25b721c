"""The order list by day and status.

The team's name for the index is longer than the 30 characters that ``Meta.indexes`` allows, so it is made by hand
and no model declares it.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("erp", "0002_documents_with_stock")]

    operations = [
        migrations.RunSQL(
            sql="CREATE INDEX idx_salesorder_order_date_status ON erp_salesorder (order_date, status)",
            reverse_sql="DROP INDEX idx_salesorder_order_date_status",
        ),
    ]
