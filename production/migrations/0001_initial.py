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
            name="ProductionLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "company",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="core.company"),
                ),
                ("code", models.CharField(max_length=32)),
                ("name", models.CharField(max_length=160)),
                (
                    "department",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="core.department"
                    ),
                ),
                (
                    "work_center",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="erp.workcenter"
                    ),
                ),
                ("units_per_hour", models.DecimalField(decimal_places=2, default=0, max_digits=8)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "code"), name="uq_productionline_company_code")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductionPlan",
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
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plans",
                        to="production.productionline",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="production_plans", to="erp.product"
                    ),
                ),
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
                ("period_start", models.DateField(db_index=True)),
                ("period_end", models.DateField()),
                ("planned_quantity", models.DecimalField(decimal_places=3, max_digits=14)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_productionplan_company_number"),
                    models.CheckConstraint(
                        condition=models.Q(("period_end__gte", models.F("period_start"))),
                        name="ck_productionplan_period",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DowntimeEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="downtimes",
                        to="production.productionline",
                    ),
                ),
                (
                    "machine",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="erp.machine"
                    ),
                ),
                (
                    "production_order",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="erp.productionorder"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("breakdown", "Breakdown"),
                            ("setup", "Set-up"),
                            ("material", "No material"),
                            ("staff", "No staff"),
                        ],
                        max_length=12,
                    ),
                ),
                ("started_at", models.DateTimeField(db_index=True)),
                ("minutes", models.PositiveIntegerField()),
                ("note", models.TextField(blank=True)),
            ],
        ),
    ]
