"""Forms that are designed with a language model: templates, what was filled in, what was suggested."""

import uuid

from django.conf import settings
from django.db import models

from context7.core.models import Authored, CodedRecord


class FormTemplate(CodedRecord, Authored):
    """A form in one version."""

    department = models.ForeignKey("core.Department", on_delete=models.SET_NULL, null=True, blank=True)
    description = models.TextField(blank=True)
    version = models.PositiveSmallIntegerField(default=1)
    is_published = models.BooleanField(default=False)
    prompt = models.TextField(blank=True)


class FormSection(models.Model):
    """A titled part of a form."""

    template = models.ForeignKey(FormTemplate, on_delete=models.CASCADE, db_index=False, related_name="sections")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "position"], name="uq_formsection_position")]
        ordering = ["template", "position"]

    def __str__(self) -> str:
        return self.title


class FormField(models.Model):
    """One question; it may depend on another one."""

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        CHOICE = "choice", "Choice"
        BOOLEAN = "boolean", "Yes or no"
        PHOTO = "photo", "Photo"
        SIGNATURE = "signature", "Signature"

    section = models.ForeignKey(FormSection, on_delete=models.CASCADE, db_index=False, related_name="fields")
    name = models.SlugField(max_length=60, db_index=False)
    label = models.CharField(max_length=160)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.TEXT)
    position = models.PositiveSmallIntegerField()
    is_required = models.BooleanField(default=False)
    options = models.JSONField(default=list, blank=True)
    help_text = models.CharField(max_length=240, blank=True)
    depends_on = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="dependents")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["section", "name"], name="uq_formfield_section_name")]
        ordering = ["section", "position"]

    def __str__(self) -> str:
        return self.label


class FormSubmission(models.Model):
    """A form that somebody filled in."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Submitted"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.ForeignKey("core.Company", on_delete=models.CASCADE)
    template = models.ForeignKey(FormTemplate, on_delete=models.PROTECT, related_name="submissions")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="form_submissions",
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-submitted_at"]

    def __str__(self) -> str:
        return str(self.reference)


class FormAnswer(models.Model):
    """The answer to one field of a submission."""

    submission = models.ForeignKey(FormSubmission, on_delete=models.CASCADE, related_name="answers")
    field = models.ForeignKey(FormField, on_delete=models.PROTECT, related_name="answers")
    value = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "field"], name="uq_formanswer_submission_field")]

    def __str__(self) -> str:
        return self.value[:40]


class FormSuggestion(models.Model):
    """What the language model proposed for a field."""

    field = models.ForeignKey(FormField, on_delete=models.CASCADE, related_name="suggestions")
    model_name = models.CharField(max_length=60)
    suggestion = models.TextField()
    confidence = models.DecimalField(max_digits=4, decimal_places=3)
    accepted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.suggestion[:40]
