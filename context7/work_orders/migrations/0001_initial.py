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
            name="WorkOrder",
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
                ("title", models.CharField(max_length=160)),
                ("description", models.TextField(blank=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("corrective", "Corrective"),
                            ("preventive", "Preventive"),
                            ("calibration", "Calibration"),
                        ],
                        default="corrective",
                        max_length=12,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("planned", "Planned"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("priority", models.PositiveSmallIntegerField(default=3)),
                (
                    "machine",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="work_orders", to="erp.machine"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="requested_work_orders",
                        to="erp.employee",
                    ),
                ),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="assigned_work_orders",
                        to="erp.employee",
                    ),
                ),
                ("due_date", models.DateField()),
                ("completed_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("estimated_hours", models.DecimalField(decimal_places=2, default=0, max_digits=6)),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["status", "due_date"], name="idx_workorder_status_due"),
                    models.Index(fields=["status"], name="idx_workorder_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_workorder_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkOrderTask",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "work_order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to="work_orders.workorder",
                    ),
                ),
                ("sequence", models.PositiveSmallIntegerField()),
                ("description", models.CharField(max_length=200)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="erp.employee"
                    ),
                ),
                ("is_done", models.BooleanField(default=False)),
                ("minutes_spent", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["work_order", "sequence"],
                "constraints": [
                    models.UniqueConstraint(fields=("work_order", "sequence"), name="uq_workordertask_sequence")
                ],
            },
        ),
    ]
