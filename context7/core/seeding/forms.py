"""AI forms: templates, and what was filled in."""

from collections.abc import Iterator

from django.contrib.auth.models import User

from context7.ai_forms.models import (
    FormAnswer,
    FormField,
    FormSection,
    FormSubmission,
    FormSuggestion,
    FormTemplate,
)
from context7.core.models import Department

from .loader import Row
from .organisation import FOUNDED
from .world import World, age

TITLES = ("Machine handover", "Incoming inspection", "Near miss", "Shift report")
QUESTIONS = (
    ("machine", "Which machine?", "text"),
    ("reading", "Reading", "number"),
    ("date", "Date of the event", "date"),
    ("condition", "Condition", "choice"),
    ("approved", "May it be used?", "boolean"),
    ("photo", "Photo", "photo"),
    ("signature", "Signature", "signature"),
)


def seed_forms(world: World) -> None:
    """Templates with sections in turn, fields in turn in the sections."""
    templates, users = world.ids(FormTemplate), world.ids(User)
    world.add(
        FormTemplate,
        (
            {
                "company_id": 1,
                "code": f"F{key:03d}",
                "name": TITLES[key - 1] if key <= len(TITLES) else f"Form {key}",
                "department_id": world.pick(world.ids(Department)),
                "is_published": key <= 3 or world.random.random() < 0.8,
                "prompt": "Ask for what the auditor will want to know.",
                "created_by_id": world.pick(users),
                "created_at": FOUNDED,
            }
            for key in templates
        ),
    )
    sections = world.count(FormSection)
    world.add(
        FormSection,
        (
            {
                "template_id": index % len(templates) + 1,
                "position": index // len(templates) + 1,
                "title": ("General", "Details", "Release")[index // len(templates) % 3],
            }
            for index in range(sections)
        ),
    )
    world.add(FormField, _fields(world))
    _seed_submissions(world)


def _fields(world: World) -> Iterator[Row]:
    sections = world.count(FormSection)
    for index in range(world.count(FormField)):
        position = index // sections + 1
        name, label, kind = QUESTIONS[(position - 1) % len(QUESTIONS)]
        yield {
            "section_id": index % sections + 1,
            "name": f"{name}_{position}",
            "label": label,
            "kind": kind,
            "position": position,
            "is_required": world.random.random() < 0.4,
            "help_text": world.note(0.2, "As on the name plate", "In the unit of the drawing", "Of the whole machine"),
            "options": ["good", "worn", "broken"] if kind == "choice" else [],
            # A signature is asked for when the question before it in the section was answered.
            "depends_on_id": index + 1 - sections if kind == "signature" else None,
        }


def _seed_submissions(world: World) -> None:
    number, users = world.count(FormSubmission), world.ids(User)
    templates = world.skewed(world.ids(FormTemplate), number)
    world.add(
        FormSubmission,
        (
            {
                "company_id": world.company(),
                "template_id": template,
                "status": "approved"
                if age(moment) > 60
                else world.pick(("draft", "submitted", "approved", "rejected")),
                "submitted_by_id": world.pick(users),
                "reviewed_by_id": world.maybe(users, 0.7),
                "submitted_at": moment,
            }
            for moment, template in zip(world.moments(number), templates, strict=True)
        ),
    )
    sizes = world.split(world.count(FormAnswer), number)
    sections, fields = world.count(FormSection), world.count(FormField)
    fields_of: dict[int, list[int]] = {}
    for index in range(fields):
        fields_of.setdefault(index % sections % world.count(FormTemplate) + 1, []).append(index + 1)
    world.add(
        FormAnswer,
        (
            {
                "submission_id": submission,
                "field_id": fields_of[template][position],
                "value": world.pick(("good", "worn", "42.7", "yes", "no", "CNC lathe 3", "2025-06-30")),
            }
            for submission, (template, size) in enumerate(zip(templates, sizes, strict=True), start=1)
            for position in range(size)
        ),
    )
    world.add(
        FormSuggestion,
        (
            {
                "field_id": world.random.randrange(1, fields + 1),
                "model_name": world.pick(("c7-forms-1", "c7-forms-2")),
                "suggestion": world.pick(("Offer a list instead of free text", "Make it required", "Ask for a photo")),
                "confidence": world.money(0, 1).min(1),
                "accepted_at": moment if world.random.random() < 0.5 else None,
                "created_at": moment,
            }
            for moment in world.moments(world.count(FormSuggestion))
        ),
    )
