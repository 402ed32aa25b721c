import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("erp", "0001_initial"),
        ("inventory", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PurchaseOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="core.company"),
                ),
                ("number", models.CharField(max_length=32)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="purchase_orders", to="erp.supplier"
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="purchase_orders",
                        to="erp.purchaserequest",
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="purchase_orders",
                        to="inventory.warehouse",
                    ),
                ),
                ("currency", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="erp.currency")),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("sent", "Sent"),
                            ("partial", "Partly received"),
                            ("received", "Received"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("order_date", models.DateField(db_index=True)),
                ("expected_date", models.DateField(blank=True, db_index=True, null=True)),
                ("total_amount", models.DecimalField(decimal_places=2, default=0, max_digits=16)),
            ],
            options={
                "ordering": ["-created_at"],
                "abstract": False,
                "indexes": [
                    models.Index(fields=["created_at"], name="idx_purchaseorder_created_at"),
                    models.Index(fields=["status"], name="idx_purchaseorder_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_purchaseorder_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="GoodsReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="core.company"),
                ),
                ("number", models.CharField(max_length=32)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="receipts", to="erp.purchaseorder"
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="receipts", to="inventory.warehouse"
                    ),
                ),
                ("delivery_note", models.CharField(db_index=True, max_length=40)),
                ("received_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_goodsreceipt_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="QualityInspection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="core.company"),
                ),
                ("number", models.CharField(max_length=32)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="inspections",
                        to="erp.product",
                    ),
                ),
                (
                    "material",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="inspections",
                        to="erp.material",
                    ),
                ),
                (
                    "production_order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="inspections",
                        to="erp.productionorder",
                    ),
                ),
                (
                    "goods_receipt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="inspections",
                        to="erp.goodsreceipt",
                    ),
                ),
                (
                    "inspector",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="inspections",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("inspection_date", models.DateField()),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("conditional", "Conditional"),
                            ("pending", "Pending"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                ("sample_size", models.PositiveIntegerField(default=1)),
                ("defects", models.PositiveIntegerField(default=0)),
                ("notes", models.TextField(blank=True)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_qualityinspection_company_number"),
                    models.CheckConstraint(
                        condition=models.Q(("product__isnull", False), ("material__isnull", False), _connector="OR"),
                        name="ck_qualityinspection_subject",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NonConformance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="core.company"),
                ),
                ("number", models.CharField(max_length=32)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "inspection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="non_conformances",
                        to="erp.qualityinspection",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="erp.product"
                    ),
                ),
                (
                    "material",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="erp.material"
                    ),
                ),
                (
                    "responsible",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="erp.employee"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("analysis", "In analysis"), ("closed", "Closed")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("detected_on", models.DateField(db_index=True)),
                ("description", models.TextField()),
                ("cost", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_nonconformance_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="Shipment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "company",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="core.company"),
                ),
                ("number", models.CharField(max_length=32)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="shipments", to="erp.salesorder"
                    ),
                ),
                (
                    "carrier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="shipments", to="erp.carrier"
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="shipments", to="inventory.warehouse"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("packed", "Packed"), ("in_transit", "In transit"), ("delivered", "Delivered")],
                        default="packed",
                        max_length=10,
                    ),
                ),
                ("tracking_number", models.CharField(max_length=40, unique=True)),
                ("shipped_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("weight_kg", models.DecimalField(decimal_places=2, default=0, max_digits=10)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_shipment_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="MaterialConsumption",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "production_order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consumptions",
                        to="erp.productionorder",
                    ),
                ),
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="consumptions", to="erp.material"
                    ),
                ),
                ("warehouse", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="inventory.warehouse")),
                ("lot_number", models.CharField(db_index=True, max_length=32)),
                ("quantity", models.DecimalField(decimal_places=4, max_digits=14)),
                ("consumed_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="PurchaseOrderItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="erp.purchaseorder",
                    ),
                ),
                ("line_number", models.PositiveIntegerField()),
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="purchase_items", to="erp.material"
                    ),
                ),
                ("tax_rate", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="erp.taxrate")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("received_quantity", models.DecimalField(decimal_places=3, default=0, max_digits=14)),
                ("unit_price", models.DecimalField(decimal_places=4, max_digits=14)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("order", "line_number"), name="uq_purchaseorderitem_line")
                ],
            },
        ),
        migrations.CreateModel(
            name="GoodsReceiptItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "receipt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="erp.goodsreceipt"
                    ),
                ),
                (
                    "order_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipt_items",
                        to="erp.purchaseorderitem",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="inventory.storagelocation",
                    ),
                ),
                ("lot_number", models.CharField(db_index=True, max_length=32)),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
            ],
        ),
        migrations.CreateModel(
            name="InspectionMeasurement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "inspection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="measurements",
                        to="erp.qualityinspection",
                    ),
                ),
                ("characteristic", models.CharField(max_length=80)),
                ("nominal", models.DecimalField(decimal_places=4, max_digits=12)),
                ("measured", models.DecimalField(decimal_places=4, max_digits=12)),
                ("is_within_tolerance", models.BooleanField(default=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("inspection", "characteristic"), name="uq_inspectionmeasurement_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InventoryMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("company", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="core.company")),
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="erp.material"
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="movements", to="inventory.warehouse"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("in", "In"), ("out", "Out"), ("transfer", "Transfer"), ("scrap", "Scrap")],
                        max_length=10,
                    ),
                ),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("reference", models.CharField(blank=True, db_index=True, max_length=32)),
                ("moved_at", models.DateTimeField(db_index=True)),
                (
                    "moved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-moved_at"],
            },
        ),
    ]
