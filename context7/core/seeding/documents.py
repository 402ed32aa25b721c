"""Controlled documents, audits, corrective actions, training."""

import datetime as dt
from collections.abc import Iterator

from django.contrib.auth.models import User

from context7.core.models import Department
from context7.qms.models import (
    AuditFinding,
    CorrectiveAction,
    Document,
    DocumentApproval,
    DocumentCategory,
    DocumentRevision,
    QualityAudit,
    TrainingRecord,
)
from erp.models import Employee, NonConformance

from .loader import Row
from .organisation import FOUNDED
from .world import TODAY, World

DEMO_DOCUMENTS = (
    ("REC-DATABASE-OPTIMIZATION-250713-003", "Database optimization analysis"),
    ("PLN-TEST-HP-240115-001", "Test plan hydraulic pumps"),
    ("PRC-CALIBRATION-230904-002", "Calibration of torque wrenches"),
    ("PRC-SUPPLIER-230301-001", "Supplier approval"),
)


def seed_documents(world: World) -> None:
    """The document tree. The last document of the demonstration was withdrawn and is kept."""
    world.add(
        DocumentCategory,
        (
            {
                "company_id": 1,
                "code": f"DC{key:02d}",
                "name": ("Quality manual", "Records")[key - 1] if key <= 2 else f"Shelf {key}",
                "parent_id": None if key == 1 else 1,
                "created_at": FOUNDED,
            }
            for key in world.ids(DocumentCategory)
        ),
    )
    users = world.ids(User)

    def document(key: int) -> Row:
        demo = key <= len(DEMO_DOCUMENTS)
        procedure = (f"PRC-{world.random.randrange(10**6):06d}-{key:05d}", f"Procedure {key}")
        number, title = DEMO_DOCUMENTS[key - 1] if demo else procedure
        withdrawn = key == len(DEMO_DOCUMENTS) or (not demo and world.random.random() < 0.1)
        return {
            "company_id": 1 if demo else world.company(),
            "number": number,
            "title": title,
            "category_id": world.pick(world.ids(DocumentCategory)),
            "department_id": world.pick(world.ids(Department)),
            "owner_id": world.pick(users),
            "status": "obsolete" if withdrawn else world.weighted({"released": 8, "review": 1, "draft": 1}),
            "review_due": world.later(TODAY, -30, 700),
            "deleted_at": world.moment() if withdrawn else None,
            "created_by_id": world.pick(users),
            "updated_by_id": world.pick(users),
            "created_at": world.moment(),
        }

    world.add(Document, map(document, world.ids(Document)))
    world.add(DocumentRevision, _revisions(world))
    world.add(
        DocumentApproval,
        (
            {
                "revision_id": revision,
                "approver_id": world.pick(users),
                "decision": world.weighted({"approved": 19, "rejected": 1}),
                "comment": world.note(0.2, "Typing errors corrected", "See the remarks in the margin"),
                "decided_at": moment,
            }
            for revision, moment in enumerate(world.moments(world.count(DocumentApproval)), start=1)
        ),
    )


def _revisions(world: World) -> Iterator[Row]:
    """Revision 1 of every document, then revision 2 of the first ones, and so on."""
    documents, users = world.count(Document), world.ids(User)
    for index in range(world.count(DocumentRevision)):
        round_, document = divmod(index, documents)
        yield {
            "document_id": document + 1,
            "revision": round_ + 1,
            "summary": "First release" if round_ == 0 else "Yearly review",
            "author_id": world.pick(users),
            "approved_by_id": world.maybe(users, 0.9),
            "supersedes_id": index + 1 - documents if round_ else None,
            "released_on": FOUNDED.date() + dt.timedelta(days=300 * round_ + document % 90),
        }


def seed_audits(world: World) -> None:
    """Audits, their findings, what is done about them; training."""
    users, employees, documents = world.ids(User), world.ids(Employee), world.ids(Document)
    audits, findings = world.ids(QualityAudit), world.ids(AuditFinding)

    def audit(key: int) -> Row:
        planned = world.moment()
        return {
            "company_id": 1,
            "number": f"AU-{planned:%Y}-{key:03d}",
            "title": f"Internal audit {key}",
            "department_id": world.pick(world.ids(Department)),
            "lead_auditor_id": world.pick(users),
            "planned_on": planned.date(),
            "created_by_id": world.pick(users),
            "created_at": planned,
        }

    world.add(QualityAudit, map(audit, audits))
    world.add(
        AuditFinding,
        (
            {
                "audit_id": index % len(audits) + 1,
                "position": index // len(audits) + 1,
                "grade": world.weighted({"observation": 6, "minor": 3, "major": 1}),
                "clause": world.pick(("7.1.5", "8.4", "8.5.1", "9.2")),
                "description": world.pick(("Record not signed", "Gauge overdue", "Procedure not at the workplace")),
                "document_id": world.maybe(documents, 0.5),
            }
            for index in range(len(findings))
        ),
    )

    def action(key: int) -> Row:
        raised = world.moment()
        return {
            "company_id": world.company(),
            "number": f"CA-{raised:%Y}-{key:05d}",
            "finding_id": world.pick(findings) if key % 2 else None,
            "non_conformance_id": None if key % 2 else world.pick(world.ids(NonConformance)),
            "root_cause": world.note(0.7, "Instruction unclear", "Gauge worn", "No time for set-up"),
            "action": world.pick(("Train the shift", "Change the fixture", "Add a check to the test plan")),
            "status": world.weighted({"verified": 7, "implemented": 2, "open": 2}),
            "assigned_to_id": world.maybe(employees, 0.9),
            "verified_by_id": world.maybe(users, 0.6),
            "due_date": world.later(raised.date(), 14, 90),
            "created_by_id": world.pick(users),
            "created_at": raised,
        }

    world.add(CorrectiveAction, map(action, world.ids(CorrectiveAction)))
    world.add(
        TrainingRecord,
        (
            {
                "employee_id": index % len(employees) + 1,
                "document_id": world.pick(documents),
                # One training a day and employee: no employee is trained on one document twice that day.
                "trained_on": TODAY - dt.timedelta(days=10 + 7 * (index // len(employees))),
                "score": world.random.randrange(60, 101),
            }
            for index in range(world.count(TrainingRecord))
        ),
    )
