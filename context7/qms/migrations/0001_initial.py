import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_initial"),
        ("erp", "0001_initial"),
        ("erp", "0002_documents_with_stock"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DocumentCategory",
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
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="qms.documentcategory",
                    ),
                ),
                ("retention_years", models.PositiveSmallIntegerField(default=10)),
            ],
            options={
                "verbose_name_plural": "document categories",
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "code"), name="uq_documentcategory_company_code")
                ],
            },
        ),
        migrations.CreateModel(
            name="Document",
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
                (
                    "company",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="core.company"),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=64)),
                ("title", models.CharField(max_length=240)),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="documents", to="qms.documentcategory"
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="core.department"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="owned_documents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("review", "In review"),
                            ("released", "Released"),
                            ("obsolete", "Obsolete"),
                        ],
                        default="draft",
                        max_length=12,
                    ),
                ),
                ("review_due", models.DateField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["review_due"],
                        name="idx_document_live_review",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_document_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="DocumentRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "document",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="qms.document",
                    ),
                ),
                ("revision", models.PositiveSmallIntegerField()),
                ("summary", models.TextField(blank=True)),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                (
                    "supersedes",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="successor",
                        to="qms.documentrevision",
                    ),
                ),
                ("released_on", models.DateField(blank=True, db_index=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("document", "revision"), name="uq_documentrevision_revision")
                ],
            },
        ),
        migrations.CreateModel(
            name="DocumentApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "revision",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="qms.documentrevision",
                    ),
                ),
                (
                    "approver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="document_approvals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decision",
                    models.CharField(choices=[("approved", "Approved"), ("rejected", "Rejected")], max_length=10),
                ),
                ("comment", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("revision", "approver"), name="uq_documentapproval_approver")
                ],
            },
        ),
        migrations.CreateModel(
            name="QualityAudit",
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
                ("standard", models.CharField(default="ISO 9001", max_length=40)),
                (
                    "department",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="core.department"
                    ),
                ),
                (
                    "lead_auditor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="led_audits",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("planned_on", models.DateField(db_index=True)),
                ("closed_on", models.DateField(blank=True, null=True)),
                ("auditors", models.ManyToManyField(blank=True, related_name="audits", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_qualityaudit_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditFinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "audit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="findings",
                        to="qms.qualityaudit",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "grade",
                    models.CharField(
                        choices=[("major", "Major"), ("minor", "Minor"), ("observation", "Observation")], max_length=12
                    ),
                ),
                ("clause", models.CharField(blank=True, max_length=20)),
                ("description", models.TextField()),
                (
                    "document",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="findings",
                        to="qms.document",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("audit", "position"), name="uq_auditfinding_position")],
            },
        ),
        migrations.CreateModel(
            name="CorrectiveAction",
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
                    "finding",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="actions",
                        to="qms.auditfinding",
                    ),
                ),
                (
                    "non_conformance",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="actions",
                        to="erp.nonconformance",
                    ),
                ),
                ("root_cause", models.TextField(blank=True)),
                ("action", models.TextField()),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("implemented", "Implemented"), ("verified", "Verified")],
                        default="open",
                        max_length=12,
                    ),
                ),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="erp.employee"
                    ),
                ),
                (
                    "verified_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("due_date", models.DateField(db_index=True)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("company", "number"), name="uq_correctiveaction_company_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="TrainingRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "employee",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trainings",
                        to="erp.employee",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="trainings", to="qms.document"
                    ),
                ),
                ("trained_on", models.DateField(db_index=True)),
                ("score", models.PositiveSmallIntegerField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("employee", "document", "trained_on"), name="uq_trainingrecord_once"
                    )
                ],
            },
        ),
    ]
