"""Controlled documents, audits, corrective actions."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from .models import (
    AuditFinding,
    CorrectiveAction,
    Document,
    DocumentApproval,
    DocumentCategory,
    DocumentRevision,
    QualityAudit,
    TrainingRecord,
)


@admin.register(DocumentCategory)
class DocumentCategoryAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "parent", "retention_years"]


class DocumentRevisionInline(admin.TabularInline):
    model = DocumentRevision
    raw_id_fields = ["supersedes"]
    extra = 0


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):
    list_display = ["number", "title", "category", "status", "owner", "review_due"]
    list_select_related = ["category", "owner"]
    list_filter = ["status", "category"]
    search_fields = ["number", "title"]
    inlines = [DocumentRevisionInline]


@admin.register(DocumentApproval)
class DocumentApprovalAdmin(admin.ModelAdmin):
    list_display = ["revision", "approver", "decision", "decided_at"]
    list_filter = ["decision"]


class AuditFindingInline(admin.TabularInline):
    model = AuditFinding
    autocomplete_fields = ["document"]
    extra = 0


@admin.register(QualityAudit)
class QualityAuditAdmin(admin.ModelAdmin):
    list_display = ["number", "title", "standard", "lead_auditor", "planned_on", "closed_on"]
    filter_horizontal = ["auditors"]
    inlines = [AuditFindingInline]


@admin.register(CorrectiveAction)
class CorrectiveActionAdmin(admin.ModelAdmin):
    list_display = ["number", "status", "assigned_to", "due_date"]
    list_filter = ["status"]
    search_fields = ["number", "action"]
    raw_id_fields = ["finding", "non_conformance"]


@admin.register(TrainingRecord)
class TrainingRecordAdmin(admin.ModelAdmin):
    list_display = ["employee", "document", "trained_on", "score"]
    date_hierarchy = "trained_on"
    autocomplete_fields = ["employee", "document"]
