"""The quality management system: controlled documents, audits, corrective actions, training."""

from django.conf import settings
from django.db import models

from context7.core.models import Audited, Authored, CodedRecord, NumberedRecord


class DocumentCategory(CodedRecord):
    """A shelf of the document tree."""

    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    retention_years = models.PositiveSmallIntegerField(default=10)

    class Meta(CodedRecord.Meta):
        verbose_name_plural = "document categories"


class LiveDocuments(models.Manager["Document"]):
    """Documents that were not withdrawn."""

    def get_queryset(self) -> models.QuerySet["Document"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Document(NumberedRecord, Audited):
    """A controlled document, such as REC-DATABASE-OPTIMIZATION-250713-003; withdrawn ones are kept."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        REVIEW = "review", "In review"
        RELEASED = "released", "Released"
        OBSOLETE = "obsolete", "Obsolete"

    number = models.CharField(max_length=64)
    title = models.CharField(max_length=240)
    category = models.ForeignKey(DocumentCategory, on_delete=models.PROTECT, related_name="documents")
    department = models.ForeignKey("core.Department", on_delete=models.SET_NULL, null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_documents",
    )
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    review_due = models.DateField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = LiveDocuments()
    all_objects = models.Manager()

    class Meta(NumberedRecord.Meta):
        indexes = [
            models.Index(
                fields=["review_due"],
                name="idx_document_live_review",
                condition=models.Q(deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class DocumentRevision(models.Model):
    """One released or pending text of a document."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, db_index=False, related_name="revisions")
    revision = models.PositiveSmallIntegerField()
    summary = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    supersedes = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="successor"
    )
    released_on = models.DateField(null=True, blank=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "revision"], name="uq_documentrevision_revision")]

    def __str__(self) -> str:
        return f"{self.document_id} rev. {self.revision}"


class DocumentApproval(models.Model):
    """A signature under a revision."""

    revision = models.ForeignKey(DocumentRevision, on_delete=models.CASCADE, db_index=False, related_name="approvals")
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="document_approvals")
    decision = models.CharField(max_length=10, choices=[("approved", "Approved"), ("rejected", "Rejected")])
    comment = models.TextField(blank=True)
    decided_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "approver"], name="uq_documentapproval_approver")]

    def __str__(self) -> str:
        return f"{self.decision} by {self.approver_id}"


class QualityAudit(NumberedRecord, Authored):
    """An internal or external audit."""

    title = models.CharField(max_length=160)
    standard = models.CharField(max_length=40, default="ISO 9001")
    department = models.ForeignKey("core.Department", on_delete=models.SET_NULL, null=True, blank=True)
    lead_auditor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="led_audits"
    )
    auditors = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="audits")
    planned_on = models.DateField(db_index=True)
    closed_on = models.DateField(null=True, blank=True)


class AuditFinding(models.Model):
    """What an audit found."""

    class Grade(models.TextChoices):
        MAJOR = "major", "Major"
        MINOR = "minor", "Minor"
        OBSERVATION = "observation", "Observation"

    audit = models.ForeignKey(QualityAudit, on_delete=models.CASCADE, db_index=False, related_name="findings")
    position = models.PositiveSmallIntegerField()
    grade = models.CharField(max_length=12, choices=Grade.choices)
    clause = models.CharField(max_length=20, blank=True)
    description = models.TextField()
    document = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, blank=True, related_name="findings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audit", "position"], name="uq_auditfinding_position")]

    def __str__(self) -> str:
        return self.description[:60]


class CorrectiveAction(NumberedRecord, Authored):
    """What is done about a finding or a nonconformance, until somebody verified it."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        IMPLEMENTED = "implemented", "Implemented"
        VERIFIED = "verified", "Verified"

    finding = models.ForeignKey(AuditFinding, on_delete=models.CASCADE, null=True, blank=True, related_name="actions")
    non_conformance = models.ForeignKey(
        "erp.NonConformance", on_delete=models.CASCADE, null=True, blank=True, related_name="actions"
    )
    root_cause = models.TextField(blank=True)
    action = models.TextField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    assigned_to = models.ForeignKey("erp.Employee", on_delete=models.SET_NULL, null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    due_date = models.DateField(db_index=True)


class TrainingRecord(models.Model):
    """An employee was trained on a document."""

    employee = models.ForeignKey("erp.Employee", on_delete=models.CASCADE, db_index=False, related_name="trainings")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="trainings")
    trained_on = models.DateField(db_index=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["employee", "document", "trained_on"], name="uq_trainingrecord_once"),
        ]

    def __str__(self) -> str:
        return f"{self.employee_id} on {self.document_id}"
