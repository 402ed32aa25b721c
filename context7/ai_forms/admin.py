"""Form templates and submissions."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from .models import FormField, FormSection, FormSubmission, FormSuggestion, FormTemplate


class FormSectionInline(admin.TabularInline):
    model = FormSection
    extra = 0


@admin.register(FormTemplate)
class FormTemplateAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "version", "is_published", "field_count"]
    list_filter = ["is_published"]
    search_fields = ["code", "name"]
    inlines = [FormSectionInline]

    @admin.display(description="fields")
    def field_count(self, template: FormTemplate) -> int:
        return sum(section.fields.count() for section in template.sections.all())


@admin.register(FormField)
class FormFieldAdmin(admin.ModelAdmin):
    list_display = ["label", "section", "kind", "position", "is_required"]
    list_filter = ["kind", "is_required"]
    search_fields = ["name", "label"]


@admin.register(FormSubmission)
class FormSubmissionAdmin(admin.ModelAdmin):
    list_display = ["reference", "template", "status", "submitted_by", "submitted_at"]
    list_select_related = ["template", "submitted_by"]
    list_filter = ["status", "template"]
    date_hierarchy = "submitted_at"


@admin.register(FormSuggestion)
class FormSuggestionAdmin(admin.ModelAdmin):
    list_display = ["field", "model_name", "confidence", "accepted_at"]
    list_select_related = ["field"]
    list_filter = ["model_name"]
