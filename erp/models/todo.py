"""What is still to be done, by whom."""

from django.conf import settings
from django.db import models

from context7.core.models import Authored, CompanyRecord


class Todo(CompanyRecord, Authored):
    """A task. The table is older than the ERP and kept its name."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    # Covered by idx_todos_assigned_to_status, which leads with it.
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="todos",
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    priority = models.PositiveSmallIntegerField(default=3)
    due_date = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "todos"
        indexes = [
            models.Index(fields=["assigned_to", "status"], name="idx_todos_assigned_to_status"),
            models.Index(fields=["due_date", "status"], name="idx_todos_due_date_status"),
        ]

    def __str__(self) -> str:
        return self.title


class TodoComment(models.Model):
    """A remark on a task."""

    todo = models.ForeignKey(Todo, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        db_table = "todo_comments"

    def __str__(self) -> str:
        return self.text[:40]
