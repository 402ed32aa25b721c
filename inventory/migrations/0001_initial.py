import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_initial"),
        ("erp", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Warehouse",
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
                ("code", models.CharField(max_length=32)),
                ("name", models.CharField(max_length=160)),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="warehouses", to="core.branch"
                    ),
                ),
                ("capacity_m3", models.DecimalField(decimal_places=2, default=0, max_digits=10)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("company", "code"), name="uq_warehouse_company_code")],
            },
        ),
        migrations.CreateModel(
            name="StorageLocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "warehouse",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="locations",
                        to="inventory.warehouse",
                    ),
                ),
                ("code", models.CharField(max_length=24)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="inventory.storagelocation",
                    ),
                ),
                ("max_weight_kg", models.PositiveIntegerField(default=1000)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("warehouse", "code"), name="uq_storagelocation_code")],
            },
        ),
        migrations.CreateModel(
            name="Inventory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("company", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="core.company")),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inventories", to="erp.product"
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inventories",
                        to="inventory.warehouse",
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
                ("quantity", models.DecimalField(decimal_places=3, default=0, max_digits=14)),
                ("reserved_quantity", models.DecimalField(decimal_places=3, default=0, max_digits=14)),
                ("reorder_level", models.DecimalField(decimal_places=3, default=0, max_digits=14)),
                ("last_counted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "inventories",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("quantity__gte", 0)), name="ck_inventory_quantity"),
                    models.CheckConstraint(
                        condition=models.Q(("reserved_quantity__gte", 0)), name="ck_inventory_reserved"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InventoryRecord",
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
                    "updated_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("company", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="core.company")),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opening", "Opening balance"),
                            ("count", "Stock count"),
                            ("receipt", "Receipt"),
                            ("adjustment", "Adjustment"),
                        ],
                        default="count",
                        max_length=12,
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="records", to="inventory.warehouse"
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
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inventory_records", to="erp.material"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="erp.supplier"
                    ),
                ),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="erp.unitofmeasure")),
                ("lot_number", models.CharField(db_index=True, max_length=32)),
                ("certificate_number", models.CharField(blank=True, max_length=40)),
                ("record_date", models.DateField(db_index=True)),
                ("expiry_date", models.DateField(blank=True, db_index=True, null=True)),
                ("system_quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("counted_quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("unit_cost", models.DecimalField(decimal_places=4, max_digits=14)),
                (
                    "counted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("notes", models.TextField(blank=True)),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
